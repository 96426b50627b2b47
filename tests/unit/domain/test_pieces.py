"""Large pages, changed piece by piece: always what rendering them anew would give."""

import dataclasses
import gzip
import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from app.domain import pieces, simple
from app.domain.dist_file import ListedFile
from app.domain.pages import Format
from app.domain.pieces import Composition, Edition
from app.domain.project import ProjectStatus
from app.domain.simple import ProjectPage

DEMO = canonicalize_name("demo")


def file_of(number: int, *, yanked: str | None = None) -> ListedFile:
    # Every fifth spells its version in another way.
    version = f"{number // 3}.0" if number % 5 else f"{number // 3}.0.0"
    return ListedFile(
        project=DEMO,
        filename=f"demo-{version}-{number}-py3-none-any.whl",
        version=version,
        size=number,
        sha256=hashlib.sha256(str(number).encode()).hexdigest(),
        metadata_sha256="d" * 64,
        requires_python=">=3.11",
        uploaded_at=datetime(2026, 11, 22, 9, 8, 7, 65, tzinfo=UTC),
        yanked=yanked,
        attested=number % 7 == 0,
    )


def page_of(files: Iterable[ListedFile], address: str = "https://index") -> ProjectPage:
    return simple.page_of(DEMO, files, address=address)


class Files:
    """The files of a project, as the table has them."""

    def __init__(self, files: Iterable[ListedFile]) -> None:
        self.by_name = {file.filename: file for file in files}
        self.fetched = 0

    def all(self) -> list[ListedFile]:
        return [self.by_name[name] for name in sorted(self.by_name)]

    def between(self, first: str, end: str | None) -> Sequence[ListedFile]:
        found = [f for f in self.all() if first <= f.filename and (end is None or f.filename < end)]
        self.fetched += len(found)
        return found


def read(edition: Edition, address: str = "https://index") -> Composition | None:
    bodies = {form: page.body for form, page in edition.pages.items()}
    return Composition.read(edition.index, bodies, address)


def updated(edition: Edition, files: Files, changed: Iterable[str]) -> Edition:
    composition = read(edition)
    assert composition is not None
    return composition.update(set(changed), files.between).edition(page_of(()))


NUMBERS = st.integers(0, 600)
CHANGES = st.lists(
    st.lists(
        st.tuples(NUMBERS, st.sampled_from(["add", "remove", "yank"])), min_size=1, max_size=4
    ),
    max_size=6,
)


@settings(max_examples=40)
@given(st.sets(NUMBERS, min_size=130), CHANGES)
def test_any_sequence_of_changes_gives_the_page_that_would_be_rendered_anew(
    start: set[int], changes: list[list[tuple[int, str]]]
) -> None:
    files = Files(file_of(number) for number in start)
    edition = pieces.edition(page_of(files.all()))
    for step in changes:
        names = set()
        for number, change in step:
            file = file_of(number, yanked="bad" if change == "yank" else None)
            names.add(file.filename)
            if change == "remove":
                files.by_name.pop(file.filename, None)
            else:
                files.by_name[file.filename] = file
        edition = updated(edition, files, names)

        assert edition == Composition.of(files.all(), "https://index").edition(page_of(()))
    for form in Format:
        page = gzip.decompress(edition.pages[form].body)
        assert page == simple.render(page_of(files.all()), form)


@settings(max_examples=20)
@given(st.sets(NUMBERS, min_size=130), st.lists(NUMBERS, min_size=1, max_size=30))
def test_files_that_go_unannounced_are_missed_or_left_out_but_never_break_a_page(
    start: set[int], gone: list[int]
) -> None:
    """Whoever removed them has not said so yet, and will."""
    files = Files(file_of(number) for number in start)
    edition = pieces.edition(page_of(files.all()))
    for number in gone:
        files.by_name.pop(file_of(number).filename, None)
    edition = updated(edition, files, [file_of(gone[0]).filename])
    edition = updated(edition, files, [file_of(number).filename for number in gone])

    assert edition == Composition.of(files.all(), "https://index").edition(page_of(()))


def test_a_change_reads_a_few_files_and_not_all() -> None:
    files = Files(file_of(number) for number in range(3000))
    edition = pieces.edition(page_of(files.all()))

    cost = []
    for number in range(3000, 3050):
        file = file_of(number)
        files.by_name[file.filename] = file
        files.fetched = 0
        edition = updated(edition, files, [file.filename])
        cost.append(files.fetched)

    assert sum(cost) / len(cost) < 100
    assert edition == pieces.edition(page_of(files.all()))


def test_the_last_file_of_a_piece_may_go_and_the_first_and_all() -> None:
    files = Files(file_of(number) for number in range(200))
    edition = pieces.edition(page_of(files.all()))
    for name in sorted(files.by_name)[:195]:
        del files.by_name[name]
        edition = updated(edition, files, [name])
        assert edition == Composition.of(files.all(), "https://index").edition(page_of(()))


def test_without_the_file_that_began_it_a_piece_belongs_to_the_one_before() -> None:
    files = Files(file_of(number) for number in range(400))
    edition = pieces.edition(page_of(files.all()))
    composition = read(edition)
    assert composition is not None
    borders = [piece.first for piece in composition.pieces[1:]]
    assert len(borders) > 5
    for name in borders:
        del files.by_name[name]
        edition = updated(edition, files, [name])
        assert edition == Composition.of(files.all(), "https://index").edition(page_of(()))


def test_a_small_page_is_one_piece_of_gzip_without_an_index() -> None:
    edition = pieces.edition(page_of(file_of(number) for number in range(pieces.LARGE - 1)))
    assert edition.index == b""


def test_a_large_page_says_what_a_small_one_would() -> None:
    files = [file_of(number) for number in range(300)]
    page = simple.page_of(
        DEMO, files, status=ProjectStatus.DEPRECATED, status_reason="use other", address="https://x"
    )
    edition = pieces.edition(page)

    assert edition.index
    for form in Format:
        assert gzip.decompress(edition.pages[form].body) == simple.render(page, form)
    told = json.loads(gzip.decompress(edition.pages[Format.JSON].body))
    assert told["project-status"] == {"status": "deprecated", "reason": "use other"}
    assert len(told["files"]) == 300


@pytest.mark.parametrize("change", [{"status": ProjectStatus.ARCHIVED}, {"status_reason": "x"}])
def test_what_stands_around_the_files_follows_without_any_file(change: dict[str, object]) -> None:
    files = Files(file_of(number) for number in range(200))
    page = simple.page_of(DEMO, files.all(), status=ProjectStatus.DEPRECATED)
    composition = read(pieces.edition(page), "")
    assert composition is not None
    page = dataclasses.replace(page, **change)  # type: ignore[arg-type]

    assert composition.update((), files.between).edition(page) == pieces.edition(page)
    assert files.fetched == 0


def test_pieces_that_would_be_rendered_differently_now_are_not_taken_over() -> None:
    edition = pieces.edition(page_of(file_of(number) for number in range(200)))

    assert read(edition, "https://index") is not None
    assert read(edition, "https://other") is None


def test_many_changes_at_once_are_left_to_rendering_all() -> None:
    composition = read(pieces.edition(page_of(file_of(number) for number in range(3000))))
    assert composition is not None
    assert composition.takes(1)
    assert not composition.takes(len(composition.pieces))
