"""Project names in URLs: any spelling is understood, one is used."""

from flask import Flask, redirect, request, url_for
from werkzeug.routing import BaseConverter, ValidationError
from werkzeug.wrappers import Response

from app.domain import names
from app.domain.names import NormalizedName
from app.errors import NotFound
from app.logs import redact


class _Spelled(str):
    """A normalised name that remembers how the URL spelled it."""

    __slots__ = ("spelled",)
    spelled: str


class ProjectConverter(BaseConverter):
    """Turns the spelling in a URL into the normal form (PEP 503)."""

    def to_python(self, value: str) -> NormalizedName:
        """Return the normal form; what is no project name is no such URL."""
        if not names.is_valid(value):
            raise ValidationError
        name = _Spelled(names.normalize(value))
        name.spelled = value
        return NormalizedName(name)


def init_app(app: Flask) -> None:
    """Register the converter as `<project:…>` and the redirect to the normal form."""
    app.url_map.converters["project"] = ProjectConverter
    app.before_request(_redirect_to_normal_form)


def _redirect_to_normal_form() -> Response | None:
    if request.method not in {"GET", "HEAD"} or not request.view_args or not request.endpoint:
        return None
    project = request.view_args.get("project")
    if not isinstance(project, _Spelled) or project.spelled == project:
        return None
    if request.path.startswith("/api/"):  # scripts want an answer in any spelling
        return None
    query = request.query_string.decode()
    target = url_for(request.endpoint, **request.view_args) + (f"?{query}" if query else "")
    if redact(target) != target:
        raise NotFound("There is nothing at this address.")  # and a secret is not sent around
    return redirect(target, code=301)
