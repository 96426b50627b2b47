"""Cut botocore's descriptions of AWS down to the calls that the application makes.

A client reads the description of its whole service, and the endpoints of all services in all
regions, before its first call: that is most of what a function pays for its first client.
"""
# ruff: noqa: INP001 - a step of a build, no part of a package

import gzip
import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

OPERATIONS = {
    "apigatewaymanagementapi": ("PostToConnection",),
    "dynamodb": (
        "BatchGetItem",
        "BatchWriteItem",
        "CreateTable",
        "DeleteItem",
        "DeleteTable",
        "DescribeContinuousBackups",
        "DescribeTable",
        "GetItem",
        "PutItem",
        "Query",
        "RestoreTableToPointInTime",
        "Scan",
        "TransactWriteItems",
        "UpdateItem",
        "UpdateTimeToLive",
    ),
    "s3": (
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateBucket",
        "CreateMultipartUpload",
        "DeleteBucket",
        "DeleteObject",
        "DeleteObjects",
        "GetObject",
        "HeadBucket",
        "HeadObject",
        "ListObjectVersions",
        "ListObjectsV2",
        "ListParts",
        "PutBucketLifecycleConfiguration",
        "PutBucketVersioning",
        "PutObject",
        "PutPublicAccessBlock",
        "UploadPart",
    ),
    "ssm": ("PutParameter",),
}
"""What the application asks of each service through botocore.

A call that is missing here fails on Lambda, and fails each test that makes it (tests/conftest.py).
"""

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")

# Where a service answers, and corrections of its description. What waits for AWS is left out.
_WHOLE = ("endpoint-rule-set-1", "paginators-1.sdk-extras", "service-2.sdk-extras")

Json = dict[str, Any]


def slim(data: Path) -> None:
    """Rewrite botocore's folder of descriptions, so that it serves OPERATIONS and nothing else."""
    for folder in (each for each in data.iterdir() if each.is_dir()):
        if folder.name not in OPERATIONS:
            shutil.rmtree(folder)
    names = {_slim_service(data / service, OPERATIONS[service]) for service in OPERATIONS}
    endpoints = _read(data, "endpoints")
    endpoints["partitions"] = [
        {**each, "services": _only(names, each["services"])}
        for each in endpoints["partitions"]
        if each["partition"] in PARTITIONS
    ]
    _write(data, "endpoints", endpoints)


def _slim_service(folder: Path, operations: Collection[str]) -> str:
    """Rewrite the folder of one service, and return its name in the list of endpoints."""
    latest = max(each.parent for each in folder.glob("*/service-2.json*"))
    service = _cut(_read(latest, "service-2"), operations)
    pages = _read(latest, "paginators-1")
    kept = {name: _read(latest, name) for name in _WHOLE if list(latest.glob(f"{name}.json*"))}
    kept["service-2"] = service
    kept["paginators-1"] = {"pagination": _only(operations, pages["pagination"])}
    shutil.rmtree(folder)
    latest.mkdir(parents=True)
    for name, content in kept.items():
        _write(latest, name, content)
    return str(service["metadata"]["endpointPrefix"])


def _cut(service: Json, operations: Collection[str]) -> Json:
    """Return the description of a service with these operations and the shapes that they reach.

    :raises KeyError: if the service has no such operation.
    """
    kept = {name: service["operations"][name] for name in operations}
    shapes: Json = {}
    waiting = _named_by(kept)
    while waiting:
        name = waiting.pop()
        shapes[name] = service["shapes"][name]
        waiting |= _named_by(shapes[name]) - set(shapes)
    # Only of these two nothing demands the words.
    parts = {"operations": kept, "shapes": _only(shapes, service["shapes"])}
    return {**service, **_without_words(parts)}


def _named_by(part: Any) -> set[str]:
    """Return the names of the shapes that a part of a description speaks of."""
    if isinstance(part, list):
        return set[str]().union(*map(_named_by, part))
    if not isinstance(part, dict):
        return set()
    name = part.get("shape")
    own = {name} if isinstance(name, str) else set[str]()
    return own.union(*map(_named_by, part.values()))


def _only(names: Collection[str], things: Json) -> Json:
    return {name: thing for name, thing in things.items() if name in names}


def _without_words(part: Any) -> Any:
    """Return a part of a description without what it says to people."""
    if isinstance(part, list):
        return [_without_words(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _without_words(each)
        for name, each in part.items()
        if not (name == "documentation" and isinstance(each, str))
    }


def _read(folder: Path, name: str) -> Json:
    (found,) = folder.glob(f"{name}.json*")
    content = found.read_bytes()
    document = json.loads(gzip.decompress(content) if found.suffix == ".gz" else content)
    return dict(document)


def _write(folder: Path, name: str, content: Json) -> None:
    # Not gzipped: the zip is, once, and reading it would be dearer at each start.
    text = json.dumps(content, separators=(",", ":"))
    (folder / f"{name}.json").write_text(text)
