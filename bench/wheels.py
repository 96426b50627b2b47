"""Real wheels of a wanted size, made up from a seed, and the forms that upload them."""

import base64
import csv
import hashlib
import io
import random
import zipfile
from collections.abc import Mapping, Sequence

from bench.asking import Ask
from bench.data import SEED

_BOUNDARY = "larder-bench-boundary"


def wheel(
    project: str, version: str, *, size: int = 0, requires: Sequence[str] = ()
) -> tuple[str, bytes]:
    """Return the name and the bytes of a wheel of about `size` bytes."""
    stem = project.replace("-", "_")
    folder = f"{stem}-{version}.dist-info"
    chance = random.Random(f"{SEED} {project} {version}")  # noqa: S311 - the same every time
    lines = ["Metadata-Version: 2.4", f"Name: {project}", f"Version: {version}"]
    lines += ["Requires-Python: >=3.8", *(f"Requires-Dist: {each}" for each in requires)]
    files = {
        f"{stem}/__init__.py": b"",
        f"{stem}/data.bin": chance.randbytes(max(0, size - 1000)),
        f"{folder}/METADATA": ("\n".join(lines) + "\n\nMade up to be measured.\n").encode(),
        f"{folder}/WHEEL": b"Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n",
    }
    files[f"{folder}/RECORD"] = _record(files, folder)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), content)
    return f"{stem}-{version}-py3-none-any.whl", target.getvalue()


def upload(
    project: str,
    version: str,
    *,
    credential: str,
    size: int = 20_000,
    requires: Sequence[str] = (),
    path: str = "/legacy/",
) -> Ask:
    """Ask to publish a wheel of `size` bytes, as twine does."""
    filename, content = wheel(project, version, size=size, requires=requires)
    fields = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.4",
        "name": project,
        "version": version,
        "filetype": "bdist_wheel",
        "pyversion": "py3",
        "sha256_digest": hashlib.sha256(content).hexdigest(),
    }
    return Ask(
        method="POST",
        path=path,
        headers={
            "Authorization": credential,
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
        },
        body=_form(fields, filename, content),
    )


def _form(fields: Mapping[str, str], filename: str, content: bytes) -> bytes:
    start = f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name="
    parts = [f'{start}"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    head = f'{start}"content"; filename="{filename}"'
    parts.append(f"{head}\r\nContent-Type: application/octet-stream\r\n\r\n".encode())
    return b"".join(parts) + content + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _record(files: Mapping[str, bytes], folder: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([path, f"sha256={digest}", len(content)])
    rows.writerow([f"{folder}/RECORD", "", ""])
    return text.getvalue().encode()
