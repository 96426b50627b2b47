"""Pages of the Simple API, handed out as they are kept; features/pages makes them."""

from datetime import datetime
from functools import lru_cache

from app.domain import access
from app.domain.access import Actor
from app.domain.names import NormalizedName
from app.domain.pages import Format, PageRef, Rendered
from app.domain.project_list import ProjectList
from app.domain.token import Claims
from app.errors import NotFound, Unavailable
from app.features.access.service import known, visit
from app.store.stores import Stores

# A page is replaced between reading its head and fetching it only while uploads pour in.
_FETCHES = 4


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
