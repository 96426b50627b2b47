"""File names of wheels and sdists: one normal form, so that one file has one name."""

import re

from tests import make
from tests.corpus.case import Case, File, Own, Steps, one, refusal
from tests.corpus.uploads import accepted, upload

KINDS = "wheels and sdists are what installers take; the rest is history"
SAFE = "a file name becomes a path and a line of HTML elsewhere"
NORMAL = "binary distribution format: the name's first part is in normal form"
VERSION = "PEP 440: a version in normal form, so that one release has one name"
TAGS = "binary distribution format: name-version[-build]-python-abi-platform.whl"
SDIST = "PEP 625: an sdist is called name-version.tar.gz, both in normal form"


def _name(name: str, why: str, filename: str, says: str, **changes: str) -> Case:
    """Return the case of a right wheel or sdist under another name."""

    def steps(own: Own) -> Steps:
        is_sdist = filename.endswith("gz")
        content = make.sdist(own.project) if is_sdist else make.wheel(own.project)
        called = filename.format(stem=own.stem, Stem=own.stem.title(), project=own.project)
        return one(upload(own, File(called, content), **changes))

    return refusal(name, why, steps, says)


def _renamed(own: Own, version: str) -> bytes:
    return make.wheel(own.project, version)


CASES = [
    _name("zip", KINDS, "{stem}-1.0.zip", "is neither a wheel (.whl) nor an sdist"),
    _name("egg", KINDS, "{stem}-1.0-py3.11.egg", "is neither a wheel"),
    _name("installer", KINDS, "{stem}-1.0.win32.exe", "is neither a wheel"),
    _name("bzip2-sdist", KINDS, "{stem}-1.0.tar.bz2", "is neither a wheel"),
    _name("signature", KINDS, "{stem}-1.0-py3-none-any.whl.asc", "is neither a wheel"),
    _name("upper-case-suffix", KINDS, "{stem}-1.0-py3-none-any.WHL", "is neither a wheel"),
    _name("slash", SAFE, "../{stem}-1.0-py3-none-any.whl", "a character that is not allowed"),
    _name("backslash", SAFE, "..\\{stem}-1.0-py3-none-any.whl", "a character that is not allowed"),
    _name("space", SAFE, "{stem}-1.0-py3-none-any .whl", "a character that is not allowed"),
    _name("delete", SAFE, "{stem}-1.0-py3-none-any\x7f.whl", "a character that is not allowed"),
    _name("not-ascii", SAFE, "{stem}-1.0-py3-none-ány.whl", "a character that is not allowed"),
    _name(
        "full-width", SAFE, "\uff43orpus-1.0-py3-none-any.whl", "a character that is not allowed"
    ),
    _name("right-to-left", SAFE, "{stem}-1.0\u202e-py3-none-any.whl", "a character that is not"),
    _name("markup", SAFE, "<script>-1.0-py3-none-any.whl", "is not a valid wheel name"),
    _name("long", SAFE, "{stem}-1.0-py3-none-" + "a" * 255 + ".whl", "more than 255 characters"),
    _name("wheel-of-one-part", TAGS, "{stem}.whl", "is not a valid wheel name"),
    _name(
        "wheel-of-seven-parts", TAGS, "{stem}-1.0-1-py3-none-any-x.whl", "not a valid wheel name"
    ),
    _name("build-without-number", TAGS, "{stem}-1.0-x1-py3-none-any.whl", "not a valid wheel name"),
    _name("copy-of-a-wheel", TAGS, "{stem}-1.0-py3-none-any(1).whl", "has characters in its tags"),
    _name("empty-tag", TAGS, "{stem}-1.0-py3.-none-any.whl", "is not a valid wheel name"),
    _name("wheel-of-no-version", VERSION, "{stem}-x-py3-none-any.whl", "is not a valid wheel name"),
    _name("wheel-of-a-v-version", VERSION, "{stem}-v1.0-py3-none-any.whl", "as '1.0', its normal"),
    _name("wheel-of-a-long-rc", VERSION, "{stem}-1.0.rc.1-py3-none-any.whl", "as '1.0rc1', its"),
    _name("wheel-in-upper-case", NORMAL, "{Stem}-1.0-py3-none-any.whl", "should start with"),
    _name("wheel-with-dots", NORMAL, "corpus.x-1.0-py3-none-any.whl", "should start with"),
    _name(
        "wheel-with-two-underscores", NORMAL, "corpus__x-1.0-py3-none-any.whl", "valid wheel name"
    ),
    _name("sdist-of-no-version", SDIST, "{stem}.tar.gz", "is not a valid sdist name"),
    _name("sdist-with-dashes", SDIST, "{project}-1.0.tar.gz", "should be named"),
    _name("sdist-in-upper-case", SDIST, "{Stem}-1.0.tar.gz", "should be named"),
    _name("sdist-of-a-v-version", SDIST, "{stem}-v1.0.tar.gz", "should be named"),
    _name("sdist-with-a-leading-zero", SDIST, "{stem}-01.0.tar.gz", "should be named"),
    accepted(
        "build-number", TAGS, lambda o: make.wheel(o.project), "{stem}-1.0-2abc-py3-none-any.whl"
    ),
    accepted(
        "platform",
        "an index of a team takes plain linux tags",
        lambda o: make.wheel(o.project),
        "{stem}-1.0-cp311-cp311-linux_x86_64.whl",
    ),
    accepted(
        "many-tags",
        TAGS,
        lambda o: make.wheel(o.project),
        "{stem}-1.0-py2.py3-none-win32.win_amd64.whl",
    ),
    *(
        accepted(
            re.sub(r"\W", "-", why),
            VERSION + ": " + why,
            lambda o, version=version: _renamed(o, version),
            "{stem}-" + version + "-py3-none-any.whl",
            version=version,
        )
        for version, why in [
            ("1.0+local.1", "local version"),
            ("2!1.0", "epoch"),
            ("1.0.dev1", "development release"),
            ("2026.01.02", "leading zeros, which tools in use keep"),
        ]
    ),
]
