"""Pages of the Simple API: rendered when a project changes, handed out as they are kept."""

import random
import time
from datetime import UTC, datetime

from app.domain import access, serial, simple
from app.domain.names import NormalizedName
from app.domain.pages import PageRef, Rendered, pack
from app.domain.project import Project, Visibility
from app.domain.simple import Format, ProjectPage
from app.domain.token import Claims
from app.errors import NotFound, Unavailable
from app.features.access.service import identify, visit
from app.store.stores import Stores

# A page is replaced between reading its head and fetching it only while uploads pour in.
_FETCHES = 4
# How long an upload lets another one of the same moment render for both, in seconds.
_COALESCE = 0.015


def find(
    project: NormalizedName, form: Format, *, claims: Claims | None, stores: Stores, now: datetime
) -> PageRef:
    """Return where the current page of `project` lies, if this reader may see it.

    :raises Unauthorized, NotFound: if not.
    """
    visitor = visit(claims, project, stores=stores, now=now)
    head = visitor.found.head
    if head is None or form not in head.pages:
        raise access.absent(visitor.actor, project)
    access.require_read(visitor.actor, project, visibility=head.visibility, role=visitor.found.role)
    return head.pages[form]


def load(
    project: NormalizedName, form: Format, ref: PageRef, *, stores: Stores
) -> tuple[PageRef, bytes]:
    """Return the gzipped page at `ref`, or the newer one that has replaced it meanwhile."""
    for _ in range(_FETCHES):
        try:
            return ref, stores.contents.page(project, ref)
        except NotFound:
            head = stores.contents.head(project)
            if head is None or form not in head.pages:
                raise
            ref = head.pages[form]
    raise Unavailable(f"The page of {project!r} changes faster than it can be read; try again.")


def project_list(
    form: Format, *, claims: Claims | None, stores: Stores, now: datetime
) -> tuple[int, Rendered]:
    """Return the list of all projects that this reader may see, and its serial.

    It is read from an index of DynamoDB that follows the table within moments, not at once; no
    installer waits for it, and mirrors are told no serials of these moments (domain/serial.py).
    """
    actor = identify(claims, stores=stores, now=now)
    projects = stores.projects.all()
    roles = stores.projects.roles_of(actor.name) if _restricted(projects) else {}
    serials = {
        project.name: serial.told(project.serial, now)
        for project in projects
        if access.may_read(
            actor, project.name, visibility=project.visibility, role=roles.get(project.name)
        )
    }
    return simple.last_serial(serials), pack(simple.render_list(serials, form))


def _restricted(projects: list[Project]) -> bool:
    return any(project.visibility is Visibility.RESTRICTED for project in projects)


def is_current(project: NormalizedName, *, stores: Stores) -> bool:
    """Tell whether the published page of `project` shows its files as they are."""
    head, record = stores.pages.head(project), stores.projects.get(project)
    if head is None or record is None:
        return head is None and record is None
    page = _page(record, stores=stores)
    wanted = {form: pack(simple.render(page, form)).digest for form in Format}
    shown = {form: ref.digest for form, ref in head.pages.items()}
    return (shown, head.visibility, head.status) == (wanted, record.visibility, record.status)


def refresh(project: NormalizedName, *, stores: Stores) -> None:
    """Make every change of `project` that was written before this call visible to every reader.

    Call it after a change, always: the counter it raises is what tells other writers that the page
    is behind. Doing it once too often is harmless.
    """
    head = stores.pages.bump(project, serial.at(datetime.now(UTC)))
    if head.gen - head.page_gen > 1:
        # Others change this project at the same moment: one rendering may do for all of us.
        time.sleep(random.uniform(0, _COALESCE))  # noqa: S311 - spreads writers
        latest = stores.pages.head(project)
        if latest is None or latest.page_gen >= head.gen:
            return
        head = latest
    # The counter was read before the files, so this page shows at least all it counts. Where
    # publishing it fails, a page that shows as much is there already. The list of projects, which
    # mirrors read first, follows the head and never leads it: the JSON API shows what it tells.
    record = stores.projects.touch(project, head.serial)
    if record is None:
        return
    page = _page(record, stores=stores)
    stores.pages.publish(head, record, {form: pack(simple.render(page, form)) for form in Format})


def _page(record: Project, *, stores: Stores) -> ProjectPage:
    return simple.page_of(
        record.name,
        stores.files.of(record.name),
        status=record.status,
        status_reason=record.status_reason,
        address=stores.pages.address,
    )
