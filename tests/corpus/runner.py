"""Playing cases: sends what they send, compares what comes back, and looks what is listed then."""

import http.client
import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from tests.corpus.case import SIMPLE_JSON, Answer, Case, Own, Request, Unexpected
from tests.corpus.transports import Transport

_SHOWN = 300


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a case."""

    case: Case
    # The last answer; None where there was none.
    answer: Answer | None
    # What was not as it must be; empty where all was.
    faults: tuple[str, ...]
    # How many answers were the server's fault.
    server_errors: int

    @property
    def is_right(self) -> bool:
        """Tell whether everything was as it must be."""
        return not self.faults


class Player:
    """Plays cases against one index, each in names of its own."""

    def __init__(self, transport: Transport, *, token: str, stranger: str = "") -> None:
        self._transport = transport
        self._token, self._stranger = token, stranger
        # All names of this run begin so, and the run can be repeated on the same index.
        self.prefix = f"corpus-{secrets.token_hex(4)}"
        self._numbers = count()

    def can_play(self, case: Case) -> bool:
        """Tell whether the case can be played: some need a stranger."""
        return bool(self._stranger) or not case.needs_stranger

    def play(self, case: Case) -> Result:
        """Play a case in names that no other has."""
        project = f"{self.prefix}-{next(self._numbers)}"
        own = Own(project=project, token=self._token, stranger=self._stranger)
        return self._play(case, own)

    def _play(self, case: Case, own: Own) -> Result:
        answers: list[Answer] = []
        faults: list[str] = []
        try:
            steps = case.steps(own)
            request = next(steps)
            while True:
                answers.append(self._send(request))
                request = steps.send(answers[-1])
        except StopIteration:
            faults += compare(case, answers[-1])
        except (Unexpected, OSError, http.client.HTTPException, KeyError, ValueError) as fault:
            faults.append(f"{type(fault).__name__}: {fault}")
        faults += self._listing(case, own, answers)
        errors = [answer for answer in answers if answer.status >= 500]
        faults += [f"a server error: {answer.status} {answer.text[:_SHOWN]}" for answer in errors]
        return Result(
            case=case,
            answer=answers[-1] if answers else None,
            faults=tuple(faults),
            server_errors=len(errors),
        )

    def _send(self, request: Request) -> Answer:
        headers = {"User-Agent": "larder-corpus", **request.headers}
        credential = request.credential
        if credential is None:
            credential = f"Bearer {self._token}"
        if credential:
            headers["Authorization"] = credential
        return self._transport.send(request, headers)

    def _listing(self, case: Case, own: Own, answers: list[Answer]) -> Iterator[str]:
        """Compare what is listed with what must be; the answer itself counts as one more."""
        target = f"/simple/{case.project or own.project}/"
        answer = self._send(Request(method="GET", target=target, headers={"Accept": SIMPLE_JSON}))
        answers.append(answer)
        listed = _files(answer)
        if listed != case.files(own):
            yield f"listed afterwards: {listed}, and not {case.files(own)}"


def compare(case: Case, answer: Answer) -> Iterator[str]:
    """Yield what is not as it must be in the last answer to a case."""
    if answer.status not in case.status:
        due = " or ".join(map(str, sorted(case.status)))
        yield f"{answer.status} instead of {due}: {answer.text[:_SHOWN]}"
    elif case.says not in answer.text:
        yield f"does not say {case.says!r}: {answer.text[:_SHOWN]}"


def _files(answer: Answer) -> list[str]:
    if answer.status != 200:
        return []
    return sorted(file["filename"] for file in json.loads(answer.text)["files"])


def totals(results: Iterable[Result]) -> str:
    """Return the table of what became of cases."""
    played = list(results)
    lines = [f"{'':20}{'cases':>8}{'as expected':>14}{'wrong':>8}{'5xx':>6}"]
    for title, is_refusal in [("must be refused", True), ("must be accepted", False)]:
        those = [result for result in played if result.case.is_refusal is is_refusal]
        right = sum(result.is_right for result in those)
        errors = sum(result.server_errors for result in those)
        lines.append(f"{title:20}{len(those):8}{right:14}{len(those) - right:8}{errors:6}")
    return "\n".join(lines)
