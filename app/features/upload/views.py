"""`/legacy/`: the upload API that every publishing tool speaks."""

import dataclasses
from typing import Any

from flask import Blueprint, request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from app.domain.access import Actor
from app.domain.simple import timestamp
from app.errors import AppError, BadRequest, Unavailable
from app.features.access.service import identify
from app.features.upload import forms, service
from app.web import auth
from app.web.context import config, now, stores
from app.web.headers import client
from app.web.openapi import operation

bp = Blueprint("upload", __name__)

# Beside the file itself there are a few hundred bytes a field, and a README of any length.
FORM_BYTES = 16 * 1024 * 1024
FORM_PARTS = 10_000
# Refusals shown.
LATEST = 20


# Two rules rather than a redirect, which most publishing tools refuse to follow.
@bp.post("/legacy")
@bp.post("/legacy/")
def publish() -> Response:
    """Publish one wheel or sdist."""
    request.max_content_length = config().max_file_bytes + FORM_BYTES
    request.max_form_memory_size = FORM_BYTES
    request.max_form_parts = FORM_PARTS
    actor = service.admit(auth.claims(), stores=stores(), now=now())
    with request:  # large files lie on disk until it is closed
        try:
            return _publish(actor)
        except Unavailable:
            raise  # it refused nothing, and this is no moment to ask the storage for more
        except AppError as refusal:
            _remember(actor, refusal)
            raise


@bp.get("/api/v1/uploads/refused")
@operation(answer=forms.REFUSALS)
def refused() -> dict[str, Any]:
    """List the last refused uploads of this token, the newest first: many tools hide the reason."""
    actor = identify(auth.claims(), stores=stores(), now=now())
    found = stores().refusals.latest(actor.token.id, count=LATEST, now=now())
    return {
        "refused": [{**dataclasses.asdict(one), "at": timestamp(one.at)} for one in found],
    }


def _remember(actor: Actor, refusal: AppError) -> None:
    name = next((file.filename or "" for file in request.files.values()), "")
    service.remember_refusal(
        actor, refusal, filename=name, client=client(), stores=stores(), now=now()
    )


def _publish(actor: Actor) -> Response:
    content = _content()
    form = forms.parse(request.form.to_dict(flat=False), content.filename)
    file = service.publish(
        form,
        content.stream,
        actor=actor,
        client=client(),
        max_bytes=config().max_file_bytes,
        stores=stores(),
        now=now(),
    )
    return Response(f"Published {file.filename}.\n", mimetype="text/plain")


def _content() -> FileStorage:
    """Return the one file of the form, which some tools send without a content type."""
    for name in request.files:
        if name != "content":
            raise BadRequest(f"The form sends {name[:40]!r} as a file; only 'content' may be one.")
    files = request.files.getlist("content")
    if len(files) > 1:
        raise BadRequest("The form sends more than one file as 'content'.")
    # None at all is for the form to refuse, in its turn.
    return files[0] if files else FileStorage()
