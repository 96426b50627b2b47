"""The inspection of a wheel of 50 MB, against the programs that read and unpack it once.

`sha256sum` and `unzip -t` read the file, unpack it and check its checksums once each: the least
that any inspection costs.
"""

import base64
import hashlib
import multiprocessing
import random
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, count
from pathlib import Path

from app.domain import digests, filenames
from app.domain.digests import Measured
from app.features.publication import service
from bench.data import SEED
from bench.index import Site
from bench.processes import children_cpu
from bench.report import Report, Row, say

NAME = "The inspection of a wheel of 50 MB"
_SIZE = 50_000_000
_README_SIZE = 450_000
_KIB = 1024
# Not all of them ASCII, as in most long texts.
_LETTERS = "abcdefghijklmnoprstuvwyz\N{LATIN SMALL LETTER E WITH ACUTE}\N{EM DASH}"
_FILENAME = "larder_bench-1.0-py3-none-any.whl"
_FOLDER = "larder_bench-1.0.dist-info"
_WHEEL = b"Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def run(site: Site, report: Report) -> Iterator[Row]:
    """Inspect one wheel in a new process each time, in turns with the two programs."""
    say("inspecting a wheel of 50 MB")
    path = site.folder / _FILENAME
    make_wheel(path)
    with path.open("rb") as content:
        measured = digests.measure(content)
    digest, unzip = shutil.which("sha256sum"), shutil.which("unzip")
    commands = [[digest, str(path)], [unzip, "-tq", str(path)]] if digest and unzip else []
    found: list[tuple[float, int]] = []
    floors: list[list[float]] = []
    for _ in range(max(3, site.rounds)):
        found.append(_alone(path, measured))
        floors.append([_seconds_of(command) for command in commands])
    yield _time(min(seconds for seconds, _ in found), [min(x) for x in zip(*floors, strict=True)])
    yield Row(
        part=NAME, what="growth of memory at the peak", unit="MB",
        value=max(growth for _, growth in found) / 1e6, limit="inspection memory",
        note=f"its README has {_README_SIZE / 1e3:.0f} KB",
    )  # fmt: skip


def _time(value: float, floors: list[float]) -> Row:
    what = "processor time"
    if not floors:
        note = "sha256sum or unzip is not installed"
        return Row(part=NAME, what=what, value=value, unit="s", note=note)
    digest, unpacking = floors
    return Row(
        part=NAME, what=what, value=value, unit="s", ratio=value / (digest + unpacking),
        limit="inspection", note=f"sha256sum {digest:.2f} s, unzip -t {unpacking:.2f} s",
    )  # fmt: skip


def make_wheel(path: Path, *, size: int = _SIZE) -> None:
    """Write a wheel that compresses like a large real one, with a METADATA as large as they get."""
    documents = {f"{_FOLDER}/METADATA": _metadata(), f"{_FOLDER}/WHEEL": _WHEEL}
    rows = [f"{_FOLDER}/RECORD,,"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in chain(documents.items(), _modules()):
            archive.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            rows.append(f"{name},sha256={digest},{len(content)}")
            if archive.infolist()[-1].header_offset > size:
                break
        archive.writestr(f"{_FOLDER}/RECORD", "\n".join(rows))


def _metadata() -> bytes:
    """Return the fields of a project with many dependencies, and a long README."""
    lines = ["Metadata-Version: 2.4", "Name: larder-bench", "Version: 1.0"]
    lines += ["Summary: Made up to be measured", "Requires-Python: >=3.9"]
    lines += [f"Classifier: Programming Language :: Python :: 3.{minor}" for minor in range(9, 15)]
    lines += [f"Provides-Extra: extra-{number}" for number in range(10)]
    lines += [
        f'Requires-Dist: other-{number}>=1.{number},<3; extra == "extra-{number % 10}"'
        for number in range(60)
    ]
    lines += ["Description-Content-Type: text/markdown", "\n"]
    return "\n".join(lines).encode() + _readme()


def _readme() -> bytes:
    chance = random.Random(f"{SEED} README")  # noqa: S311 - the same every time
    words = ["".join(chance.choices(_LETTERS, k=number % 9 + 1)) for number in range(900)]
    text = b""
    while len(text) < _README_SIZE:
        lines = [f"## {' '.join(chance.choices(words, k=3))}", ""]
        lines += [" ".join(chance.choices(words, k=16)) for _ in range(12)]
        lines += ["", *(f"- {' '.join(chance.choices(words, k=6))}" for _ in range(6)), "\n"]
        text += "\n".join(lines).encode()
    return text


def _modules() -> Iterator[tuple[str, bytes]]:
    """Yield texts, and every eighth time a library as large as all texts since the last."""
    chance = random.Random(f"{SEED} modules")  # noqa: S311 - the same every time
    words = [chance.randbytes(chance.randint(2, 9)) for _ in range(4000)]
    for number in count():
        is_text = number % 8
        content = b" ".join(chance.choices(words, k=4_000 if is_text else 28_000))
        yield f"larder_bench/part_{number:05}.{'py' if is_text else 'so'}", content


def _alone(path: Path, measured: Measured) -> tuple[float, int]:
    """Inspect in a process of its own: what this one did before would hide what it takes."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        return executor.submit(inspect, path, measured).result()


def inspect(path: Path, measured: Measured) -> tuple[float, int]:
    """Return the seconds that an inspection took, and by how many bytes memory grew meanwhile."""
    dist = filenames.parse(path.name)
    with path.open("rb") as content:
        start = time.process_time()
        growth = growth_of(lambda: service.inspect(dist, content, measured))
        return time.process_time() - start, growth


def growth_of(work: Callable[[], object]) -> int:
    """Return by how many bytes the memory of this process grew at most while it did `work`.

    Not by `ru_maxrss`: a new process has that of the one which started it.
    """
    # The peak begins anew, see proc(5).
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    work()
    return _status("VmHWM") - before


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(x for x in lines if x.startswith(f"{field}:")).split()[1]) * _KIB


def _seconds_of(command: list[str]) -> float:
    before = children_cpu()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - found above
    return children_cpu() - before
