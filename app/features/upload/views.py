"""`/legacy/`: the upload API that every publishing tool speaks."""

import dataclasses
from contextlib import closing
from io import BytesIO
from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from app.domain.access import Actor
from app.domain.simple import timestamp
from app.errors import AppError, Unavailable
from app.features.access.service import identify
from app.features.upload import forms, service
from app.web import auth
from app.web.context import config, now, stores
from app.web.headers import client
from app.web.multipart import SentForm
from app.web.openapi import operation

bp = Blueprint("upload", __name__)

# Refusals shown.
LATEST = 20


# Two rules rather than a redirect, which most publishing tools refuse to follow.
@bp.post("/legacy")
@bp.post("/legacy/")
def publish() -> Response:
    """Publish one wheel or sdist."""
    actor = service.admit(auth.claims(), stores=stores(), now=now())
    with closing(SentForm("content")) as form:
        try:
            form.read(config().max_file_bytes)
            return _publish(form, actor)
        except Unavailable:
            raise  # it refused nothing, and this is no moment to ask the storage for more
        except AppError as refusal:
            _remember(form, actor, refusal)
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


def _remember(form: SentForm, actor: Actor, refusal: AppError) -> None:
    service.remember_refusal(
        actor, refusal, filename=form.filename, client=client(), stores=stores(), now=now()
    )


def _publish(form: SentForm, actor: Actor) -> Response:
    file = service.publish(
        forms.parse(form.fields, form.filename),
        form.file or BytesIO(),
        actor=actor,
        client=client(),
        max_bytes=config().max_file_bytes,
        stores=stores(),
        now=now(),
    )
    return Response(f"Published {file.filename}.\n", mimetype="text/plain")
