"""The simulation of many CI jobs."""

import random
from dataclasses import replace

import pytest

from bench import simulate
from bench.simulate import PLANS, READ_LIMIT, Load, Plan, markdown, run

SMALL = Plan(title="small", jobs=300, minutes=1)


def load(plan: Plan, what: str) -> Load:
    [found] = [one for one in run(plan).loads() if one.what.startswith(what)]
    return found


def test_ten_thousand_jobs_a_minute_stay_below_every_limit() -> None:
    assert PLANS[0].jobs == 10_000
    assert [one.what for one in run(replace(PLANS[0], minutes=2)).loads() if one.is_too_much] == []


def test_one_token_for_everything_is_told_to_be_too_much() -> None:
    plan = replace(SMALL, jobs=600, absent=600, rate=100_000)
    assert load(plan, "one token").is_too_much
    assert not load(replace(plan, accounts=8), "one token").is_too_much
    assert "| **above** |" in markdown(run(plan))


def test_every_request_reads_its_token_and_every_job_ends() -> None:
    outcome = run(SMALL)

    tokens = sum(units for (_, kind, _), units in outcome.reads.items() if kind == "token")
    assert tokens == outcome.passed.total() == outcome.requests == 3 * SMALL.jobs
    heads = sum(units for (_, kind, _), units in outcome.reads.items() if kind == "head")
    assert heads == 3 * SMALL.jobs


def test_the_front_lets_no_more_through_than_its_rate_and_what_it_saved() -> None:
    plan = replace(SMALL, within=1, rate=50)
    outcome = run(plan)

    assert max(outcome.passed.values()) <= 2 * plan.rate
    assert outcome.refused > 0
    assert outcome.passed.total() + outcome.refused == outcome.requests


def test_a_job_that_is_refused_too_often_gives_up() -> None:
    outcome = run(replace(SMALL, within=1, rate=1))
    assert outcome.given_up > 0
    assert outcome.passed.total() < 3 * SMALL.jobs


def test_the_same_seed_tells_the_same() -> None:
    first = markdown(run(SMALL))
    random.seed(0)
    assert markdown(run(SMALL)) == first
    assert markdown(run(replace(SMALL, seed=2))) != first


def test_the_project_is_what_its_items_are_together() -> None:
    reads = simulate.READS
    per_job = sum(
        units
        for request in ("page", "metadata", "file")
        for kind, units in reads[request].items()
        if kind not in {"token", "account"}
    )
    whole, head = load(SMALL, "the project"), load(SMALL, "one head")
    assert whole.mean / head.mean == pytest.approx(per_job / 3)


@pytest.mark.parametrize(("asked", "is_too_much"), [(READ_LIMIT, False), (READ_LIMIT + 1, True)])
def test_a_limit_may_be_reached_and_not_passed(*, asked: int, is_too_much: bool) -> None:
    assert Load("x", asked, asked, asked, READ_LIMIT).is_too_much is is_too_much
