"""Reading the Simple API of another index: JSON (PEP 691) or HTML (PEP 503), whichever it speaks.

Reading is generous, because what is read is held against the files themselves later on.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from app.domain import names
from app.domain.names import NormalizedName
from app.errors import BadRequest

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
ACCEPT = f"{JSON}, {HTML};q=0.2, text/html;q=0.1"

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_FRAGMENT = re.compile(r"(?:\A|&)sha256=([0-9a-f]{64})(?:&|\Z)")


@dataclass(frozen=True, kw_only=True)
class Link:
    """A file that another index offers."""

    filename: str
    url: str
    # In lower-case hexadecimal; None: the index gives none.
    sha256: str | None
    # None: not yanked; else the reason, which may be empty (PEP 592).
    yanked: str | None
    # None: the index does not say.
    uploaded_at: datetime | None


def read_projects(body: bytes, media_type: str) -> list[NormalizedName]:
    """Read the list of projects; what is no project name is left out.

    :raises BadRequest: if it is no such list.
    """
    if media_type == JSON:
        found = [each.get("name") for each in _entries(body, "projects")]
    else:
        found = [anchor.text.strip() for anchor in _anchors(body)]
    known = (name for name in found if isinstance(name, str) and names.is_valid(name))
    return sorted({names.normalize(name) for name in known})


def read_page(body: bytes, media_type: str, url: str) -> list[Link]:
    """Read the page of a project that was found at `url`.

    :raises BadRequest: if it is no such page.
    """
    try:
        if media_type == JSON:
            return [_json_link(each, url) for each in _entries(body, "files")]
        return [_html_link(anchor, url) for anchor in _anchors(body)]
    except ValueError as error:
        raise BadRequest(f"The other index names a file by what is no URL ({error}).") from error


def _entries(body: bytes, key: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The other index sends a page that is not JSON.") from error
    match document:
        case {"meta": {"api-version": str(version)}} if version.partition(".")[0] == "1":
            pass
        case _:
            raise BadRequest("The other index does not speak version 1 of the Simple API.")
    entries = document.get(key)
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise BadRequest(f"The other index sends a page without {key}.")
    return entries


def _json_link(entry: dict[str, Any], page: str) -> Link:
    match entry:
        case {"filename": str(filename), "url": str(url)}:
            pass
        case _:
            raise BadRequest("The other index lists a file without its name or its URL.")
    yanked = entry.get("yanked")
    return Link(
        filename=filename,
        url=urljoin(page, url),
        sha256=_json_digest(entry.get("hashes")),
        yanked=yanked if isinstance(yanked, str) else "" if yanked else None,
        uploaded_at=_moment(entry.get("upload-time")),
    )


def _json_digest(hashes: Any) -> str | None:
    found = hashes.get("sha256") if isinstance(hashes, dict) else None
    return found if isinstance(found, str) and _SHA256.match(found) else None


def _html_link(anchor: "_Anchor", page: str) -> Link:
    # The URL names the file (PEP 503); the text is for people.
    url = urlsplit(urljoin(page, anchor.href))
    digest = _FRAGMENT.search(url.fragment)
    return Link(
        filename=unquote(url.path.rpartition("/")[2]),
        url=url._replace(fragment="").geturl(),
        sha256=digest[1] if digest else None,
        yanked=anchor.yanked,
        uploaded_at=None,
    )


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@dataclass
class _Anchor:
    href: str
    yanked: str | None
    text: str = ""


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Anchor] = []
        self._is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            yanked = (values["data-yanked"] or "") if "data-yanked" in values else None
            self.found.append(_Anchor(href=values["href"] or "", yanked=yanked))
            self._is_open = True

    def handle_endtag(self, tag: str) -> None:
        self._is_open = self._is_open and tag != "a"

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.found[-1].text += data


def _anchors(body: bytes) -> list[_Anchor]:
    parser = _Anchors()
    parser.feed(body.decode("utf-8", "replace"))
    parser.close()
    return parser.found
