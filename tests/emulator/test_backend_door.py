"""Who is let in to the embedded back end: signed DynamoDB and S3 requests to localhost."""

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from local import backend, folder
from local.backend import Backend
from tests.emulator.clients import client

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """One back end for the tests that only knock at its door."""
    found, process = backend.start(tmp_path_factory.mktemp("shared"))
    client("s3", found).create_bucket(Bucket="files")
    client("s3", found).put_object(Bucket="files", Key="a/wheel", Body=b"bytes")
    yield found
    backend.stop(process)


def plain(found: Backend, method: str, path: str, **headers: str) -> tuple[int, Any, bytes]:
    """Return status, headers and body of a request with no signature in its headers."""
    connection = http.client.HTTPConnection(found.endpoint.removeprefix("http://"), timeout=5)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def status(found: Backend, method: str, path: str, **headers: str) -> int:
    return plain(found, method, path, **headers)[0]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/health"),
        ("GET", "/_localstack/health"),
        ("POST", "/_ministack/rds/iam-auth"),
        ("GET", "/_aws/sqs/messages"),
        ("GET", "/health"),
        ("GET", "/"),
        ("GET", "/oauth2/userInfo"),
        ("POST", "/v20180820/configuration/publicAccessBlock"),
        ("PUT", "/files/anonymous"),
        ("GET", "/files/a/wheel"),
    ],
)
def test_control_paths_and_unsigned_requests_are_refused(
    shared: Backend, method: str, path: str
) -> None:
    assert status(shared, method, path) == 403


def test_a_foreign_host_name_is_refused(shared: Backend) -> None:
    port = urlsplit(shared.endpoint).port
    for host in (f"evil.example:{port}", f"files.localhost:{port}", "localhost", "localhost:1"):
        assert status(shared, "GET", folder.ALIVE_PATH, Host=host) == 403
    for host in (f"localhost:{port}", f"127.0.0.1:{port}"):
        assert status(shared, "GET", folder.ALIVE_PATH, Host=host) == 200


@pytest.mark.parametrize(
    "keys",
    [{"secret_key": "wrong"}, {"access_key": "test"}, {"access_key": "123456789012"}],
    ids=["wrong secret", "built-in key", "account number as key"],
)
@pytest.mark.parametrize("service", ["dynamodb", "s3"])
def test_a_request_signed_with_other_keys_is_refused(
    shared: Backend, service: str, keys: dict[str, str]
) -> None:
    stranger = client(service, shared, **keys)
    with pytest.raises(ClientError) as caught:
        stranger.list_tables() if service == "dynamodb" else stranger.list_buckets()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_other_services_are_refused(shared: Backend) -> None:
    for service, call in (("sqs", "list_queues"), ("iam", "list_users"), ("ssm", "get_inventory")):
        with pytest.raises(ClientError) as caught:
            getattr(client(service, shared), call)()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def presigned(found: Backend, **parameters: str) -> str:
    link = client("s3", found).generate_presigned_url(
        "get_object", Params={"Bucket": "files", "Key": "a/wheel", **parameters}, ExpiresIn=60
    )
    assert isinstance(link, str)
    return link


def test_a_presigned_link_names_localhost_and_works(shared: Backend) -> None:
    link = presigned(shared, ResponseContentDisposition='attachment; filename="w.whl"')
    target = urlsplit(link)
    assert target.hostname == "localhost"
    code, headers, body = plain(shared, "GET", f"{target.path}?{target.query}")
    assert (code, body) == (200, b"bytes")
    assert headers["Content-Disposition"] == 'attachment; filename="w.whl"'


def test_a_link_to_a_version_obeys_its_parameters_and_a_range(shared: Backend) -> None:
    s3 = client("s3", shared)
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="versions", Key="w", Body=b"older")["VersionId"]
    s3.put_object(Bucket="versions", Key="w", Body=b"newer")
    parameters = {"Bucket": "versions", "Key": "w", "VersionId": version}
    target = urlsplit(presigned(shared, **parameters, ResponseContentType="application/zip"))
    path = f"{target.path}?{target.query}"
    code, headers, body = plain(shared, "GET", path)
    assert (code, body, headers["Content-Type"]) == (200, b"older", "application/zip")
    code, headers, body = plain(shared, "GET", path, Range="bytes=1-2")
    assert (code, body, headers["Content-Range"]) == (206, b"ld", "bytes 1-2/5")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ("/a/wheel", "/a/other"),
        ("X-Amz-Expires=60", "X-Amz-Expires=600"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&", ""),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=none"),
    ],
)
def test_a_changed_presigned_link_is_refused(shared: Backend, old: str, new: str) -> None:
    link = presigned(shared)
    assert old in link
    target = urlsplit(link.replace(old, new))
    assert status(shared, "GET", f"{target.path}?{target.query}") == 403
