"""Names of archive members."""

import unicodedata
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import archive_limits, member_names
from app.domain.member_names import Kind, MemberNames
from app.errors import BadFile


@pytest.mark.parametrize(
    "name",
    ["a", "a/b.py", "a..b/...", ".hidden", "ünïcode/名.py", "a b", "x" * 1024, "a/" * 63 + "b"],
)
def test_a_plain_relative_path_is_allowed(name: str) -> None:
    member_names.check(name.encode())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (b"", "empty"),
        (b"/etc/passwd", "an absolute path"),
        (b"../x", "'..' segment"),
        (b"a/../x", "'..' segment"),
        (b"a/..", "'..' segment"),
        (b"./a", "'..' segment"),
        (b"a//b", "'..' segment"),
        (b"a/", "'..' segment"),
        (b"a\\b", "a backslash"),
        (b"C:x", "a drive letter"),
        (b"a/c:/x", "a drive letter"),
        (b"a\nb", "a control character"),
        (b"a\x00b", "a control character"),
        (b"a\x7f", "a control character"),
        ("a\x85".encode(), "a control character"),
        ("a\u2028b".encode(), "a control character"),
        (b"\xff", "is not UTF-8"),
        (b"\xed\xa0\x80", "is not UTF-8"),
        (b"x" * 1025, "longer than 1024 bytes"),
        (b"a/" * 64 + b"b", "more than 64 folders deep"),
    ],
)
def test_what_could_lead_elsewhere_is_refused(name: bytes, reason: str) -> None:
    with pytest.raises(BadFile, match=reason) as refusal:
        member_names.check(name)
    assert refusal.value.detail.isprintable()


@given(st.binary(max_size=50))
def test_a_name_is_shown_on_one_line_whatever_it_holds(name: bytes) -> None:
    assert member_names.shown(name).isprintable()


def test_a_long_name_is_shown_shortened() -> None:
    assert len(member_names.shown(b"x" * 1000)) == 201


def names(*added: tuple[str, Kind]) -> MemberNames:
    collected = MemberNames()
    for name, kind in added:
        collected.add(name.encode(), kind)
    return collected


def test_names_are_numbered_in_their_order() -> None:
    collected = names(("a", Kind.FOLDER), ("a/b", Kind.FILE))

    assert len(collected) == 2
    assert collected.number(b"a/b") == 1
    assert collected.number(b"b") is None
    assert collected.kind(b"a") is Kind.FOLDER
    assert collected.kind(b"b") is None
    assert list(collected.files()) == [(1, b"a/b")]


@pytest.mark.parametrize("kind", Kind)
def test_a_name_may_not_come_twice(kind: Kind) -> None:
    with pytest.raises(BadFile, match="holds a/b twice"):
        names(("a/b", Kind.FILE), ("a/b", kind))


def test_an_unsafe_name_is_not_added() -> None:
    with pytest.raises(BadFile, match="absolute"):
        names(("/a", Kind.FILE))


def test_the_number_of_members_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    assert archive_limits.MAX_MEMBERS == 50_000
    monkeypatch.setattr(archive_limits, "MAX_MEMBERS", 1)
    with pytest.raises(BadFile, match="more than 1 members"):
        names(("a", Kind.FILE), ("b", Kind.FILE))


def test_the_sum_of_all_names_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member_names, "MAX_TOTAL", 3)
    with pytest.raises(BadFile, match="or 3 bytes of names"):
        names(("aa", Kind.FILE), ("bb", Kind.FILE))


@pytest.mark.parametrize("kind", [Kind.FILE, Kind.LINK])
@pytest.mark.parametrize("below", ["a/b", "a/b/c"])
def test_only_a_folder_has_something_below_it(kind: Kind, below: str) -> None:
    with pytest.raises(BadFile, match=f"holds {below} below a, which is no folder"):
        names((below, Kind.FILE), ("a", kind)).check_tree()


def test_folders_may_be_left_out_or_come_later() -> None:
    names(("a/b/c", Kind.FILE), ("a", Kind.FOLDER), ("d/e", Kind.LINK)).check_tree()


def test_no_name_is_below_a_link_in_any_spelling() -> None:
    names = MemberNames()
    names.add("a/É".encode(), Kind.LINK)
    names.add("A/e\u0301/b".encode(), Kind.FILE)

    with pytest.raises(BadFile, match="below a/É, which is no folder"):
        names.check_tree()


def test_long_names_are_compared_with_links_in_time() -> None:
    """Normalising takes time in the square of a name's length, and is done once for each step."""
    names, marks = MemberNames(), "a" + "\u0301\u0323" * 200
    names.add(b"link", Kind.LINK)
    with patch.object(member_names.unicodedata, "normalize", wraps=unicodedata.normalize) as made:
        for number in range(50):
            names.add(f"{marks}/x/{number}".encode(), Kind.FILE)
        names.check_tree()

    assert made.call_count <= 1
