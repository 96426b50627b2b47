"""Who may do what."""

from datetime import UTC, datetime

import pytest
from packaging.utils import canonicalize_name

from app.domain import access
from app.domain.access import Actor
from app.domain.account import Account, AccountRole
from app.domain.project import ProjectRole, Visibility
from app.domain.token import Permission, Token
from app.errors import Forbidden, NotFound, Unauthorized

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DEMO = canonicalize_name("demo")


def actor(*permissions: str, role: str = "member", projects: tuple[str, ...] = ()) -> Actor:
    return Actor(
        account=Account(name="ada", role=AccountRole(role), created_at=NOW),
        token=Token(
            id="1",
            account="ada",
            label="",
            permissions=frozenset(map(Permission, permissions)),
            projects=frozenset(map(canonicalize_name, projects)) if projects else None,
            created_at=NOW,
            expires_at=None,
            revoked_at=None,
            digest="",
        ),
    )


NOBODY = None
READER = actor("read")
UPLOADER = actor("upload")
ADMIN = actor("read", role="admin")
STRANGER = actor("read", projects=("other",))


@pytest.mark.parametrize(
    ("visibility", "who", "role", "allowed"),
    [
        ("public", NOBODY, None, True),
        ("public", STRANGER, None, True),
        ("team", NOBODY, None, False),
        ("team", READER, None, True),
        ("team", UPLOADER, None, True),
        ("team", STRANGER, None, False),
        ("restricted", NOBODY, None, False),
        ("restricted", READER, None, False),
        ("restricted", READER, "reader", True),
        ("restricted", STRANGER, "owner", False),
        ("restricted", ADMIN, None, True),
    ],
)
def test_who_may_read(
    visibility: str, who: Actor | None, role: str | None, *, allowed: bool
) -> None:
    found = access.may_read(
        who, DEMO, visibility=Visibility(visibility), role=ProjectRole(role) if role else None
    )
    assert found is allowed


def test_without_a_credential_absent_and_private_look_the_same() -> None:
    for visibility in (Visibility.TEAM, Visibility.RESTRICTED):
        with pytest.raises(Unauthorized) as caught:
            access.require_read(NOBODY, DEMO, visibility=visibility, role=None)
        assert caught.value.detail == access.absent(NOBODY, DEMO).detail


def test_with_a_credential_absent_and_unreadable_look_the_same() -> None:
    with pytest.raises(NotFound) as caught:
        access.require_read(READER, DEMO, visibility=Visibility.RESTRICTED, role=None)
    assert caught.value.detail == access.absent(READER, DEMO).detail


@pytest.mark.parametrize("role", ["uploader", "maintainer", "owner"])
def test_a_role_from_uploader_up_may_upload(role: str) -> None:
    access.require_upload(UPLOADER, DEMO, exists=True, role=ProjectRole(role))


def test_anyone_may_claim_a_free_name() -> None:
    access.require_upload(UPLOADER, DEMO, exists=False, role=None)


def test_an_admin_may_upload_everywhere() -> None:
    access.require_upload(actor("upload", role="admin"), DEMO, exists=True, role=None)


@pytest.mark.parametrize(
    ("who", "exists", "role", "reason"),
    [
        (READER, False, None, "made for read, not for upload"),
        (UPLOADER, True, None, "may not upload to project 'demo'"),
        (UPLOADER, True, ProjectRole.READER, "may not upload to project 'demo'"),
        (actor("upload", projects=("other",)), False, None, "not for project 'demo'"),
        (ADMIN, True, None, "made for read, not for upload"),
    ],
)
def test_everyone_else_is_told_what_is_missing(
    who: Actor, role: ProjectRole | None, reason: str, *, exists: bool
) -> None:
    with pytest.raises(Forbidden, match=reason):
        access.require_upload(who, DEMO, exists=exists, role=role)


def test_a_role_includes_the_lesser_ones() -> None:
    assert ProjectRole.OWNER.includes(ProjectRole.READER)
    assert not ProjectRole.READER.includes(ProjectRole.UPLOADER)
