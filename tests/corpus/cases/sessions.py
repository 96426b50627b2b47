"""Publishing sessions: what may be opened, announced, sent, completed and published (PEP 694)."""

import hashlib
import json
from typing import Any

from tests import make
from tests.corpus.case import Case, File, Own, Request, Steps, acceptance, expect, refusal
from tests.corpus.cases.forms import sdist, wheel
from tests.corpus.uploads import upload

POST = "http-post-bytes"
META = {"api-version": "2.0"}
OPENING = "a session is for one version of one project"
ANNOUNCED = "a file is announced with name, size and digest before it is sent"
SENT = "what arrives is what was announced"
WHOLE = "a session is published when all of its files are completed"
SAME = "a file of a session is inspected like any other"
GONE = "a session is there for whoever opened it, until it ends"


def _post(target: str, **body: Any) -> Request:
    return Request(
        method="POST",
        target=target,
        headers={"Content-Type": "application/json"},
        body=json.dumps({"meta": META, **body}).encode(),
    )


def _open(own: Own, **changes: Any) -> Request:
    return _post("/upload/2.0/", **({"name": own.project, "version": "1.0"} | changes))


def _announce(session: str, file: File, **changes: Any) -> Request:
    said = {
        "filename": file.name,
        "size": len(file.content),
        "hashes": {"sha256": hashlib.sha256(file.content).hexdigest()},
        "mechanism": POST,
    }
    return _post(f"{session}files", **(said | changes))


def _opened(own: Own) -> Any:
    """Open a session; the steps return its path."""
    return expect(201, (yield _open(own))).path("links", "session")


def _sent(session: str, file: File, **changes: Any) -> Any:
    """Announce a file and send it; the steps return its path."""
    announced = expect(202, (yield _announce(session, file, **changes)))
    target = announced.path("mechanism", "file_url")
    expect(204, (yield Request(method="POST", target=target, body=file.content)))
    return announced.path("links", "file-upload-session")


def _completed(session: str, file: File) -> Any:
    target = yield from _sent(session, file)
    return expect(201, (yield _post(f"{target}/complete")))


def _opening(name: str, says: str, /, **changes: Any) -> Case:
    def steps(own: Own) -> Steps:
        yield _open(own, **changes)

    return refusal(f"open-{name}", OPENING, steps, says)


def _announcing(name: str, says: str, /, status: int = 400, **changes: Any) -> Case:
    def steps(own: Own) -> Steps:
        session = yield from _opened(own)
        yield _announce(session, wheel(own), **changes)

    return refusal(f"announce-{name}", ANNOUNCED, steps, says, status=status)


def _bytes(name: str, says: str, content: bytes, why: str = SENT) -> Case:
    """Return the case of other bytes than those that were announced."""

    def steps(own: Own) -> Steps:
        session = yield from _opened(own)
        announced = expect(202, (yield _announce(session, wheel(own))))
        target = announced.path("mechanism", "file_url")
        yield Request(method="POST", target=target, body=content)

    return refusal(f"send-{name}", why, steps, says)


def _bad_archive(own: Own) -> Steps:
    session = yield from _opened(own)
    target = yield from _sent(session, File(own.wheel, make.wheel(own.project)[:-1]))
    yield _post(f"{target}/complete")


def _bad_archive_published(own: Own) -> Steps:
    session = yield from _opened(own)
    target = yield from _sent(session, File(own.wheel, b"junk"))
    expect(400, (yield _post(f"{target}/complete")))
    yield _post(f"{session}publish")


def _without_bytes(own: Own) -> Steps:
    session = yield from _opened(own)
    announced = expect(202, (yield _announce(session, wheel(own))))
    yield _post(announced.path("links", "complete"))


def _completed_twice(own: Own) -> Steps:
    session = yield from _opened(own)
    completed = yield from _completed(session, wheel(own))
    yield _post(completed.path("links", "complete"))


def _another_version(own: Own) -> Steps:
    session = yield from _opened(own)
    yield _announce(session, File(f"{own.stem}-2.0.tar.gz", b"x"))


def _announced_twice(own: Own) -> Steps:
    session = yield from _opened(own)
    expect(202, (yield _announce(session, wheel(own))))
    yield _announce(session, wheel(own))


def _two_spellings(own: Own) -> Steps:
    """Announce one file under two spellings of its name, and publish both."""
    session = yield from _opened(own)
    yield from _completed(session, wheel(own))
    longer = File(f"{own.stem}-1.0.0-py3-none-any.whl", make.wheel(own.project, "1.0.0"))
    yield from _completed(session, longer)
    yield _post(f"{session}publish")


def _empty(own: Own) -> Steps:
    session = yield from _opened(own)
    yield _post(f"{session}publish")


def _incomplete(own: Own) -> Steps:
    session = yield from _opened(own)
    yield from _completed(session, wheel(own))
    yield from _sent(session, sdist(own))
    yield _post(f"{session}publish")


def _already_published(own: Own) -> Steps:
    expect(200, (yield upload(own, wheel(own))))
    session = yield from _opened(own)
    yield _announce(session, wheel(own))


def _second_session(own: Own) -> Steps:
    yield from _opened(own)
    yield _open(own, version="1.0.0")


def _cancelled(own: Own) -> Steps:
    session = yield from _opened(own)
    yield from _completed(session, wheel(own))
    expect(204, (yield Request(method="DELETE", target=session)))
    yield _post(f"{session}publish")


def _published_cancelled(own: Own) -> Steps:
    session = yield from _opened(own)
    yield from _completed(session, wheel(own))
    expect(201, (yield _post(f"{session}publish")))
    yield Request(method="DELETE", target=session)


def _strange(own: Own) -> Steps:
    session = yield from _opened(own)
    request = _announce(session, wheel(own))
    yield Request(
        method="POST",
        target=request.target,
        headers=request.headers,
        body=request.body,
        credential=own.as_stranger,
    )


def _kept_name(own: Own) -> Steps:
    yield from _opened(own)
    yield upload(own, wheel(own), credential=own.as_stranger)


def _unknown(name: str, session: str, method: str = "GET") -> Case:
    def steps(own: Own) -> Steps:
        yield Request(method=method, target=f"/upload/2.0/{session}/")

    return refusal(f"unknown-{name}", GONE, steps, "There is no", status=404)


def _unknown_file(own: Own) -> Steps:
    session = yield from _opened(own)
    yield _post(f"{session}files/{own.wheel}/complete")


def _extending(
    name: str, seconds: Any, says: str = "must be a whole number of seconds", **more: Any
) -> Case:
    def steps(own: Own) -> Steps:
        session = yield from _opened(own)
        yield _post(f"{session}extend", **{"extend-for": seconds}, **more)

    return refusal(f"extend-{name}", "a length of time is a whole number of seconds", steps, says)


def _staged_for_nobody(own: Own) -> Steps:
    session = yield from _opened(own)
    yield from _completed(session, wheel(own))
    target = f"/stage/{session.split('/')[3]}/simple/{own.project}/"
    yield Request(method="GET", target=target, credential="")


def _attested_badly(own: Own) -> Steps:
    session = yield from _opened(own)
    announced = expect(202, (yield _announce(session, wheel(own))))
    target = announced.path("mechanism", "attestations_url")
    yield Request(method="POST", target=target, body=b"[]")


def _good(own: Own) -> Steps:
    session = yield from _opened(own)
    yield from _completed(session, wheel(own))
    yield from _completed(session, sdist(own))
    yield _post(f"{session}publish")


def _unpublished(own: Own) -> Steps:
    session = yield from _opened(own)
    yield from _completed(session, wheel(own))
    yield Request(method="GET", target=session)


CASES = [
    _opening("without-meta", "The body must hold", meta=None),
    _opening("another-api", "The body must hold", meta={"api-version": "3.0"}),
    _opening("without-name", "'name' must be a text", name=None),
    _opening("number-for-a-name", "'name' must be a text", name=7),
    _opening("endless-name", "'name' must be a text", name="n" * 256),
    _opening("bad-name", "is not a valid project name", name="../etc"),
    _opening("reserved-name", "is reserved", name="simple"),
    _opening("without-version", "'version' must be a text", version=""),
    _opening("bad-version", "is not a version", version="one"),
    _announcing("without-meta", "The body must hold", meta={}),
    _announcing("another-project", "is no file of", filename="other-1.0-py3-none-any.whl"),
    _announcing("bad-filename", "is neither a wheel", filename="evil.exe"),
    _announcing("path-for-a-filename", "a character that is not allowed", filename="../x-1.0.whl"),
    _announcing("list-for-a-filename", "'filename' must be a text", filename=["x"]),
    _announcing("no-bytes", "'size' must be the number of bytes", size=0),
    _announcing("negative-size", "'size' must be the number of bytes", size=-1),
    _announcing("size-in-words", "'size' must be the number of bytes", size="12"),
    _announcing("size-of-true", "'size' must be the number of bytes", size=True),
    _announcing("size-of-a-fraction", "'size' must be the number of bytes", size=1.5),
    _announcing("huge", "the limit here", 413, size=2**60),
    _announcing("without-hashes", "'hashes' must hold the file's sha256", hashes=None),
    _announcing("md5-alone", "'hashes' must hold the file's sha256", hashes={"md5": "0" * 32}),
    _announcing("short-sha256", "'hashes' must hold the file's sha", hashes={"sha256": "0" * 63}),
    _announcing("without-mechanism", "'mechanism' must be a text", mechanism=None),
    _announcing("unknown-mechanism", "There is no mechanism", 422, mechanism="vnd-acme-pigeon"),
    _bytes("nothing", "The file's sha256 is", b""),
    _bytes("other-bytes", "The file's sha256 is", b"other"),
    refusal("announce-another-version", ANNOUNCED, _another_version, "is no file of"),
    refusal("announce-twice", ANNOUNCED, _announced_twice, "was changed meanwhile", status=409),
    refusal(
        "announce-what-is-published",
        "a name is given once",
        _already_published,
        "is published already",
        status=409,
        listed=("{wheel}",),
    ),
    refusal("complete-without-bytes", SENT, _without_bytes, "have not arrived", status=409),
    refusal("complete-twice", SENT, _completed_twice, "is completed already", status=409),
    refusal("complete-a-bad-archive", SAME, _bad_archive, "is not a readable zip archive"),
    refusal("complete-an-unknown-file", GONE, _unknown_file, "There is no file", status=404),
    refusal("publish-a-bad-archive", SAME, _bad_archive_published, "is error, not", status=409),
    refusal("publish-nothing", WHOLE, _empty, "The session has no files", status=409),
    refusal("publish-half", WHOLE, _incomplete, "is pending, not completed", status=409),
    refusal(
        "publish-two-spellings-of-one-file",
        "a name is given once, in any spelling",
        _two_spellings,
        "are two spellings of one file",
        status=409,
    ),
    refusal("publish-what-was-cancelled", GONE, _cancelled, "no upload session", status=404),
    refusal(
        "cancel-what-was-published",
        "what is published stays",
        _published_cancelled,
        "was published already",
        status=409,
        listed=("{wheel}",),
    ),
    refusal(
        "second-session",
        "one open session for a version, in any spelling",
        _second_session,
        "links",
        status=409,
    ),
    refusal("attest-with-nothing", "PEP 740", _attested_badly, "must be a JSON array"),
    refusal(
        "stage-without-a-credential",
        "an index is private",
        _staged_for_nobody,
        "This index is private",
        status=401,
    ),
    refusal(
        "of-somebody-else",
        GONE,
        _strange,
        "upload",
        status=frozenset({403, 404}),
        needs_stranger=True,
    ),
    refusal(
        "kept-name",
        "a session keeps the name of a new project",
        _kept_name,
        "is kept for an upload",
        status=403,
        needs_stranger=True,
    ),
    _unknown("session", "0" * 32),
    _unknown("session-of-another-form", "..%2f..%2fx"),
    _unknown("session-of-bytes", "%ff" * 32),
    _unknown("session-that-is-cancelled", "0" * 32, "DELETE"),
    _extending("by-nothing", None),
    _extending("by-words", "3600"),
    _extending("by-true", seconds=True),
    _extending("backwards", -1),
    _extending("without-meta", 60, "The body must hold", meta=None),
    acceptance(
        "two-files", "both become visible at once", _good, status=201, listed=("{wheel}", "{sdist}")
    ),
    acceptance("not-yet", "nobody sees what is not published", _unpublished),
]
