"""hatch, which looks before it uploads and prints a link afterwards."""

import re
import urllib.request

from tests import make
from tests.e2e.conftest import Client, Served


def publish(index: Served, client: Client, name: str, version: str, token: str = "") -> str:
    wheel = client.home / make.wheel_name(name, version)
    sdist = client.home / make.sdist_name(name, version)
    wheel.write_bytes(make.wheel(name, version))
    sdist.write_bytes(make.sdist(name, version))
    return client.run(
        "hatch", "--no-color", "publish", "--no-prompt", "--repo", f"{index.url}/legacy/",
        wheel, sdist,
        HATCH_INDEX_USER="__token__", HATCH_INDEX_AUTH=token or index.token,
        ok=not token,
    )  # fmt: skip


def test_hatch_publishes_and_pip_installs(index: Served, client: Client) -> None:
    said = publish(index, client, "Hatch.Demo", "1.0")
    assert said.count("... success") == 2

    client.run("pip", "install", "--target", "out", "--index-url", index.simple, "hatch-demo")

    assert (client.home / "out" / "hatch_demo.py").read_text() == "version = '1.0'\n"


def test_hatch_skips_what_is_there_without_sending_it(index: Served, client: Client) -> None:
    publish(index, client, "hatch-skip", "1.0")
    before = "".join(index.output).count("POST /legacy/")

    said = publish(index, client, "hatch-skip", "1.0")

    assert said.count("... already exists") == 2
    assert "".join(index.output).count("POST /legacy/") == before


def test_the_link_that_hatch_prints_leads_to_the_project(index: Served, client: Client) -> None:
    said = publish(index, client, "hatch-link", "1.0+local.1")
    link = re.search(rf"{index.url}/legacy/\S+", said)
    assert link, said
    request = urllib.request.Request(  # noqa: S310
        link[0], headers={"Authorization": f"Bearer {index.token}"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.url == f"{index.url}/project/hatch-link/"
        assert "1.0+local.1" in answer.read().decode()


def test_a_wrong_token_is_refused(index: Served, client: Client) -> None:
    assert "401" in publish(index, client, "hatch-refused", "1.0", token="wrong")
