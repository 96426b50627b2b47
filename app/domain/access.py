"""Who asks, and what they may do: everything is refused that is not allowed here."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.account import Account, AccountRole
from app.domain.names import NormalizedName
from app.domain.project import ProjectRole, Visibility
from app.domain.token import Permission, Token
from app.errors import Forbidden, NotFound, Unauthorized

CREDENTIALS_NEEDED = (
    "This index is private: give an API token as the password (any user name, by custom __token__)."
)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """An account acting through one of its tokens: it may do what both may."""

    account: Account
    token: Token

    @property
    def name(self) -> str:
        """Return the account's name."""
        return self.account.name

    @property
    def reads_everywhere(self) -> bool:
        """Return whether the token is for reading whatever the account may read."""
        return self.token.projects is None and self.token.allows(Permission.READ)


def machine(name: str, permission: Permission, *, now: datetime) -> Actor:
    """Return an actor that is no account: something of the index itself, rightful everywhere.

    Its name must be one that no account can have.
    """
    token = Token(
        id=name,
        account=name,
        label=name,
        permissions=frozenset({permission}),
        projects=None,
        created_at=now,
        expires_at=None,
        revoked_at=None,
        digest="",
    )
    account = Account(name=name, role=AccountRole.ADMIN, created_at=now)
    return Actor(account=account, token=token)


def may_read(
    actor: Actor | None,
    project: NormalizedName,
    *,
    visibility: Visibility,
    role: ProjectRole | None,
) -> bool:
    """Tell whether `actor` (None: somebody without a credential) may read `project`."""
    if visibility is Visibility.PUBLIC:
        return True
    if actor is None or not (actor.token.allows(Permission.READ) and actor.token.covers(project)):
        return False
    return visibility is Visibility.TEAM or role is not None or actor.account.is_admin


def require_read(
    actor: Actor | None,
    project: NormalizedName,
    *,
    visibility: Visibility,
    role: ProjectRole | None,
) -> None:
    """Let a reader of `project` pass.

    :raises Unauthorized, NotFound: as for a project that is absent.
    """
    if not may_read(actor, project, visibility=visibility, role=role):
        raise absent(actor, project)


def absent(actor: Actor | None, project: NormalizedName) -> Unauthorized | NotFound:
    """Return the answer for a project that is absent, or not for this reader: both look the same.

    Without a credential it does not even tell whether there could be one.
    """
    if actor is None:
        return Unauthorized(CREDENTIALS_NEEDED)
    return NotFound(f"There is no project {project!r} on this index, or it is not for you to read.")


def require_upload(
    actor: Actor, project: NormalizedName, *, exists: bool, role: ProjectRole | None
) -> None:
    """Let an uploader of `project` pass, or anyone with a fitting token if the name is still free.

    :raises Forbidden: naming what is missing.
    """
    require_permission(actor, Permission.UPLOAD)
    if not actor.token.covers(project):
        raise Forbidden(f"This token is not for project {project!r}; make one that names it.")
    if actor.account.is_admin or not exists:
        return
    if role is None or not role.includes(ProjectRole.UPLOADER):
        raise Forbidden(
            f"{actor.name!r} may not upload to project {project!r};"
            " ask one of its owners for the role 'uploader'."
        )


def require_manage(
    actor: Actor, project: NormalizedName, *, role: ProjectRole | None, least: ProjectRole
) -> None:
    """Let somebody pass who may manage `project` with at least the role `least`.

    :raises Forbidden: naming what is missing.
    """
    require_permission(actor, Permission.MANAGE)
    if not actor.token.covers(project):
        raise Forbidden(f"This token is not for project {project!r}; make one that names it.")
    if not actor.account.is_admin and (role is None or not role.includes(least)):
        raise Forbidden(
            f"{actor.name!r} may not do this in project {project!r};"
            f" ask one of its owners for the role {least.value!r}."
        )


def require_permission(actor: Actor, permission: Permission) -> None:
    """Let a token pass that was made for `permission`.

    :raises Forbidden: if it was not.
    """
    if not actor.token.allows(permission):
        held = ", ".join(sorted(actor.token.permissions)) or "nothing"
        raise Forbidden(f"This token is made for {held}, not for {permission}; make another one.")
