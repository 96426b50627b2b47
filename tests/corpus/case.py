"""What a case is: what is sent, which answer is due at the end, and what is listed then."""

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests import make

SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request; `target` is sent as it stands."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    # Of the Authorization header; None: the token of the run, empty: none at all.
    credential: str | None = None


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.text)

    def path(self, *names: str) -> str:
        """Return the path of a URL in the body, below these names."""
        found = self.json()
        for name in names:
            found = found[name]
        return urlsplit(found).path


# Yields requests and is sent their answers.
Steps = Generator[Request, Answer, None]


@dataclass(frozen=True, kw_only=True)
class Own:
    """What a case may call its own: names that no other case and no other run uses, and tokens."""

    # In normal form.
    project: str
    # With the permissions upload and manage for every project.
    token: str
    # Of an ordinary account that has no role anywhere, with the same permissions; or empty.
    stranger: str = ""

    @property
    def as_stranger(self) -> str:
        """Return the credential of the stranger."""
        return f"Bearer {self.stranger}"

    @property
    def stem(self) -> str:
        """Return the project's name as file names have it."""
        return self.project.replace("-", "_")

    @property
    def top(self) -> str:
        """Return the one folder of the sdist."""
        return f"{self.stem}-1.0"

    @property
    def folder(self) -> str:
        """Return the .dist-info folder of the wheel."""
        return f"{self.top}.dist-info"

    @property
    def wheel(self) -> str:
        """Return the file name of the wheel."""
        return f"{self.top}-py3-none-any.whl"

    @property
    def sdist(self) -> str:
        """Return the file name of the sdist."""
        return f"{self.top}.tar.gz"

    def metadata(self, **fields: str) -> bytes:
        """Return a METADATA document."""
        return make.metadata(self.project, **fields)


class File(NamedTuple):
    """A file to be published."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case with its expected outcome and the reason for that."""

    name: str
    # Which rule, of which standard where there is one.
    why: str
    steps: Callable[[Own], Steps]
    # What is due to the last request: one of these, with this in its text.
    status: frozenset[int]
    says: str
    # The files of the project that are listed afterwards; fields of `Own` in braces.
    listed: tuple[str, ...] = ()
    # Where the case is about nothing but one file, that file: the inspector alone can judge it.
    file: Callable[[Own], File] | None = None
    # Whether it needs the token of a stranger.
    needs_stranger: bool = False
    # The project that is looked at afterwards, if not the case's own.
    project: str = ""

    @property
    def is_refusal(self) -> bool:
        """Tell whether something must be refused."""
        return min(self.status) >= 400

    def files(self, own: Own) -> list[str]:
        """Return the names of the files that must be listed afterwards, sorted."""
        known = {"wheel": own.wheel, "sdist": own.sdist, "stem": own.stem}
        return sorted(name.format(**known) for name in self.listed)


class Unexpected(Exception):
    """An answer on the way to the last one is not what the case builds upon."""


def expect(status: int, answer: Answer) -> Answer:
    """Return an answer that has this status.

    :raises Unexpected: if it has another.
    """
    if answer.status != status:
        raise Unexpected(f"{answer.status} instead of {status} on the way: {answer.text[:300]}")
    return answer


def one(request: Request) -> Steps:
    """Return the steps of a case that sends one request."""
    yield request


def refusal(
    name: str,
    why: str,
    steps: Callable[[Own], Steps],
    says: str,
    *,
    status: int | frozenset[int] = 400,
    **more: Any,
) -> Case:
    """Return a case that must be refused with `status`, and with `says` in the reason."""
    due = frozenset({status}) if isinstance(status, int) else status
    return Case(name=name, why=why, steps=steps, says=says, status=due, **more)


def acceptance(
    name: str,
    why: str,
    steps: Callable[[Own], Steps],
    says: str = "",
    *,
    status: int = 200,
    **more: Any,
) -> Case:
    """Return a case that must be accepted."""
    return Case(name=name, why=why, steps=steps, says=says, status=frozenset({status}), **more)
