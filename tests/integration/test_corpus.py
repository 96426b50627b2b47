"""The corpus against the application, over the Flask client and over Lambda's events."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app.config import Config
from app.factory import create_app
from app.models import base
from app.store.stores import Stores
from tests.corpus.case import Case, Own, Unexpected, acceptance, expect, one, refusal
from tests.corpus.cases import ALL
from tests.corpus.cases.forms import wheel
from tests.corpus.local import LocalPlayer, lambda_function
from tests.corpus.runner import Result, totals
from tests.corpus.transports import OverFlask, OverLambda
from tests.corpus.uploads import upload

pytestmark = pytest.mark.filterwarnings(
    # Werkzeug forgets the file of a form that is cut off, and with that it is closed.
    "ignore:Unclosed file <tempfile.SpooledTemporaryFile:ResourceWarning"
)


@pytest.fixture(scope="module")
def app(aws: None, config: Config, opened: Stores) -> Flask:
    """The application; as players empty its stores themselves, it is one for all cases."""
    base.bind(table=config.table, region=config.region, url=config.dynamodb_url)
    return create_app(config, opened)


@pytest.fixture(scope="module")
def player(app: Flask) -> LocalPlayer:
    return LocalPlayer(app, OverFlask(app))


@pytest.fixture
def over_lambda(app: Flask, player: LocalPlayer) -> Iterator[LocalPlayer]:
    with lambda_function(app) as function:
        yield LocalPlayer(app, OverLambda(function))
    player.start_over()  # what it had is gone


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_what_is_due_to_a_case_is_what_it_gets(player: LocalPlayer, case: Case) -> None:
    assert player.play(case).faults == (), case.why


def test_lambda_gives_every_case_what_is_due_to_it(over_lambda: LocalPlayer) -> None:
    results = [over_lambda.play(case) for case in ALL]

    assert [(result.case.name, result.faults) for result in results if not result.is_right] == []
    assert sum(result.server_errors for result in results) == 0


def test_the_corpus_is_large_and_no_case_stands_in_it_twice() -> None:
    assert len({case.name for case in ALL}) == len(ALL)
    assert sum(case.is_refusal for case in ALL) >= 200
    assert sum(not case.is_refusal for case in ALL) >= 25


def test_every_case_says_why_and_every_refusal_what_it_must_say() -> None:
    assert [case.name for case in ALL if not case.why] == []
    assert [case.name for case in ALL if case.is_refusal and not case.says] == []


RIGHT = acceptance("x", "x", lambda o: one(upload(o, wheel(o))), "Published", listed=("{wheel}",))


def _on_the_way(own: Own) -> Iterator[object]:
    expect(400, (yield upload(own, wheel(own))))


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        (refusal("x", "x", RIGHT.steps, "no"), "200 instead of 400"),
        (acceptance("x", "x", RIGHT.steps, "Hello", listed=("{wheel}",)), "does not say 'Hello'"),
        (acceptance("x", "x", RIGHT.steps), "listed afterwards: ['corpus_"),
        (acceptance("x", "x", RIGHT.steps, listed=("{wheel}", "{sdist}")), "listed afterwards"),
        (acceptance("x", "x", _on_the_way), "Unexpected: 200 instead of 400 on the way"),
    ],
)
def test_a_case_that_gets_something_else_is_wrong(
    player: LocalPlayer, case: Case, fault: str
) -> None:
    result = player.play(case)

    assert not result.is_right
    assert fault in " ".join(result.faults)


def test_a_server_error_is_counted(player: LocalPlayer, app: Flask) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError

    whole = refusal("x", "x", RIGHT.steps, "", status=500)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(app.view_functions, "upload.publish", crash)
        result = player.play(whole)

    assert (result.is_right, result.server_errors) == (False, 1)


def test_totals_count_refusals_acceptances_and_what_was_wrong(player: LocalPlayer) -> None:
    results: list[Result] = [player.play(RIGHT), player.play(refusal("x", "x", RIGHT.steps, "no"))]

    table = [line.split() for line in totals(results).splitlines()]

    assert table == [
        ["cases", "as", "expected", "wrong", "5xx"],
        ["must", "be", "refused", "1", "0", "1", "0"],
        ["must", "be", "accepted", "1", "1", "0", "0"],
    ]


def test_an_unexpected_answer_on_the_way_says_what_it_was() -> None:
    from tests.corpus.case import Answer

    with pytest.raises(Unexpected, match="404 instead of 200 on the way: gone"):
        expect(200, Answer(404, "gone"))
