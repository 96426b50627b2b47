"""The write-ahead log: what it gives back, what it forgives, and what it refuses."""

import json
from pathlib import Path

import pytest

from local.journal import (
    HEADER,
    DamagedJournalError,
    Journal,
    Recovered,
    apply_all,
    frame,
    generation_path,
    generations,
    recover,
)


def begun(folder: Path, changes: int = 3) -> Path:
    """Write one generation with so many changes and return its file."""
    journal = Journal(folder)
    journal.begin({"count": 0})
    for number in range(changes):
        journal.append({"add": number})
    journal.close()
    return generation_path(folder, 1)


def recovered(folder: Path) -> Recovered:
    found = recover(folder)
    assert found is not None
    return found


def starts_of_records(data: bytes) -> list[int]:
    starts, offset = [], 0
    while offset < len(data):
        starts.append(offset)
        offset += HEADER.size + HEADER.unpack_from(data, offset)[2]
    return starts


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert recover(tmp_path) is None


def test_snapshot_and_changes_come_back_in_order(tmp_path: Path) -> None:
    begun(tmp_path)
    expected = Recovered(1, {"count": 0}, [{"add": 0}, {"add": 1}, {"add": 2}], 0)
    assert recover(tmp_path) == expected


def test_any_text_survives(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin({})
    text = "\xff LJ1 \x00 ü 🦊 lone \ud800"
    journal.append(text)
    journal.close()
    assert recovered(tmp_path).records == [text]


def test_a_torn_last_record_is_dropped_wherever_it_ends(tmp_path: Path) -> None:
    path = begun(tmp_path)
    whole = path.read_bytes()
    last = starts_of_records(whole)[-1]
    for end in range(last + 1, len(whole)):
        path.write_bytes(whole[:end])
        found = recovered(tmp_path)
        assert (found.records, found.torn) == ([{"add": 0}, {"add": 1}], end - last)


def test_a_changed_byte_anywhere_is_refused(tmp_path: Path) -> None:
    path = begun(tmp_path)
    whole = path.read_bytes()
    last = starts_of_records(whole)[-1]
    for at in range(last):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :])
        with pytest.raises(DamagedJournalError):
            recover(tmp_path)


def test_a_whole_last_record_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    path = begun(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"!")
    with pytest.raises(DamagedJournalError, match="does not match its checksum"):
        recover(tmp_path)


@pytest.mark.parametrize("number", [1, 2])
def test_a_missing_or_repeated_record_in_the_middle_is_refused(tmp_path: Path, number: int) -> None:
    path = begun(tmp_path)
    whole = path.read_bytes()
    starts = starts_of_records(whole)
    for resumed in (starts[number + 1], starts[number - 1]):
        path.write_bytes(whole[: starts[number]] + whole[resumed:])
        with pytest.raises(DamagedJournalError):
            recover(tmp_path)


def test_garbage_after_the_last_record_is_refused(tmp_path: Path) -> None:
    path = begun(tmp_path)
    with path.open("ab") as file:
        file.write(b"\0" * 40)
    with pytest.raises(DamagedJournalError):
        recover(tmp_path)


@pytest.mark.parametrize("kept", [0, 1, 10, 40])
def test_a_truncated_snapshot_is_refused_and_not_replaced_by_an_older_one(
    tmp_path: Path, kept: int
) -> None:
    path = begun(tmp_path, changes=0)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DamagedJournalError, match="snapshot it begins with is not complete"):
        recover(tmp_path)
    assert path.stat().st_size == kept


def test_a_snapshot_of_another_generation_is_refused(tmp_path: Path) -> None:
    begun(tmp_path).rename(generation_path(tmp_path, 5))
    with pytest.raises(DamagedJournalError, match="says that it is generation 1"):
        recover(tmp_path)


def test_a_snapshot_of_another_format_is_refused(tmp_path: Path) -> None:
    payload = json.dumps({"format": 99, "generation": 1, "state": {}}).encode()
    generation_path(tmp_path, 1).write_bytes(frame(0, payload))
    with pytest.raises(DamagedJournalError, match="not of format"):
        recover(tmp_path)


def test_a_new_generation_starts_with_its_snapshot_and_no_changes(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin("first")
    journal.append("change")
    journal.begin("second")
    journal.append("other")
    journal.close()
    assert recover(tmp_path) == Recovered(2, "second", ["other"], 0)


def test_exactly_the_generation_before_is_kept_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for state in range(5):
        journal.begin(state)
        journal.append(f"change of {state}")
    journal.close()
    assert generations(tmp_path) == [4, 5]
    generation_path(tmp_path, 5).unlink()
    assert recover(tmp_path) == Recovered(4, 3, ["change of 3"], 0)


def test_an_unfinished_new_generation_is_not_seen(tmp_path: Path) -> None:
    path = begun(tmp_path)
    path.with_name("generation-00000002.journal.tmp").write_bytes(b"half a snap")
    assert recovered(tmp_path).generation == 1


def test_a_resumed_journal_goes_on_with_the_next_number(tmp_path: Path) -> None:
    begun(tmp_path)
    journal = Journal.resume(tmp_path, recovered(tmp_path))
    journal.append({"add": 3})
    journal.close()
    assert recovered(tmp_path).records[-1] == {"add": 3}


def test_a_synced_journal_reads_the_same(tmp_path: Path) -> None:
    journal = Journal(tmp_path, sync=True)
    journal.begin("state")
    journal.append("change")
    journal.close()
    assert recover(tmp_path) == Recovered(1, "state", ["change"], 0)


def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    assert begun(tmp_path).stat().st_mode & 0o777 == 0o600


def test_a_change_that_cannot_be_applied_is_named_and_nothing_follows_it(tmp_path: Path) -> None:
    done: list[str] = []

    def apply(change: str) -> None:
        if change == "bad":
            raise ValueError("no such table")
        done.append(change)

    path = generation_path(tmp_path, 7)
    with pytest.raises(DamagedJournalError, match=r"record 2 .*no such table.*00000007\.journal"):
        apply_all(["good", "bad", "late"], apply, path)
    assert done == ["good"]


def test_the_advice_names_the_generation_before(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin("first")
    journal.begin("second")
    journal.close()
    generation_path(tmp_path, 2).write_bytes(b"")
    with pytest.raises(DamagedJournalError, match=r"go back to generation-00000001\.journal"):
        recover(tmp_path)
