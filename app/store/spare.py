"""A spare table and bucket of new names, made of those of the index, and removed again.

Items are taken as DynamoDB gives them, whatever they hold, because two tables are open at once
here and PynamoDB's models know one.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from app.config import Config
from app.errors import BadRequest, Unavailable
from app.store import aws
from app.store.failures import code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Item = dict[str, Any]

# Work in progress, and pages, which are rendered anew: what they name is not copied.
_LEFT_BEHIND = frozenset({"kept", "lease", "page", "session", "staged-file"})
_COPIES_AT_ONCE = 8
# DynamoDB's limit, and how often it may leave some of them for later.
_WRITES_AT_ONCE = 25
_ATTEMPTS = 8
_ABSENT = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
_NO_BACKUPS = frozenset({"UnknownOperationException", "NotImplemented", "501"})
_NOT_RESTORABLE = frozenset({
    "InvalidRestoreTimeException",
    "PointInTimeRecoveryUnavailableException",
})  # fmt: skip


class Spare:
    """Makes and removes the table and the bucket of `target`; those of `source` are only read."""

    def __init__(self, source: Config, target: Config) -> None:
        if target.table == source.table or target.bucket == source.bucket:
            raise ValueError("a spare is not the index itself")
        self._source = source
        self._target = target
        self._dynamodb: Any = _client("dynamodb", source, source.dynamodb_url)
        self._s3: S3Client = _client("s3", source, source.s3_url)

    @translated
    def has_backups(self) -> bool:
        """Tell whether the index's table can be restored to a point in time."""
        try:
            answer = self._dynamodb.describe_continuous_backups(TableName=self._source.table)
        except ClientError as error:
            if code_of(error) in _NO_BACKUPS:
                return False
            raise
        found = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        return bool(found.get("PointInTimeRecoveryStatus") == "ENABLED")

    @translated
    def restore_table(self, at: datetime | None) -> None:
        """Begin to restore the table as it was then, by default a few minutes ago.

        :raises BadRequest: if there is no backup of that moment.
        """
        moment: Any = {"RestoreDateTime": at} if at else {"UseLatestRestorableTime": True}
        try:
            self._dynamodb.restore_table_to_point_in_time(
                SourceTableName=self._source.table, TargetTableName=self._target.table, **moment
            )
        except ClientError as error:
            if code_of(error) not in _NOT_RESTORABLE:
                raise
            raise BadRequest(error.response["Error"].get("Message", str(error))) from error

    @translated
    def is_ready(self) -> bool:
        """Tell whether the spare table can be read and written."""
        try:
            table = self._dynamodb.describe_table(TableName=self._target.table)["Table"]
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            return False  # it was begun a moment ago
        return bool(table["TableStatus"] == "ACTIVE")

    @translated
    def copy_items(self) -> int:
        """Copy all items, one after the other, so not as of one moment; return their number."""
        count = 0
        for page in self._pages(self._source.table):
            for start in range(0, len(page), _WRITES_AT_ONCE):
                self._write(page[start : start + _WRITES_AT_ONCE])
            count += len(page)
        return count

    @translated
    def settle(self, progress: Callable[[int], None]) -> Counter[str]:
        """Give the spare table copies of the objects that it names; tell its items of each kind.

        An object that is missing is left to be found by the verification. Work in progress is
        left out. `progress` is told the number of items so far.
        """
        kinds: Counter[str] = Counter()
        with ThreadPoolExecutor(_COPIES_AT_ONCE) as pool:
            for page in self._pages(self._target.table):
                kinds.update(pool.map(self._settle, page))
                progress(kinds.total())
        return kinds

    @translated
    def remove_table(self) -> None:
        """Remove the spare table.

        :raises Unavailable: if it is still being made.
        """
        try:
            self._dynamodb.delete_table(TableName=self._target.table)
        except ClientError as error:
            if code_of(error) != "ResourceInUseException":
                raise
            raise Unavailable("it is still being made; remove it when that has ended.") from error

    @translated
    def remove_bucket(self) -> None:
        """Remove the spare bucket with all that is in it."""
        bucket = self._target.bucket
        for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            names: Any = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
            if names:
                self._s3.delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True})
        self._s3.delete_bucket(Bucket=bucket)

    def _pages(self, table: str) -> Iterator[list[Item]]:
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=table,
            ConsistentRead=True,
            PaginationConfig={"PageSize": self._source.page_size},
        )
        for page in pages:
            yield page["Items"]

    def _write(self, items: list[Item]) -> None:
        table = self._target.table
        waiting: Any = [{"PutRequest": {"Item": item}} for item in items]
        for attempt in range(_ATTEMPTS):
            answer = self._dynamodb.batch_write_item(RequestItems={table: waiting})
            waiting = answer.get("UnprocessedItems", {}).get(table)
            if not waiting:
                return
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - spreads writers
        raise Unavailable("The spare table takes no more items at this moment; try again later.")

    def _settle(self, item: Item) -> str:
        kind = str(item.get("kind", {}).get("S", ""))
        if kind in _LEFT_BEHIND:
            self._dynamodb.delete_item(TableName=self._target.table, Key=_key(item))
        elif kind == "head":
            names = {"#a": "json", "#b": "html", "#c": "index"}
            self._update(item, "REMOVE #a, #b, #c", names)
        elif "object_key" in item:
            version = self._copy(item["object_key"]["S"], item["object_version"]["S"])
            if version:
                value = {":version": {"S": version}}
                self._update(item, "SET #a = :version", {"#a": "object_version"}, value)
        return kind

    def _update(
        self, item: Item, change: str, names: dict[str, str], values: Item | None = None
    ) -> None:
        self._dynamodb.update_item(
            TableName=self._target.table,
            Key=_key(item),
            UpdateExpression=change,
            ExpressionAttributeNames=names,
            **({"ExpressionAttributeValues": values} if values else {}),
        )

    def _copy(self, key: str, version: str) -> str | None:
        """Copy a version of an object, and have S3 measure it; None if it is missing."""
        try:
            answer = self._s3.copy_object(
                Bucket=self._target.bucket,
                Key=key,
                CopySource={"Bucket": self._source.bucket, "Key": key, "VersionId": version},
                ChecksumAlgorithm="SHA256",
                TaggingDirective="REPLACE",  # there are none; to copy them is a right of its own
            )
        except ClientError as error:
            if code_of(error) in _ABSENT:
                return None
            raise
        return answer.get("VersionId", "null")


def _key(item: Item) -> Item:
    return {"pk": item["pk"], "sk": item["sk"]}


def _client(service: str, config: Config, url: str) -> Any:
    from botocore.config import Config as ClientConfig

    # Nobody waits for an answer here, and copying a large object takes its time.
    settings = ClientConfig(
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": "path" if url else "virtual"},
        connect_timeout=5,
        read_timeout=300,
        retries={"mode": "standard", "total_max_attempts": 5},
        max_pool_connections=_COPIES_AT_ONCE,
    )
    make: Any = aws.session().client
    return make(service, region_name=config.region, endpoint_url=url or None, config=settings)
