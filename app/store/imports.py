"""What comes with imported files: projects with their roles, releases, and names that stay taken.

Everything is put only where it is absent, so that an import can be repeated.
"""

from collections.abc import Mapping
from datetime import datetime

from pynamodb.exceptions import PutError, TransactWriteError

from app.domain.event import Event
from app.domain.filenames import DistName
from app.domain.names import NormalizedName
from app.domain.project import Project, ProjectRole, Release
from app.errors import Conflict
from app.models.base import LarderItem
from app.models.head import HeadItem
from app.models.lookalike import LookAlikeItem
from app.models.project import ProjectItem
from app.models.taken_name import TakenNameItem
from app.store import keys
from app.store.events import event_item
from app.store.failures import code_of, translated
from app.store.projects import project_item, release_item, role_item
from app.store.sessions import check_not_kept
from app.store.transactions import reasons_of, writing_together

# Of the 100 items that DynamoDB takes together, some are not roles.
_ROLES_AT_ONCE = 90


class ImportStore:
    """Writes what an import brings beside files."""

    @translated
    def claim(
        self, project: Project, roles: Mapping[str, ProjectRole], *, event: Event, now: datetime
    ) -> None:
        """Make a project, with who has a say in it and the event that tells of it.

        :raises Conflict: if it was made meanwhile, or an upload session keeps its name.
        """
        order = list(ProjectRole)
        ranked = sorted(roles, key=lambda account: order.index(roles[account]))
        items = [role_item(project.name, account, roles[account]) for account in ranked]
        # More than fit are written before: without their project they give nobody a say, and
        # repeating this completes it.
        for item in items[:-_ROLES_AT_ONCE]:
            item.save()
        try:
            with writing_together() as transaction:
                check_not_kept(project.name, ranked[-1], now, transaction)
                transaction.save(project_item(project), condition=ProjectItem.pk.does_not_exist())
                transaction.save(_head_item(project))
                for item in items[-_ROLES_AT_ONCE:]:
                    transaction.save(item)
                transaction.save(event_item(event))
        except TransactWriteError as error:
            if "ConditionalCheckFailed" not in reasons_of(error):
                raise
            raise Conflict(
                f"The project {project.name!r} was made a moment ago, or its name is kept for an"
                " upload that an account has begun; try again later."
            ) from error

    @translated
    def keep_look(self, project: NormalizedName) -> None:
        """Let a project hold its look, if none that looks like it does."""
        _put_absent(LookAlikeItem(keys.look_alike(project), keys.LOOK_ALIKE, project=project))

    @translated
    def keep_release(self, release: Release) -> None:
        """Make a release, if it does not exist."""
        _put_absent(release_item(release))

    @translated
    def keep_taken(self, dist: DistName, sha256: str) -> bool:
        """Keep a file name for ever; return False if it is kept for other bytes already."""
        partition = keys.taken(dist.identity)
        item = TakenNameItem(partition, keys.TAKEN, filename=dist.filename, sha256=sha256)
        if _put_absent(item):
            return True
        return TakenNameItem.get(partition, keys.TAKEN, consistent_read=True).sha256 == sha256


def _head_item(project: Project) -> HeadItem:
    # Without it a project would be active until its first page is made, whatever it is to be.
    return HeadItem(
        keys.project(project.name),
        keys.HEAD,
        visibility=project.visibility.value,
        status=project.status.value,
    )


def _put_absent(item: LarderItem) -> bool:
    try:
        item.save(condition=type(item).pk.does_not_exist())
    except PutError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True
