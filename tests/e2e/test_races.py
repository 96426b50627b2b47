"""Uploads at the same moment, from several processes to an index of several processes."""

import base64
import hashlib
import http.client
import json
import multiprocessing
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from typing import Any

import urllib3

from tests import make
from tests.e2e.conftest import Served

PROCESSES = 5
SECONDS = 60

Job = tuple[str, str, str]


def send(index: tuple[int, str], job: Job, barrier: Barrier) -> int:
    """Upload a wheel, its second half only when all others are as far; return the status."""
    port, token = index
    project, version, summary = job
    archive = make.wheel(project, version, Summary=summary)
    fields = make.form(archive, make.wheel_name(project, version), name=project, version=version)
    content, name = fields.pop("content")
    form = {**fields, "content": (name, content.read())}
    body, media_type = urllib3.encode_multipart_formdata(form)
    headers = urllib3.make_headers(basic_auth=f"__token__:{token}")
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
        connection.putrequest("POST", "/legacy/")
        for field, value in {**headers, "Content-Type": media_type}.items():
            connection.putheader(field, value)
        connection.putheader("Content-Length", str(len(body)))
        half = len(body) // 2
        connection.endheaders(body[:half])
        barrier.wait()
        connection.send(body[half:])
        return connection.getresponse().status


def send_several(
    index: tuple[int, str],
    jobs: dict[int, Job],
    barrier: Barrier,
    statuses: "SimpleQueue[tuple[int, int]]",
) -> None:
    """Upload from as many threads as there are jobs, in a process of its own."""
    with ThreadPoolExecutor(len(jobs)) as threads:
        for found in zip(
            jobs, threads.map(lambda job: send(index, job, barrier), jobs.values()), strict=True
        ):
            statuses.put(found)


def at_once(index: Served, jobs: list[Job]) -> list[int]:
    """Do all jobs at the same moment, in threads of a few processes; return their statuses.

    Not in a process for each: fifty take long to start.
    """
    context = multiprocessing.get_context("spawn")
    # Where one does not come as far, the others end too.
    barrier, statuses = context.Barrier(len(jobs), timeout=SECONDS), context.SimpleQueue()
    numbered = list(enumerate(jobs))
    processes = [
        context.Process(
            target=send_several,
            args=((index.port, index.token), dict(numbered[n::PROCESSES]), barrier, statuses),
        )
        for n in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    found = dict(statuses.get() for _ in jobs)
    return [found[number] for number in range(len(jobs))]


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


def test_fifty_uploads_to_one_project_at_the_same_moment_are_all_listed(index: Served) -> None:
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
