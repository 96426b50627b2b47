"""Projects, releases and roles."""

import secrets
from dataclasses import dataclass

from pynamodb.exceptions import TransactWriteError, UpdateError

from app.domain.event import Event
from app.domain.names import NormalizedName
from app.domain.project import Project, ProjectRole, ProjectStatus, Release, Visibility
from app.errors import Conflict
from app.models.base import LarderItem
from app.models.catalogue import CatalogueItem
from app.models.project import ProjectItem
from app.models.release import ReleaseItem
from app.models.role import RoleItem
from app.store import keys
from app.store.events import event_item
from app.store.failures import code_of, translated
from app.store.transactions import reasons_of, writing_together


@dataclass(frozen=True)
class ProjectStore:
    """What is known of projects; `page_size` is the number of items asked for at a time."""

    page_size: int

    @translated
    def get(self, name: NormalizedName) -> Project | None:
        """Return a project, as of now."""
        try:
            item = ProjectItem.get(keys.project(name), keys.PROJECT, consistent_read=True)
        except ProjectItem.DoesNotExist:
            return None
        return project_record(name, item)

    @translated
    def all(self) -> list[Project]:
        """Return every project of the index, by name."""
        found = LarderItem.by_owner.query(keys.PROJECTS, page_size=self.page_size)
        return [project_record(NormalizedName(item.gsi1sk), item) for item in found]

    @translated
    def touch(self, name: NormalizedName, serial: int) -> Project | None:
        """Raise the serial of a project where it is lower; return the project, as of now."""
        item = ProjectItem(keys.project(name), keys.PROJECT)
        raised = ProjectItem.serial
        try:
            item.update(
                [raised.set(serial)],
                condition=ProjectItem.pk.exists() & (raised.does_not_exist() | (raised < serial)),
            )
        except UpdateError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return self.get(name)
        return project_record(name, item)

    @translated
    def announce(self) -> None:
        """Tell all who keep the list of projects that one has changed, after it was written."""
        CatalogueItem(keys.PROJECTS, keys.CATALOGUE, mark=secrets.token_hex(8)).save()

    @translated
    def role(self, name: NormalizedName, account: str) -> ProjectRole | None:
        """Return the role of an account in a project, as of now."""
        return role_of(name, account)

    @translated
    def set_status(
        self, project: Project, status: ProjectStatus, reason: str, *, event: Event
    ) -> None:
        """Change the status of a project, with its event."""
        item = ProjectItem(keys.project(project.name), keys.PROJECT)
        with writing_together() as transaction:
            transaction.update(
                item,
                actions=[
                    ProjectItem.status.set(status.value),
                    ProjectItem.status_reason.set(reason),
                ],
                condition=ProjectItem.pk.exists(),
            )
            transaction.save(event_item(event))

    @translated
    def members(self, name: NormalizedName) -> dict[str, ProjectRole]:
        """Return every account with a role in a project, as of now."""
        prefix = keys.role("")
        found = RoleItem.query(
            keys.project(name),
            RoleItem.sk.startswith(prefix),
            consistent_read=True,
            page_size=self.page_size,
        )
        return {item.sk.removeprefix(prefix): ProjectRole(item.role) for item in found}

    @translated
    def set_role(
        self,
        name: NormalizedName,
        account: str,
        role: ProjectRole | None,
        *,
        staying_owner: str | None,
        event: Event,
    ) -> None:
        """Give an account a role in a project, or take it away (None), with its event.

        `staying_owner` is another owner whom the project keeps, needed where an owner ceases to be
        one: that it still is one is part of the same transaction.

        :raises Conflict: if it is not any more.
        """
        try:
            with writing_together() as transaction:
                if staying_owner:
                    transaction.condition_check(
                        RoleItem,
                        keys.project(name),
                        keys.role(staying_owner),
                        condition=RoleItem.role == ProjectRole.OWNER.value,
                    )
                if role is None:
                    transaction.delete(RoleItem(keys.project(name), keys.role(account)))
                else:
                    transaction.save(role_item(name, account, role))
                transaction.save(event_item(event))
        except TransactWriteError as error:
            if "ConditionalCheckFailed" not in reasons_of(error):
                raise
            raise Conflict("The owners of the project have just changed; try again.") from error

    @translated
    def roles_of(self, account: str) -> dict[NormalizedName, ProjectRole]:
        """Return the role of an account in each project where it has one."""
        prefix = keys.role("")
        found = LarderItem.by_owner.query(
            keys.account(account),
            LarderItem.gsi1sk.startswith(prefix),
            page_size=self.page_size,
        )
        return {
            NormalizedName(item.gsi1sk.removeprefix(prefix)): ProjectRole(item.role)
            for item in found
        }


def role_of(project: NormalizedName, account: str) -> ProjectRole | None:
    """Return the role of an account in a project, as of now."""
    try:
        item = RoleItem.get(keys.project(project), keys.role(account), consistent_read=True)
    except RoleItem.DoesNotExist:
        return None
    return ProjectRole(item.role)


def project_item(project: Project) -> ProjectItem:
    """Return the item of a project."""
    return ProjectItem(
        keys.project(project.name),
        keys.PROJECT,
        gsi1pk=keys.PROJECTS,
        gsi1sk=project.name,
        display_name=project.display_name,
        visibility=project.visibility.value,
        status=project.status.value,
        status_reason=project.status_reason,
        serial=project.serial,
        created_at=project.created_at,
    )


def project_record(name: NormalizedName, item: ProjectItem) -> Project:
    """Return the project that an item holds."""
    return Project(
        name=name,
        display_name=item.display_name,
        visibility=Visibility(item.visibility),
        status=ProjectStatus(item.status) if item.status else ProjectStatus.ACTIVE,
        status_reason=item.status_reason or "",
        serial=int(item.serial),
        created_at=item.created_at,
    )


def role_item(project: NormalizedName, account: str, role: ProjectRole) -> RoleItem:
    """Return the item of a role."""
    return RoleItem(
        keys.project(project),
        keys.role(account),
        gsi1pk=keys.account(account),
        gsi1sk=keys.role(project),
        role=role.value,
    )


def release_item(release: Release) -> ReleaseItem:
    """Return the item of a release."""
    return ReleaseItem(
        keys.project(release.project),
        keys.release(release.version),
        version=release.version,
        summary=release.summary,
        fields=release.fields,
        created_at=release.created_at,
    )
