"""The embedded back end as a process: its folder, its start, its users and its end."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from local import backend, folder
from local.backend import Backend, BackendError
from local.journal import Journal, generation_path, generations, recover
from tests.emulator.clients import TABLE, client, make_table, scan

pytestmark = pytest.mark.emulator


def put(dynamodb: Any, *names: str) -> None:
    for name in names:
        dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": name}})


def names(found: Backend) -> set[str]:
    return set(scan(client("dynamodb", found)))


def files(data: Path) -> dict[str, bytes]:
    """Return what is in the folder, but for what every attempt to start touches."""
    kept = (path for path in data.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path): path.read_bytes() for path in kept if path.suffix != ".log"}


def killed(data: Path, *items: str) -> None:
    """Leave a folder behind whose process died after those items were acknowledged."""
    found, process = backend.start(data)
    make_table(client("dynamodb", found))
    put(client("dynamodb", found), *items)
    process.kill()
    process.wait()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


# --- the folder ---


def test_the_announcement_is_private_and_goes_at_a_clean_stop(data: Path) -> None:
    found, process = backend.start(data)
    assert backend.running(data) == found
    assert found.environment()["AWS_ENDPOINT_URL_S3"].startswith("http://localhost:")
    for path in (folder.announcement(data), folder.settings_file(data), folder.log_file(data)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    started = time.monotonic()
    backend.stop(process)
    assert time.monotonic() - started < 2
    assert process.returncode == 0
    assert not folder.announcement(data).exists()
    assert backend.running(data) is None


def test_keys_and_port_stay_the_same(data: Path) -> None:
    first, process = backend.start(data)
    process.kill()
    process.wait()
    assert backend.running(data) is None
    second, process = backend.start(data)
    backend.stop(process)
    assert (second.endpoint, second.secret_key) == (first.endpoint, first.secret_key)
    assert second.pid != first.pid


def test_a_second_process_is_refused_and_told_who_is_first(data: Path) -> None:
    found, process = backend.start(data)
    with pytest.raises(BackendError, match=f"in use by process {found.pid}"):
        backend.start(data)
    assert backend.running(data) == found
    backend.stop(process)


def test_a_port_that_is_taken_is_not_taken_over(data: Path) -> None:
    found, process = backend.start(data)
    port = str(urlsplit(found.endpoint).port)
    command = [backend.PYTHON, backend.SERVER, "--data", data.with_name("other"), "--port", port]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == folder.EXIT_PORT_TAKEN
    assert f"Port {port} of 127.0.0.1 is taken" in done.stderr
    backend.stop(process)


def test_damaged_keys_are_not_replaced(data: Path) -> None:
    data.mkdir()
    folder.settings_file(data).write_text("{}")
    with pytest.raises(BackendError, match=r"credentials\.json is damaged"):
        backend.start(data)
    assert folder.settings_file(data).read_text() == "{}"


def test_a_missing_environment_says_what_to_run(data: Path) -> None:
    with pytest.raises(BackendError, match="make setup"):
        backend.start(data, python=data / "no" / "python")


def test_a_server_whose_parent_dies_stops(data: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from local import backend;"
        "found, _ = backend.start(Path(sys.argv[1])); print(found.pid, flush=True); os._exit(0)"
    )
    command = [sys.executable, "-c", program, str(data)]
    subprocess.run(command, cwd=backend.REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 5
    while folder.is_locked(data) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not folder.is_locked(data)
    assert not folder.announcement(data).exists()


def test_a_torn_last_record_is_dropped_and_the_rest_kept(data: Path) -> None:
    killed(data, "one", "two")
    path = generation_path(data / "journal", 1)
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size - 5)
    found, process = backend.start(data)
    assert names(found) == {"one"}
    backend.stop(process)


def test_a_damaged_record_is_refused_and_nothing_is_touched(data: Path) -> None:
    killed(data, "one", "two")
    path = generation_path(data / "journal", 1)
    path.write_bytes(path.read_bytes().replace(b"one", b"ONE"))
    before = files(data)
    with pytest.raises(BackendError, match=r"generation-00000001\.journal.*nothing was changed"):
        backend.start(data)
    assert files(data) == before


def test_a_record_that_cannot_be_replayed_is_refused(data: Path) -> None:
    killed(data, "one")
    recovered = recover(data / "journal")
    assert recovered is not None
    journal = Journal.resume(data / "journal", recovered)
    journal.append({**recovered.records[-1], "body": '{"TableName": "missing"}'})
    journal.close()
    before = files(data)
    with pytest.raises(BackendError, match="record 3 cannot be applied again"):
        backend.start(data)
    assert files(data) == before


def test_a_truncated_snapshot_is_refused_and_the_generation_before_still_starts(
    data: Path,
) -> None:
    killed(data, "one")
    found, process = backend.start(data)
    backend.stop(process)
    assert generations(data / "journal") == [1, 2]
    newest = generation_path(data / "journal", 2)
    newest.write_bytes(newest.read_bytes()[:-20])
    before = files(data)
    with pytest.raises(BackendError, match=r"go back to generation-00000001\.journal"):
        backend.start(data)
    assert files(data) == before
    newest.rename(data / "aside")
    found, process = backend.start(data)
    assert names(found) == {"one"}
    backend.stop(process)


def test_the_exit_code_of_damage_is_3(data: Path) -> None:
    killed(data)
    generation_path(data / "journal", 1).write_bytes(b"")
    command = [backend.PYTHON, backend.SERVER, "--data", data]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (3, b"")


def test_help_explains_itself() -> None:
    command = [backend.PYTHON, backend.SERVER, "--help"]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert "kept in one folder" in done.stdout


# --- shared use ---


def test_attached_uses_a_running_back_end_and_leaves_it_running(data: Path) -> None:
    found, process = backend.start(data)
    with backend.attached(data) as used:
        assert used == found
    assert backend.running(data) == found
    backend.stop(process)


def test_attached_starts_one_and_stops_it_cleanly(data: Path) -> None:
    with backend.attached(data) as found:
        make_table(client("dynamodb", found))
        put(client("dynamodb", found), "one")
    assert not folder.is_locked(data)
    assert not folder.announcement(data).exists()
    with backend.attached(data) as found:
        assert names(found) == {"one"}


def test_many_attached_at_once_share_one_and_survive_the_first_to_leave(data: Path) -> None:
    everybody = threading.Barrier(4, timeout=20)
    seen: list[int] = []
    failures: list[Exception] = []

    def use(turn: int) -> None:
        try:
            with backend.attached(data) as found:
                everybody.wait()
                # They leave one after the other, so that the starter leaves before somebody.
                time.sleep(0.3 * turn)
                client("dynamodb", found).list_tables()
                seen.append(found.pid)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=use, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(set(seen)) == 1
    deadline = time.monotonic() + 5
    while folder.is_locked(data) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not folder.is_locked(data)


def test_the_server_of_a_killed_user_stops_by_itself(data: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from local import backend\n"
        "with backend.attached(Path(sys.argv[1])) as found:\n"
        "    print(found.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(data)]
    with subprocess.Popen(command, cwd=backend.REPOSITORY, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        assert int(user.stdout.readline()) == folder.lock_holder(data)
        os.kill(user.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while folder.is_locked(data) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not folder.is_locked(data)


def test_an_announcement_of_a_dead_process_is_not_believed(data: Path) -> None:
    killed(data)
    announced = json.loads(folder.announcement(data).read_text())
    assert announced["pid"]
    assert backend.running(data) is None


def test_a_process_that_holds_the_folder_and_does_not_answer_is_not_running(data: Path) -> None:
    killed(data)
    lock = folder.take_lock(data)
    assert backend.running(data) is None
    os.close(lock)


def test_it_stops_even_if_its_folder_is_gone(data: Path) -> None:
    _, process = backend.start(data)
    shutil.rmtree(data)
    process.terminate()
    assert process.wait(5) == 0
