"""Cursors: what they lead to, and what they do not."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import cursor
from app.errors import BadRequest

entries = st.text(st.characters(codec="utf-8"), min_size=1, max_size=250)


@given(entries)
def test_a_cursor_leads_back_to_its_entry_and_fits_into_a_url(entry: str) -> None:
    text = cursor.encode("shelf", entry)
    assert cursor.decode("shelf", text) == entry
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)


@given(entries)
def test_a_cursor_of_another_list_is_refused(entry: str) -> None:
    with pytest.raises(BadRequest, match="leave it out"):
        cursor.decode("cellar", cursor.encode("shelf", entry))


@given(st.one_of(st.text(), st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode())))
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="leave it out"):
        cursor.decode("shelf", text)


@pytest.mark.parametrize("position", range(13))
def test_a_changed_cursor_is_refused(position: int) -> None:
    text = cursor.encode("shelf", "jam")
    other = "A" if text[position] != "A" else "B"
    with pytest.raises(BadRequest):
        cursor.decode("shelf", text[:position] + other + text[position + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        cursor.encode("shelf", ""),  # would start from the beginning, for ever
        cursor.encode("shelf", "x" * 2000),
        cursor.encode("shelf", "jam") + "\N{ARABIC-INDIC DIGIT ONE}",
        "null",
    ],
)
def test_what_no_list_gives_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        cursor.decode("shelf", text)


@pytest.mark.parametrize(("limit", "shown"), [(1, "a"), (2, "ab"), (3, "abc"), (9, "abc")])
def test_a_list_is_cut_where_it_was_asked_to_be(limit: int, shown: str) -> None:
    part = cursor.cut(iter("abc"), limit, place="shelf", key=str)
    assert part.entries == list(shown)
    assert part.next == (None if shown == "abc" else cursor.encode("shelf", shown[-1]))
