"""Managing projects. Every change is recorded, and on every page when these functions return."""

import functools
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from packaging.version import Version

from app.domain import access, filenames, releases
from app.domain.access import Actor
from app.domain.cursor import Part, Span
from app.domain.dist_file import DistFile
from app.domain.event import Event
from app.domain.names import NormalizedName
from app.domain.pages import Head
from app.domain.project import Project, ProjectRole, ProjectStatus, Release, Visibility
from app.domain.releases import ReleaseFiles
from app.domain.token import Claims
from app.errors import BadRequest, Conflict, Forbidden, NotFound
from app.features.access.service import identify, visit
from app.features.pages.service import is_current, refresh
from app.store.stores import Stores


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who may read a project, and what is known of both."""

    actor: Actor
    head: Head
    role: ProjectRole | None


def let_in(
    claims: Claims | None, project: NormalizedName, *, stores: Stores, now: datetime
) -> Reader:
    """Let somebody with a credential in who may read `project`.

    :raises Unauthorized, NotFound: as for a project that is absent.
    """
    visitor = visit(claims, project, stores=stores, now=now)
    head, role = visitor.found.head, visitor.found.role
    if visitor.actor is None or head is None:
        raise access.absent(visitor.actor, project)
    access.require_read(visitor.actor, project, visibility=head.visibility, role=role)
    return Reader(actor=visitor.actor, head=head, role=role)


def let_in_to_files(
    claims: Claims | None, project: NormalizedName, *, stores: Stores, now: datetime
) -> None:
    """Let somebody in who may know what `project` holds: it may be quarantined.

    :raises Unauthorized, NotFound: as for a project that is absent.
    :raises Forbidden: if it is quarantined, and this is none of its maintainers.
    """
    reader = let_in(claims, project, stores=stores, now=now)
    if reader.head.status.offers_files or _maintains(reader, project):
        return
    raise Forbidden(f"Project {project!r} is quarantined: only its maintainers see what it holds.")


def _maintains(reader: Reader, project: NormalizedName) -> bool:
    if not reader.actor.token.covers(project):
        return False
    role = reader.role
    has_role = role is not None and role.includes(ProjectRole.MAINTAINER)
    return has_role or reader.actor.account.is_admin


def admit(
    claims: Claims | None,
    project: NormalizedName,
    least: ProjectRole,
    *,
    stores: Stores,
    now: datetime,
) -> Actor:
    """Let somebody in who may manage `project` with at least the role `least`.

    :raises Unauthorized, NotFound: as for a project that is absent.
    :raises Forbidden: naming what is missing.
    """
    reader = let_in(claims, project, stores=stores, now=now)
    access.require_manage(reader.actor, project, role=reader.role, least=least)
    return reader.actor


def readable(claims: Claims | None, span: Span, *, stores: Stores, now: datetime) -> Part[Project]:
    """Return a part of the projects that this reader may see, by name.

    :raises Unauthorized: without a credential, or with one that is not good.
    :raises BadRequest: if the cursor is not one of this list.
    """
    actor = identify(claims, stores=stores, now=now)
    roles = functools.cache(lambda: stores.projects.roles_of(actor.name))

    def may_read(project: Project) -> bool:
        restricted = project.visibility is Visibility.RESTRICTED
        role = roles().get(project.name) if restricted else None
        return access.may_read(actor, project.name, visibility=project.visibility, role=role)

    return stores.listings.projects(span, may_read)


def describe(
    claims: Claims | None, project: NormalizedName, *, stores: Stores, now: datetime
) -> tuple[Project, str | None]:
    """Return a project and its latest version, None where it offers none.

    :raises Unauthorized, NotFound: if it is not for this reader.
    """
    reader = let_in(claims, project, stores=stores, now=now)
    record = stores.projects.get(project)
    if record is None:
        raise access.absent(reader.actor, project)
    files = stores.files.of(project) if record.status.offers_files else []
    latest = releases.latest(releases.group(files))
    return record, latest.first.version if latest else None


def release(
    project: NormalizedName, version: str, *, stores: Stores
) -> tuple[Release, ReleaseFiles | None]:
    """Return a release, its version in whatever spelling, and its files (None: all are deleted).

    :raises NotFound: if there never was such a release.
    """
    known = filenames.is_possible(version)
    record = stores.listings.release(project, version) if known else None
    if record is None:
        raise _no_release(project, version)
    return record, releases.pick(releases.group(stores.files.of(project)), record.version)


def release_files(project: NormalizedName, version: str, *, stores: Stores) -> list[DistFile]:
    """Return the files of one release, in whatever spelling its version is given.

    :raises NotFound: if there are none.
    """
    found = [
        file
        for file in stores.files.of(project)
        if filenames.same_version(version, Version(file.version))
    ]
    if not found:
        raise _no_release(project, version)
    return found


def _no_release(project: NormalizedName, version: str) -> NotFound:
    return NotFound(f"Project {project!r} has no release {version[:60]!r}.")


def one_file(project: NormalizedName, filename: str, *, stores: Stores) -> DistFile:
    """Return a file of a project.

    :raises NotFound: if it is not there.
    """
    known = filenames.is_possible(filename)
    file = stores.files.get(project, filename) if known else None
    if file is None:
        raise NotFound(f"There is no file {filename[:100]!r} in project {project!r}.")
    return file


def yank(
    files: Iterable[DistFile], reason: str | None, *, actor: Actor, stores: Stores, now: datetime
) -> None:
    """Yank files for a reason, which may be empty, or un-yank them (None) (PEP 592).

    Those that are so already are left alone, so repeating this after a failure completes it.
    """
    action = "file.unyanked" if reason is None else "file.yanked"
    chosen = list(files)
    for file in chosen:
        if file.yanked != reason:
            facts = {"filename": file.filename, "reason": reason or ""}
            event = _event(file.project, action, facts, actor=actor, now=now)
            stores.files.set_yanked(file, reason, event=event)
    refresh(chosen[0].project, [file.filename for file in chosen], stores=stores)


def delete(
    project: NormalizedName, filename: str, *, actor: Actor, stores: Stores, now: datetime
) -> None:
    """Remove a file from the index; its name stays taken for ever.

    The bytes become an old version of their object, which S3 keeps for a while, so that a restored
    table still finds them.

    :raises NotFound: if it is not there (any more). If it still is on the page, because an earlier
        deletion was cut off, it goes from there; the sweep retires its object.
    """
    try:
        file = one_file(project, filename, stores=stores)
    except NotFound:
        was_there = _was_there(project, filename, stores=stores)
        if was_there and not is_current(project, stores=stores):
            refresh(project, [filename], stores=stores)
        raise
    facts = {"filename": file.filename, "sha256": file.sha256}
    event = _event(file.project, "file.deleted", facts, actor=actor, now=now)
    stores.files.delete(file, event=event)
    refresh(file.project, [file.filename], stores=stores)
    stores.blobs.retire(file.blob)


def _was_there(project: NormalizedName, filename: str, *, stores: Stores) -> bool:
    try:
        dist = filenames.parse(filename)
    except BadRequest:
        return False
    return dist.project == project and stores.files.taken_by(dist.identity) is not None


def set_status(
    project: NormalizedName,
    status: ProjectStatus,
    reason: str,
    *,
    actor: Actor,
    stores: Stores,
    now: datetime,
) -> Project:
    """Change where a project stands in its life (PEP 792)."""
    record = stores.projects.get(project)
    if record is None:
        raise access.absent(actor, project)
    if (record.status, record.status_reason) != (status, reason):
        facts = {"status": status.value, "reason": reason}
        event = _event(project, "project.status", facts, actor=actor, now=now)
        stores.projects.set_status(record, status, reason, event=event)
    refresh(project, [], stores=stores)
    return record


def set_role(
    project: NormalizedName,
    account: str,
    role: ProjectRole | None,
    *,
    actor: Actor,
    stores: Stores,
    now: datetime,
) -> None:
    """Give an account a role in a project, or take it away (None).

    :raises BadRequest: if there is no such account.
    :raises Conflict: if the project would lose its last owner.
    """
    if role is not None and stores.accounts.get(account) is None:
        raise BadRequest(f"There is no account {account[:60]!r}.")
    members = stores.projects.members(project)
    if members.get(account) == role:
        return
    facts = {"account": account, "role": role.value if role else ""}
    stores.projects.set_role(
        project,
        account,
        role,
        staying_owner=_staying_owner(members, account) if members.get(account) == "owner" else None,
        event=_event(project, "project.role", facts, actor=actor, now=now),
    )
    # The page stays as it is, but a mirror that may read it from now on must come and look.
    refresh(project, [], stores=stores)


def _staying_owner(members: dict[str, ProjectRole], leaving: str) -> str:
    for account, role in members.items():
        if role is ProjectRole.OWNER and account != leaving:
            return account
    raise Conflict(f"{leaving!r} is the last owner; make somebody else an owner first.")


def _event(
    project: NormalizedName, action: str, facts: dict[str, str], *, actor: Actor, now: datetime
) -> Event:
    return Event(
        id=secrets.token_hex(8),
        subject=f"project#{project}",
        action=action,
        actor=actor.name,
        at=now,
        facts={**facts, "token": actor.token.id},
    )
