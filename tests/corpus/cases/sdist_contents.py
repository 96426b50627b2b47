"""What an sdist must hold: one folder, PKG-INFO, and nothing that leads out (PEP 625, 721)."""

from functools import partial

from tests.corpus.archives import MIB, inside, packed, pkg_info, sdist
from tests.corpus.case import Case, Own
from tests.corpus.uploads import accepted, refused_sdist
from tests.raw_archives import pax, tar_member

TOP = "PEP 625: one folder named after project and version"
DOCUMENT = "an sdist has a PKG-INFO in its folder (source distribution format)"
KINDS = "PEP 721: files, folders and links that stay within; no devices"
SYMBOLIC = "PEP 721: a symbolic link stays within the folder"
HARD = "PEP 721: a hard link repeats a file that came before it"


def _link(name: str, says: str, path: str, target: bytes, *, hard: bool = False) -> Case:
    kind = b"1" if hard else b"2"
    return refused_sdist(
        f"{'hard' if hard else 'symbolic'}-link-{name}",
        HARD if hard else SYMBOLIC,
        lambda o: sdist(o, inside(o, path, kind=kind, target=target)),
        says,
    )


def _through_a_link(own: Own) -> bytes:
    link = inside(own, "here", kind=b"2", target=b".")
    return sdist(own, link, inside(own, "here/evil.py"))


def _through_a_folded_link(name: str, below: str, own: Own) -> bytes:
    link = inside(own, name, kind=b"2", target=b".")
    return sdist(own, link, inside(own, f"{below}/evil.py"))


def _climbing_by_pax(own: Own) -> bytes:
    target = pax((b"linkpath", b"../../etc"))
    return sdist(own, target, inside(own, "a", kind=b"2", target=b"PKG-INFO"))


def _hard_to_symbolic(own: Own) -> bytes:
    link = inside(own, "a", kind=b"2", target=b"PKG-INFO")
    return sdist(own, link, inside(own, "b", kind=b"1", target=own.top.encode() + b"/a"))


def _kind(name: str, kind: bytes) -> Case:
    return refused_sdist(
        name,
        KINDS,
        lambda o: sdist(o, inside(o, "a", kind=kind)),
        "is neither file, folder nor link",
    )


def _sized(name: str, kind: bytes) -> Case:
    return refused_sdist(
        f"{name}-with-content",
        "only a file has content, so readers would lose their place",
        lambda o: sdist(o, inside(o, "a", b"1", kind=kind, target=b"b")),
        "is no file, but has a size",
    )


def _licensed(own: Own, *more: bytes) -> bytes:
    return sdist(own, *more, document=own.metadata(License_File="LICENSE"))


CASES = [
    refused_sdist(
        "file-beside-the-folder",
        TOP,
        lambda o: sdist(o, tar_member(b"setup.py")),
        "it must hold one top folder",
    ),
    refused_sdist(
        "second-folder",
        TOP,
        lambda o: sdist(o, tar_member(b"other-1.0/setup.py")),
        "it must hold one top folder",
    ),
    refused_sdist(
        "folder-of-another-name",
        TOP,
        lambda o: packed(tar_member(b"other-1.0/PKG-INFO", o.metadata())),
        "it must hold one top folder",
    ),
    refused_sdist(
        "folder-in-another-spelling",
        TOP,
        lambda o: packed(tar_member(f"{o.project}-1.0/PKG-INFO".encode(), o.metadata())),
        "it must hold one top folder",
    ),
    refused_sdist(
        "name-that-begins-like-the-folder",
        TOP,
        lambda o: sdist(o, tar_member(o.top.encode() + b".evil/x")),
        "it must hold one top folder",
    ),
    refused_sdist(
        "file-for-the-folder",
        TOP,
        lambda o: packed(tar_member(o.top.encode())),
        "it must hold one top folder",
    ),
    refused_sdist(
        "beside-by-prefix",
        TOP,
        lambda o: sdist(o, tar_member(b"setup.py", prefix=b"other-1.0")),
        "it must hold one top folder",
    ),
    refused_sdist("no-pkg-info", DOCUMENT, lambda o: packed(inside(o, "setup.py")), "it must hold"),
    refused_sdist(
        "pkg-info-elsewhere",
        DOCUMENT,
        lambda o: packed(inside(o, "src/PKG-INFO", o.metadata())),
        "it must hold",
    ),
    refused_sdist(
        "pkg-info-a-link",
        DOCUMENT,
        lambda o: packed(inside(o, "PKG-INFO", kind=b"2", target=b"setup.py")),
        "PKG-INFO must be a regular file",
    ),
    refused_sdist(
        "pkg-info-a-folder",
        DOCUMENT,
        lambda o: packed(inside(o, "PKG-INFO/", kind=b"5")),
        "PKG-INFO must be a regular file",
    ),
    refused_sdist(
        "pkg-info-large",
        "it is read into memory",
        lambda o: sdist(o, document=bytes(4 * MIB + 1)),
        "PKG-INFO is larger than 4194304 bytes",
    ),
    _link("to-an-absolute-path", "points out of the archive, to /etc/passwd", "a", b"/etc/passwd"),
    _link("climbing", "points out of the archive, to ../../etc", "a", b"../../etc"),
    _link("climbing-just-out", "points out of the archive, to ..", "a", b".."),
    _link("climbing-after-a-descent", "holds an empty, '.' or '..' segment", "a", b"b/../../x"),
    _link("with-a-backslash", "holds a backslash", "a", b"..\\..\\etc"),
    _link("with-a-nul", "the archive, to ../..", "d/a", b"../..\0"),
    refused_sdist(
        "symbolic-link-climbing-by-pax",
        f"{SYMBOLIC}, also where an extended header says where to",
        _climbing_by_pax,
        "points out of the archive, to ../../etc",
    ),
    refused_sdist(
        "member-below-a-link",
        "unpacking it would write through the link",
        _through_a_link,
        "which is no folder",
    ),
    *(
        refused_sdist(
            f"member-below-a-link-in-another-{what}",
            "on some systems it is the same name",
            partial(_through_a_folded_link, name, below),
            "which is no folder",
        )
        for what, name, below in (("case", "Here", "hERE"), ("form", "\u00e9", "e\u0301"))
    ),
    _link("to-nothing", "repeats no file before it", "a", b"nothing", hard=True),
    _link("outside", "repeats no file before it", "a", b"/etc/passwd", hard=True),
    _link("climbing", "repeats no file before it", "a", b"../../etc/passwd", hard=True),
    refused_sdist(
        "hard-link-to-a-symbolic-one", HARD, _hard_to_symbolic, "repeats no file before it"
    ),
    _kind("character-device", b"3"),
    _kind("block-device", b"4"),
    _kind("pipe", b"6"),
    _kind("contiguous-file", b"7"),
    _kind("sparse-file", b"S"),
    _kind("volume-label", b"V"),
    _sized("hard-link", b"1"),
    _sized("symbolic-link", b"2"),
    _sized("folder", b"5"),
    refused_sdist(
        "licence-missing",
        "PEP 639: licence files that the metadata names are there",
        _licensed,
        "which is missing",
    ),
    refused_sdist(
        "licence-a-folder",
        "PEP 639: licence files that the metadata names are there",
        lambda o: _licensed(o, inside(o, "LICENSE/", kind=b"5")),
        "which is missing",
    ),
    accepted(
        "folders",
        "a folder may be a member of its own",
        lambda o: packed(
            tar_member(o.top.encode() + b"/", kind=b"5"),
            pkg_info(o),
            inside(o, "src/", kind=b"5"),
            inside(o, "src/a.py"),
        ),
        "{sdist}",
    ),
    accepted(
        "symbolic-link-within",
        SYMBOLIC,
        lambda o: sdist(o, inside(o, "src/a", kind=b"2", target=b"../PKG-INFO")),
        "{sdist}",
    ),
    accepted(
        "hard-link",
        HARD,
        lambda o: sdist(o, inside(o, "a", kind=b"1", target=f"{o.top}/PKG-INFO".encode())),
        "{sdist}",
    ),
    accepted("licence", "PEP 639", lambda o: _licensed(o, inside(o, "LICENSE", b"MIT")), "{sdist}"),
]
