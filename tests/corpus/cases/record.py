"""RECORD: lists every file of a wheel once, with its digest (binary distribution format)."""

from functools import partial

from tests.corpus.archives import CODE, members, recorded
from tests.corpus.case import Case, Own
from tests.corpus.uploads import accepted, refused_wheel
from tests.raw_archives import ZipMember, row, zip_archive

ALL = "RECORD lists all files of the wheel, each once"
DIGEST = "each file but RECORD has a digest by sha256 or better"
TRUE = "what RECORD says of a file is true"
CSV = "RECORD is CSV in UTF-8, three fields a line"
ROW = row("x.py", CODE)
SHA = ROW.split(",")[1]


def _lines(name: str, why: str, says: str, *lines: str | bytes) -> Case:
    return refused_wheel(name, why, lambda o: recorded(o, *lines), says)


def _without_itself(own: Own) -> bytes:
    listed = members(own)
    listed[-1].content = listed[-1].content.replace(f"{own.folder}/RECORD,,\n".encode(), b"")
    return zip_archive(listed)


def _signed(kind: str, own: Own) -> bytes:
    return zip_archive([*members(own), ZipMember(name=f"{own.folder}/RECORD.{kind}".encode())])


def _folder_listed(own: Own) -> bytes:
    folder = ZipMember(name=b"pkg/", method=0, attributes=0o40755 << 16)
    return zip_archive([folder, *members(own, rows=[row("pkg", b"")])])


def _with_a_comma(own: Own) -> bytes:
    listed = members(own, rows=[row('"b,""c"""', b"")])
    return zip_archive([*listed, ZipMember(name=b'b,"c"')])


def _of_itself(what: str, own: Own) -> bytes:
    listed = members(own)
    itself = f"{own.folder}/RECORD,".encode()
    listed[-1].content = listed[-1].content.replace(itself + b",", itself + what.encode())
    return zip_archive(listed)


def _signed_with_a_size(own: Own) -> bytes:
    name = f"{own.folder}/RECORD.jws"
    return zip_archive([*members(own, rows=[f"{name},,12345"]), ZipMember(name=name.encode())])


CASES = [
    *(
        refused_wheel(f"itself-with-a-{name}", TRUE, partial(_of_itself, what), "gives itself")
        for name, what in (("digest", "sha256=AAAA,"), ("size", ",99999"))
    ),
    refused_wheel("signature-with-a-size", TRUE, _signed_with_a_size, "no digest by one of"),
    _lines("file-left-out", ALL, "RECORD does not list x.py, which the archive holds"),
    refused_wheel("itself-left-out", ALL, _without_itself, "/RECORD, which the archive holds"),
    _lines("ghost", ALL, "RECORD lists y.py, which the archive does not", ROW, row("y.py", b"")),
    _lines(
        "ghost-outside",
        "installers delete what RECORD lists when they uninstall",
        "RECORD lists ../../evil.py, which the archive does not",
        ROW,
        row("../../evil.py", b""),
    ),
    _lines(
        "absolute",
        "installers delete what RECORD lists when they uninstall",
        "RECORD lists /etc/passwd, which the archive does not",
        ROW,
        row("/etc/passwd", b""),
    ),
    refused_wheel("folder", ALL, _folder_listed, "RECORD lists pkg, which the archive does not"),
    _lines("twice", ALL, "RECORD lists x.py twice", ROW, ROW),
    _lines("twice-with-two-digests", ALL, "RECORD lists x.py twice", ROW, row("x.py", b"y")),
    _lines("itself-twice", ALL, "/RECORD twice", ROW, "{folder}/RECORD,,"),
    _lines("no-digest", DIGEST, "RECORD gives x.py no digest by one of", "x.py,,"),
    _lines("md5", DIGEST, "RECORD gives x.py no digest by", row("x.py", CODE, "md5")),
    _lines("sha1", DIGEST, "RECORD gives x.py no digest by", row("x.py", CODE, "sha1")),
    _lines("unknown-algorithm", DIGEST, "RECORD gives x.py no digest by", "x.py,crc32=1,6"),
    _lines("false-digest", TRUE, "for x.py, the archive holds", row("x.py", b"y = 2\n")),
    _lines(
        "padded-digest",
        "digests are base64 without padding",
        "for x.py, the archive holds",
        ROW.replace(",6", "=,6"),
    ),
    _lines("empty-digest", TRUE, "RECORD says sha256=", "x.py,sha256=,6"),
    _lines(
        "false-size", TRUE, "RECORD says 7 bytes for x.py, the archive holds 6", f"x.py,{SHA},7"
    ),
    _lines("size-in-words", CSV, "RECORD gives x.py a size that is no number", f"x.py,{SHA},six"),
    _lines("negative-size", CSV, "RECORD gives x.py a size that is no number", f"x.py,{SHA},-6"),
    _lines("endless-size", CSV, "a size that is no number", f"x.py,{SHA}," + "6" * 3000),
    _lines(
        "endless-line",
        "a line is kept in memory",
        "RECORD has a line of more than 4096 bytes",
        f"x.py,{SHA}," + "6" * 300_000,
    ),
    _lines("two-fields", CSV, "line 1 of RECORD does not have 3 fields", f"x.py,{SHA}"),
    _lines("four-fields", CSV, "line 1 of RECORD does not have 3 fields", f"{ROW},"),
    _lines("blank-line", CSV, "line 2 of RECORD does not have 3 fields", ROW, ""),
    _lines("not-utf8", CSV, "line 1 of RECORD is no UTF-8 CSV", b"\xff,,"),
    _lines("quote-left-open", CSV, "line 1 of RECORD is no UTF-8 CSV", f'"{ROW}'),
    _lines("bare-carriage-return", CSV, "line 1 of RECORD is no UTF-8 CSV", "x\r.py,,"),
    *(
        accepted(f"signature-{kind}", "it is exempt, for it signs RECORD", partial(_signed, kind))
        for kind in ("jws", "p7s")
    ),
    accepted("sha512", DIGEST, lambda o: recorded(o, row("x.py", CODE, "sha512"))),
    accepted("no-size", "a size may be left out", lambda o: recorded(o, f"x.py,{SHA},")),
    accepted("windows-lines", "the csv module writes them so", lambda o: recorded(o, f"{ROW}\r")),
    accepted("comma-in-a-path", "CSV has quotes for that", _with_a_comma),
]
