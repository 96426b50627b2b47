"""The AWS credentials of this process, as the SDK would choose them."""

import os

from app.errors import Unavailable
from app.store.signing import Credentials


def current() -> Credentials:
    """Return the present credentials, renewed if they were about to end.

    Those of the environment come first for the SDK too, so on Lambda it need not be asked: to load
    it takes longer than everything else a reader's request does.

    :raises Unavailable: if there are none.
    """
    given = os.environ  # noqa: TID251 - where AWS puts them; they are no settings of ours
    access_key, secret_key = given.get("AWS_ACCESS_KEY_ID"), given.get("AWS_SECRET_ACCESS_KEY")
    if access_key and secret_key:
        return Credentials(access_key, secret_key, given.get("AWS_SESSION_TOKEN", ""))
    from app.store import aws

    found = aws.credentials()
    if found is None or not (found.access_key and found.secret_key):
        raise Unavailable("The index has no AWS credentials to read its storage with.")
    return Credentials(found.access_key, found.secret_key, found.token or "")
