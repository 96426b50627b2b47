"""What a wheel must hold: one .dist-info folder with its documents (binary distribution format)."""

from tests import make
from tests.corpus.archives import MIB, WHEEL, members, wheel
from tests.corpus.case import Case, Own
from tests.corpus.uploads import accepted, refused_wheel
from tests.raw_archives import ZipMember, zip_archive

DOCUMENTS = "a wheel has METADATA, WHEEL and RECORD in one .dist-info folder"
NAMED = "the .dist-info folder is named after project and version"
MEMORY = "documents are read into memory, so they have limits"
WHEEL_VERSION = "WHEEL says of which version of the format a wheel is"
ENTRY_POINTS = "entry points specification; installers make a file of each script"
LICENSES = "PEP 639: licence files that the metadata names are in the archive"


def _without(document: str) -> Case:
    return refused_wheel(
        f"no-{document.lower()}",
        DOCUMENTS,
        lambda o: make.wheel(o.project, leave_out=(document,)),
        "it must hold exactly one",
    )


def _with(name: str, why: str, says: str, path: str, content: bytes = b"") -> Case:
    """Return the case of a wheel with one file more, or other content in one of its documents."""
    return refused_wheel(name, why, lambda o: wheel(o, {path: content}), says)


def _large(document: str, limit: int) -> Case:
    def build(own: Own) -> bytes:
        files = {} if document != "entry_points.txt" else {"{folder}/entry_points.txt": b""}
        listed = members(own, files)
        for member in listed:
            if member.name.endswith(document.encode()):
                member.both = {"size": limit + 1}
        return zip_archive(listed)

    return refused_wheel(f"large-{document}", MEMORY, build, f"is larger than {limit} bytes")


def _folder_for_a_document(own: Own) -> bytes:
    path = f"{own.folder}/METADATA"
    listed = [member for member in members(own) if member.name.decode() != path]
    return zip_archive([*listed, ZipMember(name=f"{path}/".encode(), method=0, attributes=0)])


def _elsewhere(own: Own, folder: str) -> bytes:
    """Return a wheel with another name for its .dist-info folder."""
    text = make.wheel(own.project)
    assert len(folder) == len(own.folder)
    return text.replace(own.folder.encode(), folder.encode())


def _script(name: str, says: str, line: str) -> Case:
    text = f"[console_scripts]\n{line}\n".encode()
    return _with(f"script-{name}", ENTRY_POINTS, says, "{folder}/entry_points.txt", text)


def _spelled(own: Own) -> bytes:
    """Return a wheel whose folder spells the project in another way."""
    here, there = own.folder.encode(), own.folder.capitalize().encode()
    listed = members(own)
    for member in listed:
        member.name = member.name.replace(here, there)
    listed[-1].content = listed[-1].content.replace(here, there)
    return zip_archive(listed)


def _licensed(own: Own) -> bytes:
    path = f"{own.folder}/licenses/LICENSE"
    return make.wheel(own.project, members={path: b"MIT"}, License_File="LICENSE")


CASES = [
    *map(_without, ("METADATA", "WHEEL", "RECORD")),
    refused_wheel(
        "no-dist-info",
        DOCUMENTS,
        lambda _: zip_archive([ZipMember(name=b"a")]),
        "it must hold exactly one *.dist-info/METADATA",
    ),
    refused_wheel(
        "folder-called-metadata", DOCUMENTS, _folder_for_a_document, "it must hold exactly one"
    ),
    _with(
        "second-dist-info",
        DOCUMENTS,
        "it must hold exactly one .dist-info folder, not",
        "other-1.0.dist-info/METADATA",
    ),
    refused_wheel(
        "two-spellings-of-dist-info",
        DOCUMENTS,
        lambda o: wheel(o, {f"{o.stem}-1.dist-info/METADATA": b""}),
        "exactly one .dist-info folder, not",
    ),
    refused_wheel(
        "other-project",
        NAMED,
        lambda o: _elsewhere(o, "x" + o.folder[1:]),
        "it holds the .dist-info of something else",
    ),
    refused_wheel(
        "other-version",
        NAMED,
        lambda o: _elsewhere(o, o.folder.replace("-1.0.", "-2.0.")),
        "it holds the .dist-info of something else",
    ),
    refused_wheel(
        "no-version",
        NAMED,
        lambda o: _elsewhere(o, o.folder.replace("-1.0.", "-xxx.")),
        "it holds the .dist-info of something else",
    ),
    _with(
        "upper-case-dist-info",
        "on some systems it is the same folder",
        "exactly one .dist-info",
        "other-1.0.DIST-INFO/METADATA",
    ),
    *(
        _with(
            f"second-{document}",
            "on some systems it is the same file",
            f"/{document} for another file",
            f"{{folder}}/{document}",
        )
        for document in ("metadata", "Record", "wheel", "Entry_Points.txt")
    ),
    _large("METADATA", 4 * MIB),
    _large("RECORD", 16 * MIB),
    _large("WHEEL", 64 * 1024),
    _large("entry_points.txt", 256 * 1024),
    _with("wheel-not-utf8", WHEEL_VERSION, "WHEEL is not UTF-8", "{folder}/WHEEL", b"\xff"),
    _with("wheel-empty", WHEEL_VERSION, "WHEEL must hold one 'Wheel-Version", "{folder}/WHEEL"),
    _with(
        "wheel-of-the-future",
        WHEEL_VERSION,
        "WHEEL must hold one 'Wheel-Version",
        "{folder}/WHEEL",
        b"Wheel-Version: 2.0\n",
    ),
    _with(
        "wheel-of-two-versions",
        WHEEL_VERSION,
        "WHEEL must hold one 'Wheel-Version",
        "{folder}/WHEEL",
        WHEEL + WHEEL,
    ),
    _with(
        "entry-points-not-utf8",
        ENTRY_POINTS,
        "entry_points.txt is not UTF-8",
        "{folder}/entry_points.txt",
        b"\xff",
    ),
    _with(
        "entry-point-without-group",
        ENTRY_POINTS,
        "which is no 'name = object'",
        "{folder}/entry_points.txt",
        b"run = x:main",
    ),
    _script("without-object", "entry_points.txt holds run, which is no 'name = object'", "run"),
    _script("without-name", "which is no 'name = object'", "= x:main"),
    _script("outside", "names a script ../evil, which is a path", "../evil = x:main"),
    _script("in-the-folder-above", "names a script .., which is a path", ".. = x:main"),
    _script("absolute", "names a script /evil, which is a path", "/evil = x:main"),
    _with(
        "gui-script-outside",
        ENTRY_POINTS,
        "names a script ../evil, which is a path",
        "{folder}/entry_points.txt",
        b"[gui_scripts]\n../evil = x:main\n",
    ),
    _script("of-code", "gives the script run no 'module:object'", "run = os;import os"),
    _with(
        "licence-missing",
        LICENSES,
        "which is missing",
        "{folder}/METADATA",
        b"Metadata-Version: 2.4\nLicense-File: LICENSE\n",
    ),
    accepted(
        "minor-version",
        "a newer minor version is compatible",
        lambda o: wheel(o, {"{folder}/WHEEL": b"Wheel-Version: 1.9\n"}),
    ),
    accepted(
        "entry-points",
        ENTRY_POINTS,
        lambda o: wheel(o, {"{folder}/entry_points.txt": b"[console_scripts]\nr = x:m\n"}),
    ),
    accepted("licence", LICENSES, _licensed),
    accepted(
        "dist-info-spelled-otherwise",
        "name and version are equal, however they are spelled",
        _spelled,
    ),
    accepted(
        "any-order", "RECORD last is a custom, no rule", lambda o: zip_archive(reversed(members(o)))
    ),
]
