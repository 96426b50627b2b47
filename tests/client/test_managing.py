"""`larder status`, `larder yank` and `larder unyank`."""

from tests.client.conftest import Larder
from tests.client.fake_index import FakeIndex

WHEEL, SDIST = "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"


def test_status_tells_whose_token_it_is_and_what_it_may(fake: FakeIndex, larder: Larder) -> None:
    done = larder("status")
    assert done.out.splitlines() == [
        f"Index    {fake.url}",
        "Account  ada (member)",
        "Token    ci",
        "  may    read, upload",
        "  for    demo",
        "  until  2026-12-01T00:00:00Z",
    ]


def test_status_of_a_project_lists_what_is_published(fake: FakeIndex, larder: Larder) -> None:
    fake.publish("demo", WHEEL, b"x" * 1500)
    fake.publish("demo", "demo-2.0.tar.gz", b"y")
    fake.yanked["demo-2.0.tar.gz"] = "eats data"
    done = larder("status", "Demo")
    assert done.out.splitlines() == [
        "Demo 1.0",
        f"  {WHEEL}  1.5 kB  2026-11-22",
        "Demo 2.0",
        "  demo-2.0.tar.gz  1 bytes  2026-11-22  YANKED eats data",
    ]


def test_status_of_a_version_lists_that_one(fake: FakeIndex, larder: Larder) -> None:
    fake.publish("demo", WHEEL, b"x")
    fake.publish("demo", "demo-2.0.tar.gz", b"y")
    assert "2.0" not in larder("status", "demo", "1.0.0").out
    assert "There is no demo 3.0 here" in larder("status", "demo", "3.0", code=1).err
    assert "There is no other here" in larder("status", "other", code=1).err


def test_what_others_wrote_does_not_command_the_terminal(fake: FakeIndex, larder: Larder) -> None:
    fake.publish("demo", WHEEL, b"x")
    fake.yanked[WHEEL] = "\x1b[2Jgone\r\nYANKED"
    done = larder("status", "demo")
    assert "\x1b" not in done.out
    assert len(done.out.splitlines()) == 2


def test_a_release_is_yanked_and_back(fake: FakeIndex, larder: Larder) -> None:
    fake.publish("demo", WHEEL, b"x")
    done = larder("yank", "demo", "1.0", "--reason", "breaks on Windows")
    assert (done.out, fake.yanked) == ("Yanked: demo 1.0\n", {WHEEL: "breaks on Windows"})
    assert "YANKED breaks on Windows" in larder("status", "demo").out
    done = larder("unyank", "demo", "1.0")
    assert (done.out, fake.yanked) == ("No longer yanked: demo 1.0\n", {})


def test_single_files_are_yanked_and_back(fake: FakeIndex, larder: Larder) -> None:
    for name in (WHEEL, SDIST):
        fake.publish("demo", name, b"x")
    larder("yank", "demo", "1.0", "--file", WHEEL)
    assert fake.yanked == {WHEEL: ""}
    larder("unyank", "demo", "1.0", "--file", WHEEL, "--file", SDIST)
    assert fake.yanked == {}


def test_a_file_of_another_release_is_not_yanked(fake: FakeIndex, larder: Larder) -> None:
    done = larder("yank", "demo", "2.0", "--file", WHEEL, code=2)
    assert f"{WHEEL} is no file of demo 2.0" in done.err
    assert fake.asked == []


def test_names_are_quoted_in_addresses(fake: FakeIndex, larder: Larder) -> None:
    larder("yank", "demo", "1.0+a/../b", code=0)
    assert fake.asked[-1].path == "/api/v1/projects/demo/releases/1.0%2Ba%2F..%2Fb/yank"


def test_a_refusal_is_told(fake: FakeIndex, larder: Larder) -> None:
    fake.fail("POST", "/yank", 403)
    assert "403 Forbidden" in larder("yank", "demo", "1.0", code=1).err
