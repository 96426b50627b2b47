"""Each thing that the embedded back end has to know again after it was killed."""

import base64
import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local import backend, folder
from local.backend import Backend
from local.journal import Journal, recover
from tests.emulator.clients import BUCKET, TABLE, client, make_bucket, make_table, scan, text

pytestmark = pytest.mark.emulator


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


Restart = Callable[[], Backend]


@pytest.fixture
def restart(data: Path) -> Iterator[Restart]:
    """Give a function that starts the back end; called again, it first kills the one before.

    So the second start replays the log, and a third one reads the snapshot that was made of it.
    """
    processes: list[Any] = []

    def again() -> Backend:
        if processes:
            processes[-1].kill()
            processes[-1].wait()
        found, process = backend.start(data)
        processes.append(process)
        return found

    yield again
    backend.stop(processes[-1])


def test_versions_stay_readable_and_go_on(restart: Restart) -> None:
    s3 = client("s3", restart())
    make_bucket(s3)
    first = s3.put_object(Bucket=BUCKET, Key="p/w.whl", Body=b"one")["VersionId"]
    second = s3.put_object(Bucket=BUCKET, Key="p/w.whl", Body=b"two")["VersionId"]
    gone = s3.put_object(Bucket=BUCKET, Key="p/gone", Body=b"gone")["VersionId"]
    s3.delete_object(Bucket=BUCKET, Key="p/gone")
    s3 = client("s3", restart())

    def read(**which: str) -> bytes:
        body = s3.get_object(Bucket=BUCKET, **which)["Body"].read()
        assert isinstance(body, bytes)
        return body

    assert read(Key="p/w.whl", VersionId=first) == b"one"
    assert read(Key="p/w.whl", VersionId=second) == b"two"
    assert read(Key="p/gone", VersionId=gone) == b"gone"
    with pytest.raises(ClientError, match="NoSuchKey"):
        read(Key="p/gone")
    third = s3.put_object(Bucket=BUCKET, Key="p/w.whl", Body=b"three")["VersionId"]
    assert third not in (first, second, "null")
    assert read(Key="p/w.whl") == b"three"
    assert read(Key="p/w.whl", VersionId=second) == b"two"
    versions = s3.list_object_versions(Bucket=BUCKET, Prefix="p/w.whl")["Versions"]
    assert [version["VersionId"] for version in versions] == [third, second, first]


def test_checksum_and_headers_of_an_object_survive(restart: Restart) -> None:
    s3 = client("s3", restart())
    make_bucket(s3)
    s3.put_object(
        Bucket=BUCKET,
        Key="p/w.whl",
        Body=b"bytes",
        ChecksumAlgorithm="SHA256",
        ContentType="application/zip",
        CacheControl="private, immutable",
        ContentDisposition="attachment",
        Metadata={"uploader": "alice"},
    )

    def head(found: Backend) -> dict[str, Any]:
        answer = client("s3", found).head_object(
            Bucket=BUCKET, Key="p/w.whl", ChecksumMode="ENABLED"
        )
        del answer["ResponseMetadata"]
        assert isinstance(answer, dict)
        return answer

    before = head(restart())
    assert before["CacheControl"] == "private, immutable"
    assert before["ContentType"] == "application/zip"
    assert before["Metadata"] == {"uploader": "alice"}
    expected = base64.b64encode(hashlib.sha256(b"bytes").digest()).decode()
    assert before["ChecksumSHA256"] == expected
    assert head(restart()) == before


def test_an_object_is_put_once_even_across_a_restart(restart: Restart) -> None:
    s3 = client("s3", restart())
    make_bucket(s3)
    s3.put_object(Bucket=BUCKET, Key="p/w.whl", Body=b"one", IfNoneMatch="*")
    s3 = client("s3", restart())
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=BUCKET, Key="p/w.whl", Body=b"two", IfNoneMatch="*")


def test_the_configuration_of_a_bucket_survives(restart: Restart) -> None:
    s3 = client("s3", restart())
    make_bucket(s3)
    s3.create_bucket(Bucket="short-lived")
    s3.put_bucket_cors(
        Bucket=BUCKET,
        CORSConfiguration={
            "CORSRules": [{"AllowedMethods": ["PUT"], "AllowedOrigins": ["http://localhost:8000"]}]
        },
    )
    s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "old",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                }
            ]
        },
    )
    closed = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=closed)
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "app", "Value": "larder"}]})
    s3.delete_bucket(Bucket="short-lived")
    s3 = client("s3", restart())
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    rules = s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    assert rules[0]["AllowedOrigins"] == ["http://localhost:8000"]
    assert s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"][0]["ID"] == "old"
    access = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert access == closed
    assert s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"][0]["Value"] == "larder"
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [BUCKET]


def test_the_configuration_of_a_table_and_its_index_survive(restart: Restart) -> None:
    dynamodb = client("dynamodb", restart())
    make_table(dynamodb)
    setting = {"Enabled": True, "AttributeName": "expires_at"}
    dynamodb.update_time_to_live(TableName=TABLE, TimeToLiveSpecification=setting)
    recovery = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=recovery)
    # Named like the marks of the emulator's own state files, which cannot hold such an item.
    item = {"pk": text("odd"), "gsi1": text("x"), "__bytes__": text("a"), "__scoped__": text("b")}
    dynamodb.put_item(TableName=TABLE, Item={**item, "raw": {"B": b"\x00\xff"}})
    dynamodb = client("dynamodb", restart())
    dynamodb.delete_item(TableName=TABLE, Key={"pk": text("none")})
    dynamodb = client("dynamodb", restart())
    ttl = dynamodb.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")
    backups = dynamodb.describe_continuous_backups(TableName=TABLE)
    described = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert described["PointInTimeRecoveryStatus"] == "ENABLED"
    found = dynamodb.query(
        TableName=TABLE,
        IndexName="gsi1",
        KeyConditionExpression="gsi1 = :x",
        ExpressionAttributeValues={":x": text("x")},
    )["Items"]
    assert found == [{**item, "raw": {"B": b"\x00\xff"}}]


def test_a_transaction_that_is_sent_again_after_a_restart_is_done_once(restart: Restart) -> None:
    dynamodb = client("dynamodb", restart())
    make_table(dynamodb)
    step = {
        "Update": {
            "TableName": TABLE,
            "Key": {"pk": text("counter")},
            "UpdateExpression": "ADD steps :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }
    for _ in range(3):
        dynamodb.transact_write_items(TransactItems=[step], ClientRequestToken="the-same")
        dynamodb = client("dynamodb", restart())
    assert scan(dynamodb)["counter"]["steps"] == {"N": "1"}


def test_a_refused_write_is_not_repeated_at_a_start(restart: Restart) -> None:
    dynamodb = client("dynamodb", restart())
    make_table(dynamodb)
    condition = {"ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.put_item(TableName=TABLE, Item={"pk": text("a")}, **condition)
    dynamodb.put_item(TableName=TABLE, Item={"pk": text("a")})
    assert set(scan(client("dynamodb", restart()))) == {"a"}


def test_a_replay_happens_at_the_times_of_the_record(restart: Restart, data: Path) -> None:
    # A token counts for ten minutes: used again after eleven it was a new transaction.
    dynamodb = client("dynamodb", restart())
    make_table(dynamodb)
    put = {"Put": {"TableName": TABLE, "Item": {"pk": text("a")}}}
    dynamodb.transact_write_items(TransactItems=[put], ClientRequestToken="the-same")
    dynamodb.delete_item(TableName=TABLE, Key={"pk": text("a")})
    recovered = recover(data / "journal")
    assert recovered is not None
    again = {**recovered.records[-2], "time": recovered.records[-2]["time"] + 660}
    assert json.loads(again["body"])["ClientRequestToken"] == "the-same"
    journal = Journal.resume(data / "journal", recovered)
    journal.append(again)
    journal.close()
    assert set(scan(client("dynamodb", restart()))) == {"a"}


def test_what_has_expired_goes_at_a_start(restart: Restart) -> None:
    dynamodb = client("dynamodb", restart())
    make_table(dynamodb)
    setting = {"Enabled": True, "AttributeName": "expires_at"}
    dynamodb.update_time_to_live(TableName=TABLE, TimeToLiveSpecification=setting)
    now = int(time.time())
    for name, moment in (("old", now - 60), ("new", now + 600)):
        item = {"pk": text(name), "expires_at": {"N": str(moment)}}
        dynamodb.put_item(TableName=TABLE, Item=item)
    assert set(scan(client("dynamodb", restart()))) == {"new"}
    assert set(scan(client("dynamodb", restart()))) == {"new"}


def test_changes_with_a_random_part_survive(restart: Restart) -> None:
    dynamodb = client("dynamodb", restart())
    make_table(dynamodb)
    made = dynamodb.create_backup(TableName=TABLE, BackupName="nightly")["BackupDetails"]
    dynamodb = client("dynamodb", restart())
    dynamodb.delete_backup(BackupArn=made["BackupArn"])
    assert client("dynamodb", restart()).list_backups()["BackupSummaries"] == []


def test_every_write_survives_with_fsync_too(
    monkeypatch: pytest.MonkeyPatch, restart: Restart
) -> None:
    monkeypatch.setenv("LARDER_BACKEND_FSYNC", "1")
    found = restart()
    make_table(client("dynamodb", found))
    make_bucket(client("s3", found))
    client("s3", found).put_object(Bucket=BUCKET, Key="a", Body=b"bytes")
    client("dynamodb", found).put_item(TableName=TABLE, Item={"pk": text("a")})
    found = restart()
    assert set(scan(client("dynamodb", found))) == {"a"}
    assert client("s3", found).get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"bytes"


@pytest.fixture
def cramped(data: Path) -> Iterator[tuple[Backend, subprocess.Popen[bytes]]]:
    """Give a back end that can write no file beyond 64 KiB: a disk that fills up."""
    server = [backend.PYTHON, backend.SERVER, "--data", data]
    process = subprocess.Popen(["bash", "-c", 'ulimit -f 64 && exec "$@"', "-", *server])
    try:
        while (found := backend.running(data)) is None:
            assert process.poll() is None
            time.sleep(0.02)
        yield found, process
    finally:
        process.kill()
        process.wait()


def test_a_full_disk_ends_the_process_before_it_acknowledges(
    data: Path, cramped: tuple[Backend, subprocess.Popen[bytes]]
) -> None:
    found, process = cramped
    dynamodb = client("dynamodb", found)
    make_table(dynamodb)
    done: set[str] = set()

    def fill() -> None:
        for number in range(100):
            item = {"pk": text(str(number)), "value": text("x" * 2000)}
            dynamodb.put_item(TableName=TABLE, Item=item)
            done.add(str(number))

    with pytest.raises(BotoCoreError):
        fill()
    assert process.wait(5) == folder.EXIT_CANNOT_WRITE
    with backend.attached(data) as found:
        assert set(scan(client("dynamodb", found))) == done


def test_an_object_that_does_not_fit_is_not_acknowledged_and_replaces_nothing(
    data: Path, cramped: tuple[Backend, subprocess.Popen[bytes]]
) -> None:
    found, process = cramped
    s3 = client("s3", found)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="p/w", Body=b"small")
    with pytest.raises(BotoCoreError):
        s3.put_object(Bucket=BUCKET, Key="p/w", Body=b"x" * 100_000)
    assert process.wait(5) == folder.EXIT_CANNOT_WRITE
    with backend.attached(data) as found:
        assert client("s3", found).get_object(Bucket=BUCKET, Key="p/w")["Body"].read() == b"small"
