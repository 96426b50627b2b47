"""Attestations: their form, and the file they are about."""

import base64
import bisect
import copy
import gzip
import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pypi_attestations
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.domain import attestations
from app.domain.attestations import MAX_BYTES, UNVERIFIED
from app.errors import BadRequest
from tests import make, make_attestations
from tests.make_attestations import PUBLISH, SLSA

WHEEL, NAME = make.wheel(), make.wheel_name()
SHA256 = hashlib.sha256(WHEEL).hexdigest()
GOOD = make_attestations.attestation(WHEEL, NAME)


def refusal(text: str) -> str:
    with pytest.raises(BadRequest) as refused:
        attestations.parse(text)
    assert "\n" not in refused.value.detail
    assert len(refused.value.detail) < 400
    return refused.value.detail


def changed(*path: str | int, value: Any) -> str:
    """Return the field with a good attestation in which one value is replaced."""
    entry = copy.deepcopy(GOOD)
    place = entry
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps([entry])


def of_version(version: str) -> str:
    """Return the field with a certificate of another version of X.509."""
    certificate = base64.b64decode(GOOD["verification_material"]["certificate"])
    certificate = certificate.replace(
        b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01" + version.encode()
    )
    value = base64.b64encode(certificate).decode()
    return changed("verification_material", "certificate", value=value)


def stating(**changes: object) -> str:
    return json.dumps([make_attestations.attestation(WHEEL, NAME, **changes)])


@pytest.mark.parametrize("kinds", [[PUBLISH], [SLSA], [PUBLISH, SLSA], [SLSA, PUBLISH]])
def test_one_of_each_kind_is_read(kinds: list[str]) -> None:
    found = attestations.parse(make_attestations.text(WHEEL, NAME, *kinds))

    words = {PUBLISH: "publish", SLSA: "provenance"}
    assert [one.predicate_type.split("/")[-2] for one in found] == [words[kind] for kind in kinds]
    assert [one.subject for one in found] == [NAME] * len(kinds)
    assert {one.sha256 for one in found} == {SHA256}
    attestations.check_subject(found, NAME, SHA256)


@pytest.mark.parametrize("kinds", [[PUBLISH, PUBLISH], [SLSA, SLSA]])
def test_two_of_one_kind_are_refused(kinds: list[str]) -> None:
    assert "state the same" in refusal(make_attestations.text(WHEEL, NAME, *kinds))


@pytest.mark.parametrize(
    "text",
    ["", "[", "null", "{}", "[]", "7", '"x"', json.dumps(GOOD), json.dumps([GOOD] * 3), "\ufeff[]"],
)
def test_what_is_no_array_of_one_or_two_is_refused(text: str) -> None:
    assert "--no-attestations" in refusal(text)


def test_what_is_too_much_is_refused_before_it_is_read() -> None:
    assert f"more than {MAX_BYTES} bytes" in refusal("x" * (MAX_BYTES + 1))
    assert f"more than {MAX_BYTES} bytes" in refusal("€" * (MAX_BYTES // 6 + 1))
    assert "more than" not in refusal("x" * MAX_BYTES)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (json.dumps([{}]), "version: Field required"),
        (json.dumps(["x"]), "not well formed"),
        (changed("version", value=2), "version: Input should be 1"),
        (changed("verification_material", "certificate", value="!"), "certificate"),
        (changed("verification_material", "certificate", value="QUJD"), "invalid X.509 cert"),
        (of_version("\x09"), "9 is not a valid X509 version"),
        (changed("verification_material", "transparency_entries", value=[]), "at least 1 item"),
        (changed("verification_material", "transparency_entries", value=[{}]), "log entry"),
        (
            changed("verification_material", "transparency_entries", 0, "logIndex", value="x"),
            "log entry",
        ),
        (
            changed("verification_material", "transparency_entries", 0, "inclusionProof", value=0),
            "log entry",
        ),
        (changed("envelope", "statement", value=7), "envelope.statement"),
        (changed("envelope", "statement", value="/w=="), "utf-8"),
        (changed("envelope", "statement", value="QUJD"), "statement of an attestation is not JSON"),
        (changed("envelope", "signature", value=None), "envelope.signature"),
    ],
)
def test_what_is_not_well_formed_is_refused_with_the_place(text: str, reason: str) -> None:
    assert reason in refusal(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"subject": []},
        {"subject": None},
        {"subject": [{"name": NAME, "digest": {"sha256": SHA256}}] * 2},
        {"subject": [{"name": None, "digest": {"sha256": SHA256}}]},
        {"subject": [{"name": NAME, "digest": {"sha512": SHA256 * 2}}]},
        {"subject": [{"name": NAME, "digest": {"sha256": 1}}]},
        {"predicateType": None},
    ],
)
def test_a_statement_is_about_one_file_with_its_digest(changes: dict[str, Any]) -> None:
    assert "in-toto v1 about one file" in refusal(stating(**changes))


def test_a_statement_of_another_kind_is_refused() -> None:
    assert "'https://example.com/v1'" in refusal(stating(predicateType="https://example.com/v1"))


@pytest.mark.parametrize(
    "text",
    [
        '[{"version": 1, "version": 1}]',
        '[{"version": NaN}]',
        '[{"version": -Infinity}]',
        "[" * 20_000,
        '[{"version": ' + "9" * 5000 + "}]",
        json.dumps([GOOD])[:-2] + ', "note": 1e999}]',
        json.dumps([GOOD])[:-2] + ', "note": "\\ud800"}]',
        json.dumps([GOOD])[:-2] + ', "note": ' + "[" * 300 + "]" * 300 + "}]",
        '[{"version": "\ud800"}]',
    ],
)
def test_json_that_readers_would_differ_about_is_refused(text: str) -> None:
    refusal(text)


def test_a_statement_that_says_two_things_is_refused() -> None:
    statement = json.dumps(make_attestations.statement_of(WHEEL, NAME))
    twice = statement[:-1] + ', "predicateType": "https://example.com/"}'
    assert "twice" in refusal(json.dumps([make_attestations.signed(twice.encode())]))


def test_a_statement_that_not_every_reader_can_read_is_refused() -> None:
    assert "NaN" in refusal(stating(predicate={"size": float("nan")}))


def test_an_attestation_of_another_file_is_refused() -> None:
    other = attestations.parse(make_attestations.text(WHEEL, make.wheel_name(version="1.1")))
    with pytest.raises(BadRequest, match=r"is about 'larder_demo-1\.1-py3"):
        attestations.check_subject(other, NAME, SHA256)


def test_an_attestation_of_other_bytes_is_refused() -> None:
    other = attestations.parse(make_attestations.text(WHEEL + b"x", NAME))
    with pytest.raises(BadRequest, match="about other bytes"):
        attestations.check_subject(other, NAME, SHA256)


def test_each_attestation_must_be_about_the_file() -> None:
    both = [
        make_attestations.attestation(WHEEL, NAME),
        make_attestations.attestation(b"", NAME, SLSA),
    ]
    with pytest.raises(BadRequest, match="about other bytes"):
        attestations.check_subject(attestations.parse(json.dumps(both)), NAME, SHA256)


@pytest.mark.parametrize(
    ("subject", "filename", "same"),
    [
        ("Larder.Demo-1.0.tar.gz", "larder_demo-1.0.tar.gz", True),
        ("larder_demo-1.0.0-py3-none-any.whl", "larder_demo-1.0-py3-none-any.whl", True),
        ("a-1-py3.py2-none-any.whl", "a-1-py2.py3-none-any.whl", True),
        ("a-1-1-py3-none-any.whl", "a-1-py3-none-any.whl", False),
        ("a-1-py3-none-any.whl", "a-1.tar.gz", False),
        ("a-1.tar.gz", "a-1-py3-none-any.whl", False),
        ("../a-1.tar.gz", "a-1.tar.gz", False),
        ("", "a-1.tar.gz", False),
    ],
)
def test_names_of_files_are_compared_as_names_of_files(
    subject: str, filename: str, same: object
) -> None:
    found = attestations.parse(make_attestations.text(b"", subject))
    sha256 = hashlib.sha256(b"").hexdigest()
    if same:
        attestations.check_subject(found, filename, sha256)
    else:
        with pytest.raises(BadRequest):
            attestations.check_subject(found, filename, sha256)


def provenance(*kinds: str) -> dict[str, Any]:
    found = attestations.parse(make_attestations.text(WHEEL, NAME, *kinds))
    document = attestations.render_provenance(found, attestations.publisher_of(found))
    read: dict[str, Any] = json.loads(document)
    return read


def test_provenance_holds_what_was_sent() -> None:
    sent = GOOD | {"note": "kept"}
    found = attestations.parse(json.dumps([sent]))
    assert json.loads(attestations.render_provenance(found, UNVERIFIED)) == {
        "version": 1,
        "attestation_bundles": [
            {"publisher": {"kind": "Unverified", "claims": {}}, "attestations": [sent]}
        ],
    }


def test_readers_of_the_reference_library_take_each_attestation_and_the_object_around_it() -> None:
    document = provenance(PUBLISH, SLSA)
    for entry in document["attestation_bundles"][0]["attestations"]:
        read = pypi_attestations.Attestation.model_validate(entry)
        assert read.statement["subject"][0]["name"] == NAME
    verified = {"kind": "GitHub", "repository": "larder/demo", "workflow": "release.yml"}
    document["attestation_bundles"][0]["publisher"] = verified
    pypi_attestations.Provenance.model_validate_json(json.dumps(document))


def test_the_reference_library_knows_no_publisher_that_could_stand_for_an_unverified_one() -> None:
    """Should it learn one some day, that is what UNVERIFIED should be."""
    with pytest.raises(ValidationError, match=r"'Unverified' found using 'kind' does not match"):
        pypi_attestations.Provenance.model_validate_json(json.dumps(provenance(PUBLISH)))


def test_nothing_that_is_made_for_tests_is_ever_verified() -> None:
    publisher = pypi_attestations.GitHubPublisher(repository="larder/demo", workflow="release.yml")
    file = pypi_attestations.Distribution(name=NAME, digest=SHA256)
    with pytest.raises(pypi_attestations.VerificationError):
        pypi_attestations.Attestation.model_validate(GOOD).verify(publisher, file, offline=True)


ALPHABETS = {
    "base64": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ascii": "".join(map(chr, range(32, 127))),
    "two bytes": "".join(map(chr, range(0x80, 0x800))),
    "three bytes": "".join(map(chr, range(0x800, 0xD000))),
    "four bytes": "".join(map(chr, range(0x10000, 0x1F000))),
}


@pytest.mark.parametrize("alphabet", ALPHABETS.values(), ids=ALPHABETS)
def test_what_may_be_sent_never_needs_more_than_an_item_has_room_for(alphabet: str) -> None:
    """A transaction takes 4 MB, hence 133 KB a file of thirty, most of it for METADATA."""
    noise = "".join(random.Random(1).choices(alphabet, k=MAX_BYTES))  # noqa: S311
    noise = noise.replace('"', "").replace("\\", "")

    def text(length: int) -> str:
        return json.dumps([GOOD | {"note": noise[:length]}], ensure_ascii=False)

    longest = bisect.bisect(
        range(len(noise)), MAX_BYTES, key=lambda n: len(text(n).encode("ascii", "backslashreplace"))
    )
    found = attestations.parse(text(longest - 1))

    assert "more than" in refusal(text(longest))
    assert len(gzip.compress(attestations.render_provenance(found, UNVERIFIED))) < 41_000


def test_nothing_of_the_library_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, app.factory; from app.domain import attestations;"
        "attestations.render_provenance((), attestations.UNVERIFIED);"
        "print([m for m in ('pypi_attestations', 'sigstore', 'pydantic', 'cryptography')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=10,
)


def read_or_refused(text: str) -> None:
    try:
        found = attestations.parse(text)
        attestations.check_subject(found, NAME, SHA256)
    except BadRequest:
        return
    json.loads(attestations.render_provenance(found, UNVERIFIED))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refused(text)


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    read_or_refused(json.dumps(value))
    read_or_refused(json.dumps([value]))


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


@given(
    st.sampled_from(sorted(places(GOOD), key=str)),
    JSON | st.binary().map(lambda b: base64.b64encode(b).decode()),
)
def test_an_attestation_with_anything_anywhere_is_read_or_refused(
    path: tuple[str | int, ...], value: Any
) -> None:
    read_or_refused(changed(*path, value=value))


@given(JSON)
def test_any_statement_is_read_or_refused(value: Any) -> None:
    read_or_refused(json.dumps([make_attestations.signed(json.dumps(value).encode())]))


@given(st.integers(0), st.integers(0, 255))
def test_a_certificate_with_any_byte_changed_is_read_or_refused(place: int, byte: int) -> None:
    certificate = bytearray(base64.b64decode(GOOD["verification_material"]["certificate"]))
    certificate[place % len(certificate)] = byte
    value = base64.b64encode(certificate).decode()
    read_or_refused(changed("verification_material", "certificate", value=value))
