"""Presigned download links with a signing time of our choice (AWS Signature Version 4).

The SDK signs with the present second, which makes every link different and defeats every cache
that goes by URL; it also needs a whole S3 client for what is five HMACs.
"""

from datetime import UTC, datetime
from urllib.parse import quote, urlencode, urlsplit

from app.domain.dist_file import Blob
from app.store import signing
from app.store.endpoints import endpoint
from app.store.signing import Credentials, Scope


class Presigner:
    """Makes links to objects of one bucket."""

    def __init__(self, *, bucket: str, region: str, url: str, window: int) -> None:
        """Take the S3 endpoint `url` (empty for AWS) and the length of a window in seconds."""
        self._region = region
        self._window = window
        if url:
            self.base, self._prefix = url, f"/{bucket}"
        else:
            self.base, self._prefix = endpoint(f"{bucket}.s3", region), ""
        self._host = urlsplit(self.base).netloc

    def link(self, blob: Blob, credentials: Credentials, *, now: float) -> str:
        """Return a GET link that is signed at the start of the current window and lives for two."""
        start = now - now % self._window
        return self.sign(blob, credentials, at=datetime.fromtimestamp(start, UTC))

    def sign(self, blob: Blob, credentials: Credentials, *, at: datetime) -> str:
        """Return the link as signed at the moment `at`."""
        return self.base + self.target(blob, credentials, at=at)

    def target(self, blob: Blob, credentials: Credentials, *, at: datetime) -> str:
        """Return the path and query of the link."""
        scope = Scope.at(at, region=self._region, service="s3")
        path = self._prefix + "/" + quote(blob.key, safe="/~")
        query = self._query(blob, credentials, scope)
        request = f"GET\n{path}\n{query}\nhost:{self._host}\n\nhost\n{signing.UNSIGNED_BODY}"
        signature = signing.sign(request, scope, credentials)
        return f"{path}?{query}&X-Amz-Signature={signature}"

    def _query(self, blob: Blob, credentials: Credentials, scope: Scope) -> str:
        fields = {
            "X-Amz-Algorithm": signing.ALGORITHM,
            "X-Amz-Credential": f"{credentials.access_key}/{scope}",
            "X-Amz-Date": scope.moment,
            "X-Amz-Expires": str(2 * self._window),
            "X-Amz-SignedHeaders": "host",
        }
        if credentials.token:
            fields["X-Amz-Security-Token"] = credentials.token
        if blob.version_id != "null":
            fields["versionId"] = blob.version_id
        return urlencode(sorted(fields.items()), quote_via=quote, safe="~")
