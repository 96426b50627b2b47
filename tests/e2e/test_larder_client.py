"""The command `larder` against a live index."""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests import make, make_attestations
from tests.e2e.conftest import ROOT, Client, Served, clean_environment

MULTIPART = "vnd-larder-s3multipart-v1"
MEDIA_TYPE = "application/vnd.pypi.upload.v2+json"


def larder(client: Client, index: Served, *args: object, code: int = 0, **env: str) -> str:
    """Run the command from the checkout and return all it said; `env` replaces the token."""
    done = subprocess.run(
        [sys.executable, "-m", "larder_client", *map(str, args)],
        cwd=client.home,
        env={
            **clean_environment(client.home),
            "PYTHONPATH": str(ROOT / "client" / "src"),
            "LARDER_INDEX": index.url,
            **(env or {"LARDER_TOKEN": index.token}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == code, done.stdout
    assert index.token not in done.stdout
    assert "X-Amz" not in done.stdout
    return done.stdout


def dist(client: Client, name: str, version: str = "1.0", **fields: str) -> tuple[Path, Path]:
    folder = client.home / "dist"
    folder.mkdir(exist_ok=True)
    wheel = folder / make.wheel_name(name, version)
    sdist = folder / make.sdist_name(name, version)
    wheel.write_bytes(make.wheel(name, version, **fields))
    sdist.write_bytes(make.sdist(name, version))
    return wheel, sdist


def install(client: Client, index: Served, requirement: str) -> str:
    return client.run(
        "pip", "install", "--target", "out", "--no-cache-dir", "--index-url", index.simple,
        requirement,
    )  # fmt: skip


def test_what_it_publishes_can_be_installed(index: Served, client: Client) -> None:
    said = larder(client, index, "upload", *dist(client, "Larder.Small"))
    assert f"Published: {index.url}/project/larder-small/" in said
    install(client, index, "larder-small")
    assert (client.home / "out" / "larder_small.py").read_text() == "version = '1.0'\n"


def test_publishing_again_skips_everything(index: Served, client: Client) -> None:
    files = dist(client, "larder-again")
    larder(client, index, "upload", *files)
    said = larder(client, index, "upload", *files)
    assert said.count("is published already, skipped") == 2
    assert "Sent 0 bytes" in said


def test_files_published_by_other_tools_are_skipped_too(index: Served, client: Client) -> None:
    wheel, sdist = dist(client, "larder-mixed")
    client.twine(index, wheel)
    said = larder(client, index, "upload", wheel, sdist)
    assert f"{wheel.name}  is published already, skipped" in said
    assert f"{sdist.name}  {sdist.stat().st_size} bytes  sent" in said


def test_other_bytes_are_refused_and_the_reason_is_shown(index: Served, client: Client) -> None:
    larder(client, index, "upload", *dist(client, "larder-fixed"))
    said = larder(client, index, "upload", *dist(client, "larder-fixed", Summary="new"), code=1)
    assert "File already exists (larder_fixed-1.0-py3-none-any.whl, with different" in said


def test_a_bad_archive_is_refused_and_the_reason_is_shown(index: Served, client: Client) -> None:
    wheel, sdist = dist(client, "larder-bad")
    wheel.write_bytes(b"no zip at all")
    said = larder(client, index, "upload", wheel, sdist, code=1)
    assert re.search(r"larder: .*larder_bad-1\.0-py3-none-any\.whl.* zip", said)
    assert "There is no larder-bad" in larder(client, index, "status", "larder-bad", code=1)

    said = larder(client, index, "upload", *dist(client, "larder-bad"))
    assert f"{sdist.name}  {sdist.stat().st_size} bytes  was sent before" in said


def test_what_is_not_published_can_be_tried_out(index: Served, client: Client) -> None:
    files = dist(client, "larder-staged")
    said = larder(client, index, "upload", "--no-publish", *files)
    stage = re.search(r"installed from (http://\S+)", said)
    assert stage
    url = stage[1].replace("http://", f"http://__token__:{index.token}@")
    client.run("pip", "install", "--target", "out", "--index-url", url, "larder-staged")
    assert "There is no larder-staged" in larder(client, index, "status", "larder-staged", code=1)

    said = larder(client, index, "upload", *files)
    assert said.count("was sent before") == 2
    assert "1.0" in larder(client, index, "status", "larder-staged")


def call(index: Served, url: str, **body: Any) -> Any:
    request = urllib.request.Request(  # noqa: S310
        url,
        data=json.dumps({"meta": {"api-version": "2.0"}, **body}).encode(),
        headers={"Authorization": f"Bearer {index.token}", "Content-Type": MEDIA_TYPE},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def test_a_larger_wheel_goes_straight_to_the_storage(index: Served, client: Client) -> None:
    larder(client, index, "upload", large_wheel(client, "larder-mid", 5_000_000))
    install(client, index, "larder-mid")
    assert (client.home / "out" / "noise.bin").stat().st_size == 5_000_000


def large_wheel(client: Client, name: str, size: int) -> Path:
    wheel, sdist = dist(client, name)
    sdist.unlink()
    noise = random.Random(size).randbytes(size)  # noqa: S311
    wheel.write_bytes(make.wheel(name, members={"noise.bin": noise}))
    return wheel


def test_parts_that_have_arrived_are_not_sent_again(index: Served, client: Client) -> None:
    """An upload in parts is begun, and one part of it arrives; then the command goes on."""
    wheel = large_wheel(client, "larder-parts", 20_000_000)
    content = wheel.read_bytes()
    session = call(index, f"{index.url}/upload/2.0/", name="larder-parts", version="1.0")
    file = call(
        index,
        session["links"]["upload"],
        filename=wheel.name,
        size=len(content),
        hashes={"sha256": hashlib.sha256(content).hexdigest()},
        mechanism=MULTIPART,
    )
    first, second = file["mechanism"]["parts"]
    part = content[first["size"] :]
    put = urllib.request.Request(second["url"], data=part, method="PUT")  # noqa: S310
    put.add_header("Content-Type", "")
    with urllib.request.urlopen(put) as answer:  # noqa: S310
        assert answer.status == 200

    said = larder(client, index, "upload", wheel)

    assert f"({len(content) - len(part):,} bytes) in" in said
    assert f"({len(part):,} bytes) were there before" in said
    install(client, index, "larder-parts")


def test_attestations_are_published_with_their_file(index: Served, client: Client) -> None:
    wheel, _ = dist(client, "larder-attested")
    for kind in (make_attestations.PUBLISH, make_attestations.SLSA):
        make_attestations.write_beside(wheel, kind)
    larder(client, index, "upload", "--attestations", *wheel.parent.glob("*.whl*"))

    provenance = urllib.request.Request(  # noqa: S310
        f"{index.url}/integrity/larder-attested/1.0/{wheel.name}/provenance",
        headers={"Authorization": f"Bearer {index.token}"},
    )
    with urllib.request.urlopen(provenance) as answer:  # noqa: S310
        (bundle,) = json.load(answer)["attestation_bundles"]
    assert len(bundle["attestations"]) == 2


def test_several_releases_go_in_one_command(index: Served, client: Client) -> None:
    files = [
        *dist(client, "larder-one"),
        *dist(client, "larder-two"),
        *dist(client, "larder-one", "2.0"),
    ]
    larder(client, index, "upload", *files)
    assert "larder-one 2.0" in larder(client, index, "status", "larder-one")
    assert "larder-two 1.0" in larder(client, index, "status", "larder-two")


def test_a_release_is_yanked_and_back(index: Served, client: Client) -> None:
    for version in ("1.0", "2.0"):
        larder(client, index, "upload", *dist(client, "larder-yanked", version))
    larder(client, index, "yank", "Larder_Yanked", "2.0", "--reason", "eats data")
    assert "YANKED eats data" in larder(client, index, "status", "larder-yanked", "2.0")
    assert "larder-yanked-1.0" in install(client, index, "larder-yanked")
    larder(client, index, "unyank", "larder-yanked", "2.0")
    assert "YANKED" not in larder(client, index, "status", "larder-yanked")


def test_a_narrow_token_is_refused_in_words(index: Served, client: Client) -> None:
    token = index.flask(
        "tokens", "create", "admin", "--permissions", "upload", "--projects", "mine",
        "--expires", "1h",
    ).stdout.strip()  # fmt: skip
    said = larder(client, index, "upload", *dist(client, "larder-x"), code=1, LARDER_TOKEN=token)
    assert "not for project 'larder-x'" in said
    said = larder(client, index, "status", LARDER_TOKEN=token)
    assert re.search(r"may +upload\n +for +mine", said)


def test_a_wrong_token_is_refused_in_words(index: Served, client: Client) -> None:
    said = larder(client, index, "upload", *dist(client, "larder-y"), code=1, LARDER_TOKEN="wrong")
    assert "not a token of this index" in said


@pytest.mark.parametrize(
    "source",
    ["LARDER_TOKEN", "UV_PUBLISH_TOKEN", "TWINE_PASSWORD", "UV_PUBLISH_PASSWORD", "LARDER_INDEX",
     ".pypirc", ".netrc", "NETRC"],
)  # fmt: skip
def test_the_token_is_found_where_people_have_it(
    index: Served, client: Client, source: str
) -> None:
    env = {"TWINE_USERNAME": "__token__"}
    netrc = f"machine 127.0.0.1\nlogin __token__\npassword {index.token}\n"
    if source == "LARDER_INDEX":
        env[source] = index.simple
    elif source == ".pypirc":
        (client.home / source).write_text(
            f"[mine]\nrepository = {index.url}/legacy/\nusername = x\npassword = {index.token}\n"
        )
    elif source == "NETRC":
        (client.home / "elsewhere").write_text(netrc)
        env[source] = str(client.home / "elsewhere")
    elif source == ".netrc":
        (client.home / source).write_text(netrc)
    else:
        env[source] = index.token
    assert "Account  admin" in larder(client, index, "status", **env)


def test_the_index_gives_its_command_away(index: Served, client: Client) -> None:
    """Without a token: pip installs it from the index's own address, and it runs."""
    with urllib.request.urlopen(f"{index.url}/client/") as page:  # noqa: S310
        link = re.search(r'href="(/client/([^"#]+)#sha256=\w{64})"', page.read().decode())
    assert link
    client.run("pip", "install", "--no-deps", "--target", "tool", f"{index.url}{link[1]}")

    libraries = Path(sys.executable).parents[1].glob("lib/python*/site-packages")
    done = subprocess.run(
        [client.home / "tool" / "bin" / "larder", "--version"],
        env=clean_environment(
            client.home,
            PYTHONPATH=os.pathsep.join(map(str, [client.home / "tool", *libraries])),
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("larder ")
