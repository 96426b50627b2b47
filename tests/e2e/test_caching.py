"""Second downloads by pip and uv, over https: what they ask of the index, and of the storage."""

import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from local.backend import start, stop
from local.ports import free_port
from tests import make
from tests.e2e import tls_proxy
from tests.e2e.conftest import ROOT, Client, clean_environment
from tests.e2e.tls_proxy import Passed, Proxy

# As long as S3 lets a link live; no test runs long enough to see two windows.
WINDOW = 302_400


@dataclass
class Secure:
    """An index and its storage as clients see them behind TLS."""

    proxy: Proxy
    port: int
    storage_port: int
    # What its own processes and an operator's commands run in.
    environment: dict[str, str]
    # May upload, and manage what it has uploaded.
    token: str = ""

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def simple(self, token: str = "") -> str:
        return f"https://__token__:{token or self.token}@localhost:{self.port}/simple/"

    @property
    def trust(self) -> dict[str, str]:
        """What makes a client come this way."""
        ca = str(self.proxy.authority)
        return {"HTTPS_PROXY": self.proxy.url, "PIP_CERT": ca, "SSL_CERT_FILE": ca}

    def flask(self, *args: str) -> str:
        return subprocess.check_output(
            [sys.executable, "-m", "flask", *args], cwd=ROOT, env=self.environment, text=True
        ).strip()

    def asked(self, seen: list[Passed]) -> list[str]:
        """Return what was asked of the index, in the order of the alphabet."""
        return sorted(passed.line for passed in seen if passed.port == self.port)

    def fetched(self, seen: list[Passed]) -> list[str]:
        """Return what was asked of the storage, be it only whether it has changed."""
        return sorted(passed.line for passed in seen if passed.port == self.storage_port)

    def publish(self, client: Client, name: str, version: str = "1.0", **fields: str) -> None:
        wheel = client.home / make.wheel_name(name, version)
        wheel.write_bytes(make.wheel(name, version, **fields))
        client.run(
            "uv", "publish", "--publish-url", f"{self.url}/legacy/", wheel,
            UV_PUBLISH_TOKEN=self.token, **self.trust,
        )  # fmt: skip


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """`make serve` in its parts, for the storage that links name must be behind TLS as well."""
    data = tmp_path_factory.mktemp("secure")
    with tls_proxy.running(data) as proxy, running_backend(data / "data") as environment:
        storage_port = urlsplit(environment["AWS_ENDPOINT_URL_S3"]).port or 0
        made = Secure(proxy, free_port(), storage_port, environment)
        environment |= {
            "AWS_ENDPOINT_URL_S3": f"https://localhost:{storage_port}",
            "AWS_CA_BUNDLE": str(proxy.authority),
            "HTTPS_PROXY": proxy.url,
            "LARDER_LINK_WINDOW": str(WINDOW),
            "PORT": str(made.port),
        }
        made.flask("init")
        made.flask("users", "create", "ada", "--role", "admin")
        made.token = made.flask(
            "tokens", "create", "ada", "--permissions", "manage", "--projects", "*"
        )
        with running_web(made):
            yield made


@contextmanager
def running_backend(data: Path) -> Iterator[dict[str, str]]:
    backend, process = start(data)
    try:
        yield clean_environment(
            data,
            **backend.environment(),
            LARDER_STAGE="dev",
            LARDER_SIGNING_KEYS=f"file:{data / 'signing-keys'}",
        )
    finally:
        stop(process)


@contextmanager
def running_web(secure: Secure) -> Iterator[None]:
    web = subprocess.Popen(
        [sys.executable, "-m", "local.web"], cwd=ROOT, env=secure.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while not answers(secure.port):
            assert web.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        web.terminate()
        web.wait(30)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz"):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def other_token(secure: Secure) -> str:
    """The token of another account, which reads."""
    secure.flask("users", "create", "bob")
    return secure.flask("tokens", "create", "bob", "--permissions", "read", "--projects", "*")


def location(secure: Secure, path: str, token: str) -> str:
    """Return where the index sends a reader for a file."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{secure.port}{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.build_opener(_Stay).open(request)
    with refused.value as answer:
        assert answer.code == 302
        return answer.headers["Location"]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def download(secure: Secure, client: Client, wanted: str, *, token: str = "") -> list[Passed]:
    """Download with pip into a new folder; return what passed."""
    return pip(secure, client, "download", "--dest", new_folder(client), wanted, token=token)


def pip(
    secure: Secure, client: Client, *args: object, token: str = "", ok: bool = True
) -> list[Passed]:
    with secure.proxy.watch() as seen:
        client.run(
            "pip", *args, "--no-input", "--index-url", secure.simple(token), ok=ok, **secure.trust
        )
    return seen


def new_folder(client: Client) -> Path:
    return Path(tempfile.mkdtemp(dir=client.home))


def uv(
    secure: Secure, client: Client, *args: object, token: str = "", ok: bool = True
) -> list[Passed]:
    """Install with uv into an environment of its own; return what passed."""
    folder = new_folder(client)
    client.run("uv", "venv", "--quiet", "--clear", folder)
    with secure.proxy.watch() as seen:
        client.run(
            "uv", "pip", "install", "--python", folder, "--default-index", secure.simple(token),
            *args, ok=ok, **secure.trust,
        )  # fmt: skip
    return seen


def wheels(seen: list[Passed]) -> set[str]:
    """Return the wheels that a client has asked the index for."""
    names = {passed.path.rpartition("/")[2] for passed in seen if "/files/" in passed.path}
    return {name for name in names if name.endswith(".whl")}


def next_second() -> None:
    """Wait until a link that is signed with the present second, as an SDK does, is another one."""
    time.sleep(1.1)


def test_a_link_is_the_same_for_every_reader_within_a_window(
    secure: Secure, client: Client, other_token: str
) -> None:
    secure.publish(client, "linked")
    path = f"/files/linked/{make.wheel_name('linked')}"

    first = location(secure, path, secure.token)
    next_second()
    links = {location(secure, path, token) for token in (secure.token, other_token) * 3}

    assert links == {first}
    query = parse_qs(urlsplit(first).query)
    signed = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert signed.timestamp() % WINDOW == 0
    assert query["X-Amz-Expires"] == [str(2 * WINDOW)]


def test_a_page_is_not_sent_again_and_a_wheel_not_fetched_again_by_pip(
    secure: Secure, client: Client
) -> None:
    secure.publish(client, "once-pip")
    wheel = make.wheel_name("once-pip")
    assert secure.fetched(download(secure, client, "once-pip"))

    next_second()
    again = [
        download(secure, client, "once-pip"),
        pip(secure, client, "install", "--target", new_folder(client), "once-pip"),
    ]

    for seen in again:
        assert secure.asked(seen) == [
            f"GET /files/once-pip/{wheel} 302",
            "GET /simple/once-pip/ 304",
        ]
        assert secure.fetched(seen) == []


def test_what_pip_has_of_the_storage_serves_another_token_too(
    secure: Secure, client: Client, other_token: str
) -> None:
    """Tokens of CI jobs differ from run to run; the link does not."""
    secure.publish(client, "shared-pip")
    assert secure.fetched(download(secure, client, "shared-pip"))

    next_second()
    seen = download(secure, client, "shared-pip", token=other_token)

    assert wheels(seen) == {make.wheel_name("shared-pip")}
    assert secure.fetched(seen) == []


@pytest.mark.parametrize("more", ["", "--reinstall", "--refresh"])
def test_uv_asks_one_request_a_page_and_nothing_else(
    secure: Secure, client: Client, more: str
) -> None:
    name = f"once-uv{more[1:]}"
    secure.publish(client, f"{name}-base")
    secure.publish(client, name, Requires_Dist=f"{name}-base")
    assert secure.fetched(uv(secure, client, name))

    seen = uv(secure, client, name, *filter(None, [more]))

    assert secure.asked(seen) == [f"GET /simple/{name}-base/ 304", f"GET /simple/{name}/ 304"]
    assert secure.fetched(seen) == []


def test_a_new_release_is_seen_at_once_in_spite_of_warm_caches(
    secure: Secure, client: Client
) -> None:
    secure.publish(client, "renewed")
    for _ in range(2):
        download(secure, client, "renewed")
        uv(secure, client, "renewed")

    secure.publish(client, "renewed", "2.0")

    newest = {make.wheel_name("renewed", "2.0")}
    assert wheels(download(secure, client, "renewed")) == newest
    assert wheels(uv(secure, client, "renewed")) == newest


def test_a_yank_is_seen_at_once_in_spite_of_warm_caches(secure: Secure, client: Client) -> None:
    for version in ("1.0", "2.0"):
        secure.publish(client, "withdrawn", version)
    download(secure, client, "withdrawn")
    uv(secure, client, "withdrawn")

    request = urllib.request.Request(
        f"http://127.0.0.1:{secure.port}/api/v1/projects/withdrawn/releases/2.0/yank",
        method="POST",
        headers={"Authorization": f"Bearer {secure.token}"},
    )
    urllib.request.urlopen(request).close()  # noqa: S310

    before = {make.wheel_name("withdrawn", "1.0")}
    assert wheels(download(secure, client, "withdrawn")) == before
    assert wheels(uv(secure, client, "withdrawn")) == before


def test_a_warm_cache_is_no_way_around_a_revoked_token(secure: Secure, client: Client) -> None:
    secure.publish(client, "guarded")
    token = secure.flask(
        "tokens", "create", "ada", "--permissions", "read", "--projects", "*", "--label", "to end"
    )
    download(secure, client, "guarded", token=token)
    uv(secure, client, "guarded", token=token)

    listed = secure.flask("tokens", "list", "ada").splitlines()
    secure.flask("tokens", "revoke", next(line for line in listed if "to end" in line).split()[0])

    folder = new_folder(client)
    seen = pip(secure, client, "download", "--dest", folder, "guarded", token=token, ok=False) + uv(
        secure, client, "guarded", token=token, ok=False
    )
    assert {passed.status for passed in seen} == {401}
