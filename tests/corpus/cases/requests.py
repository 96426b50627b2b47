"""Requests to the upload API that are no upload: bodies and methods (RFC 7578, RFC 9110)."""

from tests.corpus.case import Case, Own, Request, Steps, acceptance, one, refusal
from tests.corpus.cases.forms import wheel
from tests.corpus.uploads import BOUNDARY, MULTIPART, encode, fields, post, upload

FORM = "RFC 7578: an upload is a form in parts"
METHOD = "RFC 9110, 15.5.6: a method that is not there is a 405"
ROOM = "text beside the file is held in memory"
NO_FORM = "multipart/form-data"
DAMAGED = "damaged or was cut off"
NO_ACTION = "':action' must be"
ENDLESS = f"multipart/form-data; boundary={'b' * 5000}"


def _body(name: str, body: bytes, content_type: str, says: str = NO_FORM) -> Case:
    headers = {"Content-Type": content_type} if content_type else {}
    return refusal(name, FORM, lambda _: one(post(body, headers)), says)


def _cut(own: Own) -> Steps:
    body = encode(fields(own, wheel(own)))
    return one(post(body[: body.index(b'name="content"') - 40]))


def _cut_in_the_file(own: Own) -> Steps:
    body = encode(fields(own, wheel(own)))
    return one(post(body[:-200]))


def _many(own: Own) -> Steps:
    parts = [("classifiers", "x")] * 10_001
    return one(post(encode(parts + fields(own, wheel(own)))))


def _heavy(own: Own) -> Steps:
    return one(upload(own, wheel(own), description="x" * (17 * 1024 * 1024)))


def _heavy_together(own: Own) -> Steps:
    parts = [("classifiers", "x" * 1024 * 1024)] * 17
    return one(post(encode(parts + fields(own, wheel(own)))))


def _method(method: str, target: str = "/legacy/") -> Case:
    shown = target.strip("/") or "root"
    return refusal(
        f"{method}-{shown}".lower(),
        METHOD,
        lambda _: one(Request(method=method, target=target)),
        "method is not allowed",
        status=405,
    )


def _urlencoded(own: Own) -> Steps:
    body = f":action=file_upload&name={own.project}&version=1.0".encode()
    return one(post(body, {"Content-Type": "application/x-www-form-urlencoded"}))


def _wheel_alone(own: Own) -> Steps:
    headers = {"Content-Type": "application/octet-stream"}
    return one(post(wheel(own).content, headers))


def _other_boundary(own: Own) -> Steps:
    headers = {"Content-Type": "multipart/form-data; boundary=another"}
    return one(post(encode(fields(own, wheel(own))), headers))


def _other_type(own: Own) -> Steps:
    headers = {"Content-Type": f"multipart/mixed; boundary={BOUNDARY}"}
    return one(post(encode(fields(own, wheel(own))), headers))


def _preamble(own: Own) -> Steps:
    return one(post(b"This is a form.\r\n" + encode(fields(own, wheel(own)))))


def _without_slash(own: Own) -> Steps:
    request = upload(own, wheel(own))
    return one(Request(method="POST", target="/legacy", headers=MULTIPART, body=request.body))


CASES = [
    _body("nothing", b"", ""),
    _body("nothing-of-a-form", b"\r\n", MULTIPART["Content-Type"], DAMAGED),
    _body("json", b'{":action": "file_upload"}', "application/json"),
    _body("no-boundary", b"x", "multipart/form-data"),
    _body("empty-boundary", b"x", "multipart/form-data; boundary="),
    _body("endless-boundary", b"x", ENDLESS, DAMAGED),
    _body("boundary-left-open", b"x", 'multipart/form-data; boundary="'),
    _body("end-alone", f"--{BOUNDARY}--\r\n".encode(), MULTIPART["Content-Type"], NO_ACTION),
    _body(
        "part-without-headers",
        f"--{BOUNDARY}\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
        MULTIPART["Content-Type"],
        DAMAGED,
    ),
    _body("no-content-type", b"x" * 100, "no/such/type;;;="),
    refusal("urlencoded", FORM, _urlencoded, NO_FORM),
    refusal("file-without-a-form", FORM, _wheel_alone, NO_FORM),
    refusal("other-multipart-type", FORM, _other_type, NO_FORM),
    refusal("other-boundary", FORM, _other_boundary, DAMAGED),
    refusal("cut-off-before-the-file", FORM, _cut, DAMAGED),
    refusal("cut-off-in-the-file", FORM, _cut_in_the_file, DAMAGED),
    refusal("too-many-parts", ROOM, _many, "larger than this index takes", status=413),
    refusal("too-much-text", ROOM, _heavy, "bytes together", status=413),
    refusal("too-many-texts", ROOM, _heavy_together, "bytes together", status=413),
    *(_method(method) for method in ("GET", "PUT", "DELETE", "PATCH", "BREW")),
    _method("POST", "/simple/"),
    _method("POST", "/simple/corpus/"),
    _method("PUT", "/files/corpus/corpus-1.0.tar.gz"),
    _method("DELETE", "/simple/corpus/"),
    acceptance(
        "words-before-the-form",
        "RFC 2046, 5.1.1: a preamble is ignored",
        _preamble,
        "Published",
        listed=("{wheel}",),
    ),
    acceptance(
        "no-slash-at-the-end",
        "tools follow no redirect when they upload",
        _without_slash,
        "Published",
        listed=("{wheel}",),
    ),
]
