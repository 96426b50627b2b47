"""Serials of projects, and what mirrors make of them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from app.domain import serial

START = datetime(2026, 11, 22, tzinfo=UTC)

# Seconds. A clock may be this wrong either way, and a list this late; together with one more clock,
# the reader's, that stays below SETTLING.
WRONG = 10
LATE = 35


def test_a_settled_serial_is_told_as_it_is() -> None:
    changed = serial.at(START)
    assert serial.told(changed, START + serial.SETTLING) == changed
    assert serial.told(serial.UNCOUNTED, START) == serial.UNCOUNTED


def test_a_young_serial_is_told_as_a_moment_that_has_settled() -> None:
    changed, now = serial.at(START), START + timedelta(seconds=5)
    assert serial.told(changed, now) == serial.at(now - serial.SETTLING) < changed


@dataclass(frozen=True)
class Change:
    """A change of a project at a real moment, by a clock that may be wrong, listed late."""

    project: str
    at: int
    wrong: int
    late: int


@dataclass
class Mirror:
    """Looks as bandersnatch does: one number for the whole index, and what stands above it."""

    serial: int = 0
    # How many changes of a project its copy holds.
    copies: dict[str, int] = field(default_factory=dict)

    def look(self, changes: list[Change], at: int, wrong: int) -> None:
        now = START + timedelta(seconds=at + wrong)
        listed: dict[str, int] = {}
        for change in changes:
            raised = serial.at(START + timedelta(seconds=change.at + change.wrong))
            if change.at + change.late <= at:
                listed[change.project] = max(raised, listed.get(change.project, 0) + 1)
        told = {project: serial.told(each, now) for project, each in listed.items()}
        for project in [project for project in told if told[project] > self.serial]:
            self.copies[project] = sum(
                change.project == project and change.at <= at for change in changes
            )
        self.serial = max([self.serial, *told.values()])


moments = st.integers(0, 20).map(lambda step: 5 * step)
clocks = st.sampled_from((0, -WRONG, WRONG))
changes_of_projects = st.builds(
    Change,
    project=st.sampled_from("ab"),
    at=moments,
    wrong=clocks,
    late=st.sampled_from((0, 1, LATE)),
)


# The worst there is: a change by a slow clock is listed late, and just before that a mirror looks,
# by a fast clock, at a list with a change by another fast clock.
@example(
    changes=[Change("a", at=0, wrong=-WRONG, late=LATE), Change("b", at=30, wrong=WRONG, late=0)],
    looks=[(LATE - 1, WRONG)],
)
@given(
    changes=st.lists(changes_of_projects, max_size=4),
    looks=st.lists(st.tuples(moments, clocks), max_size=3),
)
def test_no_mirror_misses_a_change_whenever_it_looks(
    changes: list[Change], looks: list[tuple[int, int]]
) -> None:
    changes.sort(key=lambda change: change.at)
    mirror = Mirror()
    for at, wrong in sorted(looks):
        mirror.look(changes, at, wrong)

    mirror.look(changes, 1000, 0)

    assert mirror.copies == {
        project: sum(change.project == project for change in changes)
        for project in {change.project for change in changes}
    }
