"""Other package indexes with the same projects: processor time of a page, start, memory.

Each is installed by `make setup-bench` in `.tools/peers`, from bench/requirements-NAME.txt, and
served as its own documentation says, with one worker.
"""

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench import data
from bench.asking import ACCEPT, Ask, ask_once, compare
from bench.data import LARGE, SIZES, SMALL
from bench.index import Site
from bench.parts.warm import flask
from bench.processes import PEERS, TOOLS, Server, at, environment, gunicorn, serving
from bench.report import Report, Row, say
from bench.wheels import upload, wheel
from local.ports import free_port

NAME = "Other indexes, processor time of a request"
_PAGE_SECONDS = 0.6


@dataclass(frozen=True)
class Peer:
    """Another index: how it is served from a folder of wheels, one folder for each project."""

    name: str
    serve: Callable[[Site, Path], AbstractContextManager[Server]]
    pages: str = "/simple/{}/"
    # The list of all projects; empty if it has none.
    root: str = "/simple/"
    # Files of the largest project, and projects of the largest index, that it is tried with.
    most_files: int = SIZES[-1]
    most_projects: int = LARGE


def run(site: Site, report: Report) -> Iterator[Row]:
    """Measure each peer with a small index and with a large one."""
    folders = {kind: _wheels(site.folder / f"wheels-{kind}", kind) for kind in ("small", "large")}
    index = site.small
    answers = [ask_once(site.larder(index), index.page("files-10"))]
    with flask(site.folder, answers) as floor:
        for peer in PEERS_KNOWN:
            try:
                yield from _measured(site, peer, folders, floor)
            except (OSError, RuntimeError, StopIteration) as error:
                said = str(error).strip().splitlines() or ["it did not start"]
                note = f"could not be measured: {said[-1][:120]}"
                yield Row(part=NAME, what=peer.name, value=None, unit="", note=note)


def _measured(site: Site, peer: Peer, folders: dict[str, Path], floor: Server) -> Iterator[Row]:
    say(f"measuring {peer.name}")
    asked: dict[str, Ask] = {}
    for size in SIZES:
        if size <= peer.most_files:
            asked[f"page, {size:,} files"] = _page(peer.pages.format(f"files-{size}"))
    asked["page, 10 files, plain"] = _page(peer.pages.format("files-10"), coding="identity")
    if peer.root:
        asked[f"list of {SMALL} projects"] = _page(peer.root)
    with peer.serve(site, folders["small"]) as server:
        etag = ask_once(server, asked["page, 10 files"]).header("ETag")
        if etag:
            asked["page, 10 files, 304"] = _page(peer.pages.format("files-10"), etag=etag)
        yield from _rows(site, peer, server, asked, floor)
        yield _row(peer, "start until the first answer", server.started_in * 1e3, "ms")
        yield _row(peer, "memory", server.memory(), "MB")
    if peer.most_projects < LARGE:
        return
    asked = {f"page among {LARGE:,} projects": _page(peer.pages.format("files-1"))}
    if peer.root:
        asked[f"list of {LARGE:,} projects"] = _page(peer.root)
    with peer.serve(site, folders["large"]) as server:
        yield from _rows(site, peer, server, asked, floor)


def _rows(
    site: Site, peer: Peer, server: Server, asked: dict[str, Ask], floor: Server
) -> Iterator[Row]:
    sent = [(server, ask) for ask in asked.values()]
    *times, least = compare(
        [*sent, (floor, Ask(path="/0"))], rounds=min(3, site.rounds), seconds=_PAGE_SECONDS
    )
    for name, taken in zip(asked, times, strict=True):
        yield _row(peer, name, taken, "µs", taken / least)


def _row(peer: Peer, what: str, value: float, unit: str, ratio: float | None = None) -> Row:
    return Row(part=NAME, what=f"{peer.name}: {what}", value=value, unit=unit, ratio=ratio)


def _page(path: str, *, coding: str = "gzip", etag: str = "") -> Ask:
    headers = {"Accept": ACCEPT, "Accept-Encoding": coding}
    if etag:
        return Ask(path=path, headers={**headers, "If-None-Match": etag}, status=304)
    return Ask(path=path, headers=headers)


def _wheels(folder: Path, kind: str) -> Path:
    """Write the wheels of an index, each project's in a folder of its own."""
    say(f"building the wheels of the {kind} index")
    for project, size in data.projects_of(kind):
        place = folder / project
        place.mkdir(parents=True)
        for number in range(size):
            name, content = wheel(project, f"1.{number}")
            (place / name).write_bytes(content)
    return folder


@contextmanager
def _pypiserver(site: Site, folder: Path) -> Iterator[Server]:
    port, python = free_port(), _python("pypiserver")
    place = site.folder / f"pypiserver-{folder.name}"
    place.mkdir()
    for path in folder.glob("*/*"):  # all in one folder, as its documentation has it
        (place / path.name).hardlink_to(path)
    module = place.name.replace("-", "_")
    code = (
        f"import pathlib, pypiserver\napp = pypiserver.app(roots=[pathlib.Path({str(place)!r})])\n"
    )
    (site.folder / f"{module}.py").write_text(code)
    command = gunicorn(python, "--pythonpath", str(site.folder), f"{module}:app")
    env = environment(site.folder, **at(port))
    with serving("pypiserver", command, port, env=env, log=_log(site, "pypiserver")) as server:
        yield server


@contextmanager
def _simple_repository(site: Site, folder: Path) -> Iterator[Server]:
    port = free_port()
    program = _python("simple-repository").with_name("simple-repository-server")
    command: list[str | Path] = [program, "--host", "127.0.0.1", "--port", str(port), folder]
    env = environment(site.folder)
    log = _log(site, "simple-repository")
    with serving("simple-repository-server", command, port, env=env, log=log) as server:
        yield server


@contextmanager
def _simpleindex(site: Site, folder: Path) -> Iterator[Server]:
    port, settings = free_port(), site.folder / f"simpleindex-{folder.name}.toml"
    settings.write_text(
        f'[routes."{{project}}"]\nsource = "path"\nto = "{folder}/{{project}}"\n'
        f'[server]\nhost = "127.0.0.1"\nport = {port}\n'
    )
    command: list[str | Path] = [_python("simpleindex").with_name("simpleindex"), settings]
    env = environment(site.folder)
    with serving("simpleindex", command, port, env=env, log=_log(site, "simpleindex")) as server:
        yield server


@contextmanager
def _proxpi(site: Site, folder: Path) -> Iterator[Server]:
    """Serve what Larder has: it is a cache in front of another index."""
    index = site.small if folder.name.endswith("small") else site.large
    upstream, port = site.larder(index), free_port()
    url = f"http://__token__:{index.token}@127.0.0.1:{upstream.port}/simple/"
    env = environment(site.folder, **at(port), PROXPI_INDEX_URL=url, PROXPI_LOGGING_LEVEL="WARNING")
    command = gunicorn(_python("proxpi"), "proxpi.server:app")
    log = _log(site, "proxpi")
    with serving("proxpi", command, port, env=env, log=log, path="/index/files-1/") as server:
        yield server


@contextmanager
def _pypicloud(site: Site, folder: Path) -> Iterator[Server]:
    port, place = free_port(), site.folder / f"pypicloud-{folder.name}"
    place.mkdir()
    for path in folder.glob("*/*"):  # it wants a folder for each version too
        below = place / "files" / path.parent.name / path.name.split("-")[1]
        below.mkdir(parents=True)
        (below / path.name).hardlink_to(path)
    settings = place / "server.ini"
    settings.write_text(
        "[app:main]\nuse = egg:pypicloud\npyramid.reload_templates = false\n"
        "pypi.default_read = everyone\npypi.fallback = none\n"
        f"pypi.storage = file\nstorage.dir = {place}/files\n"
        f"db.url = sqlite:///{place}/db.sqlite\nsession.encrypt_key = {'a' * 64}\n"
        f"session.validate_key = {'b' * 64}\nsession.secure = false\n"
    )
    command = gunicorn(_python("pypicloud"), "--paste", str(settings))
    env = environment(site.folder, **at(port))
    with serving("pypicloud", command, port, env=env, log=_log(site, "pypicloud")) as server:
        yield server


@contextmanager
def _devpi(site: Site, folder: Path) -> Iterator[Server]:
    """Fill it by uploads, because it reads no folder of wheels."""
    program, place, port = TOOLS / "devpi" / "bin", site.folder / "devpi", free_port()
    env, log = environment(site.folder), _log(site, "devpi")
    if not (place / ".nodeinfo").exists():
        command: list[str | Path] = [
            program / "devpi-init",
            "--serverdir",
            place,
            "--no-root-pypi",
            "--root-passwd",
            "x",
        ]
        subprocess.run(command, env=env, check=True, capture_output=True)  # noqa: S603
    command = [
        program / "devpi-server",
        "--serverdir",
        place,
        "--port",
        str(port),
        "--offline-mode",
    ]
    with serving("devpi-server", command, port, env=env, log=log, path="/+api") as server:
        headers = {"Content-Type": "application/json"}
        body = json.dumps({"password": "x"}).encode()
        ask_once(server, Ask(method="PUT", path="/bench", body=body, headers=headers))
        body = json.dumps({"user": "bench", "password": "x"}).encode()
        login = Ask(method="POST", path="/+login", body=body, headers=headers)
        key = json.loads(ask_once(server, login).body)["result"]["password"]
        token = base64.b64encode(f"bench:{key}".encode()).decode()
        authority = {"X-Devpi-Auth": token, "Content-Type": "application/json"}
        body = json.dumps({"bases": [], "volatile": True}).encode()
        ask_once(server, Ask(method="PUT", path=_DEVPI_INDEX, body=body, headers=authority))
        for project, size in data.projects_of("small"):
            for number in range(size if size <= _DEVPI_FILES else 0):
                ask = upload(
                    project, f"1.{number}", credential="", size=0, path=f"{_DEVPI_INDEX}/",
                )  # fmt: skip
                headers = {**ask.headers, "X-Devpi-Auth": token}
                headers.pop("Authorization")
                ask_once(server, replace(ask, headers=headers))
        yield server


_DEVPI_INDEX = "/bench/all"
# More would take it longer to be filled than all else to be measured.
_DEVPI_FILES = 10

PEERS_KNOWN = (
    Peer("pypiserver", _pypiserver),
    Peer("simple-repository-server", _simple_repository),
    Peer("simpleindex", _simpleindex, pages="/{}/", root=""),
    Peer("proxpi", _proxpi, pages="/index/{}/", root="/index/"),
    Peer("pypicloud", _pypicloud),
    Peer("devpi-server", _devpi, pages=f"{_DEVPI_INDEX}/+simple/{{}}/",
         root=f"{_DEVPI_INDEX}/+simple/",
         most_files=_DEVPI_FILES, most_projects=SMALL),
)  # fmt: skip


def _python(name: str) -> Path:
    python = PEERS / name / "bin" / "python"
    if not python.exists():
        raise RuntimeError("not installed: make setup-bench")
    return python


def _log(site: Site, name: str) -> Path:
    return site.folder / f"{name}.log"
