"""Making projects as they were exported: settings, roles, releases, names that stay taken.

Each step is put only where it is absent, so repeating this after a failure completes it.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain import names, transfer
from app.domain.event import Event
from app.domain.manifest import Manifest, ReleaseRecord
from app.domain.names import NormalizedName
from app.domain.project import Project, ProjectRole, Release
from app.domain.transfer import Fate, Outcome
from app.errors import BadRequest
from app.store.stores import Stores


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Who makes projects, with what, and when."""

    # Stands in their history; no account need have this name.
    actor: str
    client: str
    # The account that owns a project whose own owners have no account here.
    owner: str
    at: datetime


def restore(described: Manifest, maker: Maker, *, stores: Stores) -> Iterator[Fate]:
    """Make a project as it was exported; one that exists keeps its settings and its roles.

    :raises BadRequest, Conflict: if its name is reserved, or kept for somebody.
    """
    existing, project = stores.projects.get(described.name), _project(described)
    if existing is None:
        known = {each for each in described.roles if stores.accounts.get(each)}
        for account in sorted(described.roles.keys() - known):
            role = described.roles[account].value
            yield Fate(project.name, Outcome.NOTE, f"there is no account {account!r} to be {role}")
        claim(project, {each: described.roles[each] for each in known}, maker, stores=stores)
    elif replace(existing, serial=project.serial) != project:
        yield Fate(project.name, Outcome.NOTE, "it exists, and keeps its own settings and roles")
    for release in described.releases:
        stores.imports.keep_release(_release(project.name, release))
    for name in described.taken:
        yield from _keep_taken(name.filename, name.sha256, project.name, stores=stores)


def claim(
    project: Project, roles: Mapping[str, ProjectRole], maker: Maker, *, stores: Stores
) -> None:
    """Make a project that does not exist; it has an owner in any case.

    :raises BadRequest, Conflict: if its name is reserved, or kept for somebody.
    """
    names.check_new(project.name)
    if ProjectRole.OWNER not in roles.values():
        roles = {**roles, maker.owner: ProjectRole.OWNER}
    event = Event(
        id=secrets.token_hex(8),
        subject=f"project#{project.name}",
        action="project.created",
        actor=maker.actor,
        at=maker.at,
        facts={"client": maker.client},
    )
    stores.imports.claim(project, roles, event=event, now=maker.at)
    stores.imports.keep_look(project.name)


def _project(described: Manifest) -> Project:
    return Project(
        name=described.name,
        display_name=described.display_name,
        visibility=described.visibility,
        status=described.status,
        status_reason=described.status_reason,
        created_at=described.created_at,
    )


def _release(project: NormalizedName, record: ReleaseRecord) -> Release:
    return Release(
        project=project,
        version=record.version,
        summary=record.summary,
        created_at=record.created_at,
        fields=record.fields,
    )


def _keep_taken(
    filename: str, sha256: str, project: NormalizedName, *, stores: Stores
) -> Iterator[Fate]:
    subject = f"{project}/{filename}"
    try:
        dist = transfer.dist_of(filename, project)
    except BadRequest as refusal:
        yield Fate(subject, Outcome.REFUSED, refusal.detail)
        return
    if not stores.imports.keep_taken(dist, sha256):
        yield Fate(subject, Outcome.REFUSED, "the name of a deleted file is kept for other bytes")
