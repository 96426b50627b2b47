"""Digests that a form claims: each is well formed and that of the bytes that arrived."""

import hashlib
from typing import Any

from tests.corpus.case import Case, Own, Steps, acceptance, one, refusal
from tests.corpus.cases.forms import wheel
from tests.corpus.uploads import upload

SOME = "without a digest nobody notices damage on the way"
FORM = "a digest has its length in hexadecimal"
TRUE = "every digest that is given is right, not only the one that is preferred"


def _digest(name: str, why: str, says: str, **changes: Any) -> Case:
    return refusal(name, why, lambda o: one(upload(o, wheel(o), **changes)), says)


def _md5_only(own: Own) -> Steps:
    file = wheel(own)
    digest = hashlib.md5(file.content).hexdigest()  # noqa: S324 - tools send it
    return one(upload(own, file, sha256_digest=None, md5_digest=digest))


def _upper_case(own: Own) -> Steps:
    file = wheel(own)
    blake2 = hashlib.blake2b(file.content, digest_size=32).hexdigest()
    return one(upload(own, file, blake2_256_digest=blake2.upper()))


CASES = [
    _digest("none", SOME, "The upload names no digest", sha256_digest=None),
    _digest("short-sha256", FORM, "sha256_digest is not a hexadecimal", sha256_digest="0" * 63),
    _digest("no-hexadecimal", FORM, "sha256_digest is not a hexadecimal", sha256_digest="g" * 64),
    _digest("digits-of-another-script", FORM, "sha256_digest is not", sha256_digest="\u0661" * 64),
    _digest("short-md5", FORM, "md5_digest is not a hexadecimal", md5_digest="0" * 31),
    _digest("short-blake2", FORM, "blake2_256_digest is not a hex", blake2_256_digest="0" * 32),
    _digest("false-sha256", TRUE, "The file's sha256 is", sha256_digest="0" * 64),
    _digest("false-md5", TRUE, "The file's md5 is", md5_digest="0" * 32),
    _digest("false-blake2", TRUE, "The file's blake2_256 is", blake2_256_digest="0" * 64),
    acceptance(
        "md5-alone", "old tools send nothing else", _md5_only, "Published", listed=("{wheel}",)
    ),
    acceptance(
        "upper-case", "hexadecimal has no case", _upper_case, "Published", listed=("{wheel}",)
    ),
]
