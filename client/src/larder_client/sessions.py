"""Publishing sessions: the upload API 2.0 (PEP 694), as Larder speaks it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from larder_client.dists import Dist, Release
from larder_client.errors import LarderError, Refused
from larder_client.wire import Answer, Index

MEDIA_TYPE = "application/vnd.pypi.upload.v2+json"
_META = {"meta": {"api-version": "2.0"}}


@dataclass(frozen=True, kw_only=True)
class Session:
    """The files of one release, on their way."""

    url: str
    upload_url: str
    publish_url: str
    # "" if it cannot be tried out.
    stage_url: str
    mechanisms: tuple[str, ...]
    # How many files it takes; 0 if that was not said.
    max_files: int
    # The URL of each file that it holds, by name.
    files: Mapping[str, str]
    # Whether it was there before.
    adopted: bool = False


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file of a session, as the index last told."""

    url: str
    complete_url: str
    filename: str
    sha256: str
    status: str
    notices: tuple[str, ...]
    # What takes its bytes; empty unless it is pending.
    mechanism: Mapping[str, Any]
    # Seconds after which to ask again.
    retry_after: float | None

    @property
    def kind(self) -> str:
        """The mechanism's identifier."""
        return str(self.mechanism.get("identifier", ""))


class Sessions:
    """The session protocol of one index."""

    def __init__(self, index: Index) -> None:
        self.index = index

    def open(self, release: Release) -> Session:
        """Open a session for a release, or take up the one that is open.

        :raises LarderError: if the index has no such API.
        :raises Refused: if this release may not be published with this token.
        """
        body = {"name": release.project, "version": release.version}
        try:
            return _session(self._post(self.index.url("/upload/2.0/"), body))
        except Refused as refused:
            if refused.status == HTTPStatus.CONFLICT and refused.location:
                return _session(self._get(refused.location), adopted=True)
            if refused.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
                raise LarderError(
                    f"{self.index.where.root} has no upload API 2.0: it is not a Larder index, or"
                    " an old one. twine and uv may be able to publish there."
                ) from refused
            raise

    def look(self, session: Session) -> Session:
        """Return the session as it is now."""
        return _session(self._get(session.url), adopted=session.adopted)

    def cancel(self, session: Session) -> None:
        """Throw a session away; what it held is gone."""
        self._delete(session.url)

    def publish(self, session: Session) -> None:
        """Make all files of the session visible at once."""
        self._post(session.publish_url)

    def add(self, session: Session, dist: Dist, mechanism: str) -> RemoteFile:
        """Announce a file.

        :raises Refused: a 409 with the member `published-sha256` if it is published already.
        """
        return _file(
            self._post(
                session.upload_url,
                {
                    "filename": dist.filename,
                    "size": dist.size,
                    "hashes": {"sha256": dist.sha256},
                    "mechanism": mechanism,
                },
            )
        )

    def file(self, url: str) -> RemoteFile:
        """Return a file as it is now, with fresh links for its bytes."""
        return _file(self._get(url))

    def complete(self, file: RemoteFile) -> RemoteFile:
        """Say that all bytes of a file are there.

        :raises Refused: a 409 if they are not, or if that was said before.
        """
        answer = self._post(file.complete_url)
        return _file(answer) if "status" in answer.body else self.file(file.url)

    def remove(self, file: RemoteFile) -> None:
        """Take a file out of its session."""
        self._delete(file.url)

    def attest(self, url: str, attestations: Sequence[Any]) -> None:
        """Send attestations (PEP 740) of a file whose bytes are not complete yet."""
        self.index.ask("POST", url, body=attestations, accept=MEDIA_TYPE)

    def _get(self, url: str) -> Answer:
        return self.index.ask("GET", url, accept=MEDIA_TYPE)

    def _delete(self, url: str) -> None:
        try:
            self.index.ask("DELETE", url, accept=MEDIA_TYPE)
        except Refused as refused:
            # An earlier attempt whose answer was lost has done it.
            if refused.status != HTTPStatus.NOT_FOUND:
                raise

    def _post(self, url: str, body: Mapping[str, Any] | None = None) -> Answer:
        return self.index.ask(
            "POST", url, body={**_META, **(body or {})}, accept=MEDIA_TYPE, content_type=MEDIA_TYPE
        )


def _session(answer: Answer, *, adopted: bool = False) -> Session:
    body = answer.body
    try:
        links = body["links"]
        return Session(
            url=str(links["session"]),
            upload_url=str(links["upload"]),
            publish_url=str(links["publish"]),
            stage_url=str(links.get("stage") or ""),
            mechanisms=tuple(map(str, body["mechanisms"])),
            max_files=int(body.get("max-files") or 0),
            files={str(name): str(file["link"]) for name, file in body["files"].items()},
            adopted=adopted,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unclear(answer) from error


def _file(answer: Answer) -> RemoteFile:
    body = answer.body
    try:
        links = body["links"]
        return RemoteFile(
            url=str(links["file-upload-session"]),
            complete_url=str(links["complete"]),
            filename=str(body["filename"]),
            sha256=str(body["hashes"]["sha256"]).lower(),
            status=str(body["status"]),
            notices=tuple(map(str, body.get("notices") or ())),
            mechanism=dict(body.get("mechanism") or {}),
            retry_after=answer.retry_after,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unclear(answer) from error


def _unclear(answer: Answer) -> LarderError:
    return LarderError(
        f"The index answered {answer.status} with something that is no part of the upload API 2.0;"
        " maybe this `larder` is older than the index: get the newest one from its /client/."
    )
