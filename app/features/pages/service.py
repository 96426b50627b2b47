"""Pages of projects: rendered and published when a project changes, never when one is read."""

import gzip
import random
import time
import zlib
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from functools import partial

from app.domain import pieces, serial, simple
from app.domain.dist_file import ListedFile
from app.domain.names import NormalizedName
from app.domain.pages import Format, Head
from app.domain.pieces import Edition
from app.domain.project import Project
from app.domain.simple import ProjectPage
from app.errors import NotFound
from app.store.stores import Stores

# A page is replaced between reading its head and fetching it only while uploads pour in.
_TRIES = 4
# How long a writer lets others of the same moment render for it, for each of them: a chance time of
# so many calls to the database. A rendering takes twice as long.
_WAIT_CALLS = 4
_WAIT_AT_MOST = 1.0  # seconds


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
    start = time.monotonic()
    head = stores.pages.bump(project, serial.at(datetime.now(UTC)), filenames)
    wanted, waiting = head.gen, head.gen - head.page_gen
    is_busy = waiting > 1
    if is_busy:
        # Others change this project at the same moment: one rendering may do for all of us.
        longest = min(waiting * _WAIT_CALLS * (time.monotonic() - start), _WAIT_AT_MOST)
        time.sleep(random.uniform(0, longest))  # noqa: S311 - spreads writers
    for attempt in range(_TRIES):
        if is_busy:
            latest = stores.pages.head(project)
            if latest is None or latest.page_gen >= wanted:
                return
            head = latest
        try:
            _publish(head, stores=stores, anew=attempt == _TRIES - 1)
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
