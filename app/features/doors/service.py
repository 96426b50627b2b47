"""The simple page behind another door."""

import gzip
from datetime import datetime

from app.domain.names import NormalizedName
from app.domain.pages import Format, Rendered, pack
from app.domain.token import Claims
from app.features.simple import service as simple
from app.store.stores import Stores


def page(
    project: NormalizedName, *, claims: Claims | None, stores: Stores, now: datetime
) -> Rendered:
    """Return the HTML page of `project` as it reads one level below its own place.

    :raises Unauthorized, NotFound: if it is not for this reader.
    """
    ref = simple.find(project, Format.HTML, claims=claims, stores=stores, now=now)
    _, body = simple.load(project, Format.HTML, ref, stores=stores)
    # Its links are relative, and are to work from here too.
    return pack(gzip.decompress(body).replace(b'<a href="../../', b'<a href="../../../'))
