"""Small objects go without the SDK, and S3 has of them what the SDK would have put there."""

import hashlib
import io
from typing import Any

import pytest
from botocore.exceptions import ClientError, CredentialRetrievalError

from app.config import Config
from app.domain.dist_file import Blob
from app.store import blobs, credentials
from app.store.blobs import BlobStore
from app.store.clock import Clock
from app.store.object_wire import ObjectWire
from app.store.stores import Stores
from tests.aws import between

CONTENT = b"a page " * 50_000
KEY = "files/larder-demo/0123456789abcdef/larder_demo-1.0+local~x-py3-none-any.whl"


class Nothing(ObjectWire):
    """Leaves everything to the SDK."""

    def _ask(self, *_: Any) -> None:
        return None


@pytest.fixture
def by_sdk(stores: Stores, config: Config) -> BlobStore:
    return BlobStore(config, Nothing(config, stores.contents.bucket, Clock()))


def put(store: BlobStore, key: str = KEY, content: Any = CONTENT) -> Blob:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return store.put(key, content, sha256=sha256, media_type="application/gzip")


def known(store: BlobStore, blob: Blob) -> dict[str, Any]:
    answer = store.client.head_object(
        Bucket="larder-dev", Key=blob.key, VersionId=blob.version_id, ChecksumMode="ENABLED"
    )
    unlike = {"ResponseMetadata", "LastModified", "VersionId"}
    return {name: value for name, value in answer.items() if name not in unlike}


def test_an_object_is_what_the_sdk_would_have_put(stores: Stores, by_sdk: BlobStore) -> None:
    blob, other = put(stores.blobs), put(by_sdk, KEY + "2")

    assert known(by_sdk, blob) == known(by_sdk, other)
    assert blob.version_id != other.version_id
    assert stores.blobs.read(blob) == CONTENT


def test_what_is_put_from_a_file_begins_where_it_stands(stores: Stores) -> None:
    file = io.BytesIO(b"before" + CONTENT)
    file.seek(len(b"before"))
    assert stores.blobs.read(put(stores.blobs, content=file)) == CONTENT


def test_what_is_large_goes_by_the_sdk(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "_SMALL", len(CONTENT) - 1)
    calls = []

    def see(operation: str, arguments: dict[str, Any], send: Any) -> Any:
        calls.append((operation, "Body" in arguments))
        return send()

    with between(see):
        for content in (CONTENT, io.BytesIO(CONTENT)):
            blob = put(stores.blobs, KEY + str(len(calls)), content)
            assert stores.blobs.read(blob) == CONTENT
    assert [call for call in calls if call[0] == "PutObject"] == [("PutObject", True)] * 2


def test_a_key_is_written_once(stores: Stores) -> None:
    """S3 refuses the second time, and the SDK finds what is there."""
    first = put(stores.blobs)

    assert put(stores.blobs) == first
    found = stores.blobs.client.list_object_versions(Bucket="larder-dev", Prefix=KEY)
    assert len(found["Versions"]) == 1


def test_an_answer_that_is_lost_does_no_harm(stores: Stores, config: Config) -> None:
    class Deaf(ObjectWire):
        def _ask(self, *arguments: Any) -> None:
            super()._ask(*arguments)

    store = BlobStore(config, Deaf(config, stores.contents.bucket, Clock()))
    blob = put(store)

    found = store.client.list_object_versions(Bucket="larder-dev", Prefix=KEY)
    assert [one["VersionId"] for one in found["Versions"]] == [blob.version_id]
    store.discard(blob)
    assert "Versions" not in store.client.list_object_versions(Bucket="larder-dev", Prefix=KEY)


def test_an_earlier_attempt_that_is_still_at_work_is_waited_for(by_sdk: BlobStore) -> None:
    """S3 refuses the second PUT of a key while it takes the first, and asks to come again."""
    refused = []

    def refuse_once(operation: str, _arguments: dict[str, Any], send: Any) -> Any:
        if operation == "PutObject" and not refused:
            refused.append(operation)
            raise ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, operation)
        return send()

    with between(refuse_once):
        blob = put(by_sdk)

    assert refused
    assert by_sdk.read(blob) == CONTENT


def test_without_credentials_what_is_discarded_stays(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    blob = put(stores.blobs)

    def none() -> None:
        raise CredentialRetrievalError(provider="role", error_msg="silence")

    with monkeypatch.context() as patched:
        patched.setattr(credentials, "current", none)
        stores.blobs.discard(blob)

    assert "an object is left behind" in caplog.messages
    assert stores.blobs.read(blob) == CONTENT


def test_exactly_one_version_is_removed(stores: Stores) -> None:
    blob, other = put(stores.blobs), put(stores.blobs, KEY + "2")

    stores.blobs.discard(blob)
    stores.blobs.discard(blob)

    found = stores.blobs.client.list_object_versions(Bucket="larder-dev", Prefix="files/")
    assert [one["VersionId"] for one in found["Versions"]] == [other.version_id]
    assert "DeleteMarkers" not in found
