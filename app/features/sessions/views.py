"""`/upload/2.0/`: publishing sessions (PEP 694), and `/stage/`, where one can be tried out."""

from functools import partial
from typing import Any

from flask import Blueprint, url_for
from flask.json import dumps
from werkzeug.wrappers import Response

from app.domain.access import Actor
from app.domain.dist_file import DistFile
from app.domain.names import NormalizedName
from app.domain.pages import pack
from app.domain.publishing_session import (
    MAX_FILES,
    FileStatus,
    Mechanism,
    PublishingSession,
    StagedFile,
)
from app.domain.simple import render
from app.errors import NotFound
from app.features.access.service import visit
from app.features.sessions import forms, service
from app.features.sessions.service import Limits
from app.features.upload.service import admit
from app.web import auth, headers, negotiate
from app.web.body import json_object, no_content, spooled, text
from app.web.context import config, now, public_url, stores
from app.web.headers import client

bp = Blueprint("sessions", __name__)

_MEDIA_TYPE = "application/vnd.pypi.upload.v2+json"
_METADATA = ".metadata"


@bp.post("/upload/2.0")
@bp.post("/upload/2.0/")
def create() -> Response:
    """Open a session for a release."""
    actor = _actor()
    project, version = forms.parse_release(json_object())
    session, is_new = service.open_session(
        project, version, actor=actor, stores=stores(), now=now()
    )
    answer = _session_answer(session, 201 if is_new else 409)
    answer.headers["Location"] = _url("session", id=session.id)
    return answer


@bp.get("/upload/2.0/<id>/")
def session(id: str) -> Response:  # noqa: A002 - the field's own word, also in links
    """Tell how a session stands."""
    return _session_answer(_find(id, _actor()))


@bp.delete("/upload/2.0/<id>/")
def cancel(id: str) -> Response:  # noqa: A002
    """End a session without publishing anything."""
    actor = _actor()
    found = service.find_to_cancel(id, actor=actor, stores=stores(), now=now())
    service.cancel(found, stores=stores())
    return no_content()


@bp.post("/upload/2.0/<id>/extend")
def extend(id: str) -> Response:  # noqa: A002
    """Let a session live longer."""
    found = _find(id, _actor())
    seconds = forms.parse_extension(json_object())
    return _session_answer(service.extend(found, seconds, stores=stores(), now=now()))


@bp.post("/upload/2.0/<id>/publish")
def publish(id: str) -> Response:  # noqa: A002
    """Make all files of a session visible at once."""
    actor = _actor()
    forms.check_meta(json_object())
    published = service.publish(_find(id, actor), actor=actor, stores=stores(), now=now())
    answer = _session_answer(published, 201)
    answer.headers["Location"] = _url("session", id=id)
    return answer


@bp.post("/upload/2.0/<id>/files")
def add_file(id: str) -> Response:  # noqa: A002
    """Announce a file; the answer says where its bytes go."""
    actor = _actor()
    found = _find(id, actor)
    announced = forms.parse_announcement(json_object(), found)
    added = service.add_file(
        found,
        announced,
        actor=actor,
        client=client(),
        limits=_limits(),
        stores=stores(),
        now=now(),
    )
    return _file_answer(found, added, 202)


@bp.get("/upload/2.0/<id>/files/<filename>")
def file(id: str, filename: str) -> Response:  # noqa: A002
    """Tell how a file stands, with fresh links for its bytes."""
    found = _find(id, _actor())
    return _file_answer(found, service.find_file(found, filename, stores=stores()))


@bp.delete("/upload/2.0/<id>/files/<filename>")
def remove_file(id: str, filename: str) -> Response:  # noqa: A002
    """Take a file out of a session."""
    found = _find(id, _actor())
    removed = service.find_file(found, filename, stores=stores())
    service.remove_file(found, removed, stores=stores(), now=now())
    return no_content()


@bp.post("/upload/2.0/<id>/files/<filename>/bytes")
def receive(id: str, filename: str) -> Response:  # noqa: A002
    """Take the bytes of a file (`http-post-bytes`)."""
    found = _find(id, _actor())
    with spooled(config().post_bytes) as content:
        service.receive(
            service.find_file(found, filename, stores=stores()),
            content,
            stores=stores(),
            now=now(),
        )
    return no_content()


@bp.post("/upload/2.0/<id>/files/<filename>/attestations")
def attest(id: str, filename: str) -> Response:  # noqa: A002
    """Take the attestations of a file (PEP 740)."""
    found = _find(id, _actor())
    service.attest(
        service.find_file(found, filename, stores=stores()), text(), stores=stores(), now=now()
    )
    return no_content()


@bp.post("/upload/2.0/<id>/files/<filename>/complete")
def complete(id: str, filename: str) -> Response:  # noqa: A002
    """Take the client's word that the bytes of a file are there."""
    found = _find(id, _actor())
    forms.check_meta(json_object())
    completed = service.complete(
        service.find_file(found, filename, stores=stores()),
        limits=_limits(),
        stores=stores(),
        now=now(),
    )
    processing = completed.status(now()) is FileStatus.PROCESSING
    answer = _file_answer(found, completed, 202 if processing else 201)
    if processing and not config().object_events:
        # The worker goes on with it once the answer is sent.
        answer.call_on_close(partial(service.inspect, completed, stores=stores(), now=now()))
    return answer


@bp.get("/stage/<id>/simple/<project:project>/")
def stage(id: str, project: NormalizedName) -> Response:  # noqa: A002
    """List the completed files of a session, as an index that installers read."""
    form, content_type = negotiate.pick()
    page = service.staged_page(project, _staged(id, project))
    packed = pack(render(page, form))
    etag = headers.etag_of(packed.digest, content_type)
    vary = "Accept, Accept-Encoding, Authorization"
    return headers.stored(packed.body, content_type, etag, cache=headers.REVALIDATE, vary=vary)


@bp.get("/stage/<id>/files/<project:project>/<filename>")
def staged_file(id: str, project: NormalizedName, filename: str) -> Response:  # noqa: A002
    """Send a completed file of a session, or its metadata."""
    wanted = filename.removesuffix(_METADATA)
    found = next((one for one in _staged(id, project) if one.filename == wanted), None)
    if found is None:
        raise NotFound(f"There is no completed file {wanted[:100]!r} in this session.")
    if filename.endswith(_METADATA):
        document = service.staged_metadata(id, found, stores=stores())
        return headers.stored(
            document,
            "application/octet-stream",
            headers.etag_of(found.metadata_sha256, "text/metadata"),
            cache=headers.REVALIDATE,
            vary="Accept-Encoding, Authorization",
        )
    link = service.link(found, stores=stores(), now=now())
    return Response(status=302, headers={"Location": link, "Cache-Control": "no-store"})


def _actor() -> Actor:
    return admit(auth.claims(), stores=stores(), now=now())


def _find(session_id: str, actor: Actor) -> PublishingSession:
    return service.find(session_id, actor=actor, stores=stores(), now=now())


def _staged(session_id: str, project: NormalizedName) -> list[DistFile]:
    visitor = visit(auth.claims(), project, stores=stores(), now=now())
    return service.staged(session_id, project, visitor, stores=stores(), now=now())


def _limits() -> Limits:
    settings = config()
    return Limits(
        file=settings.max_file_bytes,
        post=settings.post_bytes,
        inspection=settings.inspect_bytes,
    )


def _session_answer(found: PublishingSession, status: int = 200) -> Response:
    files = stores().sessions.files(found.id)
    body = {
        "name": found.project,
        "version": found.version,
        "links": {
            **{name: _url(name, id=found.id) for name in ("session", "publish", "extend")},
            "upload": _url("add_file", id=found.id),
            "stage": f"{public_url()}/stage/{found.id}/simple/",
        },
        "mechanisms": list(Mechanism),
        "max-files": MAX_FILES,
        "expires-at": _moment(found),
        "status": found.status,
        "files": {
            file.filename: {
                "status": file.status(now()),
                "link": _url("file", id=found.id, filename=file.filename),
                "notices": _notices(file),
            }
            for file in files
        },
        "notices": [],
    }
    return _answer(body, status)


def _file_answer(found: PublishingSession, file: StagedFile, status: int = 200) -> Response:
    names, standing = {"id": found.id, "filename": file.filename}, file.status(now())
    body: dict[str, Any] = {
        "filename": file.filename,
        "size": file.size,
        "hashes": {"sha256": file.sha256},
        "links": {
            "publishing-session": _url("session", id=found.id),
            "file-upload-session": _url("file", **names),
            "complete": _url("complete", **names),
        },
        "status": standing,
        "expires-at": _moment(found),
        "notices": _notices(file),
    }
    if standing is FileStatus.PENDING:
        body["mechanism"] = {
            "identifier": file.mechanism,
            "attestations_url": _url("attest", **names),
            **_mechanism(file, names),
        }
    answer = _answer(body, status)
    answer.headers["Location"] = _url("file", **names)
    if status == 202 or standing is FileStatus.PROCESSING:  # noqa: PLR2004
        answer.headers["Retry-After"] = "1"
    return answer


def _mechanism(file: StagedFile, names: dict[str, str]) -> dict[str, Any]:
    if file.mechanism is Mechanism.POST:
        return {"file_url": _url("receive", **names)}
    if file.mechanism is Mechanism.PUT:
        link = service.put_link(file, stores=stores(), now=now())
        return {"url": link.url, "headers": dict(link.headers)}
    parts = service.parts(file, stores=stores())
    return {
        "part_size": file.part_size,
        "parts": [
            {"number": part.number, "size": part.size, "stored": part.url is None}
            | ({"url": part.url} if part.url else {})
            for part in parts
        ],
    }


def _notices(file: StagedFile) -> list[str]:
    return [file.fault] if file.fault else []


def _moment(found: PublishingSession) -> str:
    return f"{found.ends_at:%Y-%m-%dT%H:%M:%SZ}"


def _answer(body: dict[str, Any], status: int) -> Response:
    document = {"meta": {"api-version": forms.API_VERSION}, **body}
    return Response(dumps(document), status, content_type=_MEDIA_TYPE)


def _url(name: str, **values: Any) -> str:
    return public_url() + url_for(f".{name}", **values)
