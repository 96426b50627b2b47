"""What the embedded back end still knows after a kill under load: all that it acknowledged."""

import base64
import hashlib
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local import backend
from local.backend import Backend
from local.journal import generations
from tests.emulator.clients import BUCKET, TABLE, client, make_bucket, make_table, scan, text

pytestmark = pytest.mark.emulator

LOAD_SECONDS = 1.0


@dataclass
class Acknowledged:
    """What the back end said it has done; one writer each, so nothing needs a lock."""

    present: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    counters: dict[str, int] = field(default_factory=dict)
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def total(self) -> int:
        parts = (self.present, self.deleted, self.objects)
        return sum(map(len, parts)) + sum(self.counters.values())

    def add(self, other: "Acknowledged") -> None:
        self.present |= other.present
        self.deleted |= other.deleted
        self.counters |= other.counters
        self.objects |= other.objects


def write_items(dynamodb: Any, prefix: str, done: Acknowledged) -> None:
    """Put items and delete every third one."""
    for number in count():
        name = f"{prefix}-item-{number}"
        dynamodb.put_item(
            TableName=TABLE,
            Item={"pk": text(name), "value": text(name[::-1]), "gsi1": text(prefix)},
            ConditionExpression="attribute_not_exists(pk)",
        )
        done.present[name] = name[::-1]
        if number % 3 == 0:
            del done.present[name]
            dynamodb.delete_item(TableName=TABLE, Key={"pk": text(name)})
            done.deleted.add(name)


def write_counter(dynamodb: Any, prefix: str, done: Acknowledged) -> None:
    """Count up; the condition makes a replay that lost or doubled one step fail."""
    for number in count():
        dynamodb.update_item(
            TableName=TABLE,
            Key={"pk": text(f"{prefix}-counter")},
            UpdateExpression="ADD steps :one",
            ConditionExpression="attribute_not_exists(steps) OR steps = :now",
            ExpressionAttributeValues={":one": {"N": "1"}, ":now": {"N": str(number)}},
        )
        done.counters[f"{prefix}-counter"] = number + 1


def write_pairs(dynamodb: Any, prefix: str, done: Acknowledged) -> None:
    """Put two items in one transaction."""
    for number in count():
        pair = [f"{prefix}-pair-{number}-{side}" for side in "ab"]
        actions = [
            {"Put": {"TableName": TABLE, "Item": {"pk": text(name), "value": text(name[::-1])}}}
            for name in pair
        ]
        dynamodb.transact_write_items(TransactItems=actions)
        done.present.update({name: name[::-1] for name in pair})


def write_objects(s3: Any, prefix: str, done: Acknowledged) -> None:
    """Put objects, four versions each; every version stays readable."""
    for number in count():
        key, body = f"{prefix}/object-{number // 4}", f"{prefix} {number}".encode() * 100
        answer = s3.put_object(Bucket=BUCKET, Key=key, Body=body, ChecksumAlgorithm="SHA256")
        done.objects[key, answer["VersionId"]] = body


def under_load(found: Backend, prefix: str, end: Callable[[], None]) -> Acknowledged:
    """Write from six threads until ``end`` has killed the server; return what was acknowledged."""
    writers = [write_items, write_items, write_counter, write_pairs, write_objects, write_objects]
    results = [Acknowledged() for _ in writers]

    def run(writer: Callable[[Any, str, Acknowledged], None], number: int) -> None:
        service = client("s3" if writer is write_objects else "dynamodb", found)
        try:
            writer(service, f"{prefix}-{number}", results[number])
        except BotoCoreError:
            # The connection broke: whether this one was done is open.
            return

    threads = [threading.Thread(target=run, args=(w, n)) for n, w in enumerate(writers)]
    for thread in threads:
        thread.start()
    time.sleep(LOAD_SECONDS)
    end()
    for thread in threads:
        thread.join()
    everything = Acknowledged()
    for result in results:
        everything.add(result)
    return everything


def lost(found: Backend, expected: Acknowledged) -> list[str]:
    """Return what was acknowledged and is not so, and halves of transactions."""
    items = scan(client("dynamodb", found))
    missing = [
        name
        for name, value in expected.present.items()
        if items.get(name, {}).get("value") != text(value)
    ]
    missing += [name for name in expected.deleted if name in items]
    for name, steps in expected.counters.items():
        # One more may have been done and not have been acknowledged.
        if int(items[name]["steps"]["N"]) not in (steps, steps + 1):
            missing.append(name)
    halves = {name[:-2] for name in items if "-pair-" in name}
    missing += [half for half in halves if not {f"{half}-a", f"{half}-b"} <= set(items)]
    s3 = client("s3", found)
    for (key, version), body in expected.objects.items():
        try:
            answer = s3.get_object(Bucket=BUCKET, Key=key, VersionId=version)
        except ClientError:
            missing.append(key)
            continue
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if answer["Body"].read() != body or answer["ChecksumSHA256"] != checksum:
            missing.append(key)
    return missing


def test_nothing_acknowledged_is_lost_when_it_is_killed_under_load(tmp_path: Path) -> None:
    found, process = backend.start(tmp_path)
    make_table(client("dynamodb", found))
    make_bucket(client("s3", found))
    everything = Acknowledged()
    for turn in range(3):
        written = under_load(found, f"turn-{turn}", process.kill)
        assert written.total() > 50
        everything.add(written)
        process.wait()
        found, process = backend.start(tmp_path)
        assert lost(found, everything) == []
    backend.stop(process)
    print(f"{everything.total()} acknowledged writes, 3 kills")  # noqa: T201 - shown by -s


def test_new_generations_under_load_lose_nothing_either(tmp_path: Path) -> None:
    command = [backend.PYTHON, backend.SERVER, "--data", tmp_path, "--records-per-generation", "20"]
    process = subprocess.Popen(command)
    try:
        while (found := backend.running(tmp_path)) is None:
            assert process.poll() is None
            time.sleep(0.02)
        make_table(client("dynamodb", found))
        make_bucket(client("s3", found))
        written = under_load(found, "turn", process.kill)
    finally:
        process.kill()
        process.wait()
    assert generations(tmp_path / "journal")[-1] > 5
    with backend.attached(tmp_path) as found:
        assert lost(found, written) == []
