"""entry_points.txt of wheels."""

import contextlib
import importlib.metadata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import entry_points
from app.errors import BadFile


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[console_scripts]\nlarder = larder.cli:main\n",
        "# comment\n\n[console_scripts]\nlarder=larder:main [extra]\nl.2 = larder\n",
        "[gui_scripts]\r\nlarder = larder : main\r\n",
        "[any.group]\n../x = what/ever\nno:matter =\n",
    ],
)
def test_what_importlib_reads_is_allowed(document: str) -> None:
    entry_points.check(document.encode())


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"\xff", "not UTF-8"),
        (b"larder = larder:main", "no 'name = object'"),
        (b"console_scripts]", "no 'name = object'"),
        (b"[console_scripts]\nlarder", "no 'name = object'"),
        (b"[console_scripts]\n= larder:main", "no 'name = object'"),
        (b"[console_scripts\nlarder = larder:main", "no 'name = object'"),
        (b"[console_scripts]\n../larder = larder:main", "which is a path"),
        (b"[console_scripts]\n.. = larder:main", "which is a path"),
        (b"[gui_scripts]\n/larder = larder:main", "which is a path"),
        (b"[gui_scripts]\nC:larder = larder:main", "which is a path"),
        (b"[console_scripts]\na\\b = larder:main", "which is a path"),
        (b"[console_scripts]\nlarder = larder main", "no 'module:object'"),
        (b"[console_scripts]\nlarder = os;import os", "no 'module:object'"),
        (b"[console_scripts]\nlarder =", "no 'module:object'"),
    ],
)
def test_what_breaks_installers_is_refused(document: bytes, reason: str) -> None:
    with pytest.raises(BadFile, match=reason):
        entry_points.check(document)


@given(st.text("[]=#; \nab:.", max_size=40))
def test_what_is_accepted_can_be_read_by_importlib(document: str) -> None:
    with contextlib.suppress(BadFile):
        entry_points.check(document.encode())
        importlib.metadata.EntryPoints._from_text_for(document, None)  # type: ignore[attr-defined]
