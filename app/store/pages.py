"""Rendered pages, and the heads that name the current ones."""

import hashlib
import logging
import secrets
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pynamodb.exceptions import DeleteError, UpdateError
from pynamodb.expressions.update import Action

from app.domain.dist_file import Blob
from app.domain.names import NormalizedName
from app.domain.pages import Format, Head, PageRef, Part, Rendered, change
from app.domain.pieces import Composition, Edition
from app.domain.project import Project, ProjectStatus, Visibility
from app.models.base import table
from app.models.head import HeadItem, PageRefMap
from app.models.page import PageItem
from app.store import keys
from app.store.blobs import BlobStore
from app.store.contents import ContentStore
from app.store.failures import code_of, translated

_log = logging.getLogger(__name__)

# Large pages whose pieces stay in the process, a megabyte for 5,000 files.
_REMEMBERED = 4


@dataclass(frozen=True)
class PageStore:
    """Pages, small ones in the head, larger ones in an item, the largest in S3."""

    blobs: BlobStore
    contents: ContentStore
    # Limits in compressed bytes: of the head's pages together, and of a page item.
    inline_bytes: int
    item_bytes: int
    # The https address of the index, which pages tell where the standards want full URLs; or empty.
    address: str = ""
    # What large pages were made of that this process published last, the newest last: a release has
    # many files.
    _latest: dict[NormalizedName, tuple[PageRef, Composition]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @translated
    def head(self, project: NormalizedName) -> Head | None:
        """Return the head of a project, as of now."""
        try:
            item = HeadItem.get(keys.project(project), keys.HEAD, consistent_read=True)
        except HeadItem.DoesNotExist:
            return None
        return head_record(project, item)

    @translated
    def bump(
        self, project: NormalizedName, serial: int, filenames: Collection[str] | None = None
    ) -> Head:
        """Count a change that was written; return the head, its `gen` the number of the change.

        `filenames` are those of the files that changed, None if anything may have. The serial
        becomes `serial`, or one more than it was where that is higher: it only grows.
        """
        item, raised = HeadItem(keys.project(project), keys.HEAD), HeadItem.serial
        entry = change(secrets.token_hex(6), filenames)
        actions = [
            HeadItem.gen.add(1),
            HeadItem.changes.add({entry}),
            HeadItem.kind.set(HeadItem),
        ]
        try:
            item.update(
                [*actions, raised.set(serial)],
                condition=raised.does_not_exist() | (raised < serial),
            )
        except UpdateError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            # Without a condition, so it never fails for being one of many.
            item.update([*actions, raised.add(1)])
        return head_record(project, item)

    @translated
    def publish(self, head: Head, project: Project, edition: Edition) -> None:
        """Make `edition`, of the files after `head` was read, the current page of `project`.

        Where a page that shows as much or more is current already, it stays.
        """
        refs = self._put_all(head, edition)
        try:
            replaced = _replace(head, project, refs)
        except UpdateError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            current = self.head(head.project)
            if current and _refs_of(current) == refs:
                return  # ours after all: the answer to an earlier try of this call was lost
            replaced = refs
        else:
            self._remember(head.project, refs, edition)
        self._discard(head.project, replaced)

    def _remember(
        self, project: NormalizedName, refs: Mapping[str, PageRef], edition: Edition
    ) -> None:
        with self._lock:
            self._latest.pop(project, None)
            if edition.composition is not None:
                self._latest[project] = refs[_INDEX], edition.composition
            if len(self._latest) > _REMEMBERED:
                del self._latest[next(iter(self._latest))]

    def composition(self, head: Head) -> Composition | None:
        """Return what the large page that a head names is made of, None if it is small or unlike.

        :raises NotFound: if a newer one has replaced it since the head was read, or it is lost.
        """
        if head.index is None or not head.pages:
            return None
        ref, found = self._latest.get(head.project, (None, None))
        if found and ref == head.index:
            return found
        stored = self.edition(head)
        bodies = {form: page.body for form, page in stored.pages.items()}
        return Composition.read(stored.index, bodies, self.address)

    @translated
    def edition(self, head: Head) -> Edition:
        """Return all that is stored of the page that a head names.

        :raises NotFound: if a newer one has replaced it since the head was read, or it is lost.
        """
        refs = _refs_of(head)
        objects = {ref.blob: b"" for ref in refs.values() if ref.blob}
        for blob in objects:  # one, of which everything is a part
            objects[blob] = self.contents.page(head.project, PageRef(digest="", blob=blob))

        def body(ref: PageRef) -> bytes:
            if ref.blob is None:
                return self.contents.page(head.project, ref)
            part = ref.part
            stored = objects[ref.blob]
            return stored[part.start : part.start + part.length] if part else stored

        pages = {
            form: Rendered(digest=refs[form].digest, body=body(refs[form])) for form in head.pages
        }
        return Edition(pages=pages, index=body(refs[_INDEX]) if _INDEX in refs else b"")

    def _put_all(self, head: Head, edition: Edition) -> dict[str, PageRef]:
        """Put everything where it fits: JSON first, for it is what installers ask for."""
        refs, rest, room = dict[str, PageRef](), dict[str, Rendered](), self.inline_bytes
        for form in Format:
            page = edition.pages[form]
            if len(page.body) <= room:
                room -= len(page.body)
                refs[form] = PageRef(digest=page.digest, serial=head.serial, inline=page.body)
            else:
                rest[form] = page
        if edition.index:
            rest[_INDEX] = Rendered(digest="", body=edition.index)
        small = all(len(page.body) <= self.item_bytes for page in rest.values())
        put = self._put_items if small else self._put_object
        return refs | (put(head, rest) if rest else {})

    def _put_items(self, head: Head, pages: Mapping[str, Rendered]) -> dict[str, PageRef]:
        attempt = _attempt(head)
        refs = {
            name: PageRef(digest=page.digest, serial=head.serial, item=f"page#{attempt}#{name}")
            for name, page in pages.items()
        }
        for name, ref in refs.items():
            PageItem(keys.project(head.project), ref.item, body=pages[name].body).save()
        return refs

    def _put_object(self, head: Head, pages: Mapping[str, Rendered]) -> dict[str, PageRef]:
        """Put all into one object: to write one costs more than to write many bytes."""
        content = b"".join(page.body for page in pages.values())
        name = _attempt(head).replace("#", "-")
        blob = self.blobs.put(
            f"pages/{head.project}/{name}.gz",
            content,
            sha256=hashlib.sha256(content).hexdigest(),
            media_type="application/gzip",
        )
        refs, start = {}, 0
        for name, page in pages.items():
            part = Part(start=start, length=len(page.body))
            refs[name] = PageRef(digest=page.digest, serial=head.serial, blob=blob, part=part)
            start += part.length
        return refs

    def _discard(self, project: NormalizedName, refs: Mapping[str, PageRef]) -> None:
        for ref in refs.values():
            if ref.item is not None:
                self._delete(project, ref.item)
        for blob in {ref.blob for ref in refs.values() if ref.blob is not None}:
            self.blobs.discard(blob)

    def _delete(self, project: NormalizedName, item: str) -> None:
        try:
            PageItem(keys.project(project), item).delete()
        except DeleteError as error:
            # The work is done, and a page that nothing names does no harm.
            _log.warning("a page is left behind", extra={"item": item, "cause": str(error)})


_INDEX = "index"


def _attempt(head: Head) -> str:
    # Of two renderings of one generation one may show more, so each has a place of its own.
    return f"{head.gen:010d}#{secrets.token_hex(6)}"


def _refs_of(head: Head) -> dict[str, PageRef]:
    refs = {form.value: ref for form, ref in head.pages.items()}
    return refs | {_INDEX: head.index} if head.index else refs


def _replace(head: Head, project: Project, refs: Mapping[str, PageRef]) -> dict[str, PageRef]:
    """Name `refs` in the head if they are newer; return what it named until then."""
    index = refs.get(_INDEX)
    actions: list[Action] = [
        HeadItem.page_gen.set(head.gen),
        HeadItem.visibility.set(project.visibility.value),
        HeadItem.status.set(project.status.value),
        HeadItem.json.set(_ref_map(refs[Format.JSON])),
        HeadItem.html.set(_ref_map(refs[Format.HTML])),
        HeadItem.index.set(_ref_map(index)) if index else HeadItem.index.remove(),
    ]
    if head.changes:  # those that this page shows; the others came later
        actions.append(HeadItem.changes.delete(set(head.changes)))
    answer = table().update_item(
        keys.project(head.project),
        keys.HEAD,
        actions=actions,
        condition=HeadItem.page_gen.does_not_exist() | (HeadItem.page_gen < head.gen),
        return_values="UPDATED_OLD",
    )
    old: HeadItem = HeadItem.from_raw_data(answer.get("Attributes", {}))
    return _refs_of(head_record(head.project, old))


def head_record(project: NormalizedName, item: HeadItem) -> Head:
    """Return the head that an item holds."""
    refs = {Format.JSON: item.json, Format.HTML: item.html}
    return Head(
        project=project,
        gen=int(item.gen),
        page_gen=int(item.page_gen),
        serial=int(item.serial),
        visibility=Visibility(item.visibility) if item.visibility else Visibility.RESTRICTED,
        status=ProjectStatus(item.status) if item.status else ProjectStatus.ACTIVE,
        pages={form: _ref(ref) for form, ref in refs.items() if ref is not None},
        index=_ref(item.index) if item.index is not None else None,
        changes=frozenset(item.changes or ()),
    )


def _ref(ref: PageRefMap) -> PageRef:
    blob = None
    if ref.object_key is not None:
        blob = Blob(key=ref.object_key, version_id=ref.object_version or "null")
    inline = None if ref.inline is None else bytes(ref.inline)
    part = None
    if ref.start is not None and ref.length is not None:
        part = Part(start=int(ref.start), length=int(ref.length))
    return PageRef(
        digest=ref.digest,
        serial=int(ref.serial),
        inline=inline,
        item=ref.item,
        blob=blob,
        part=part,
    )


def _ref_map(ref: PageRef) -> PageRefMap:
    return PageRefMap(  # type: ignore[no-untyped-call]
        digest=ref.digest,
        serial=ref.serial,
        inline=ref.inline,
        item=ref.item,
        object_key=ref.blob.key if ref.blob else None,
        object_version=ref.blob.version_id if ref.blob else None,
        start=ref.part.start if ref.part else None,
        length=ref.part.length if ref.part else None,
    )
