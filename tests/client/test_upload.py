"""`larder upload` and the sessions it opens."""

import json

import pytest

from tests.client.conftest import Larder
from tests.client.fake_index import MULTIPART, POST, PUT, TOKEN, FakeIndex, problem

WHEEL, SDIST = "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"


def test_a_release_is_published_as_a_whole(fake: FakeIndex, larder: Larder) -> None:
    wheel, sdist = larder.file(WHEEL, b"wheel"), larder.file(SDIST, b"sdist")

    done = larder("upload", wheel, sdist)

    assert fake.published == {"demo": {WHEEL: b"wheel", SDIST: b"sdist"}}
    assert len(fake.asked_for("POST", "/publish")) == 1
    assert f"Published: {fake.url}/project/demo/" in done.out
    assert "Sent 10 bytes (10 bytes)" in done.out


@pytest.mark.parametrize("mechanism", [POST, PUT, MULTIPART])
def test_every_mechanism_brings_the_bytes(fake: FakeIndex, larder: Larder, mechanism: str) -> None:
    fake.mechanisms = [mechanism]
    content = bytes(range(256)) * 20
    larder("upload", larder.file(WHEEL, content))
    assert fake.published["demo"][WHEEL] == content
    assert len(fake.stored) == {POST: 0, PUT: 1, MULTIPART: 6}[mechanism]


def test_the_token_goes_to_the_index_with_every_request_and_never_to_the_storage(
    fake: FakeIndex, larder: Larder
) -> None:
    fake.mechanisms = [PUT, MULTIPART]
    larder("upload", larder.file(WHEEL), larder.file("demo-1.1.tar.gz"))
    assert fake.asked
    assert all("authorization" in asked.headers for asked in fake.asked)
    assert fake.stored
    assert not any("authorization" in asked.headers for asked in fake.stored)
    assert not any(TOKEN.encode() in asked.body for asked in fake.stored)


def test_each_release_has_a_session_of_its_own(fake: FakeIndex, larder: Larder) -> None:
    names = ["a-1.tar.gz", "a-2.tar.gz", "b-1-py3-none-any.whl"]
    larder("upload", *map(larder.file, names))
    assert [asked.json["version"] for asked in fake.asked if asked.path == "/upload/2.0/"] == [
        "1",
        "2",
        "1",
    ]
    assert {project: list(files) for project, files in fake.published.items()} == {
        "a": names[:2],
        "b": names[2:],
    }


def test_more_files_than_a_session_takes_are_published_in_several(
    fake: FakeIndex, larder: Larder
) -> None:
    files = [larder.file(f"demo-1.0-py3-none-plat{n:02}.whl") for n in range(23)]
    larder("upload", *files)
    assert len(fake.published["demo"]) == 23
    assert fake.opened == 2


def test_a_full_session_of_an_earlier_upload_is_completed_first(
    fake: FakeIndex, larder: Larder
) -> None:
    fake.max_files = 1
    last = larder.file("demo-1.0-py3-none-plat9.whl", b"last")
    larder("upload", "--no-publish", last)
    larder("upload", larder.file("demo-1.0-py3-none-plat1.whl"), last)
    assert [asked.path for asked in fake.asked_for("POST", "/publish")] == [
        "/upload/2.0/s1/publish",
        "/upload/2.0/s2/publish",
    ]
    assert len(fake.published["demo"]) == 2


def test_what_is_left_unpublished_must_fit_into_one_session(
    fake: FakeIndex, larder: Larder
) -> None:
    fake.max_files = 1
    files = [larder.file(f"demo-1.0-py3-none-plat{n}.whl") for n in range(2)]
    done = larder("upload", "--no-publish", *files, code=1)
    assert "A session takes 1 files here" in done.err


def test_a_session_that_does_not_say_what_it_takes_is_given_everything(
    fake: FakeIndex, larder: Larder
) -> None:
    fake.max_files = 0
    larder("upload", *(larder.file(f"demo-1.0-py3-none-plat{n:02}.whl") for n in range(40)))
    assert (fake.opened, len(fake.published["demo"])) == (1, 40)


def test_what_is_published_already_is_skipped_without_a_session(
    fake: FakeIndex, larder: Larder
) -> None:
    fake.publish("demo", WHEEL, b"wheel")
    done = larder("upload", larder.file(WHEEL, b"wheel"))
    assert f"{WHEEL}  is published already, skipped" in done.out
    assert "Nothing to do" in done.out
    assert fake.opened == 0


def test_the_files_that_are_missing_are_published(fake: FakeIndex, larder: Larder) -> None:
    fake.publish("demo", WHEEL, b"wheel")
    larder("upload", larder.file(WHEEL, b"wheel"), larder.file(SDIST, b"sdist"))
    assert fake.published["demo"] == {WHEEL: b"wheel", SDIST: b"sdist"}


def test_identical_files_are_refused_where_that_is_wanted(fake: FakeIndex, larder: Larder) -> None:
    fake.publish("demo", WHEEL, b"wheel")
    done = larder("upload", "--no-skip-existing", larder.file(WHEEL, b"wheel"), code=1)
    assert f"{WHEEL} is published already." in done.err


def test_other_bytes_under_a_published_name_are_refused_before_anything_is_sent(
    fake: FakeIndex, larder: Larder
) -> None:
    fake.publish("demo", WHEEL, b"wheel")
    done = larder("upload", larder.file(SDIST), larder.file(WHEEL, b"other"), code=1)
    assert f"File already exists ({WHEEL}, with different content)" in done.err
    assert fake.opened == 0


def test_a_file_that_somebody_publishes_meanwhile_is_skipped(
    fake: FakeIndex, larder: Larder
) -> None:
    """The look at the page came too early, so the session is told; it then has no files."""

    def publish_it(asked: object) -> None:
        if getattr(asked, "path", "").endswith("/files"):
            fake.publish("demo", WHEEL, b"wheel")

    fake.rules.append(publish_it)
    done = larder("upload", larder.file(WHEEL, b"wheel"))
    assert "is published already, skipped" in done.out
    assert fake.sessions == {}


def test_refused_files_are_all_told_and_the_others_wait_in_the_session(
    fake: FakeIndex, larder: Larder
) -> None:
    files = [larder.file(WHEEL, b"damaged 1"), larder.file(SDIST, b"damaged 2")]
    good = larder.file("demo-1.0-cp311-abi3-any.whl", b"good")

    done = larder("upload", *files, good, code=1)

    assert f"larder: {WHEEL} is not a zip archive." in done.err
    assert f"larder: {SDIST} is not a zip archive." in done.err
    assert fake.published == {}

    repaired = [larder.file(WHEEL, b"wheel"), larder.file(SDIST, b"sdist")]
    done = larder("upload", *repaired, good)
    assert "demo-1.0-cp311-abi3-any.whl  4 bytes  was sent before" in done.out
    assert "Sent 10 bytes (10 bytes)" in done.out
    assert set(fake.published["demo"].values()) == {b"wheel", b"sdist", b"good"}


def test_the_releases_after_a_refused_one_are_not_tried(fake: FakeIndex, larder: Larder) -> None:
    larder("upload", larder.file("a-1.tar.gz", b"damaged"), larder.file("b-1.tar.gz"), code=1)
    assert [session.name for session in fake.sessions.values()] == ["a"]
    assert fake.published == {}


def test_a_file_that_is_inspected_in_the_background_is_waited_for(
    fake: FakeIndex, larder: Larder
) -> None:
    fake.polls = 3
    larder("upload", larder.file(WHEEL, b"wheel"))
    assert fake.published["demo"] == {WHEEL: b"wheel"}
    assert len(fake.asked_for("GET", f"/files/{WHEEL}")) == 3


def test_what_the_inspection_finds_is_told(fake: FakeIndex, larder: Larder) -> None:
    fake.polls = 1
    done = larder("upload", larder.file(WHEEL, b"damaged"), code=1)
    assert f"larder: {WHEEL} is not a zip archive." in done.err


def test_an_open_session_is_taken_up(fake: FakeIndex, larder: Larder) -> None:
    wheel, sdist = larder.file(WHEEL, b"wheel"), larder.file(SDIST, b"sdist")
    done = larder("upload", "--no-publish", wheel)
    assert "Not published." in done.out
    assert f"{fake.url}/stage/s1/simple/" in done.out
    assert fake.published == {}

    done = larder("upload", wheel, sdist)

    assert "Going on with the upload that was begun." in done.out
    assert f"{WHEEL}  5 bytes  was sent before" in done.out
    assert "Sent 5 bytes (5 bytes)" in done.out
    assert "5 bytes (5 bytes) were there before" in done.out
    assert (fake.opened, len(fake.published["demo"])) == (1, 2)


@pytest.mark.parametrize("left", ["pending", "processing", "completed", "error"])
def test_other_bytes_of_an_earlier_upload_make_way(
    fake: FakeIndex, larder: Larder, left: str
) -> None:
    larder("upload", "--no-publish", larder.file(WHEEL, b"earlier"))
    fake.sessions["s1"].files[WHEEL].status = left
    fake.sessions["s1"].files[WHEEL].polls = 1

    larder("upload", larder.file(WHEEL, b"later"))

    assert fake.published["demo"] == {WHEEL: b"later"}


def test_a_file_in_error_is_sent_anew(fake: FakeIndex, larder: Larder) -> None:
    wheel = larder.file(WHEEL, b"wheel")
    larder("upload", "--no-publish", wheel)
    fake.sessions["s1"].files[WHEEL].status = "error"
    larder("upload", wheel)
    assert fake.published["demo"] == {WHEEL: b"wheel"}


@pytest.mark.parametrize("mechanism", [POST, PUT])
def test_bytes_that_arrived_without_the_client_knowing_are_not_sent_again(
    fake: FakeIndex, larder: Larder, mechanism: str
) -> None:
    fake.mechanisms = [mechanism]
    wheel = larder.file(WHEEL, b"wheel")
    larder("upload", "--no-publish", wheel)
    fake.sessions["s1"].files[WHEEL].status = "pending"

    done = larder("upload", wheel)

    assert "Sent 0 bytes (0 bytes)" in done.out
    assert fake.published["demo"] == {WHEEL: b"wheel"}


@pytest.mark.parametrize("mechanism", [POST, PUT])
def test_bytes_that_never_arrived_are_sent(fake: FakeIndex, larder: Larder, mechanism: str) -> None:
    fake.mechanisms = [mechanism]
    wheel = larder.file(WHEEL, b"wheel")
    larder("upload", "--no-publish", wheel)
    fake.sessions["s1"].files[WHEEL].status = "pending"
    fake.sessions["s1"].files[WHEEL].parts.clear()

    larder("upload", wheel)

    assert fake.published["demo"] == {WHEEL: b"wheel"}


def test_a_file_of_an_earlier_upload_is_not_published_unasked(
    fake: FakeIndex, larder: Larder
) -> None:
    larder("upload", "--no-publish", larder.file(WHEEL))
    sdist = larder.file(SDIST)

    done = larder("upload", sdist, code=1)

    assert f"also holds {WHEEL}" in done.err
    assert fake.published == {}
    larder("upload", "--restart", sdist)
    assert list(fake.published["demo"]) == [SDIST]


def test_what_was_published_some_other_way_meanwhile_leaves_the_session(
    fake: FakeIndex, larder: Larder
) -> None:
    wheel, sdist = larder.file(WHEEL, b"wheel"), larder.file(SDIST, b"sdist")
    larder("upload", "--no-publish", wheel)
    fake.sessions["s1"].files[WHEEL].status = "pending"
    fake.publish("demo", WHEEL, b"wheel")
    larder("upload", wheel, sdist)
    assert fake.published["demo"] == {WHEEL: b"wheel", SDIST: b"sdist"}


def test_several_machines_may_fill_one_session(fake: FakeIndex, larder: Larder) -> None:
    wheel, sdist = larder.file(WHEEL), larder.file(SDIST)
    larder("upload", "--no-publish", wheel)
    larder("upload", "--no-publish", sdist)
    done = larder("upload", wheel, sdist)
    assert "Sent 0 bytes" in done.out
    assert (fake.opened, len(fake.published["demo"])) == (1, 2)


def test_answers_that_are_lost_do_no_harm(fake: FakeIndex, larder: Larder) -> None:
    """Each step is done, but its answer does not arrive, and the next attempt finds it done."""
    lost = []

    def lose(asked: object) -> tuple[int, dict[str, str], bytes] | None:
        method, path = getattr(asked, "method", ""), getattr(asked, "path", "")
        if (method, path) in lost or method == "GET":
            return None
        lost.append((method, path))
        fake.asked.pop()
        fake.answer(asked)  # type: ignore[arg-type]
        return 0, {}, b""

    fake.rules.append(lose)
    done = larder("upload", larder.file(WHEEL, b"wheel"))
    assert fake.published["demo"] == {WHEEL: b"wheel"}
    assert {path.rpartition("/")[2] for _, path in lost} == {
        "",
        "files",
        "bytes",
        "complete",
        "publish",
    }
    assert "the connection broke off. Trying again." in done.err


def test_a_deletion_whose_answer_is_lost_is_done(fake: FakeIndex, larder: Larder) -> None:
    wheel = larder.file(WHEEL)
    larder("upload", "--no-publish", wheel)

    def lose(asked: object) -> tuple[int, dict[str, str], bytes] | None:
        if getattr(asked, "method", "") == "DELETE" and fake.sessions:
            fake.sessions.clear()
            return 0, {}, b""
        return None

    fake.rules.append(lose)
    larder("upload", "--restart", wheel)
    assert list(fake.published["demo"]) == [WHEEL]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_passed_over(fake: FakeIndex, larder: Larder, status: int) -> None:
    fake.fail("POST", "/upload/2.0/", status, status, Retry_After="0")
    done = larder("upload", larder.file(WHEEL))
    assert f"answered {status}. Trying again." in done.err
    assert list(fake.published["demo"]) == [WHEEL]


def test_a_lasting_failure_ends_it(fake: FakeIndex, larder: Larder) -> None:
    fake.fail("POST", "/upload/2.0/", *[503] * 20, Retry_After="0")
    done = larder("upload", larder.file(WHEEL), code=1)
    assert "503 Service Unavailable" in done.err
    assert len(fake.asked_for("POST", "/upload/2.0/")) == 6


@pytest.mark.parametrize(
    ("status", "detail"),
    [
        (401, "The token has expired."),
        (403, "This token is not for project 'demo'."),
        (409, "The release is being published at this moment; try again shortly."),
        (413, "demo-1.0-py3-none-any.whl has more than 10 bytes, the limit here."),
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_index(
    fake: FakeIndex, larder: Larder, status: int, detail: str
) -> None:
    def refuse(asked: object) -> tuple[int, dict[str, str], bytes] | None:
        return problem(status, detail) if getattr(asked, "method", "") == "POST" else None

    fake.rules.append(refuse)
    done = larder("upload", larder.file(WHEEL), code=1)
    assert f"larder: {detail}" in done.err
    assert len([asked for asked in fake.asked if asked.method == "POST"]) == 1


def test_every_reason_of_a_refusal_is_told(fake: FakeIndex, larder: Larder) -> None:
    """PEP 694: one problem may have several errors, each with its source."""
    errors = [{"source": "name", "message": "Too odd."}, {"source": "", "message": "Too long."}]

    def refuse(asked: object) -> tuple[int, dict[str, str], bytes] | None:
        kind = {"Content-Type": "application/problem+json"}
        body = json.dumps({"title": "Bad request", "errors": errors}).encode()
        return (400, kind, body) if getattr(asked, "method", "") == "POST" else None

    fake.rules.append(refuse)
    done = larder("upload", larder.file(WHEEL), code=1)
    assert "larder: Bad request name: Too odd. Too long." in done.err


@pytest.mark.parametrize("status", [404, 405])
def test_an_index_without_sessions_is_told_so(fake: FakeIndex, larder: Larder, status: int) -> None:
    fake.fail("POST", "/upload/2.0/", status)
    done = larder("upload", larder.file(WHEEL), code=1)
    assert f"{fake.url} has no upload API 2.0" in done.err


def test_an_answer_that_is_something_else_is_told_so(fake: FakeIndex, larder: Larder) -> None:
    fake.rules.append(lambda _: (200, {"Content-Type": "text/html"}, b"<h1>Welcome!</h1>"))
    done = larder("upload", larder.file(WHEEL), code=1)
    assert "no part of the upload API 2.0" in done.err


def test_a_redirect_is_not_followed(fake: FakeIndex, larder: Larder) -> None:
    fake.fail("POST", "/upload/2.0/", 307, Location="https://elsewhere.example/upload/2.0/")
    done = larder("upload", larder.file(WHEEL), code=1)
    assert "sends requests on to https://elsewhere.example/upload/2.0/" in done.err


def test_links_to_another_origin_get_no_token(fake: FakeIndex, larder: Larder) -> None:
    fake.public_url = fake.storage
    done = larder("upload", larder.file(WHEEL), code=1)
    assert f"This index calls itself {fake.storage}" in done.err
    assert fake.stored == []


def test_bytes_are_not_sent_in_the_clear(fake: FakeIndex, larder: Larder) -> None:
    fake.mechanisms = [PUT]
    fake.storage = "http://storage.example.com"
    done = larder("upload", larder.file(WHEEL), code=1)
    assert "no https address" in done.err


def test_attestations_go_with_their_files(fake: FakeIndex, larder: Larder) -> None:
    wheel = larder.file(WHEEL)
    beside = larder.file(f"{WHEEL}.publish.attestation", b'{"version": 1}')
    larder.file(f"{WHEEL}.slsa.attestation", b'{"version": 2}')
    larder("upload", "--no-publish", "--attestations", wheel, beside)
    assert fake.sessions["s1"].files[WHEEL].attestations == [{"version": 1}, {"version": 2}]


def test_attestations_go_only_where_they_are_wanted(fake: FakeIndex, larder: Larder) -> None:
    wheel = larder.file(WHEEL)
    larder.file(f"{WHEEL}.publish.attestation", b'{"version": 1}')
    larder("upload", "--no-publish", wheel)
    assert fake.sessions["s1"].files[WHEEL].attestations is None


@pytest.mark.parametrize("content", [None, b"not JSON"])
def test_an_attestation_that_is_missing_or_damaged_is_a_wrong_usage(
    fake: FakeIndex, larder: Larder, content: bytes | None
) -> None:
    wheel = larder.file(WHEEL)
    if content:
        larder.file(f"{WHEEL}.publish.attestation", content)
    done = larder("upload", "--attestations", wheel, code=2)
    assert "attestation" in done.err
    assert fake.asked == []


def test_announcements_say_what_the_file_is(fake: FakeIndex, larder: Larder) -> None:
    larder("upload", larder.file(WHEEL, b"wheel"))
    announced = json.loads(fake.asked_for("POST", "/files")[0].body)
    assert announced == {
        "meta": {"api-version": "2.0"},
        "filename": WHEEL,
        "size": 5,
        "hashes": {"sha256": "ba59926159d2aa256eb8739b8da7e2b574b960e1202c6d624cbe981cef996c91"},
        "mechanism": POST,
    }
