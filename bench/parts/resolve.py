"""uv resolving 61 packages over a line of 20 ms, against nginx with the same pages as files."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench.asking import Line, ask_once
from bench.distance import Distant, far_away
from bench.index import Index, Site
from bench.processes import Server, environment, python_here, serving
from bench.report import Report, Row, say
from bench.wheels import upload
from local.ports import free_port

NAME = "61 packages resolved by uv at 20 ms"
_PACKAGES = 61
_ROUND_TRIP = 0.02


def run(site: Site, report: Report) -> Iterator[Row]:
    """Resolve with an empty cache, and again with a filled one."""
    index, larder = site.busy, site.larder(site.busy)
    say(f"publishing {_PACKAGES} packages")
    _publish(larder, index)
    say("resolving")
    found = {"Larder": _resolutions(site, larder.port, index.token)}
    if shutil.which("nginx"):
        with _static(site, index, larder) as nginx:
            found["nginx"] = _resolutions(site, nginx.port, "x")
    for kind in ("empty cache", "filled cache"):
        for name, each in found.items():
            yield _row(name, kind, each[kind], found)


_Times = list[tuple[float, Distant]]


def _row(name: str, kind: str, taken: _Times, found: dict[str, dict[str, _Times]]) -> Row:
    wall, distant = median(seconds for seconds, _ in taken), taken[-1][1]
    yardstick = found.get("nginx") if name == "Larder" else None
    return Row(
        part=NAME,
        what=f"{name}, {kind}",
        value=wall * 1e3,
        unit="ms",
        ratio=wall / median(seconds for seconds, _ in yardstick[kind]) if yardstick else None,
        note=f"{distant.requests} requests over {distant.connections} connections,"
        f" {distant.received / 1e3:,.0f} KB",
    )


def _name(number: int) -> str:
    return f"graph-{number:02}"


def _publish(larder: Server, index: Index) -> None:
    line = Line(larder.port)
    for number in range(_PACKAGES):
        children = [_name(x) for x in (2 * number + 1, 2 * number + 2) if x < _PACKAGES]
        for version in ("1.0", "2.0"):
            requires = [f"{child}>={version}" for child in children]
            ask = upload(
                _name(number), version, credential=index.credential, size=0, requires=requires
            )
            line.send(ask)
    line.close()


def _resolutions(site: Site, port: int, token: str) -> dict[str, _Times]:
    found: dict[str, _Times] = {"empty cache": [], "filled cache": []}
    for number in range(max(3, site.rounds)):
        home = site.folder / f"uv-{port}-{number}"
        home.mkdir()
        # One address for both, or the cache would be another one's.
        with far_away(port, round_trip=_ROUND_TRIP) as distant:
            url = f"http://__token__:{token}@127.0.0.1:{distant.port}/simple/"
            for times in found.values():
                before = replace(distant)
                times.append((_resolve(home, url), distant.since(before)))
    return found


def _resolve(home: Path, url: str) -> float:
    (home / "wanted.in").write_text(_name(0))
    env = environment(
        home, UV_NO_CONFIG="1", UV_PYTHON_DOWNLOADS="never", UV_CACHE_DIR=str(home / "cache")
    )
    uv, python = python_here().with_name("uv"), python_here()
    command: list[str | Path] = [uv, "pip", "compile", "--no-header", "--python", python]
    command += ["--default-index", url, "wanted.in"]
    start = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - uv of this environment
        command, cwd=home, env=env, capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - start
    if done.returncode or done.stdout.count("==2.0") != _PACKAGES:
        raise RuntimeError(done.stdout + done.stderr)
    return taken


_NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 1000000; keepalive_timeout 75;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port}; root {folder}/files;
    location /simple/ {{
      default_type application/vnd.pypi.simple.v1+json; index page;
      add_header Cache-Control "private, max-age=0, must-revalidate";
    }}
    location /files/ {{
      default_type application/octet-stream;
      add_header Cache-Control "private, max-age=31536000, immutable";
    }}
    location = /ready {{ return 204; }}
  }}
}}
"""


def _static(site: Site, index: Index, larder: Server) -> AbstractContextManager[Server]:
    """Serve the same pages and METADATA as files."""
    folder, port = site.folder / "static", free_port()
    for number in range(_PACKAGES):
        name = _name(number)
        _keep(folder, f"simple/{name}/page", larder, index, f"/simple/{name}/")
        file = f"files/{name}/{name.replace('-', '_')}-2.0-py3-none-any.whl.metadata"
        _keep(folder, file, larder, index, f"/{file}")
    for each in (site.folder, *folder.rglob("*")):
        each.chmod(0o755)  # its worker is another user where it is started by root
    (folder / "conf").write_text(_NGINX.format(folder=folder, port=port))
    command: list[str | Path] = ["nginx", "-c", folder / "conf", "-e", folder / "error.log"]
    env = environment(site.folder)
    return serving("nginx", command, port, env=env, log=folder / "log", path="/ready")


def _keep(folder: Path, name: str, larder: Server, index: Index, path: str) -> None:
    ask = replace(index.page("", coding="identity"), path=path)
    place = folder / "files" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(ask_once(larder, ask).body)
