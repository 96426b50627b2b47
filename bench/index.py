"""The indexes that are measured: one embedded back end with a table for each, and Larder on it."""

import base64
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bench.asking import ACCEPT, Ask
from bench.counting import Proxy
from bench.data import wheel_of
from bench.processes import (
    ROOT,
    Server,
    at,
    environment,
    gunicorn,
    python_here,
    serving,
)
from bench.replaying import replaying
from bench.report import say
from local import backend
from local.ports import free_port

_KEY = base64.urlsafe_b64encode(b"only to be measured, 32 bytes ...").decode().rstrip("=")
KEYS = f"bench={_KEY}"


@dataclass(frozen=True)
class Index:
    """A filled index: its settings, and a token that may upload to all of it."""

    name: str
    settings: Mapping[str, str]
    token: str

    @property
    def credential(self) -> str:
        """Return the header field that pip and uv would send."""
        return "Basic " + base64.b64encode(f"__token__:{self.token}".encode()).decode()

    def page(self, project: str, *, coding: str = "gzip", etag: str = "") -> Ask:
        """Ask for the page of a project, or of all projects if it is empty."""
        headers = {"Authorization": self.credential, "Accept": ACCEPT, "Accept-Encoding": coding}
        if etag:
            return Ask(
                path=_simple(project), headers={**headers, "If-None-Match": etag}, status=304
            )
        return Ask(path=_simple(project), headers=headers)

    def file(self, project: str, *, metadata: bool = False, method: str = "GET") -> Ask:
        """Ask for the first file of a project, or its METADATA."""
        path = f"/files/{project}/{wheel_of(project, 0)}" + (".metadata" if metadata else "")
        headers = {"Authorization": self.credential, "Accept-Encoding": "gzip"}
        status = 200 if metadata or method == "HEAD" else 302
        return Ask(path=path, headers=headers, method=method, status=status)


def _simple(project: str) -> str:
    return f"/simple/{project}/" if project else "/simple/"


@dataclass
class Site:
    """Everything a run may need, made when it is first asked for and ended with the run."""

    folder: Path
    stack: ExitStack
    rounds: int = 5
    _servers: dict[str, Server] = field(default_factory=dict)

    @cached_property
    def backend(self) -> backend.Backend:
        """The embedded back end."""
        say("starting the embedded back end")
        started, process = backend.start(self.folder / "backend")
        self.stack.callback(backend.stop, process)
        return started

    @cached_property
    def small(self) -> Index:
        """Ten projects, among them one of 5,000 files."""
        return self._filled("small")

    @cached_property
    def large(self) -> Index:
        """Nine thousand projects of one file."""
        return self._filled("large")

    @cached_property
    def busy(self) -> Index:
        """Another one like the small one, for uploads, after which its list is not settled."""
        return self._filled("busy")

    def larder(self, index: Index) -> Server:
        """Return Larder serving an index, under gunicorn with one worker."""
        if index.name not in self._servers:
            self._servers[index.name] = self.stack.enter_context(self.serve(index, index.settings))
        return self._servers[index.name]

    def larder_alone(self, index: Index) -> Server:
        """Return Larder on a back end that answers at once (bench/replaying.py), to be read."""
        name = f"{index.name}, alone"
        if name not in self._servers:
            proxy = self.stack.enter_context(Proxy(self.backend, KEYS).running())
            url = self.stack.enter_context(replaying(proxy))
            places = dict.fromkeys(proxy.environment(), url)
            serving = self.serve(index, {**index.settings, **places})
            self._servers[name] = self.stack.enter_context(serving)
        return self._servers[name]

    @contextmanager
    def serve(
        self, index: Index, settings: Mapping[str, str], *, workers: int = 1
    ) -> Iterator[Server]:
        """Serve an index with some settings until the block ends."""
        port = free_port()
        log = self.folder / f"larder-{index.name}-{port}.log"
        env = {**environment(self.folder), **settings, **at(port, workers)}
        command = gunicorn(python_here())
        with serving(
            f"Larder, {index.name}", command, port, env=env, log=log, path="/healthz"
        ) as it:
            yield it

    def _filled(self, kind: str) -> Index:
        settings = {
            **self.backend.environment(),
            "LARDER_TABLE": f"bench-{kind}",
            "LARDER_BUCKET": f"bench-{kind}",
            "LARDER_SIGNING_KEYS": KEYS,
        }
        say(f"filling the {kind} index")
        done = subprocess.run(  # noqa: S603 - this very program
            [python_here(), "-m", "bench.data", "large" if kind == "large" else "small"],
            cwd=ROOT,
            env={**environment(self.folder), **settings},
            stdout=subprocess.PIPE,
            check=True,
        )
        return Index(kind, settings, json.loads(done.stdout)["token"])


@contextmanager
def site(folder: Path, *, rounds: int) -> Iterator[Site]:
    """Give a site that is taken down at the end of the block."""
    with ExitStack() as stack:
        yield Site(folder, stack, rounds)
