"""What installers make of yanked and closed projects."""

import json
import urllib.error
import urllib.request
from typing import Any

from tests import make
from tests.e2e.conftest import Client, Served


def call(index: Served, method: str, path: str, body: Any = None) -> int:
    request = urllib.request.Request(  # noqa: S310
        f"{index.url}/api/v1/projects/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {index.token}"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        status: int = answer.status
        return status


def publish(client: Client, index: Served, name: str, *versions: str) -> None:
    for version in versions:
        wheel = client.home / make.wheel_name(name, version)
        wheel.write_bytes(make.wheel(name, version))
        client.twine(index, wheel)


def install(client: Client, index: Served, tool: str, requirement: str, *, ok: bool = True) -> str:
    command = ("pip",) if tool == "uv" else ()
    return client.run(
        tool, *command, "install", "--target", f"out-{tool}", "--index-url", index.simple,
        requirement, ok=ok,
    )  # fmt: skip


def test_a_yanked_release_is_passed_over_but_for_those_who_name_it(
    index: Served, client: Client
) -> None:
    publish(client, index, "yanked-demo", "1.0", "2.0")
    assert call(index, "POST", "yanked-demo/releases/2.0/yank", {"reason": "eats data"}) == 204

    for tool in ("pip", "uv"):
        assert "1.0" in install(client, index, tool, "yanked-demo")
        assert "eats data" in install(client, index, tool, "yanked-demo==2.0")

    assert call(index, "DELETE", "yanked-demo/releases/2.0/yank") == 204
    said = client.run(
        "pip", "install", "--dry-run", "--ignore-installed", "--index-url", index.simple,
        "yanked-demo",
    )  # fmt: skip
    assert "Would install yanked-demo-2.0" in said


def test_a_quarantined_project_cannot_be_installed(index: Served, client: Client) -> None:
    publish(client, index, "bad-demo", "1.0")
    call(index, "PUT", "bad-demo/status", {"status": "quarantined", "reason": "malware"})
    for tool in ("pip", "uv"):
        install(client, index, tool, "bad-demo", ok=False)
    call(index, "PUT", "bad-demo/status", {"status": "active"})
    install(client, index, "pip", "bad-demo")


def test_a_deleted_file_cannot_be_installed_or_published_again(
    index: Served, client: Client
) -> None:
    publish(client, index, "deleted-demo", "1.0", "2.0")
    assert (
        call(index, "DELETE", f"deleted-demo/files/{make.wheel_name('deleted-demo', '2.0')}") == 204
    )
    assert "1.0" in install(client, index, "pip", "deleted-demo")
    said = client.twine(index, client.home / make.wheel_name("deleted-demo", "2.0"), ok=False)
    assert "409" in said
