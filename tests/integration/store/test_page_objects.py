"""Pages are written without the SDK, and S3 has of them what the SDK would have put there."""

import hashlib
from typing import Any

from app.config import Config
from app.domain.dist_file import Blob
from app.store.page_objects import PageObjects
from app.store.stores import Stores

CONTENT = b"a page " * 50_000
KEY = "pages/larder-demo/0000000001-0123456789ab.gz"


def known(stores: Stores, blob: Blob) -> dict[str, Any]:
    answer = stores.blobs.client.head_object(
        Bucket="larder-dev", Key=blob.key, VersionId=blob.version_id
    )
    names = ("ContentLength", "ContentType", "ETag", "VersionId")
    return {name: answer[name] for name in names} | {"Metadata": answer.get("Metadata")}


def test_an_object_is_what_the_sdk_would_have_put(stores: Stores, config: Config) -> None:
    blob = PageObjects(config, stores.contents.bucket, stores.blobs).put(KEY, CONTENT)
    other = stores.blobs.put(
        KEY + "2",
        CONTENT,
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        media_type="application/gzip",
    )

    assert known(stores, blob) == known(stores, other) | {"VersionId": blob.version_id}
    assert stores.blobs.read(blob) == CONTENT


def test_a_key_is_written_once(stores: Stores, config: Config) -> None:
    """S3 refuses the second time, and the SDK finds what is there."""
    objects = PageObjects(config, stores.contents.bucket, stores.blobs)
    first = objects.put(KEY, CONTENT)

    assert objects.put(KEY, CONTENT) == first
    found = stores.blobs.client.list_object_versions(Bucket="larder-dev", Prefix=KEY)
    assert len(found["Versions"]) == 1


def test_exactly_one_version_is_removed(stores: Stores, config: Config) -> None:
    objects = PageObjects(config, stores.contents.bucket, stores.blobs)
    blob, other = objects.put(KEY, CONTENT), objects.put(KEY + "2", CONTENT)

    objects.discard(blob)
    objects.discard(blob)

    found = stores.blobs.client.list_object_versions(Bucket="larder-dev", Prefix="pages/")
    assert [one["VersionId"] for one in found["Versions"]] == [other.version_id]
    assert "DeleteMarkers" not in found
