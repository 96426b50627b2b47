"""Attestations that come with a file: well formed, and about this very file (PEP 740)."""

import json
from collections.abc import Callable
from typing import Any

from tests import make_attestations
from tests.corpus.case import Case, File, Own, Steps, acceptance, one, refusal
from tests.corpus.cases.forms import wheel
from tests.corpus.uploads import upload

ARRAY = "PEP 740: a JSON array of attestations"
ONE_OF_EACH = "one attestation of each kind is enough"
FORM = "PEP 740: version, verification material, envelope"
SUBJECT = "in-toto v1: the statement is about this file and these bytes"
JSON_ONCE = "RFC 8259: of two equal keys readers take either"


def _text(name: str, why: str, says: str, text: str) -> Case:
    return refusal(name, why, lambda o: one(upload(o, wheel(o), attestations=text)), says)


def _built(name: str, why: str, says: str, build: Callable[[File], Any]) -> Case:
    def steps(own: Own) -> Steps:
        file = wheel(own)
        return one(upload(own, file, attestations=json.dumps(build(file))))

    return refusal(name, why, steps, says)


def _attested(file: File, **changes: Any) -> dict[str, Any]:
    return make_attestations.attestation(file.content, file.name, **changes)


def _other_predicate(file: File) -> list[dict[str, Any]]:
    return [_attested(file, predicateType="https://example.com/other/v1")]


def _without_certificate(file: File) -> list[dict[str, Any]]:
    broken = _attested(file)
    broken["verification_material"]["certificate"] = "AAAA"
    return [broken]


def _good(own: Own) -> Steps:
    file = wheel(own)
    stated = make_attestations.text(file.content, file.name)
    return one(upload(own, file, attestations=stated))


CASES = [
    _text("no-json", ARRAY, "The attestations are not JSON", "{"),
    _text("no-array", ARRAY, "must be a JSON array", '{"version": 1}'),
    _text("none", ARRAY, "must be a JSON array of one or", "[]"),
    _text("bottomless", "readers of JSON have a stack", "not JSON", "[" * 10_000 + "]" * 10_000),
    _text("not-a-number", "RFC 8259 knows no NaN", "NaN is no number", "[NaN]"),
    _text("key-twice", JSON_ONCE, "a key stands twice", '[{"version": 1, "version": 1}]'),
    _text(
        "huge", "they are kept beside the file", "have more than 49152 bytes", "[" + "1," * 30_000
    ),
    _text("no-object", FORM, "An attestation is not well formed", "[1]"),
    _text("empty-object", FORM, "An attestation is not well formed", "[{}]"),
    _built(
        "future",
        FORM,
        "An attestation is not well formed",
        lambda f: [_attested(f) | {"version": 2}],
    ),
    _built("certificate-of-nothing", FORM, "not well formed", _without_certificate),
    _built("three", ONE_OF_EACH, "must be a JSON array of one or 2", lambda f: [_attested(f)] * 3),
    _built(
        "two-alike", ONE_OF_EACH, "Two attestations state the same", lambda f: [_attested(f)] * 2
    ),
    _built(
        "unknown-statement",
        "publish attestations and SLSA provenance are known",
        "An attestation states",
        _other_predicate,
    ),
    _built(
        "of-another-file",
        SUBJECT,
        "is about 'other-1.0-py3-none-any.whl'",
        lambda f: [make_attestations.attestation(f.content, "other-1.0-py3-none-any.whl")],
    ),
    _built(
        "of-other-bytes",
        SUBJECT,
        "is about other bytes",
        lambda f: [make_attestations.attestation(b"other", f.name)],
    ),
    _built(
        "of-nothing",
        SUBJECT,
        "is not in-toto v1 about one file",
        lambda f: [_attested(f, subject=[])],
    ),
    acceptance("publish-attestation", "PEP 740", _good, "Published", listed=("{wheel}",)),
]
