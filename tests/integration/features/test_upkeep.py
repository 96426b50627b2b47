"""What is tried goes on past what fails."""

import logging

import pytest

from app.features.upkeep.service import Attempts


def test_what_fails_is_passed_over_counted_and_logged_with_its_cause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    attempts = Attempts()
    for divisor in (2, 0, 1):
        with attempts.at(f"1 / {divisor}"):
            attempts.done += bool(1 / divisor)

    assert (attempts.done, attempts.failed) == (2, 1)
    [record] = caplog.records
    assert (record.levelno, vars(record)["what"]) == (logging.ERROR, "1 / 0")
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError


def test_a_process_that_is_ended_is_no_failure() -> None:
    attempts = Attempts()

    with pytest.raises(KeyboardInterrupt), attempts.at("anything"):
        raise KeyboardInterrupt

    assert attempts.failed == 0
