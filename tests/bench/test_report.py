"""The table and the verdict."""

import json
import re
import sys
from pathlib import Path

import pytest

from bench import limits
from bench.__main__ import main
from bench.limits import Limit
from bench.report import Report, Row

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.LIMITS, "timed", Limit(2))
    monkeypatch.setitem(limits.LIMITS, "counted", Limit(2, counted=True))


def row(**changes: object) -> Row:
    return Row(**({"part": "p", "what": "w", "value": 1, "unit": "ms"} | changes))  # type: ignore[arg-type]


def test_a_ratio_is_held_against_the_limit_and_not_the_figure() -> None:
    assert not row(value=50, ratio=1.9, limit="timed").missed
    assert row(value=1, ratio=2.1, limit="timed").missed


def test_without_a_ratio_it_is_the_figure() -> None:
    assert not row(value=2, limit="counted").missed
    assert row(value=3, limit="counted").missed


def test_a_figure_that_is_not_there_does_not_pass() -> None:
    assert row(value=None, limit="counted").missed


def test_only_what_is_counted_fails() -> None:
    assert row(value=3, limit="counted").fails
    assert not row(value=3, limit="timed").fails
    assert not row(value=3).fails


def test_the_table_shows_what_is_missed() -> None:
    report = Report([row(ratio=2.5, limit="timed", note="why"), row(part="q")])

    text = report.markdown()

    assert "| w | 1 ms | 2.50 \N{MULTIPLICATION SIGN} | 2 | **missed** · why |" in text
    assert text.index("## p") < text.index("## q")


def test_the_json_holds_rows_and_counts(tmp_path: Path) -> None:
    report = Report([row(value=3, limit="counted")], {"page": {"calls": 1}})

    report.write_json(tmp_path / "all.json")

    found = json.loads((tmp_path / "all.json").read_text())
    assert found["rows"][0]["missed"] is True
    assert found["counted"] == {"page": {"calls": 1}}
    assert found["machine"]["python"]


def test_every_limit_is_in_use() -> None:
    source = "".join(path.read_text() for path in (ROOT / "bench" / "parts").glob("*.py"))
    known = {x for x in limits.LIMITS if x not in {"timed", "counted"}}
    # A name may be made of parts, such as the number of files.
    unused = [x for x in known if f'"{x}"' not in source and not x.startswith("upload among")]
    assert unused == []


def test_every_part_is_described() -> None:
    described = (ROOT / "bench" / "README.md").read_text()
    names = re.findall(
        r'^    "(\w+)": \w+,$', (ROOT / "bench" / "__main__.py").read_text(), re.MULTILINE
    )
    assert len(names) >= 8
    assert [name for name in names if f"| {name} |" not in described] == []


def test_a_word_that_no_part_has_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "nothing-like-that"])

    assert main() == 2
    assert "cold" in capsys.readouterr().err
