"""Pages of the Simple API: rendered when a project changes, handed out as they are kept."""

import gzip
import random
import time
import zlib
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from functools import lru_cache, partial

from app.domain import access, pieces, serial, simple
from app.domain.access import Actor
from app.domain.dist_file import ListedFile
from app.domain.names import NormalizedName
from app.domain.pages import Head, PageRef, Rendered
from app.domain.pieces import Edition
from app.domain.project import Project
from app.domain.project_list import ProjectList
from app.domain.simple import Format, ProjectPage
from app.domain.token import Claims
from app.errors import NotFound, Unavailable
from app.features.access.service import known, visit
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
    """Return the list of all projects that this reader may see, and its serial."""
    visitor = visit(claims, stores=stores, now=now, with_mark=True)
    actor = known(visitor)
    found = stores.catalogue.list(visitor.found.mark, now)
    return _rendered(found, form, _hidden(actor, found, stores=stores))


# For the readers of the same moment, most of whom see the same.
@lru_cache(maxsize=4)
def _rendered(
    found: ProjectList, form: Format, hidden: frozenset[NormalizedName]
) -> tuple[int, Rendered]:
    return found.render(form, hidden)


def _hidden(actor: Actor, found: ProjectList, *, stores: Stores) -> frozenset[NormalizedName]:
    roles = stores.projects.roles_of(actor.name) if found.restricted else {}
    return frozenset(
        project.name
        for project in (found.restricted if actor.reads_everywhere else found.projects.values())
        if not access.may_read(
            actor, project.name, visibility=project.visibility, role=roles.get(project.name)
        )
    )


def is_current(project: NormalizedName, *, stores: Stores) -> bool:
    """Tell whether the published page of `project` is there, and shows its files as they are."""
    head, record = stores.pages.head(project), stores.projects.get(project)
    if head is None or record is None:
        return head is None and record is None
    wanted = pieces.edition(_page(record, stores=stores)).pages
    if (head.visibility, head.status) != (record.visibility, record.status):
        return False
    if {form: ref.digest for form, ref in head.pages.items()} != {
        form: page.digest for form, page in wanted.items()
    }:
        return False
    try:
        stored = stores.pages.edition(head).pages
        return all(_same(stored[form].body, wanted[form].body) for form in Format)
    except NotFound:
        # It is lost, unless a newer one has replaced it meanwhile.
        latest = stores.pages.head(project)
        return latest is not None and latest.page_gen > head.page_gen


def _same(stored: bytes, wanted: bytes) -> bool:
    try:
        return stored == wanted or gzip.decompress(stored) == gzip.decompress(wanted)
    except (OSError, EOFError, zlib.error):
        return False


def refresh(
    project: NormalizedName, filenames: Collection[str] | None = None, *, stores: Stores
) -> None:
    """Make every change of `project` that was written before this call visible to every reader.

    Call it after a change, always: the counter it raises is what tells other writers that the page
    is behind. Doing it once too often is harmless. `filenames` are those of the files that changed:
    of a large page only they cost something; None looks at all of them.
    """
    head = stores.pages.bump(project, serial.at(datetime.now(UTC)), filenames)
    wanted, is_busy = head.gen, head.gen - head.page_gen > 1
    if is_busy:
        # Others change this project at the same moment: one rendering may do for all of us.
        time.sleep(random.uniform(0, _COALESCE))  # noqa: S311 - spreads writers
    for attempt in range(_FETCHES):
        if is_busy:
            latest = stores.pages.head(project)
            if latest is None or latest.page_gen >= wanted:
                return
            head = latest
        try:
            _publish(head, stores=stores, anew=attempt == _FETCHES - 1)
        except NotFound:  # somebody has replaced the page that this one was to be made of
            is_busy = True
        else:
            return


def _publish(head: Head, *, stores: Stores, anew: bool) -> None:
    # The counter was read before the files, so this page shows at least all it counts. Where
    # publishing it fails, a page that shows as much is there already. The list of projects, which
    # mirrors read first, follows the head and never leads it: the JSON API shows what it tells.
    record = stores.projects.touch(head.project, head.serial)
    if record is None:
        return
    stores.projects.announce()
    edition = None if anew else _updated(head, record, stores=stores)
    if edition is None:
        edition = pieces.edition(_page(record, stores=stores))
    stores.pages.publish(head, record, edition)


def _updated(head: Head, record: Project, *, stores: Stores) -> Edition | None:
    """Return the page of `head` with what has changed since; None if it must be made anew.

    What the page shows was read after it had changed, and so is what changed since.

    :raises NotFound: if the page was replaced meanwhile.
    """
    changed, address = head.changed, stores.pages.address
    if changed is None or not record.status.offers_files:
        return None
    composition = stores.pages.composition(head)
    if composition is None or not composition.takes(len(changed)):
        return None
    updated = composition.update(changed, partial(stores.listed.between, head.project))
    return updated.edition(_page_around(record, (), address)) if updated.is_large else None


def _page(record: Project, *, stores: Stores) -> ProjectPage:
    return _page_around(record, stores.listed.of(record.name), stores.pages.address)


def _page_around(record: Project, files: Iterable[ListedFile], address: str) -> ProjectPage:
    return simple.page_of(
        record.name,
        files,
        status=record.status,
        status_reason=record.status_reason,
        address=address,
    )
