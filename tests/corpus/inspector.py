"""The inspector alone, without an index around it: what it says of a file to be published."""

import io

from app.domain import digests, filenames
from app.errors import AppError
from app.features.publication import service as publication
from tests.corpus.case import Answer, Case, Own
from tests.corpus.runner import Result, compare


class InspectorPlayer:
    """Plays cases that are about nothing but one file."""

    def can_play(self, case: Case) -> bool:
        """Tell whether the case can be played."""
        return case.file is not None

    def play(self, case: Case) -> Result:
        """Play a case."""
        answer = _judged(case, Own(project="corpus-inspector", token=""))
        return Result(
            case=case, answer=answer, faults=tuple(compare(case, answer)), server_errors=0
        )


def _judged(case: Case, own: Own) -> Answer:
    assert case.file is not None
    file = case.file(own)
    content = io.BytesIO(file.content)
    try:
        publication.inspect(filenames.parse(file.name), content, digests.measure(content))
    except AppError as refusal:
        return Answer(refusal.status, refusal.detail)
    except Exception as crash:  # noqa: BLE001 - as a server answers it
        return Answer(500, repr(crash))
    return Answer(200, f"Published {file.name}.")
