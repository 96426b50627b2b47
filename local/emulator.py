"""ministack with a memory: every change goes through the journal before it is acknowledged.

This uses internals of the very version that local/requirements.txt pins.
"""
# ruff: noqa: SLF001 - there is no public way to what has to be restored and replaced

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from local import objects
from local.journal import Journal, Recovered, apply_all, generation_path, recover
from local.operations import READS, REFUSED, REPEATABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Answer = tuple[int, dict[str, Any], Any]
Dictionary = dict[str, Any]

OK = 200
TTL_THREAD = "dynamodb-ttl-reaper"


class _RecordedTime:
    """Stands in for the ``time`` module while records are replayed, at the time they were made.

    DynamoDB forgets a transaction's token after ten minutes. Replayed within one second, a token
    that was rightly used twice would look like a repetition and its second transaction be lost.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def time(self) -> float:
        return self.seconds


class Emulator:
    """ministack's DynamoDB and S3, restored from ``data`` and journalled there.

    ``give_up`` must end the process: it is called when a change is in memory and cannot be written,
    so that the next start forgets what was never acknowledged.
    """

    def __init__(
        self,
        data: Path,
        *,
        sync: bool,
        records_per_generation: int,
        give_up: Callable[[OSError], NoReturn],
    ) -> None:
        self.records_per_generation = records_per_generation
        self.give_up = give_up
        recovered = recover(data / "journal")
        objects.repair(data / "s3")
        with _without_ttl_thread():
            from ministack import app
            from ministack.core import persistence, responses
            from ministack.services import dynamodb, s3
        self.app: Any = app
        self.dynamodb: Any = dynamodb
        self.s3: Any = s3
        self.persistence: Any = persistence
        self.responses: Any = responses
        self.files = objects.ObjectFiles(s3, sync=sync)
        objects.complete_reads_by_version(s3)
        self.journal = Journal(data / "journal", sync=sync)
        self.lock = asyncio.Lock()
        if recovered is None:
            self.journal.begin(self._state())
        else:
            self._restore(recovered, sync=sync)
        self._close_side_doors()

    def _restore(self, recovered: Recovered, *, sync: bool) -> None:
        folder = self.journal.folder
        path = generation_path(folder, recovered.generation)
        clock = _RecordedTime()
        self.dynamodb.time = clock
        try:
            # The last state of the buckets counts; in between there is nothing to replay.
            latest: list[Any] = [recovered.snapshot["s3"]]
            apply_all([recovered.snapshot], self._load_dynamodb, path)
            apply_all(recovered.records, lambda record: self._again(record, clock, latest), path)
            apply_all(latest[-1:], self._load_buckets, path)
        finally:
            self.dynamodb.time = time
        expired = self._expire(time.time())
        if recovered.records or recovered.torn or expired:
            self.journal.begin(self._state())
        else:
            self.journal = Journal.resume(folder, recovered, sync=sync)

    def _again(self, record: Dictionary, clock: _RecordedTime, latest: list[Any]) -> None:
        if record["kind"] == "s3":
            latest.append(record["state"])
            return
        clock.seconds = record["time"]
        headers = {"x-amz-target": f"DynamoDB_20120810.{record['action']}"}
        body = record["body"].encode("utf-8", "surrogatepass")
        with self.responses.request_scope(record["account"], record["region"]):
            call = self.dynamodb.handle_request("POST", "/", headers, body, {})
            status, _, answer = _finish(call)
        if status != OK:
            raise ValueError(f"{record['action']} was answered with {status}: {answer!r}")

    def _close_side_doors(self) -> None:
        """Leave of ministack's many routes the two services, and put the journal before them."""

        async def nothing(*_: Any, **__: Any) -> None:
            """Handle no request."""

        async def preflight(*request: Any) -> Any:
            return self.app._handle_options_request(*request)

        def service(_method: str, _path: str, headers: dict[str, str], _query: Any) -> str:
            return "dynamodb" if "x-amz-target" in headers else "s3"

        self.app._handle_pre_body_request = preflight
        self.app._handle_post_body_shortcuts = nothing
        self.app._handle_special_data_plane_request = nothing
        self.app.detect_service = service
        self.app.SERVICE_HANDLERS = {"dynamodb": self.serve_dynamodb, "s3": self.serve_s3}

    async def serve_dynamodb(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Answer:
        """Answer one DynamoDB request; a change is in the journal before this returns."""
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action in READS:
            return await self._dynamodb(method, path, headers, body, query)
        if action in REFUSED:
            error = {"__type": "UnknownOperationException", "message": f"No {action} here."}
            return 400, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(error).encode()
        async with self.lock:
            moment = time.time()
            try:
                answer = await self._dynamodb(method, path, headers, body, query)
            except Exception:
                # It may have changed half of what it should: keep what readers now see.
                self._keep_everything()
                raise
            if answer[0] == OK and action in REPEATABLE:
                text = body.decode(json.detect_encoding(body), "surrogatepass")
                self._keep(
                    {
                        "kind": "dynamodb",
                        "time": moment,
                        "action": action,
                        "account": self.responses.get_account_id(),
                        "region": self.responses.get_region(),
                        "body": text,
                    }
                )
            elif answer[0] == OK:
                self._keep_everything()
            return answer

    async def _dynamodb(self, *request: Any) -> Answer:
        answer: Answer = await self.dynamodb.handle_request(*request)
        return answer

    async def serve_s3(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Answer:
        """Answer one S3 request.

        Objects are files of their own. The configuration of the buckets is in memory only, so it is
        journalled: as a whole and not as a request, because a replayed CreateBucket or DeleteBucket
        would meet the objects of today.
        """
        async with self.lock:
            answer: Answer = await self.s3.handle_request(method, path, headers, body, query)
            if self.files.failure is not None:
                self.give_up(self.files.failure)
            on_bucket = "/" not in path.strip("/")
            if method in {"PUT", "DELETE"} and on_bucket and answer[0] // 100 == OK // 100:
                self._keep({"kind": "s3", "state": self._buckets()})
            return answer

    def _keep(self, change: Dictionary) -> None:
        try:
            self.journal.append(change)
        except OSError as error:
            self.give_up(error)
        if self.journal.records >= self.records_per_generation:
            self._keep_everything()

    def _keep_everything(self) -> None:
        try:
            self.journal.begin(self._state())
        except OSError as error:
            self.give_up(error)

    def finish(self) -> None:
        """Keep the state as a snapshot, so that the next start has nothing to replay."""
        if self.journal.records:
            self.journal.begin(self._state())
        self.journal.close()

    def _state(self) -> Dictionary:
        """Return everything as JSON values, each store as a list of its entries.

        ministack's own encoding would trip over items with attributes named like its marks.
        """
        stores = {**self.dynamodb.get_state(), "tokens": self.dynamodb._txn_idempotency}
        entries = {
            name: [[*key, value] for key, value in store._data.items()]
            for name, store in stores.items()
        }
        return {"dynamodb": entries, "s3": self._buckets()}

    def _load_dynamodb(self, state: Dictionary) -> None:
        stores: dict[str, Any] = {}
        for name, entries in state["dynamodb"].items():
            stores[name] = self.responses.AccountRegionScopedDict()
            for account, region, key, value in entries:
                stores[name].set_scoped(account, region, key, value)
        self.dynamodb._txn_idempotency.update(stores.pop("tokens"))
        self.dynamodb.load_persisted_state(stores)

    def _buckets(self) -> str:
        return json.dumps(self.s3.get_state(), default=self.persistence._json_default)

    def _load_buckets(self, state: str) -> None:
        hook = self.persistence._json_object_hook
        self.s3.load_persisted_state(json.loads(state, object_hook=hook))

    def _expire(self, now: float) -> bool:
        """Delete what its table's time to live says; tell whether there was any.

        ministack would do it once a minute from a thread, at moments that no replay can repeat;
        here it is done at a start only. AWS promises no more than "within a few days" either.
        """
        expired = [
            (table, partition, sort)
            for scope, setting in self.dynamodb._ttl_settings.all_items()
            if setting.get("TimeToLiveStatus") == "ENABLED"
            and (table := self.dynamodb._tables.get_scoped(*scope)) is not None
            for partition, rows in table["items"].items()
            for sort, item in rows.items()
            if _has_expired(item.get(setting["AttributeName"]), now)
        ]
        for table, partition, sort in expired:
            self.dynamodb._remove_item(table, partition, sort)
        return bool(expired)


def _has_expired(attribute: Any, now: float) -> bool:
    return isinstance(attribute, dict) and "N" in attribute and float(attribute["N"]) <= now


def _finish(call: Any) -> Answer:
    """Run a coroutine that awaits nothing to its end, without an event loop."""
    try:
        call.send(None)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    call.close()
    raise RuntimeError("a DynamoDB request waited for something while it was replayed")


@contextmanager
def _without_ttl_thread() -> Iterator[None]:
    """Let ministack's modules be imported without the thread that ``Emulator._expire`` replaces."""
    start: Any = threading.Thread.start

    def unless_ttl(thread: threading.Thread) -> None:
        if thread.name != TTL_THREAD:
            start(thread)

    threading.Thread.start = unless_ttl  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]
