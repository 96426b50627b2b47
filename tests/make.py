"""Builders: real, tiny wheels and sdists, and the forms that upload them."""

import base64
import csv
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from typing import Any


def metadata(name: str = "Larder.Demo", version: str = "1.0", **fields: str) -> bytes:
    """Return a METADATA document; underscores in field names stand for dashes."""
    lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}"]
    lines += [f"{field.replace('_', '-')}: {value}" for field, value in fields.items()]
    return ("\n".join(lines) + "\n\nA demonstration.\n").encode()


def wheel(
    name: str = "Larder.Demo",
    version: str = "1.0",
    *,
    members: Mapping[str, bytes] | None = None,
    document: bytes | None = None,
    leave_out: tuple[str, ...] = (),
    **fields: str,
) -> bytes:
    """Return a wheel that installs one module; `leave_out` names members of its .dist-info."""
    stem = name.lower().replace(".", "_").replace("-", "_")
    folder = f"{stem}-{version}.dist-info"
    files = {
        f"{stem}.py": f"version = {version!r}\n".encode(),
        **(members or {}),
        f"{folder}/METADATA": metadata(name, version, **fields) if document is None else document,
        f"{folder}/WHEEL": b"Wheel-Version: 1.0\nGenerator: make\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n",
    }
    files[f"{folder}/RECORD"] = _record(files, folder)
    for member in leave_out:
        del files[f"{folder}/{member}"]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), content)
    return target.getvalue()


def _record(files: Mapping[str, bytes], folder: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([path, f"sha256={digest}", len(content)])
    rows.writerow([f"{folder}/RECORD", "", ""])
    return text.getvalue().encode()


def sdist(
    name: str = "Larder.Demo",
    version: str = "1.0",
    *,
    top: str | None = None,
    members: Mapping[str, bytes] | None = None,
    document: bytes | None = None,
) -> bytes:
    """Return an sdist that pip can build; `top` replaces the name of its one folder."""
    stem = name.lower().replace(".", "_").replace("-", "_")
    top = top or f"{stem}-{version}"
    project = f'[project]\nname = "{name}"\nversion = "{version}"\n'
    files = {
        f"{top}/PKG-INFO": metadata(name, version) if document is None else document,
        f"{top}/pyproject.toml": project.encode(),
        f"{top}/{stem}.py": b"",
        **(members or {}),
    }
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(target.getvalue(), mtime=0)


def wheel_name(name: str = "Larder.Demo", version: str = "1.0") -> str:
    """Return the file name of `wheel(name, version)`."""
    return f"{name.lower().replace('.', '_').replace('-', '_')}-{version}-py3-none-any.whl"


def sdist_name(name: str = "Larder.Demo", version: str = "1.0") -> str:
    """Return the file name of `sdist(name, version)`."""
    return f"{name.lower().replace('.', '_').replace('-', '_')}-{version}.tar.gz"


def form(
    archive: bytes,
    filename: str | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Return the upload form of `archive`; None in `changes` removes a field.

    `release` is the version of the file and of the form; every other change is to the form alone.
    """
    name, version = "Larder.Demo", str(changes.pop("release", "1.0"))
    filename = filename or wheel_name(name, version)
    kind = "bdist_wheel" if filename.endswith(".whl") else "sdist"
    fields: dict[str, Any] = {
        ":action": "file_upload",
        "protocol_version": "1",
        "name": name,
        "version": version,
        "filetype": kind,
        "pyversion": "py3" if kind == "bdist_wheel" else "source",
        "sha256_digest": hashlib.sha256(archive).hexdigest(),
        "content": (io.BytesIO(archive), filename),
    }
    fields |= changes
    return {field: value for field, value in fields.items() if value is not None}
