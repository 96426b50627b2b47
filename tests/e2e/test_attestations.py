"""Attestations as upload tools send them (PEP 740)."""

import json
import urllib.request
from pathlib import Path
from typing import Any

from tests import make, make_attestations
from tests.e2e.conftest import Client, Served


def attested_wheel(folder: Path, name: str) -> Path:
    """Write a wheel with an attestation beside it."""
    folder.mkdir()
    wheel = folder / make.wheel_name(name)
    wheel.write_bytes(make.wheel(name))
    make_attestations.write_beside(wheel)
    return wheel


def stated(index: Served, project: str, wheel: Path) -> list[dict[str, Any]]:
    """Return the attestations that the index hands out for a file."""
    url = f"{index.url}/integrity/{project}/1.0/{wheel.name}/provenance"
    request = urllib.request.Request(  # noqa: S310
        url, headers={"Authorization": f"Bearer {index.token}"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        [bundle] = json.loads(answer.read())["attestation_bundles"]
    assert bundle["publisher"]["kind"] == "Unverified"
    found: list[dict[str, Any]] = bundle["attestations"]
    return found


def sent(wheel: Path) -> list[dict[str, Any]]:
    return [json.loads(wheel.with_name(f"{wheel.name}.publish.attestation").read_text())]


def test_uv_attaches_what_lies_beside_a_file_and_the_upload_does_not_fail(
    index: Served, client: Client
) -> None:
    wheel = attested_wheel(client.home / "dist", "attested-by-uv")

    client.uv_publish(index, wheel.parent / "*")

    assert stated(index, "attested-by-uv", wheel) == sent(wheel)


def test_twine_sends_attestations(index: Served, client: Client) -> None:
    wheel = attested_wheel(client.home / "dist", "attested-by-twine")
    attestation = wheel.with_name(f"{wheel.name}.publish.attestation")

    client.run(
        "twine", "upload", "--disable-progress-bar", "--attestations",
        "--repository-url", f"{index.url}/legacy/", wheel, attestation,
        TWINE_USERNAME="__token__", TWINE_PASSWORD=index.token,
    )  # fmt: skip

    assert stated(index, "attested-by-twine", wheel) == sent(wheel)
