"""Uploads at the same moment, from several processes to an index of several processes."""

import base64
import hashlib
import json
import multiprocessing
import urllib.request
from typing import Any

import urllib3

from tests import make
from tests.e2e.conftest import Served


def send(address: tuple[str, str], project: str, version: str, summary: str) -> int:
    """Upload a wheel once, from a process of its own; return the status."""
    url, token = address
    archive = make.wheel(project, version, Summary=summary)
    fields = make.form(archive, make.wheel_name(project, version), name=project, version=version)
    content, name = fields.pop("content")
    with urllib3.PoolManager(retries=False) as http:
        answer = http.request(
            "POST",
            f"{url}/legacy/",
            fields={**fields, "content": (name, content.read())},
            headers=urllib3.make_headers(basic_auth=f"__token__:{token}"),
            timeout=60,
        )
    return answer.status


def at_once(index: Served, jobs: list[tuple[str, str, str]]) -> list[int]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(8) as pool:
        return pool.starmap(send, [((index.url, index.token), *job) for job in jobs], chunksize=1)


def files(index: Served, project: str) -> list[dict[str, Any]]:
    basic = base64.b64encode(f"__token__:{index.token}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310
        f"{index.url}/simple/{project}/",
        headers={
            "Authorization": f"Basic {basic}",
            "Accept": "application/vnd.pypi.simple.v1+json",
        },
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        found: list[dict[str, Any]] = json.load(answer)["files"]
    return found


def test_fifty_uploads_to_one_project_are_all_listed(index: Served) -> None:
    jobs = [("fifty", f"1.{number}", "") for number in range(50)]

    assert set(at_once(index, jobs)) == {200}

    assert len(files(index, "fifty")) == 50


def test_of_eight_uploads_of_one_name_one_wins(index: Served) -> None:
    jobs = [("eight", "1.0", f"number {number}") for number in range(8)]

    statuses = at_once(index, jobs)

    assert sorted(statuses) == [200] + [409] * 7
    [file] = files(index, "eight")
    won = make.wheel("eight", "1.0", Summary=f"number {statuses.index(200)}")
    assert file["hashes"]["sha256"] == hashlib.sha256(won).hexdigest()
