"""Addresses: what is no address, leads elsewhere, or is there for nobody (RFC 3986, RFC 9110)."""

from collections.abc import Mapping

from tests.corpus.case import Case, Request, acceptance, one, refusal

CLIMBING = "an address does not leave its place"
NAMES = "names specification: what is no name is no address"
BYTES = "an address is UTF-8 behind its percent signs"
ABSENT = "what is not there, or not for this reader, is a 404"
CHOICE = "RFC 9110, 15.5.7: none of what there is is accepted"
NOTHING = "nothing at this address"
GONE = "There is no project"


def _get(
    name: str,
    why: str,
    target: str,
    says: str = NOTHING,
    *,
    status: int = 404,
    headers: Mapping[str, str] | None = None,
) -> Case:
    request = Request(method="GET", target=target, headers=headers or {})
    return refusal(name, why, lambda _: one(request), says, status=status)


def _good(
    name: str,
    why: str,
    target: str,
    *,
    status: int = 200,
    says: str = "",
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
) -> Case:
    request = Request(method=method, target=target, headers=headers or {})
    return acceptance(name, why, lambda _: one(request), says, status=status)


CASES = [
    _get("climbing", CLIMBING, "/simple/../../../etc/passwd"),
    _get("climbing-in-percents", CLIMBING, "/simple/%2e%2e/%2e%2e/etc/passwd"),
    _get("climbing-in-a-name", CLIMBING, "/simple/..%2f..%2fetc%2fpasswd/"),
    _get("climbing-with-backslashes", CLIMBING, "/files/corpus/..%5c..%5cetc", "There is no"),
    _get("climbing-in-static", CLIMBING, "/static/../app.py"),
    _get("climbing-in-static-in-percents", CLIMBING, "/static/..%2f..%2fconfig.py"),
    _get("climbing-in-the-client", CLIMBING, "/client/..%2f..%2fconfig.py"),
    _get("two-slashes", "a redirect would change the method of an upload", "/simple//corpus/"),
    _get("other-host", "an address of this index stays here", "//evil.example/simple/"),
    _get("dots", NAMES, "/simple/.../"),
    _get("nul", NAMES, "/simple/corpus%00/"),
    refusal(
        "line-break",
        f"{NAMES}; Lambda's entry refuses it already",
        lambda _: one(Request(method="GET", target="/simple/corpus%0d%0aSet-Cookie:x/")),
        "No",
        status=frozenset({400, 404}),
    ),
    _get("markup", NAMES, "/simple/%3Cscript%3E/"),
    _get("not-ascii", NAMES, "/simple/c%C3%B3rpus/"),
    _get("not-utf8", BYTES, "/simple/%ff%fe/"),
    _get("half-a-percent", BYTES, "/simple/%/"),
    _get("endless-name", NAMES, "/simple/" + "n" * 3000 + "/"),
    _get("endless-file", ABSENT, "/files/corpus/" + "n" * 3000, "There is no"),
    _get("item-key", NAMES, "/simple/project%23corpus/"),
    _get("file-not-utf8", BYTES, "/files/corpus/%ff.whl", "There is no"),
    _get("file-of-control-characters", BYTES, "/files/corpus/%00%01.whl", "There is no"),
    _get("metadata-of-nothing", ABSENT, "/files/corpus/.metadata", "There is no"),
    _get("absent-project", ABSENT, "/simple/no-such-corpus/", GONE),
    _get("absent-json", ABSENT, "/pypi/no-such-corpus/json", GONE),
    _get("absent-page", ABSENT, "/project/no-such-corpus/", GONE),
    _get(
        "absent-provenance",
        ABSENT,
        "/integrity/no-such-corpus/1.0/c-1.0.tar.gz/provenance",
        "There is no",
    ),
    _get("query-not-utf8", BYTES, "/simple/?format=%ff", "ask for one of them", status=406),
    _get("other-format", CHOICE, "/simple/?format=text/plain", "ask for one of them", status=406),
    _get(
        "no-format",
        CHOICE,
        "/simple/",
        "ask for one of them",
        status=406,
        headers={"Accept": "image/png"},
    ),
    _get("no-scripts", ABSENT, "/cgi-bin/test.sh"),
    _get("no-git", ABSENT, "/.git/config"),
    _get("no-environment", ABSENT, "/.env"),
    _good("index", "the list of projects", "/simple/"),
    _good(
        "index-in-json",
        "PEP 691",
        "/simple/",
        headers={"Accept": "application/vnd.pypi.simple.v1+json"},
    ),
    _good("home", "a page for people", "/"),
    _good("help", "a page for people", "/help"),
    _good("health", "for load balancers", "/healthz", says="ok"),
    _good("no-slash", "PEP 503: leads to the page with one", "/simple", status=308),
    _good(
        "other-spelling", "PEP 503: leads to the normal form", "/simple/Larder._.Demo/", status=301
    ),
    _good("head", "RFC 9110, 9.3.2", "/simple/", method="HEAD"),
]
