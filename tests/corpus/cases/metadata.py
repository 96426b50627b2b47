"""METADATA and PKG-INFO: core metadata that the index acts on (core metadata specification)."""

from tests import make
from tests.corpus.archives import sdist
from tests.corpus.case import Case
from tests.corpus.uploads import accepted, refused_sdist, refused_wheel

FIELD = "core metadata: the fields that installers act on are right"
SAME = "name and version in the file are those of its file name"
TEXT = "core metadata is UTF-8, or pip cannot install the file"
LINK = "what shows metadata makes links of such fields"
TIME = "reading it takes bounded time and room"


def _field(name: str, says: str, *lines: bytes, why: str = FIELD) -> Case:
    """Return the case of a document whose first lines are these; what is missing stays so."""
    text = b"\n".join(lines) + b"\n"
    return refused_wheel(
        name,
        why,
        lambda o: make.wheel(o.project, document=text.replace(b"OWN", o.project.encode())),
        says,
    )


START = b"Metadata-Version: 2.1\nName: OWN\nVersion: 1.0"

CASES = [
    _field("empty", "The metadata inside the file is wrong", b""),
    _field("binary", "The metadata inside the file is wrong", bytes(range(128)) * 3),
    _field("no-version-of-its-own", "metadata-version", b"Name: OWN\nVersion: 1.0"),
    _field("of-the-future", "metadata-version", b"Metadata-Version: 9.9\nName: OWN\nVersion: 1.0"),
    _field("no-name", "name:", b"Metadata-Version: 2.1\nVersion: 1.0"),
    _field("bad-name", "name:", b"Metadata-Version: 2.1\nName: -bad-\nVersion: 1.0"),
    _field(
        "long-name",
        "not a valid project name",
        b"Metadata-Version: 2.1\nVersion: 1.0\nName: " + b"n" * 129,
    ),
    _field("no-version", "version:", b"Metadata-Version: 2.1\nName: OWN"),
    _field("bad-version", "version:", b"Metadata-Version: 2.1\nName: OWN\nVersion: one"),
    _field(
        "endless-version",
        "version:",
        b"Metadata-Version: 2.1\nName: OWN\nVersion: " + b"1" * 5000,
        why=TIME,
    ),
    _field("two-names", "name:", START, b"Name: other"),
    _field("two-versions", "version:", START, b"Version: 2.0"),
    _field("bad-requires-python", "requires-python:", START, b"Requires-Python: python 3"),
    _field("bad-requires-dist", "requires-dist:", START, b"Requires-Dist: ???"),
    _field(
        "endless-requires-dist",
        "requires-dist:",
        START,
        b"Requires-Dist: a " + b"(" * 4000 + b")" * 4000,
        why=TIME,
    ),
    _field(
        "endless-requires-python",
        "Requires-Python has more than 1000 characters",
        START,
        b"Requires-Python: " + b">3," * 1000 + b"<4",
        why=TIME,
    ),
    _field(
        "endless-fields",
        "has more than 200 different fields",
        START,
        b"\n".join(b"X-%d: y" % number for number in range(15_000)),
        why="reading them takes time in the square of their number",
    ),
    _field(
        "endless-lines",
        "or 20000 lines before its description",
        START,
        b"\n".join(b"X%d:" % number for number in range(190)) + b"\nX:" * 30_000,
        why=TIME,
    ),
    _field(
        "endless-head",
        "has more than 1048576 bytes",
        START,
        b"X: " + b"x" * (1 << 20),
        why=TIME,
    ),
    _field(
        "too-many-requirements",
        "there are more than 5000",
        START,
        b"\n".join([b"Requires-Dist: a"] * 5001),
        why=TIME,
    ),
    _field(
        "endless-requirement",
        "one has more than 4096 characters",
        START,
        b"Requires-Dist: a " + b">1," * 2000 + b"<2",
        why=TIME,
    ),
    _field("not-utf8", "is not UTF-8", START, b"Author: \xe9", why=TEXT),
    _field("description-not-utf8", "is not UTF-8", START, b"", b"\xe9", why=TEXT),
    _field(
        "two-requires-python",
        "requires-python: it is there more than once",
        START,
        b"Requires-Python: <3",
        b"Requires-Python: >=3",
        why="installers take the first, others none",
    ),
    _field(
        "file-of-one-machine",
        "is to be found on one machine alone",
        START,
        b"Requires-Dist: a @ FILE:///etc/passwd",
        why="an installer would read what lies there on every other",
    ),
    *(
        _field(f"{name}-as-a-link", "is no link to a page", START, line, why=LINK)
        for name, line in (
            ("script", b"Home-page: javascript:alert(1)"),
            ("folded-script", b"Project-URL: Docs, java\tScript:alert(1)"),
            ("data", b"Download-URL: data:text/html,x"),
            ("file", b"Project-URL: Docs, file:///etc/passwd"),
        )
    ),
    refused_wheel(
        "other-project",
        SAME,
        lambda o: make.wheel(o.project, document=make.metadata("other")),
        "holds the metadata of other 1.0",
    ),
    refused_wheel(
        "other-version",
        SAME,
        lambda o: make.wheel(o.project, document=make.metadata(o.project, "2.0")),
        " 2.0; the file was renamed or damaged",
    ),
    refused_sdist(
        "sdist-of-other-project",
        SAME,
        lambda o: make.sdist(o.project, document=make.metadata("other")),
        "holds the metadata of other 1.0",
    ),
    refused_sdist(
        "sdist-of-other-version",
        SAME,
        lambda o: make.sdist(o.project, document=make.metadata(o.project, "2.0")),
        " 2.0; the file was renamed or damaged",
    ),
    refused_sdist(
        "sdist-without-name",
        FIELD,
        lambda o: sdist(o, document=b"Metadata-Version: 2.1\nVersion: 1.0\n"),
        "name:",
    ),
    *(
        accepted(
            f"version-{version}",
            "every published version is read",
            lambda o, version=version: make.wheel(
                o.project, document=o.metadata().replace(b"n: 2.4", f"n: {version}".encode())
            ),
        )
        for version in ("1.1", "2.0", "2.1", "2.6")
    ),
    accepted(
        "newer-fields",
        "build tools wrote License-File into documents of version 2.1",
        lambda o: make.wheel(
            o.project,
            document=o.metadata(License_File="LICENSE").replace(
                b"Metadata-Version: 2.4", b"Metadata-Version: 2.1"
            ),
        ),
    ),
    accepted(
        "readme-as-a-field",
        "up to version 2.0 the description was a field",
        lambda o: make.wheel(o.project, document=o.metadata(Description="word\n        " * 12_000)),
    ),
    accepted(
        "links-of-other-kinds",
        "a team links what it uses",
        lambda o: make.wheel(o.project, Home_page="UNKNOWN", Project_URL="Chat, irc://a/b"),
    ),
    accepted(
        "requirement-by-url",
        "a team may have reasons",
        lambda o: make.wheel(o.project, Requires_Dist="a @ https://example.com/a.whl"),
    ),
    accepted(
        "other-spelling",
        SAME,
        lambda o: make.wheel(
            o.project, document=make.metadata(o.project.title().replace("-", "._"), "1")
        ),
    ),
    accepted(
        "private-classifier",
        "an index of a team is what it is for",
        lambda o: make.wheel(o.project, Classifier="Private :: Do Not Upload"),
    ),
    accepted(
        "long-readme",
        "450 kB are a long README, but one",
        lambda o: make.wheel(o.project, document=o.metadata() + b"word " * 90_000),
    ),
    accepted(
        "extras-and-markers",
        FIELD,
        lambda o: make.wheel(
            o.project,
            Requires_Python=">=3.9,!=3.10.*",
            Requires_Dist='click[x]>=8; python_version < "3.13"',
        ),
    ),
]
