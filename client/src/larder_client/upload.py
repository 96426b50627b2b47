"""`larder upload`: files in, a published release out; what was done before is not done again."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from larder_client import dists, transfer
from larder_client.dists import Dist, Release
from larder_client.errors import LarderError, Refused
from larder_client.projects import published
from larder_client.sessions import RemoteFile, Session, Sessions
from larder_client.terminal import Progress, duration, size
from larder_client.transfer import Courier

# How often a file is sent and completed before we believe that something is wrong.
_ROUNDS = 4
_TICK_SECONDS = 0.1
_POLL_SECONDS = 2.0
_LONGEST_POLL_SECONDS = 30.0
_INSPECTION_SECONDS = 20 * 60

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to upload."""

    parallel: int = 4
    # Whether to make the files visible; otherwise their session stays open.
    publish: bool = True
    # Whether to throw away what an earlier upload left.
    restart: bool = False
    # Identical files that are published already are an error.
    strict: bool = False
    attestations: bool = False


class Upload:
    """One run of the command."""

    def __init__(self, sessions: Sessions, progress: Progress, options: Options) -> None:
        self.sessions = sessions
        self.progress = progress
        self.terminal = progress.terminal
        self.options = options
        self.stop = sessions.index.line.stop
        self.courier = Courier(sessions, progress, options.parallel)
        self.attestations: Mapping[str, Sequence[Any]] = {}

    def run(self, paths: Sequence[Path]) -> None:
        """Publish files.

        :raises LarderError: at the first release that cannot be published; the ones after it are
            not tried.
        """
        start = time.monotonic()
        try:
            found = self._read(paths)
            if self.options.attestations:
                self.attestations = dists.attestations(found)
            for release in dists.releases(found):
                self._release(release)
        finally:
            self.courier.close()
            self.progress.end()
        self._sum_up(time.monotonic() - start)

    def _read(self, paths: Sequence[Path]) -> list[Dist]:
        for path in paths:
            dists.parse_name(path.name)
        self.progress.begin("Reading", dists.total(paths))
        measure = partial(dists.read, advance=self.progress.advance, stopped=self.stop.is_set)
        return self._side_by_side([partial(measure, path) for path in paths])

    def _release(self, release: Release) -> None:
        self.terminal.line(f"{release.label} -> {self.sessions.index.where.root}")
        waiting = self._unpublished(release)
        page = self.sessions.index.url(f"/project/{release.project}/")
        if not waiting:
            self.terminal.line(f"Nothing to do: {page}")
            return
        while waiting:
            waiting = self._send_session(release, waiting)
        if self.options.publish:
            self.terminal.line(f"Published: {page}")

    def _unpublished(self, release: Release) -> list[Dist]:
        """Return the files that are not published yet.

        :raises Refused: if other bytes are published under the name of one, before any is sent.
        """
        there = published(self.sessions.index, release.project)
        for dist in (each for each in release.dists if each.filename in there):
            if there[dist.filename] not in {dist.sha256, ""}:
                raise Refused(
                    f"File already exists ({dist.filename}, with different content); a published"
                    " file never changes, so publish a new version. The published one has sha256"
                    f" {there[dist.filename]}.",
                    status=HTTPStatus.CONFLICT,
                )
            self._skip(dist)
        return [dist for dist in release.dists if dist.filename not in there]

    def _skip(self, dist: Dist) -> None:
        if self.options.strict:
            raise Refused(f"{dist.filename} is published already.", status=HTTPStatus.CONFLICT)
        self.terminal.line(f"  {dist.filename}  is published already, skipped")

    def _send_session(self, release: Release, waiting: Sequence[Dist]) -> list[Dist]:
        """Publish as many files as a session takes; return the others."""
        session = self._session(release, waiting)
        # Those that it holds already go first, so that it is completed.
        ordered = sorted(waiting, key=lambda dist: dist.filename not in session.files)
        most = session.max_files or len(ordered)
        batch, rest = ordered[:most], ordered[most:]
        if rest and not self.options.publish:
            raise LarderError(f"A session takes {most} files here: give fewer, or publish them.")
        self.progress.begin("Sending", sum(dist.size for dist in batch))
        self._side_by_side([partial(self._bring, session, dist) for dist in batch])
        self._finish(session)
        return rest

    def _finish(self, session: Session) -> None:
        if not self.options.publish:
            self._leave_open(session)
        elif self.sessions.look(session).files:
            self.sessions.publish(session)
        else:
            # All of it was published by somebody else in the meantime.
            self.sessions.cancel(session)

    def _leave_open(self, session: Session) -> None:
        self.terminal.line(
            "Not published. Run the same command without --no-publish to publish it."
        )
        if session.stage_url:
            self.terminal.line(f"Until then it can be installed from {session.stage_url}")

    def _session(self, release: Release, waiting: Sequence[Dist]) -> Session:
        session = self.sessions.open(release)
        if session.adopted and self.options.restart:
            self.sessions.cancel(session)
            session = self.sessions.open(release)
        if not session.adopted:
            return session
        given = {dist.filename for dist in release.dists}
        strangers = sorted(set(session.files) - given)
        if strangers and self.options.publish:
            raise LarderError(
                f"An unfinished upload of {release.label} also holds {', '.join(strangers)}, which"
                " is not among these files. Give it too, or throw that upload away: --restart."
            )
        self.terminal.line("  Going on with the upload that was begun.")
        for name in set(session.files) & given - {dist.filename for dist in waiting}:
            # It was published some other way, and would only be in the way here.
            self.sessions.remove(self._settled(self.sessions.file(session.files[name])))
        return session

    def _bring(self, session: Session, dist: Dist) -> None:
        """Make a file completed in a session."""
        try:
            file, begun = self._announced(session, dist)
            if file is not None:
                self._complete(dist, file, begun=begun)
        except Refused as refused:
            said = str(refused)
            text = said if dist.filename in said else f"{dist.filename}: {said}"
            raise Refused(text, status=refused.status, problem=refused.problem) from refused

    def _announced(self, session: Session, dist: Dist) -> tuple[RemoteFile | None, bool]:
        """Return the file in the session, None if it is published, and whether it was there."""
        if dist.filename in session.files:
            file = self._settled(self.sessions.file(session.files[dist.filename]))
            if file.sha256 == dist.sha256 and file.status != "error":
                return file, True
            self.sessions.remove(file)
        try:
            mechanism = transfer.choose(dist.size, session.mechanisms)
            return self.sessions.add(session, dist, mechanism), False
        except Refused as refused:
            if refused.problem.get("published-sha256") == dist.sha256:
                self.courier.spare(dist.size)
                self._skip(dist)
                return None, False
            if refused.status != HTTPStatus.CONFLICT:
                raise
            url = self.sessions.look(session).files.get(dist.filename)
            if url is None:
                raise
            # The answer to an earlier attempt was lost: the session has the file since.
            return self.sessions.file(url), True

    def _complete(self, dist: Dist, file: RemoteFile, *, begun: bool) -> None:
        if file.status == "completed":
            self.courier.spare(dist.size)
            self.terminal.line(f"  {dist.filename}  {size(dist.size)}  was sent before")
            return
        if begun:
            self.courier.spare(transfer.stored(file))
        conflict: Refused | None = None
        for _ in range(_ROUNDS):
            if file.status == "pending":
                file, conflict = self._send(dist, file, begun=begun)
                begun = False
            file = self._settled(file)
            if file.status == "completed":
                self.terminal.line(f"  {dist.filename}  {size(dist.size)}  sent")
                return
            if file.status != "pending":
                reason = " ".join(file.notices) or f"The index made it {file.status}."
                raise Refused(reason, status=HTTPStatus.BAD_REQUEST)
        raise conflict or LarderError(f"{dist.filename} stays pending; try again.")

    def _send(
        self, dist: Dist, file: RemoteFile, *, begun: bool
    ) -> tuple[RemoteFile, Refused | None]:
        """Send a pending file and say so; return how it stands, and a 409 if that was the answer.

        Of a file that was begun, all bytes may be there: then saying so is enough. Parts tell.
        """
        try:
            if not begun or file.kind == transfer.MULTIPART:
                self.courier.carry(dist, file)
            if dist.filename in self.attestations:
                self.courier.attest(file, self.attestations[dist.filename])
            done = self.sessions.complete(file)
        except Refused as refused:
            if refused.status != HTTPStatus.CONFLICT:
                raise
            return self.sessions.file(file.url), refused
        if begun and file.kind != transfer.MULTIPART:
            self.courier.spare(dist.size)
        return done, None

    def _settled(self, file: RemoteFile) -> RemoteFile:
        """Wait until a file is no longer being inspected."""
        deadline = time.monotonic() + _INSPECTION_SECONDS
        while file.status == "processing":
            if time.monotonic() > deadline:
                raise LarderError(
                    f"{file.filename} is still being inspected; run the same command again later."
                )
            self.progress.doing(f"Inspecting {file.filename}")
            asked = _POLL_SECONDS if file.retry_after is None else file.retry_after
            self.sessions.index.line.wait(min(asked, _LONGEST_POLL_SECONDS))
            file = self.sessions.file(file.url)
            self.progress.doing("Sending")
        return file

    def _side_by_side(self, tasks: Sequence[Callable[[], Result]]) -> list[Result]:
        """Run tasks in threads, drawing the progress, until all have ended.

        :raises LarderError: the last of the failures; the others are told before.
        """
        pool = ThreadPoolExecutor(self.options.parallel, thread_name_prefix="file")
        try:
            futures = [pool.submit(task) for task in tasks]
            # Not one long wait: on Windows Ctrl-C would not end it.
            while wait(futures, _TICK_SECONDS).not_done:
                self.progress.draw()
        except KeyboardInterrupt:
            self.stop.set()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        failures = [error for future in futures if (error := future.exception())]
        self.progress.end()
        for failure in failures[:-1]:
            self.terminal.note(f"larder: {failure}")
        if failures:
            raise failures[-1]
        return [future.result() for future in futures]

    def _sum_up(self, seconds: float) -> None:
        sent, spared = self.courier.sent, self.courier.spared
        text = f"Sent {size(sent)} ({sent:,} bytes) in {duration(seconds)}"
        if spared:
            text += f"; {size(spared)} ({spared:,} bytes) were there before"
        self.terminal.line(f"{text}.")
