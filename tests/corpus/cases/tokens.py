"""Credentials: what is no good token of this index, or good for something else (RFC 7519, 7617)."""

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt

from app.domain import token as tokens
from tests.corpus.case import Case, Own, Request, Steps, acceptance, expect, one, refusal
from tests.corpus.cases.forms import wheel
from tests.corpus.uploads import upload

KNOWN = "a token is one that this index has made and not ended"
FORGED = "RFC 7519 and 8725: key and algorithm come from the index, never from the token"
NARROW = "a token is good for what it was made for"
WIDENING = "a token makes none that is wider than itself"
JSON = {"Content-Type": "application/json"}


def _header(name: str, header: str, says: str, why: str = KNOWN) -> Case:
    """Return the case of an upload with this Authorization header, and of nothing else."""
    return refusal(
        name,
        why,
        lambda o: one(upload(o, wheel(o), credential=header.replace("TOKEN", o.token))),
        says,
        status=401,
    )


def _basic(password: bytes) -> str:
    return "Basic " + base64.b64encode(b"__token__:" + password).decode()


def _with(name: str, change: Callable[[str], str], says: str, why: str = KNOWN) -> Case:
    """Return the case of a token that was changed."""

    def steps(own: Own) -> Steps:
        return one(upload(own, wheel(own), credential=f"Bearer {change(own.token)}"))

    return refusal(name, why, steps, says, status=401)


def _forged(
    token: str,
    key: bytes | None = b"k" * 32,
    algorithm: str = "HS256",
    header: dict[str, Any] | None = None,
    **claims: Any,
) -> str:
    """Return a token that says the same, but for these claims, signed by another key."""
    text = tokens.unwrap(token)
    said = jwt.decode(text, options={"verify_signature": False}) | claims
    head = {"kid": jwt.get_unverified_header(text)["kid"]} | (header or {})
    return tokens.wrap(jwt.encode(said, key, algorithm=algorithm, headers=head))


def _edited(token: str, **claims: Any) -> str:
    """Return a token with its signature, but other claims."""
    head, payload, signature = tokens.unwrap(token).split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) | claims
    text = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return tokens.wrap(f"{head}.{text}.{signature}")


def _flipped(token: str) -> str:
    """Return a token with one character of its signature changed, and the right checksum."""
    text = tokens.unwrap(token)
    at = len(text) - 10
    return tokens.wrap(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])


def _make(**asked: Any) -> Request:
    body = {"name": "corpus", "permissions": ["read"], "projects": ["*"], "expires": "1h", **asked}
    return Request(
        method="POST", target="/api/v1/tokens", headers=JSON, body=json.dumps(body).encode()
    )


def _narrow(name: str, says: str, /, **asked: Any) -> Case:
    """Return the case of an upload with a token that was made for something else."""

    def steps(own: Own) -> Steps:
        made = expect(201, (yield _make(**asked)))
        yield upload(own, wheel(own), credential=f"Bearer {made.json()['token']}")

    return refusal(name, NARROW, steps, says, status=403)


def _ended(own: Own) -> Steps:
    made = expect(201, (yield _make(permissions=["upload"]))).json()
    expect(204, (yield Request(method="DELETE", target=f"/api/v1/tokens/{made['id']}")))
    yield upload(own, wheel(own), credential=f"Bearer {made['token']}")


def _borrowed(own: Own) -> Steps:
    """Use the id of one token with the body of another."""
    made = expect(201, (yield _make())).json()
    yield upload(own, wheel(own), credential=f"Bearer {_edited(own.token, jti=made['id'])}")


def _asked(name: str, why: str, says: str, /, status: int = 400, **asked: Any) -> Case:
    return refusal(name, why, lambda _: one(_make(**asked)), says, status=status)


def _widening(name: str, says: str, narrow: dict[str, Any], **asked: Any) -> Case:
    """Return the case of a token that asks for a wider one."""

    def steps(own: Own) -> Steps:
        made = expect(201, (yield _make(**narrow))).json()
        request = _make(**asked)
        yield Request(
            method="POST",
            target=request.target,
            headers=JSON,
            body=request.body,
            credential=f"Bearer {made['token']}",
        )

    return refusal(name, WIDENING, steps, says, status=403)


def _reader(target: str) -> Callable[[Own], Steps]:
    return lambda _: one(Request(method="GET", target=target, credential=""))


def _used(form: str) -> Callable[[Own], Steps]:
    def steps(own: Own) -> Steps:
        basic = base64.b64encode(f"whoever:{own.token}".encode()).decode()
        shown = form.replace("TOKEN", own.token).replace("BASIC", basic)
        return one(upload(own, wheel(own), credential=shown))

    return steps


CASES = [
    _header("none", "", "This index is private", "an index is private"),
    _header("unknown-scheme", "Digest username=ada", "Use HTTP Basic with an API token"),
    _header("empty-bearer", "Bearer ", "That is not a token of this index"),
    _header("basic-of-no-base64", "Basic !!!", "The credential of HTTP Basic is malformed"),
    _header("basic-of-no-utf8", "Basic /////w==", "The credential of HTTP Basic is malformed"),
    _header("a-password", _basic(b"correct horse battery"), "That is not a token of this index"),
    _header("empty-password", _basic(b""), "That is not a token of this index"),
    _header("token-of-another-index", "Bearer pypi-AgEIdG9rZW4", "not a token of this index"),
    _header("token-with-spaces-in-it", "Bearer larder_ e30 _000000", "token"),
    _header("two-tokens", "Bearer TOKEN, Bearer TOKEN", "token"),
    _header("endless", "Bearer larder_" + "x" * 5000, "That is not a token of this index"),
    _with("cut-off", lambda t: t[:-1], "The token is damaged"),
    _with("one-character-changed", lambda t: t[:40] + "~" + t[41:], "The token is damaged"),
    _with("doubled", lambda t: t + t, "token"),
    _with("without-prefix", lambda t: t.removeprefix("larder_"), "not a token of this index"),
    _with("in-upper-case", str.upper, "That is not a token of this index"),
    _with("no-jwt", lambda _: tokens.wrap("not.a.jwt"), "not known to this index", FORGED),
    _with(
        "no-signature",
        lambda t: tokens.wrap(tokens.unwrap(t).rpartition(".")[0] + "."),
        "not known to this index",
        FORGED,
    ),
    _with("signature-changed", _flipped, "not known to this index", FORGED),
    _with("algorithm-none", lambda t: _forged(t, None, "none"), "not known to this index", FORGED),
    _with("own-key", _forged, "not known to this index", FORGED),
    _with("other-algorithm", lambda t: _forged(t, b"k" * 64, "HS512"), "not known to this", FORGED),
    _with("unknown-key", lambda t: _forged(t, header={"kid": "mine"}), "not known to this", FORGED),
    _with(
        "key-that-is-a-path",
        lambda t: _forged(t, header={"kid": "../../etc/passwd"}),
        "not known to this index",
        FORGED,
    ),
    _with(
        "key-in-the-token",
        lambda t: _forged(t, header={"jwk": {"kty": "oct", "k": "a2tr"}}),
        "not known to this index",
        FORGED,
    ),
    _with(
        "critical-header",
        lambda t: _forged(t, header={"crit": ["exp"], "exp": 1}),
        "not known to this index",
        FORGED,
    ),
    _with("other-account", lambda t: _edited(t, sub="admin2"), "not known to this index", FORGED),
    _with("no-end", lambda t: _edited(t, exp=9**99), "not known to this index", FORGED),
    refusal("ended", KNOWN, _ended, "The token was revoked", status=401),
    refusal("borrowed-id", FORGED, _borrowed, "not known to this index", status=401),
    _narrow("for-reading", "This token is made for read, not for upload"),
    _narrow(
        "for-another-project",
        "This token is not for project",
        permissions=["upload"],
        projects=["another"],
    ),
    _asked("no-permission", NARROW, "Name at least one permission", permissions=[]),
    _asked("unknown-permission", NARROW, "is no permission", permissions=["root"]),
    _asked("permission-that-is-no-list", NARROW, "must be a list of texts", permissions="read"),
    _asked("no-project", NARROW, "Name at least one project", projects=[]),
    _asked("all-projects-and-one", NARROW, "'*' means every project", projects=["*", "corpus"]),
    _asked("bad-project", NARROW, "is not a valid project name", projects=["-"]),
    _asked("projects-of-numbers", NARROW, "must be a list of texts", projects=[1]),
    _asked("name-of-a-number", NARROW, "'name' must be text", name=1),
    _asked("end-of-a-number", NARROW, "'expires' must be text", expires=3600),
    _asked("end-in-words", NARROW, "is not a length of time", expires="soon"),
    _asked("end-of-zero", NARROW, "is not a length of time", expires="0s"),
    _widening("wider-permission", "is made for read, not for manage", {}),
    _widening(
        "wider-projects",
        "not for all of these projects",
        {"permissions": ["manage"], "projects": ["corpus"]},
    ),
    _widening(
        "longer-life",
        "This token ends at",
        {"permissions": ["manage"], "expires": "1h"},
        expires="2h",
    ),
    *(
        refusal(
            f"reading-{target.split('/')[1]}",
            "an index is private",
            _reader(target),
            "This index is private",
            status=401,
        )
        for target in (
            "/simple/",
            "/files/corpus/corpus-1.0.tar.gz",
            "/packages/corpus/c-1.tar.gz",
            "/pypi/corpus/json",
            "/project/corpus/",
            "/api/v1/projects",
            "/integrity/corpus/1.0/corpus-1.0.tar.gz/provenance",
        )
    ),
    acceptance("bearer", "RFC 6750", _used("Bearer TOKEN"), "Published", listed=("{wheel}",)),
    acceptance(
        "basic",
        "RFC 7617: the token is the password of any user",
        _used("Basic BASIC"),
        "Published",
        listed=("{wheel}",),
    ),
    acceptance(
        "prefix-of-the-public-index",
        "some tools insist on it",
        _used("bearer pypi-TOKEN"),
        "Published",
        listed=("{wheel}",),
    ),
]
