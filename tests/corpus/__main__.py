"""`python -m tests.corpus URL`: play the corpus against an index; exit 1 if anything is wrong.

In the place of a URL, `flask` and `lambda` stand for an index in this process, and `inspector` for
what reads the files, without an index around it.
"""

import argparse
import faulthandler
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.corpus.case import Case
from tests.corpus.cases import ALL
from tests.corpus.inspector import InspectorPlayer
from tests.corpus.runner import Player, Result, totals
from tests.corpus.transports import OverFlask, OverHttp, OverLambda


def main() -> int:
    """Play what is asked for and print what was wrong, then the totals."""
    asked = _parser().parse_args()
    cases = [case for case in ALL if case.name.startswith(tuple(asked.only or [""]))]
    started = time.monotonic()
    with _player(asked) as player:
        playable = [case for case in cases if player.can_play(case)]
        results = list(_played(player, playable, asked))
    _say(totals(results))
    _say(f"{len(results)} cases in {time.monotonic() - started:.1f} s")
    if len(playable) < len(cases):
        _say(f"{len(cases) - len(playable)} cases were left out: they need more than there is here")
    return 0 if results and all(result.is_right for result in results) else 1


def _played(player: Any, cases: list[Case], asked: argparse.Namespace) -> Iterator[Result]:
    for case in cases:
        if asked.seconds:
            faulthandler.dump_traceback_later(asked.seconds, exit=True)
        result = player.play(case)
        yield result
        if asked.verbose or not result.is_right:
            _print(result)
        if asked.stop and not result.is_right:
            break
    faulthandler.cancel_dump_traceback_later()


@contextmanager
def _player(asked: argparse.Namespace) -> Iterator[Any]:
    """Yield what plays cases against what was asked for."""
    if asked.target == "inspector":
        yield InspectorPlayer()
    elif asked.target in {"flask", "lambda"}:
        from tests.corpus import local

        with local.emulated() as app, local.lambda_function(app) as function:
            transport = OverFlask(app) if asked.target == "flask" else OverLambda(function)
            yield local.LocalPlayer(app, transport)
    else:
        if not asked.token:
            sys.exit("Give a token that may upload and manage: --token or LARDER_TOKEN.")
        player = Player(OverHttp(asked.target), token=asked.token, stranger=asked.stranger)
        _say(f"All projects are called {player.prefix}-*.")
        yield player


def _print(result: Result) -> None:
    status = result.answer.status if result.answer else "---"
    _say(f"{'right' if result.is_right else 'WRONG'} {status} {result.case.name}")
    for fault in result.faults:
        _say(f"      {fault}")
    if not result.is_right:
        _say(f"      because: {result.case.why}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("target", metavar="URL", help="of the index, or: flask, lambda, inspector")
    parser.add_argument(
        "--token",
        default=os.environ.get("LARDER_TOKEN"),
        help="with the permission manage for every project (default: LARDER_TOKEN)",
    )
    parser.add_argument(
        "--stranger",
        default=os.environ.get("LARDER_STRANGER_TOKEN", ""),
        help="of an ordinary account without a role, with the permission manage"
        " (default: LARDER_STRANGER_TOKEN); without it some cases are left out",
    )
    parser.add_argument("--only", action="append", metavar="PREFIX", help="cases that begin so")
    parser.add_argument("--stop", action="store_true", help="end with the first that is wrong")
    parser.add_argument("--seconds", type=float, help="give up where a case takes longer")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every case")
    return parser


if __name__ == "__main__":
    sys.exit(main())
