"""Presigned download links with a signing time of our choice (AWS Signature Version 4).

The SDK signs with the present second, which makes every link different and defeats every cache
that goes by URL; it also needs a whole S3 client for what is five HMACs.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from app.domain.dist_file import Blob

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

_ALGORITHM = "AWS4-HMAC-SHA256"


class Presigner:
    """Makes links to objects of one bucket."""

    def __init__(self, *, bucket: str, region: str, url: str, window: int) -> None:
        """Take the S3 endpoint `url` (empty for AWS) and the length of a window in seconds."""
        self._region = region
        self._window = window
        if url:
            self._base, self._prefix = url, f"/{bucket}"
        else:
            self._base, self._prefix = f"https://{bucket}.s3.{region}.amazonaws.com", ""
        self._host = urlsplit(self._base).netloc

    def link(self, blob: Blob, credentials: "ReadOnlyCredentials", *, now: float) -> str:
        """Return a GET link that is signed at the start of the current window and lives for two."""
        start = now - now % self._window
        return self.sign(blob, credentials, at=datetime.fromtimestamp(start, UTC))

    def sign(self, blob: Blob, credentials: "ReadOnlyCredentials", *, at: datetime) -> str:
        """Return the link as signed at the moment `at`."""
        moment = at.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{moment[:8]}/{self._region}/s3/aws4_request"
        path = self._prefix + "/" + quote(blob.key, safe="/~")
        query = self._query(blob, credentials, moment, scope)
        request = f"GET\n{path}\n{query}\nhost:{self._host}\n\nhost\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        to_sign = f"{_ALGORITHM}\n{moment}\n{scope}\n{digest}"
        key = f"AWS4{credentials.secret_key}".encode()
        for part in scope.split("/"):
            key = _hmac(key, part)
        return f"{self._base}{path}?{query}&X-Amz-Signature={_hmac(key, to_sign).hex()}"

    def _query(
        self, blob: Blob, credentials: "ReadOnlyCredentials", moment: str, scope: str
    ) -> str:
        fields = {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": f"{credentials.access_key}/{scope}",
            "X-Amz-Date": moment,
            "X-Amz-Expires": str(2 * self._window),
            "X-Amz-SignedHeaders": "host",
        }
        if credentials.token:
            fields["X-Amz-Security-Token"] = credentials.token
        if blob.version_id != "null":
            fields["versionId"] = blob.version_id
        return urlencode(sorted(fields.items()), quote_via=quote, safe="~")


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
