"""Uploads: the form of a file, encoded by hand so that it can be wrong, and cases of one file."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.corpus.case import Case, File, Own, Request, Steps, acceptance, one, refusal

BOUNDARY = "corpus-boundary"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
# A part of a form: its name, and a text or a file.
Part = tuple[str, str | File]


def fields(own: Own, file: File, **changes: Any) -> list[Part]:
    """Return the parts of a right form; `changes` replace texts, or remove them where None.

    `action` stands for `:action`. A list gives a field several times.
    """
    is_wheel = not file.name.endswith(".tar.gz")
    texts: dict[str, Any] = {
        "action": "file_upload",
        "protocol_version": "1",
        "name": own.project,
        "version": "1.0",
        "filetype": "bdist_wheel" if is_wheel else "sdist",
        "pyversion": "py3" if is_wheel else "source",
        "sha256_digest": hashlib.sha256(file.content).hexdigest(),
    } | changes
    content = texts.pop("content", file)
    return [
        (":action" if name == "action" else name, value)
        for name, values in [*texts.items(), ("content", content)]
        for value in (values if isinstance(values, list) else [values])
        if value is not None
    ]


def encode(parts: Iterable[Part]) -> bytes:
    """Return a form as multipart/form-data (RFC 7578)."""
    body = b""
    for name, value in parts:
        head = f'Content-Disposition: form-data; name="{name}"'
        if isinstance(value, File):
            quoted = value.name.replace("\\", "\\\\").replace('"', '\\"')
            head += f'; filename="{quoted}"'
        content = value.content if isinstance(value, File) else value.encode()
        body += f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def upload(own: Own, file: File, *, credential: str | None = None, **changes: Any) -> Request:
    """Return the request that uploads a file."""
    return post(encode(fields(own, file, **changes)), credential=credential)


def post(body: bytes, headers: Mapping[str, str] = MULTIPART, **more: Any) -> Request:
    """Return a request to the upload API."""
    return Request(method="POST", target="/legacy/", headers=headers, body=body, **more)


def _published(build: Callable[[Own], File], changes: dict[str, Any]) -> dict[str, Any]:
    def steps(own: Own) -> Steps:
        return one(upload(own, build(own), **changes))

    return {"steps": steps, "file": build}


def refused_wheel(name: str, why: str, build: Callable[[Own], bytes], says: str) -> Case:
    """Return the case of a wheel that may not be published."""
    return refusal(name, why, says=says, **_published(lambda own: File(own.wheel, build(own)), {}))


def refused_sdist(name: str, why: str, build: Callable[[Own], bytes], says: str) -> Case:
    """Return the case of an sdist that may not be published."""
    return refusal(name, why, says=says, **_published(lambda own: File(own.sdist, build(own)), {}))


def accepted(
    name: str, why: str, build: Callable[[Own], bytes], file: str = "{wheel}", **changes: Any
) -> Case:
    """Return the case of a file that must be published; `file` is its name."""

    def built(own: Own) -> File:
        filename = file.format(wheel=own.wheel, sdist=own.sdist, stem=own.stem)
        return File(filename, build(own))

    return acceptance(name, why, says="Published", listed=(file,), **_published(built, changes))
