"""Names of archive members: each becomes a path on the disk of whoever installs the archive."""

from tests.corpus.archives import crowd, inside, members, packed, sdist, with_member
from tests.corpus.case import Case, Own
from tests.corpus.uploads import accepted, refused_sdist, refused_wheel
from tests.raw_archives import ZipMember, row, tar_member, zip_archive

PATH = "a member must not leave the folder it is unpacked into"
ONE_PATH = "a name must mean one path on every system"
ROOM = "all names are kept in memory until the last member is read"
ONCE = "of two members at one path, readers take the first or the last"
UTF8 = 0x800
SEGMENT = "holds an empty, '.' or '..' segment"


def _named(name: str, path: str | bytes, says: str, why: str = ONE_PATH) -> Case:
    encoded = path if isinstance(path, bytes) else path.encode()
    return refused_wheel(
        name, why, lambda o: with_member(o, name=encoded, both={"flags": UTF8}), says
    )


def _script(own: Own) -> bytes:
    path = f"{own.top}.data/scripts/C:/x"
    return with_member(own, name=path.encode())


def _below_a_file(own: Own) -> bytes:
    return zip_archive(members(own, {"x.py/y.py": b""}))


def _twice(own: Own) -> bytes:
    return with_member(own, name=b"x.py", content=b"other")


def _as_file_and_folder(own: Own) -> bytes:
    return with_member(own, name=b"x.py/", method=0, attributes=0o40755 << 16)


def _wordy(own: Own) -> bytes:
    head, long = own.top.encode() + b"/", b"n" * 100
    names = (b"%06d" % number for number in range(30_000))
    return packed(*(tar_member(name + long[:90], prefix=head + long) for name in names))


def _deep(own: Own) -> bytes:
    path = "a/" * 63 + "b.py"
    listed = members(own, rows=[row(path, b"")])
    return zip_archive([*listed, ZipMember(name=path.encode())])


CASES = [
    _named("climbing", "../evil.py", SEGMENT, PATH),
    _named("climbing-within", "a/../../evil.py", SEGMENT, PATH),
    _named("climbing-at-the-end", "a/..", SEGMENT, PATH),
    _named("dot", "./x2.py", SEGMENT),
    _named("empty-segment", "a//b.py", SEGMENT),
    _named("no-name", "", SEGMENT),
    _named("absolute", "/etc/passwd", "holds an absolute path", PATH),
    _named("absolute-on-windows", "C:/evil.py", "holds a drive letter", PATH),
    _named("drive-relative", "c:evil.py", "holds a drive letter", PATH),
    refused_wheel(
        "drive-below-data",
        f"{PATH}, nor with `.data/scripts` cut off",
        _script,
        "holds a drive letter",
    ),
    _named("backslash", "..\\evil.py", "holds a backslash", PATH),
    _named("nul", "a.py\0.txt", "holds a control character"),
    _named("line-break", "a\nb.py", "holds a control character"),
    _named("delete", "a\x7f.py", "holds a control character"),
    _named("next-line", "a\x85.py", "holds a control character"),
    _named(
        "line-separator",
        "a\u2028b.py",
        "holds a control character",
        "str.splitlines, with which installers read RECORD, ends a line there",
    ),
    _named("not-utf8", b"\xff.py", "is not UTF-8"),
    _named("half-a-surrogate", b"\xed\xa0\x80.py", "is not UTF-8"),
    _named("long", "n" * 1025, "is longer than 1024 bytes"),
    _named("deep", "a/" * 64 + "b", "lies more than 64 folders deep"),
    refused_wheel("twice", ONCE, _twice, "it holds x.py twice"),
    refused_wheel("file-and-folder", ONCE, _as_file_and_folder, "it holds x.py twice"),
    refused_wheel(
        "below-a-file",
        "only a folder has members",
        _below_a_file,
        "it holds x.py/y.py below x.py, which is no folder",
    ),
    refused_wheel(
        "too-many",
        "50,000 members are more than anybody needs",
        lambda _: crowd(50_001),
        "it holds more than 50000 members",
    ),
    refused_sdist("too-many-letters", ROOM, _wordy, "or 6291456 bytes of names"),
    refused_sdist("sdist-climbing", PATH, lambda o: sdist(o, inside(o, "../../evil.py")), SEGMENT),
    refused_sdist("sdist-twice", ONCE, lambda o: sdist(o, inside(o, "PKG-INFO")), "PKG-INFO twice"),
    refused_sdist(
        "sdist-folder-twice",
        ONCE,
        lambda o: sdist(o, *[inside(o, "a/", kind=b"5")] * 2),
        "/a twice",
    ),
    refused_sdist(
        "sdist-backslash", PATH, lambda o: sdist(o, inside(o, "..\\evil.py")), "holds a backslash"
    ),
    refused_sdist(
        "sdist-line-break",
        ONE_PATH,
        lambda o: sdist(o, inside(o, "a\nb")),
        "holds a control character",
    ),
    refused_sdist(
        "sdist-not-utf8", ONE_PATH, lambda o: sdist(o, inside(o, b"\xff")), "is not UTF-8"
    ),
    accepted("sixty-three-folders-deep", "the limit itself", _deep),
]
