"""Instructions of one more request to a function that runs: what a busy machine cannot change.

Flask is behind serverless_wsgi too here, and hands out the recorded answer of Larder. Both are
counted with one request and with many; the difference is what the others took.
"""

from collections.abc import Iterator

from bench import function
from bench.asking import Ask, ask_once
from bench.function import Function
from bench.index import Index, Site
from bench.report import Report, Row, say

NAME = "Instructions of a warm request in the function"
_MORE = 20


def run(site: Site, report: Report) -> Iterator[Row]:
    """Count each hot route."""
    if not (function.has_valgrind() and function.RUNTIME.exists()):
        note = "valgrind or the Lambda runtime client is missing: make setup-bench"
        yield Row(part=NAME, what="instructions", value=None, unit="", note=note)
        return
    index, larder = site.small, function.larder(site.folder / "steady", site.small.settings)
    floor = function.floor(site.folder / "steady", site.folder / "steady-answers")
    for number, (name, ask) in enumerate(_asks(site, index).items()):
        say(f"counting the instructions of a warm request: {name}")
        answer = ask_once(site.larder(index), ask)
        function.keep_answer(site.folder / "steady-answers" / str(number), answer)
        recorded = Ask(path=f"/{number}", status=ask.status, headers=ask.headers)
        taken, least = _one_more(larder, ask), _one_more(floor, recorded)
        yield Row(
            part=NAME,
            what=name,
            value=taken / 1e6,
            unit="M instructions",
            ratio=taken / least,
            note=f"Flask {least / 1e6:.2f}",
        )


def _asks(site: Site, index: Index) -> dict[str, Ask]:
    etag = ask_once(site.larder(index), index.page("files-10")).header("ETag")
    return {
        "page, 10 files": index.page("files-10"),
        "page, 10 files, plain": index.page("files-10", coding="identity"),
        "page, 10 files, 304": index.page("files-10", etag=etag),
        "page, 5,000 files": index.page("files-5000"),
        "metadata": index.file("files-1", metadata=True),
        "file, redirect": index.file("files-1"),
        "list of 10 projects": index.page(""),
    }


def _one_more(each: Function, ask: Ask) -> float:
    few = each.start(*[ask] * 2, counting=True).instructions
    many = each.start(*[ask] * (2 + _MORE), counting=True).instructions
    return (many - few) / _MORE
