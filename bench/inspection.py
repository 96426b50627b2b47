"""How much processor time and memory the inspection of a 50 MB wheel takes.

    python -m bench.inspection

Compares with `sha256sum` and `unzip -t` of the same file, which read it, unpack it and check its
checksums once each, as the least that any inspection costs.
"""

import base64
import hashlib
import multiprocessing
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path

from app.domain import filenames, wheel

MAX_RATIO = 1.5
MAX_GROWTH = 32_000_000
_SIZE = 50_000_000
_ROUNDS = 3
_NAME = "larder_bench-1.0-py3-none-any.whl"
_FOLDER = "larder_bench-1.0.dist-info"
_METADATA = b"Metadata-Version: 2.4\nName: larder-bench\nVersion: 1.0\n"
_WHEEL = b"Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def main() -> int:
    """Measure and print; return 1 if a limit is passed."""
    programs = [shutil.which("sha256sum"), shutil.which("unzip")]
    if not all(programs):
        _say("skipped: sha256sum and unzip are needed to compare with")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / _NAME
        # In another process, because its memory would hide what the inspection takes.
        maker = multiprocessing.get_context("spawn").Process(target=make_wheel, args=(path,))
        maker.start()
        maker.join()
        growth, inspection = _inspect(path)
        digest = _seconds_of([str(programs[0]), str(path)])
        unpacking = _seconds_of([str(programs[1]), "-tq", str(path)])
        megabytes = path.stat().st_size / 1e6
    ratio = inspection / (digest + unpacking)
    _say(
        f"wheel of {megabytes:.1f} MB\n"
        f"inspection {inspection:.2f} s of processor time\n"
        f"sha256sum  {digest:.2f} s, unzip -t {unpacking:.2f} s\n"
        f"ratio      {ratio:.2f} (at most {MAX_RATIO})\n"
        f"memory     +{growth / 1e6:.1f} MB at the peak (at most {MAX_GROWTH / 1e6:.1f})"
    )
    return int(ratio > MAX_RATIO or growth > MAX_GROWTH)


def make_wheel(path: Path) -> None:
    """Write a wheel that compresses like a large real one."""
    documents = {f"{_FOLDER}/METADATA": _METADATA, f"{_FOLDER}/WHEEL": _WHEEL}
    rows = [f"{_FOLDER}/RECORD,,"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in chain(documents.items(), _modules()):
            archive.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            rows.append(f"{name},sha256={digest},{len(content)}")
            if archive.infolist()[-1].header_offset > _SIZE:
                break
        archive.writestr(f"{_FOLDER}/RECORD", "\n".join(rows))


def _modules() -> Iterator[tuple[str, bytes]]:
    """Yield texts, and every eighth time a library as large as all texts since the last."""
    chance = random.Random(1)  # noqa: S311  # The same numbers every time are the point.
    words = [chance.randbytes(chance.randint(2, 9)) for _ in range(4000)]
    for number in count():
        is_text = number % 8
        content = b" ".join(chance.choices(words, k=4_000 if is_text else 28_000))
        yield f"larder_bench/part_{number:05}.{'py' if is_text else 'so'}", content


def _inspect(path: Path) -> tuple[int, float]:
    """Return by how many bytes the peak of memory grew, and the seconds of the fastest round."""
    dist = filenames.parse(_NAME)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(_ROUNDS):
        start = time.process_time()
        with path.open("rb") as content:
            wheel.read_metadata(content, dist)
        seconds.append(time.process_time() - start)
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return growth * 1024, min(seconds)


def _seconds_of(command: list[str]) -> float:
    """Return the processor time of a program, that of its fastest round."""
    seconds = []
    for _ in range(_ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # found above
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(seconds)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
