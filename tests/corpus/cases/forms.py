"""The form of the legacy upload API: which fields there must be, and that they agree."""

from typing import Any

from tests import make
from tests.corpus.case import Case, File, Own, Steps, acceptance, one, refusal
from tests.corpus.uploads import encode, fields, post, upload

REQUIRED = "upload API: a form says what the file is"
AGREE = "a form that contradicts its file is a mistake or a trick"
ONCE = "HTTP parameter pollution: of two values readers take either"
ONE_FILE = "the form has one file, called content"
OLD = "services of the old index that nobody offers any more"


def wheel(own: Own) -> File:
    """Return a right wheel."""
    return File(own.wheel, make.wheel(own.project))


def sdist(own: Own) -> File:
    """Return a right sdist."""
    return File(own.sdist, make.sdist(own.project))


def _wheel(name: str, why: str, says: str, /, *, status: int = 400, **changes: Any) -> Case:
    return refusal(name, why, lambda o: one(upload(o, wheel(o), **changes)), says, status=status)


def _sdist(name: str, why: str, says: str, /, **changes: Any) -> Case:
    return refusal(name, why, lambda o: one(upload(o, sdist(o), **changes)), says)


def _good(name: str, why: str, /, **changes: Any) -> Case:
    def steps(own: Own) -> Steps:
        return one(upload(own, wheel(own), **changes))

    return acceptance(name, why, steps, "Published", listed=("{wheel}",))


def _twice(field: str, value: Any) -> Case:
    called = ":action" if field == "action" else field
    says = f"The form gives {called} 2 times"
    return _wheel(f"two-of-{field}", ONCE, says, **{field: [value, value]})


def _two_files(own: Own) -> Steps:
    return one(upload(own, wheel(own), content=[wheel(own), sdist(own)]))


def _spelled(own: Own) -> Steps:
    return one(upload(own, wheel(own), name=own.project.upper().replace("-", "._")))


def _long_readme(own: Own) -> Steps:
    return one(upload(own, wheel(own), description="word " * 150_000))


def _many(own: Own) -> Steps:
    parts = [("classifiers", f"Topic :: {number}") for number in range(1200)]
    return one(post(encode(parts + fields(own, wheel(own)))))


CASES = [
    _wheel("no-action", REQUIRED, "':action' must be 'file_upload'", action=None),
    _wheel("other-action", REQUIRED, "':action' must be 'file_upload'", action="rm -rf"),
    *(
        _wheel(f"old-action-{action}", OLD, f"does not offer '{action}'", status=410, action=action)
        for action in ("submit", "submit_pkg_info", "doc_upload", "verify", "list_classifiers")
    ),
    _wheel("protocol-version", REQUIRED, "protocol_version must be 1", protocol_version="2"),
    _wheel("no-name", REQUIRED, "does not give 'name'", name=None),
    _wheel(
        "unknown-name",
        "old build tools write UNKNOWN where they know nothing",
        "does not give 'name'",
        name="UNKNOWN",
    ),
    _wheel("blank-name", REQUIRED, "does not give 'name'", name="  "),
    _wheel("no-version", REQUIRED, "does not give 'version'", version=None),
    _wheel("no-filetype", REQUIRED, "does not give 'filetype'", filetype=None),
    _wheel("no-pyversion", REQUIRED, "must give its Python tag as 'pyversion'", pyversion=None),
    _wheel("no-file", ONE_FILE, "The upload has no file", content=None),
    _wheel("text-for-the-file", ONE_FILE, "The upload has no file", content="text"),
    _wheel("file-without-a-name", ONE_FILE, "The upload has no file", content=File("", b"x")),
    _wheel("name-as-a-file", ONE_FILE, "sends 'name' as a file", name=File("x.txt", b"x")),
    _wheel(
        "signature",
        "PGP signatures are gone from the index",
        "sends 'gpg_signature' as a file",
        gpg_signature=File("x.asc", b"x"),
    ),
    refusal("two-files", ONE_FILE, _two_files, "more than one file as 'content'"),
    _wheel("other-project", AGREE, "The form names project 'other'", name="other"),
    _wheel("other-version", AGREE, "The form names version '2.0'", version="2.0"),
    _wheel("no-such-version", AGREE, "The form names version 'one'", version="one"),
    _wheel("endless-version", AGREE, "The form names version '1111", version="1" * 5000),
    _wheel("wheel-as-sdist", AGREE, "filetype is 'sdist'", filetype="sdist"),
    _wheel("egg", AGREE, "filetype is 'bdist_egg'", filetype="bdist_egg"),
    _sdist("sdist-as-wheel", AGREE, "filetype is 'bdist_wheel'", filetype="bdist_wheel"),
    _sdist(
        "sdist-for-one-python", AGREE, "pyversion of an sdist must be 'source'", pyversion="py3"
    ),
    *map(
        _twice,
        ("action", "protocol_version", "version", "filetype", "pyversion", "name"),
        ("file_upload", "1", "1.0", "bdist_wheel", "py3", "demo"),
    ),
    _twice("sha256_digest", "0" * 64),
    _twice("md5_digest", "0" * 32),
    _twice("blake2_256_digest", "0" * 64),
    _twice("attestations", "[]"),
    _good("name-with-spaces", "white space around a value means nothing", version=" 1.0 "),
    acceptance(
        "other-spelling-of-the-name",
        "PEP 503: all spellings are one project",
        _spelled,
        "Published",
        listed=("{wheel}",),
    ),
    _good(
        "other-spelling-of-the-version", "PEP 440: all spellings are one version", version="1.0.0"
    ),
    _good("no-protocol-version", "some tools leave it out", protocol_version=None),
    _good(
        "metadata-fields",
        "the index reads the metadata from the file",
        metadata_version="9.9",
        summary="naïve 名",
        requires_dist=["a", "b"],
    ),
    acceptance(
        "long-readme",
        "750 kB of text beside the file",
        _long_readme,
        "Published",
        listed=("{wheel}",),
    ),
    acceptance(
        "twelve-hundred-fields", "classifiers may be many", _many, "Published", listed=("{wheel}",)
    ),
]
