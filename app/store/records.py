"""Items of the table as DynamoDB sends them, read without PynamoDB: for what readers wait for.

Only what a reader's request asks for is here. tests/integration/store/test_records.py holds each
against what PynamoDB's models make of the same item.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.domain.account import Account, AccountRole
from app.domain.dist_file import Blob, DistFile, ListedFile, StoredMetadata
from app.domain.names import NormalizedName
from app.domain.pages import Format, Head, PageRef, Part
from app.domain.project import ProjectRole, ProjectStatus, Visibility
from app.domain.serial import UNCOUNTED
from app.domain.token import Permission, Token
from app.store import keys

Item = dict[str, Any]
"""An item with its values as Python's own; what is absent or null is not in it."""


def plain(attributes: dict[str, dict[str, Any]]) -> Item:
    """Return an item of DynamoDB's JSON, with numbers as `int`: the table holds no others.

    :raises KeyError: for a type that the table never holds.
    """
    return {
        name: _READ[kind](value)
        for name, typed in attributes.items()
        for kind, value in typed.items()
        if kind != "NULL"
    }


def _same(value: Any) -> Any:
    return value


_READ: dict[str, Callable[[Any], Any]] = {
    "S": _same,
    "BOOL": _same,
    "N": int,
    "B": base64.b64decode,
    "SS": frozenset,
    "M": plain,
    "L": lambda values: [_READ[kind](value) for typed in values for kind, value in typed.items()],
}


def token(item: Item) -> Token:
    """Return the token that an item describes."""
    projects, ends = item.get("projects"), item.get("expires_at")
    return Token(
        id=item["pk"].removeprefix(keys.token("")),
        account=item["account"],
        label=item["label"],
        permissions=frozenset(map(Permission, item["permissions"])),
        projects=None if projects is None else frozenset(map(NormalizedName, projects)),
        created_at=_moment(item["created_at"]),
        expires_at=None if ends is None else datetime.fromtimestamp(ends, UTC),
        revoked_at=_moment(item["revoked_at"]) if "revoked_at" in item else None,
        digest=item["digest"],
    )


def account(item: Item) -> Account:
    """Return the account that an item holds."""
    return Account(
        name=item["pk"].removeprefix(keys.account("")),
        role=AccountRole(item["role"]),
        created_at=_moment(item["created_at"]),
    )


def role(item: Item) -> ProjectRole:
    """Return the role that an item gives."""
    return ProjectRole(item["role"])


def head(project: NormalizedName, item: Item) -> Head:
    """Return the head that an item holds."""
    return Head(
        project=project,
        gen=item["gen"],
        page_gen=item.get("page_gen", 0),
        serial=item.get("serial", UNCOUNTED),
        visibility=Visibility(item.get("visibility", Visibility.RESTRICTED)),
        status=ProjectStatus(item.get("status", ProjectStatus.ACTIVE)),
        pages={form: _page(item[form.value]) for form in Format if form.value in item},
    )


def _page(ref: Item) -> PageRef:
    return PageRef(
        digest=ref["digest"],
        serial=ref.get("serial", UNCOUNTED),
        inline=ref.get("inline"),
        item=ref.get("item"),
        blob=_blob(ref),
        part=Part(start=ref["start"], length=ref["length"]) if "start" in ref else None,
    )


def file(project: NormalizedName, item: Item) -> DistFile:
    """Return the file that an item holds."""
    return DistFile(
        **vars(listed(project, item)),
        kind=item["filetype"],
        md5=item["md5"],
        blake2_256=item["blake2_256"],
        uploaded_by=item["uploaded_by"],
        uploaded_with=item["uploaded_with"],
        blob=Blob(key=item["object_key"], version_id=item["object_version"]),
    )


def listed(project: NormalizedName, item: Item) -> ListedFile:
    """Return what a page tells of the file that an item holds; it may lack all the rest."""
    return ListedFile(
        project=project,
        filename=item["sk"].removeprefix(keys.file("")),
        version=item["version"],
        size=item["size"],
        sha256=item["sha256"],
        metadata_sha256=item["metadata_sha256"],
        requires_python=item["requires_python"],
        uploaded_at=_moment(item["uploaded_at"]),
        yanked=item.get("yanked"),
        attested=bool(item.get("attested")),
    )


def metadata(item: Item) -> StoredMetadata:
    """Return the document that an item holds or points at."""
    blob = _blob(item)
    return StoredMetadata(blob=blob) if blob else StoredMetadata(body=item["body"])


def _blob(item: Item) -> Blob | None:
    key = item.get("object_key")
    return None if key is None else Blob(key=key, version_id=item.get("object_version") or "null")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
