"""The management API: bodies that are no JSON, values there are none of, and what must stay."""

import json
from collections.abc import Callable
from typing import Any

from tests.corpus.case import Case, Own, Request, Steps, acceptance, expect, one, refusal
from tests.corpus.cases.forms import sdist, wheel
from tests.corpus.uploads import upload

BODY = "the body is one JSON object (RFC 8259)"
VALUE = "a value is one of those there are"
PART = "a list comes in parts of 1 to 100"
ABSENT = "what is not there cannot be changed"
TOKEN = "a token is good for what it was made for"
ROOT = "/api/v1/projects"


def _changed(own: Own, what: str, body: bytes) -> Steps:
    """Publish a file, then ask for a change of its project: a method and a path below it."""
    expect(200, (yield upload(own, wheel(own))))
    method, path = what.format(wheel=own.wheel).split()
    yield Request(method=method, target=f"{ROOT}/{own.project}/{path}", body=body)


def _change(
    name: str, why: str, says: str, what: str, body: Any = None, *, status: int = 400
) -> Case:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return refusal(
        name, why, lambda o: _changed(o, what, sent), says, status=status, listed=("{wheel}",)
    )


def _good(name: str, why: str, what: str, body: Any, *, status: int = 200) -> Case:
    sent = json.dumps(body).encode()
    return acceptance(
        name, why, lambda o: _changed(o, what, sent), status=status, listed=("{wheel}",)
    )


def _get(name: str, why: str, target: str, says: str, status: int = 400) -> Case:
    return refusal(
        name, why, lambda _: one(Request(method="GET", target=target)), says, status=status
    )


def _last_owner(own: Own) -> Steps:
    expect(200, (yield upload(own, wheel(own))))
    me = expect(200, (yield Request(method="GET", target="/api/v1/whoami"))).json()["account"]
    yield Request(method="DELETE", target=f"{ROOT}/{own.project}/roles/{me}")


def _deletion(own: Own, credential: str) -> Request:
    target = f"{ROOT}/{own.project}/files/{own.wheel}"
    return Request(method="DELETE", target=target, credential=credential)


def _by_a_token(**asked: Any) -> Callable[[Own], Steps]:
    """Delete with another token of the owner."""
    body = json.dumps({"name": "corpus", "expires": "1h", "projects": ["*"], **asked}).encode()

    def steps(own: Own) -> Steps:
        expect(200, (yield upload(own, wheel(own))))
        made = expect(201, (yield Request(method="POST", target="/api/v1/tokens", body=body)))
        yield _deletion(own, f"Bearer {made.json()['token']}")

    return steps


def _by_a_stranger(own: Own) -> Steps:
    expect(200, (yield upload(own, wheel(own))))
    yield _deletion(own, own.as_stranger)


def _with_role(own: Own, role: str, then: Request) -> Steps:
    """Publish a file, give the stranger a role in its project, and send what the stranger asks."""
    expect(200, (yield upload(own, wheel(own))))
    who = yield Request(method="GET", target="/api/v1/whoami", credential=own.as_stranger)
    target = f"{ROOT}/{own.project}/roles/{expect(200, who).json()['account']}"
    given = Request(method="PUT", target=target, body=json.dumps({"role": role}).encode())
    expect(200, (yield given))
    yield then


CASES = [
    _change("status-of-no-json", BODY, "The body must be a JSON object", "PUT status", b"{"),
    _change("status-of-a-list", BODY, "The body must be a JSON object", "PUT status", []),
    _change("status-of-a-text", BODY, "The body must be a JSON object", "PUT status", "active"),
    _change(
        "status-without-bottom",
        BODY,
        "The body must be a JSON object",
        "PUT status",
        b'{"status": ' + b"[" * 20_000,
    ),
    _change(
        "status-in-another-encoding",
        BODY,
        "The body must be a JSON object",
        "PUT status",
        b'{"status": "\xff"}',
    ),
    _change(
        "status-too-large",
        "64 KB hold every body",
        "larger than",
        "PUT status",
        {"status": "active", "more": "x" * 70_000},
        status=413,
    ),
    _change("no-status", VALUE, "'status' must be one of", "PUT status", {}),
    _change("unknown-status", VALUE, "'status' must be one of", "PUT status", {"status": "hidden"}),
    _change(
        "status-of-a-list-within",
        VALUE,
        "'status' must be one of",
        "PUT status",
        {"status": ["active"]},
    ),
    _change(
        "reason-of-two-lines",
        "a reason is shown on one line",
        "'reason' must be one line",
        "PUT status",
        {"status": "active", "reason": "a\nb"},
    ),
    _change(
        "endless-reason",
        "a reason is one line",
        "'reason' must be one line",
        "POST files/{wheel}/yank",
        {"reason": "x" * 501},
    ),
    _change(
        "reason-of-a-number",
        VALUE,
        "'reason' must be one line",
        "POST releases/1.0/yank",
        {"reason": 7},
    ),
    _change("unknown-role", VALUE, "'role' must be one of", "PUT roles/admin", {"role": "king"}),
    _change(
        "role-of-nobody",
        ABSENT,
        "There is no account",
        "PUT roles/no-such-account",
        {"role": "reader"},
    ),
    _change(
        "role-of-an-impossible-name",
        ABSENT,
        "There is no account",
        "PUT roles/%00%7f",
        {"role": "reader"},
    ),
    _change(
        "yank-another-release", ABSENT, "has no release", "POST releases/9.9/yank", {}, status=404
    ),
    _change("yank-no-version", ABSENT, "has no release", "POST releases/one/yank", {}, status=404),
    _change(
        "yank-endless-version",
        ABSENT,
        "has no release",
        f"POST releases/{'1' * 3000}/yank",
        {},
        status=404,
    ),
    _change(
        "yank-another-file",
        ABSENT,
        "There is no file",
        "POST files/other-1.0.tar.gz/yank",
        {},
        status=404,
    ),
    _change(
        "delete-another-file",
        ABSENT,
        "There is no file",
        "DELETE files/other-1.0.tar.gz",
        status=404,
    ),
    refusal(
        "delete-of-nothing",
        ABSENT,
        lambda o: one(Request(method="DELETE", target=f"{ROOT}/{o.project}/files/{o.wheel}")),
        "There is no project",
        status=404,
    ),
    refusal(
        "last-owner",
        "a project has an owner",
        _last_owner,
        "is the last owner",
        status=409,
        listed=("{wheel}",),
    ),
    refusal(
        "delete-by-a-token-for-uploads",
        TOKEN,
        _by_a_token(permissions=["upload"]),
        "made for upload, not for manage",
        status=403,
        listed=("{wheel}",),
    ),
    refusal(
        "delete-by-a-maintainer",
        "an owner alone deletes",
        lambda o: _with_role(o, "maintainer", _deletion(o, o.as_stranger)),
        "for the role 'owner'",
        status=403,
        listed=("{wheel}",),
        needs_stranger=True,
    ),
    refusal(
        "upload-by-a-reader",
        "an uploader alone uploads",
        lambda o: _with_role(o, "reader", upload(o, sdist(o), credential=o.as_stranger)),
        "for the role 'uploader'",
        status=403,
        listed=("{wheel}",),
        needs_stranger=True,
    ),
    refusal(
        "delete-by-a-token-for-another-project",
        TOKEN,
        _by_a_token(permissions=["manage"], projects=["another"]),
        "or it is not for you to read",
        status=404,
        listed=("{wheel}",),
    ),
    refusal(
        "delete-by-a-stranger",
        "an owner alone deletes",
        _by_a_stranger,
        "may not do this in project",
        status=403,
        listed=("{wheel}",),
        needs_stranger=True,
    ),
    _get("part-of-none", PART, f"{ROOT}?limit=0", "'limit' must be a whole number"),
    _get("part-of-too-many", PART, f"{ROOT}?limit=101", "'limit' must be a whole number"),
    _get(
        "part-of-digits-elsewhere", PART, f"{ROOT}?limit=%d9%a1", "'limit' must be a whole number"
    ),
    _get("part-after-nothing", "a cursor belongs to its list", f"{ROOT}?cursor=AAAA", "'cursor'"),
    _get("part-after-noise", "a cursor belongs to its list", f"{ROOT}?cursor=%ff%00", "'cursor'"),
    _get("unknown-token", ABSENT, "/api/v1/tokens/x/y", "nothing at this address", 404),
    _good(
        "yank",
        "PEP 592: a yank has a reason",
        "POST releases/1.0.0/yank",
        {"reason": "oops"},
        status=204,
    ),
    _good("deprecate", "PEP 792", "PUT status", {"status": "deprecated", "reason": "use x"}),
]
