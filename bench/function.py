"""The application as a Lambda function: a fresh process for each start, from compiled files."""

import base64
import compileall
import importlib.util
import json
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any
from urllib.parse import unquote

from bench.asking import Answer, Ask
from bench.processes import PEERS, ROOT, children_cpu, environment, python_here
from sls.slim_botocore import slim

RUNTIME = PEERS / "runtime"
"""Where `make setup-bench` installs the Lambda runtime client."""

_HOST = "abcde12345.execute-api.us-east-1.amazonaws.com"
_INSTRUCTIONS = re.compile(r"I\s+refs:\s+([\d,]+)")
_numbers = count()


@dataclass(frozen=True)
class Start:
    """What one start took until its last answer."""

    answers: list[dict[str, Any]]
    modules: list[str]
    seconds: float
    # Of processor time.
    cpu: float
    # Only under valgrind.
    instructions: int


@dataclass(frozen=True)
class Function:
    """A handler, the folder it is started in, and its settings."""

    handler: str
    task: Path
    settings: Mapping[str, str]

    def start(self, *asks: Ask, counting: bool = False) -> Start:
        """Start the function, ask, and end it; `counting` counts instructions, and is slow.

        :raises RuntimeError: if it does not answer as it must.
        """
        number = next(_numbers)
        events = [self.task.parent / f"event-{number}-{place}.json" for place in range(len(asks))]
        for path, ask in zip(events, asks, strict=True):
            path.write_text(json.dumps(event_of(ask)))
        target = self.task.parent / f"answers-{number}.json"
        command: list[str | Path] = [python_here(), "probe.py", self.handler, target, *events]
        before, begin = children_cpu(), time.perf_counter()
        done = subprocess.run(  # noqa: S603 - the probe, maybe under valgrind
            [*(_VALGRIND if counting else ()), *command],
            cwd=self.task,
            env=self._environment(),
            capture_output=True,
            check=False,
            timeout=600,
        )
        seconds, cpu = time.perf_counter() - begin, children_cpu() - before
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace")[-3000:])
        found = json.loads(target.read_text())
        for ask, answer in zip(asks, found["answers"], strict=True):
            if answer["statusCode"] != ask.status:
                raise RuntimeError(f"{ask.path}: {str(answer)[:2000]}")
        counted = _INSTRUCTIONS.search(done.stderr.decode(errors="replace"))
        return Start(
            found["answers"], found["modules"], seconds, cpu,
            int(counted[1].replace(",", "")) if counted else 0,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return environment(
            self.task,
            **self.settings,
            PYTHONPATH=f"{self.task}:{RUNTIME}",
            PYTHONHASHSEED="0",
            PYTHONDONTWRITEBYTECODE="1",
            AWS_LAMBDA_FUNCTION_NAME="bench",
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE="1024",
            LAMBDA_TASK_ROOT=str(self.task),
            STRIP_STAGE_PATH="true",
        )


_VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")


def has_valgrind() -> bool:
    """Tell whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def larder(folder: Path, settings: Mapping[str, str]) -> Function:
    """Lay the application out in a folder as in the deployment zip."""
    task = _task(folder / "larder")
    shutil.copytree(ROOT / "app", task / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "handler.py", task)
    shutil.copytree(_botocore(), task / "botocore", ignore=shutil.ignore_patterns("__pycache__"))
    slim(task / "botocore" / "data")
    _compile(task)
    return Function("handler.http", task, settings)


def _botocore() -> Path:
    found = importlib.util.find_spec("botocore")
    return Path(str(found and found.origin)).parent


def base(folder: Path) -> Function:
    """Lay BASE out in a folder."""
    task = _task(folder / "base")
    shutil.copy(ROOT / "bench" / "trivial.py", task)
    _compile(task)
    return Function("trivial.http", task, {})


def floor(folder: Path, answers: Path) -> Function:
    """Lay the Flask out that hands out the answers of a folder."""
    task = _task(folder / "floor")
    shutil.copy(ROOT / "bench" / "floor.py", task)
    _compile(task)
    answers.mkdir()
    return Function("floor.http", task, {"LARDER_BENCH_RECORDED": str(answers)})


def keep_answer(path: Path, answer: Answer) -> None:
    """Write an answer as bench/floor.py reads it, without what belongs to a connection."""
    kept = [(n, v) for n, v in answer.headers if n.lower() not in _NOT_KEPT]
    head = json.dumps({"status": answer.status, "headers": kept}).encode()
    path.write_bytes(head + b"\n" + answer.body)


_NOT_KEPT = {"server", "date", "connection", "content-length"}


def _task(folder: Path) -> Path:
    task = folder / "task"
    task.mkdir(parents=True)
    shutil.copy(ROOT / "bench" / "probe.py", task)
    return task


def _compile(task: Path) -> None:
    """Do what `sls/finish_zip.py` does: bytecode that is not checked against anything."""
    compileall.compile_dir(task, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)


def event_of(ask: Ask) -> dict[str, Any]:
    """Return a request as an HTTP API hands it to a function, with payload 2.0."""
    path, _, query = ask.path.partition("?")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": unquote(path),
        "rawQueryString": query,
        "headers": {
            **{name.lower(): value for name, value in ask.headers.items()},
            "host": _HOST,
            "x-forwarded-for": "192.0.2.10",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcde12345",
            "domainName": _HOST,
            "http": {
                "method": ask.method,
                "path": unquote(path),
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.10",
                "userAgent": "pip/26.1",
            },
            "requestId": "BmVzJhfaoAMEMTA=",
            "routeKey": "$default",
            "stage": "$default",
        },
        "isBase64Encoded": ask.body is not None,
        **({"body": base64.b64encode(ask.body).decode()} if ask.body is not None else {}),
    }


def heavy(modules: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return which of the packages `names` were loaded."""
    return sorted({module.partition(".")[0] for module in modules} & set(names))
