"""Targets of links in archives."""

import pytest

from app.domain import link_targets
from app.domain.member_names import Kind, MemberNames
from app.errors import BadFile


@pytest.mark.parametrize("target", [b"c", b"./c/d", b"../c", b"../b//c/", b".", b".."])
def test_a_symbolic_link_may_point_into_the_top_folder(target: bytes) -> None:
    link_targets.check_symbolic(b"t/a/link", target)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (b"/etc/passwd", "points out of the archive, to /etc/passwd"),
        (b"../..", "points out of the archive"),
        (b"../../../..", "points out of the archive"),
        (b"../../other", "points out of the archive"),
        (b"x/../y", "'..' segment"),
        (b"C:/x", "a drive letter"),
        (b"..\\x", "a backslash"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_symbolic_link_may_not_leave_it(target: bytes, reason: str) -> None:
    with pytest.raises(BadFile, match=reason):
        link_targets.check_symbolic(b"t/a/link", target)


def test_a_hard_link_may_repeat_a_file_before_it() -> None:
    names = MemberNames()
    names.add(b"t/file", Kind.FILE)
    names.add(b"t/link", Kind.LINK)
    names.add(b"t/folder", Kind.FOLDER)

    link_targets.check_hard(b"t/x", b"t/file", names)
    for target in (b"t/link", b"t/folder", b"t/later", b"/etc/passwd", b"t/./file"):
        with pytest.raises(BadFile, match=r"the hard link t/x repeats no file before it"):
            link_targets.check_hard(b"t/x", target, names)
