"""Bytes on their way to the storage."""

import io
import random
import threading
import time
from pathlib import Path

import pytest
from larder_client import address, transfer
from larder_client.errors import Interrupted, LarderError
from larder_client.sessions import Sessions
from larder_client.settings import Credential
from larder_client.terminal import Progress, Terminal
from larder_client.transfer import Courier, Piece
from larder_client.wire import Index, Line

from tests.client.conftest import Larder
from tests.client.fake_index import MULTIPART, POST, PUT, Asked, FakeIndex, Reply

WHEEL = "demo-1.0-py3-none-any.whl"
CONTENT = random.Random(1).randbytes(10_500)  # noqa: S311 - eleven parts, the last a short one
ALL = [PUT, MULTIPART, POST]


@pytest.mark.parametrize(
    ("size", "offered", "chosen"),
    [
        (4_000_000, ALL, POST),
        (4_000_000, [MULTIPART, PUT], PUT),
        (4_000_001, ALL, PUT),
        (99_999_999, ALL, PUT),
        (100_000_000, ALL, MULTIPART),
        (100_000_000, [POST, PUT], PUT),
        (100_000_000, [POST], POST),
    ],
)
def test_the_mechanism_is_chosen_by_size(size: int, offered: list[str], chosen: str) -> None:
    assert transfer.choose(size, offered) == chosen


def test_an_index_whose_mechanisms_are_all_unknown_is_refused() -> None:
    with pytest.raises(LarderError, match="newest"):
        transfer.choose(1, ["carrier-pigeon"])


@pytest.fixture
def parts(fake: FakeIndex) -> FakeIndex:
    """An index that takes everything in parts of 1,000 bytes."""
    fake.mechanisms = [MULTIPART]
    return fake


def stored_parts(fake: FakeIndex) -> list[int]:
    return sorted(int(asked.path.split("?")[0].rpartition("/")[2]) for asked in fake.stored)


def break_off_at(fake: FakeIndex, part: int) -> None:
    """Refuse one part for good, as a connection that is gone does."""

    def rule(asked: Asked) -> Reply | None:
        if asked.method == "PUT" and f"/{part}?" in asked.path:
            return 400, {"Content-Type": "application/xml"}, b"<Error><Code>Broken</Code></Error>"
        return None

    fake.rules.append(rule)


def test_parts_make_the_file_again_in_whatever_order_they_come(
    parts: FakeIndex, larder: Larder
) -> None:
    def late(asked: Asked) -> None:
        if "/1?" in asked.path:
            time.sleep(0.05)

    parts.rules.append(late)
    larder("upload", larder.file(WHEEL, CONTENT))
    assert parts.published["demo"][WHEEL] == CONTENT
    assert stored_parts(parts) == list(range(1, 12))


def test_an_interrupted_upload_goes_on_where_it_was(parts: FakeIndex, larder: Larder) -> None:
    wheel = larder.file(WHEEL, CONTENT)
    break_off_at(parts, 7)
    larder("upload", "--parallel", 1, wheel, code=1)
    there = sum(map(len, parts.sessions["s1"].files[WHEEL].parts.values()))
    assert 0 < there < len(CONTENT)
    arrived = set(parts.sessions["s1"].files[WHEEL].parts)
    parts.rules.clear()
    parts.stored.clear()

    done = larder("upload", wheel)

    assert parts.published["demo"][WHEEL] == CONTENT
    assert set(stored_parts(parts)) == set(range(1, 12)) - arrived
    assert f"({len(CONTENT) - there:,} bytes) in" in done.out
    assert f"({there:,} bytes) were there before" in done.out


def test_several_parts_travel_at_a_time(parts: FakeIndex, larder: Larder) -> None:
    together = threading.Barrier(3, timeout=10)

    def rule(asked: Asked) -> None:
        if asked.method == "PUT" and any(f"/{part}?" in asked.path for part in (1, 2, 3)):
            parts.lock.release()  # or they would wait for each other in the fake
            try:
                together.wait()
            finally:
                parts.lock.acquire()

    parts.rules.append(rule)
    larder("upload", "--parallel", 3, larder.file(WHEEL, CONTENT))
    assert parts.published["demo"][WHEEL] == CONTENT


@pytest.mark.parametrize("mechanism", [PUT, MULTIPART])
def test_expired_links_are_replaced(fake: FakeIndex, larder: Larder, mechanism: str) -> None:
    fake.mechanisms = [mechanism]

    def expire(asked: Asked) -> None:
        if asked.method == "PUT" and ("/4?" in asked.path or "/0?" in asked.path):
            fake.rules.clear()
            fake.generation += 1

    fake.rules.append(expire)
    larder("upload", larder.file(WHEEL, CONTENT))
    assert fake.published["demo"][WHEEL] == CONTENT


def test_links_that_expire_together_are_replaced_once(parts: FakeIndex, larder: Larder) -> None:
    together = threading.Barrier(4, timeout=10)

    def expire(asked: Asked) -> None:
        if asked.method == "PUT" and "generation=0&" in asked.path:
            parts.lock.release()  # or they would wait for each other in the fake
            try:
                together.wait()
            finally:
                parts.lock.acquire()
            parts.generation = 1

    parts.rules.append(expire)
    larder("upload", "--parallel", 4, larder.file(WHEEL, CONTENT))
    assert len(parts.asked_for("GET", f"/files/{WHEEL}")) == 1


def test_links_that_stay_refused_end_it_with_the_words_of_the_storage(
    parts: FakeIndex, larder: Larder
) -> None:
    denied = b"<Error><Code>AccessDenied</Code><Message>Not allowed.</Message></Error>"

    def rule(asked: Asked) -> Reply | None:
        kind = {"Content-Type": "application/xml"}
        return (403, kind, denied) if asked.method == "PUT" else None

    parts.rules.append(rule)
    done = larder("upload", larder.file(WHEEL, b"x"), code=1)
    assert f"larder: {WHEEL}: the storage refused it: Not allowed." in done.err


@pytest.mark.parametrize("status", [0, 409, 500, 503])
@pytest.mark.parametrize("mechanism", [PUT, MULTIPART])
def test_a_passing_failure_of_the_storage_is_passed_over(
    fake: FakeIndex, larder: Larder, mechanism: str, status: int
) -> None:
    fake.mechanisms = [mechanism]
    fake.fail("PUT", WHEEL, status, status)
    done = larder("upload", larder.file(WHEEL, CONTENT))
    assert fake.published["demo"][WHEEL] == CONTENT
    # What was sent in vain counts as sent.
    assert f"({len(CONTENT):,} bytes) in" not in done.out


def test_a_timeout_on_the_side_of_the_storage_is_passed_over(
    parts: FakeIndex, larder: Larder
) -> None:
    waiting = [b"<Error><Code>RequestTimeout</Code><Message>Idle</Message></Error>"]

    def rule(asked: Asked) -> Reply | None:
        if asked.method == "PUT" and waiting:
            return 400, {"Content-Type": "application/xml"}, waiting.pop()
        return None

    parts.rules.append(rule)
    larder("upload", larder.file(WHEEL, CONTENT))
    assert parts.published["demo"][WHEEL] == CONTENT


def test_bytes_that_are_there_already_are_no_failure(fake: FakeIndex, larder: Larder) -> None:
    """The first attempt arrived, its answer did not; S3 takes an object once."""
    fake.mechanisms = [PUT]

    def lose(asked: Asked) -> Reply | None:
        if asked.method == "PUT":
            fake.rules.clear()
            fake.store(asked)
            return 0, {}, b""
        return None

    fake.rules.append(lose)
    larder("upload", larder.file(WHEEL, CONTENT))
    assert len(fake.stored) == 3
    assert fake.published["demo"][WHEEL] == CONTENT


def test_a_file_that_changes_meanwhile_is_named(fake: FakeIndex, larder: Larder) -> None:
    fake.mechanisms = [PUT]
    wheel = larder.file(WHEEL, CONTENT)

    def change(asked: Asked) -> None:
        if asked.path == "/upload/2.0/":
            wheel.write_bytes(CONTENT[::-1])

    fake.rules.append(change)
    done = larder("upload", wheel, code=1)
    assert f"{WHEEL} changed while it was sent" in done.err


def test_a_file_that_becomes_shorter_meanwhile_is_named(fake: FakeIndex, larder: Larder) -> None:
    fake.mechanisms = [PUT]
    wheel = larder.file(WHEEL, CONTENT)

    def change(asked: Asked) -> None:
        if asked.path == "/upload/2.0/":
            wheel.write_bytes(b"short")

    fake.rules.append(change)
    done = larder("upload", wheel, code=1)
    assert f"{WHEEL} became shorter while it was sent" in done.err


def test_parts_that_do_not_make_the_file_are_refused(parts: FakeIndex, larder: Larder) -> None:
    parts.part_size = 0x7FFF
    wheel = larder.file(WHEEL, CONTENT)

    def lie(asked: Asked) -> None:
        if asked.path.endswith("/files"):
            asked.json["size"]
            object.__setattr__(
                asked, "body", asked.body.replace(b'"size": 10500', b'"size": 10400')
            )

    parts.rules.append(lie)
    done = larder("upload", wheel, code=1)
    assert "named no place for the bytes" in done.err


@pytest.fixture
def piece(tmp_path: Path) -> Piece:
    """Bytes 10 to 14 of a file."""
    path = tmp_path / WHEEL
    path.write_bytes(bytes(range(100)))
    line = Line(stop=threading.Event(), note=str, size=1)
    index = Index(address.parse("https://packages.example.com"), Credential(password="x"), line)
    progress = Progress(Terminal(io.StringIO(), io.StringIO()))
    return Piece(path, 10, 5, Courier(Sessions(index), progress, 1))


def test_a_piece_is_its_span_each_time_it_is_opened(piece: Piece) -> None:
    for _ in range(2):
        with piece.open() as opened:
            assert (opened.read(), opened.read()) == (bytes(range(10, 15)), b"")


def test_bytes_that_go_out_twice_count_as_done_once(piece: Piece) -> None:
    for _ in range(2):
        with piece.open() as opened:
            opened.read()
    assert piece.courier.sent == 10
    assert piece.courier.progress.done == 5


def test_a_piece_ends_when_the_command_is_stopped(piece: Piece) -> None:
    with piece.open() as opened:
        piece.courier.stop.set()
        with pytest.raises(Interrupted):
            opened.read()
