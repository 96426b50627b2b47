"""Rendered pages, and the heads that name the current ones."""

import hashlib
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from pynamodb.exceptions import DeleteError, UpdateError

from app.domain.dist_file import Blob
from app.domain.names import NormalizedName
from app.domain.pages import Head, PageRef, Rendered
from app.domain.project import Project, ProjectStatus, Visibility
from app.domain.simple import Format
from app.errors import NotFound
from app.models.base import table
from app.models.head import HeadItem, PageRefMap
from app.models.page import PageItem
from app.store import keys
from app.store.blobs import BlobStore
from app.store.failures import code_of, translated

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PageStore:
    """Pages, small ones in the head, larger ones in an item, the largest in S3."""

    blobs: BlobStore
    # Limits in compressed bytes: of the head's pages together, and of a page item.
    inline_bytes: int
    item_bytes: int
    # The https address of the index, which pages tell where the standards want full URLs; or empty.
    address: str = ""

    @translated
    def head(self, project: NormalizedName) -> Head | None:
        """Return the head of a project, as of now."""
        try:
            item = HeadItem.get(keys.project(project), keys.HEAD, consistent_read=True)
        except HeadItem.DoesNotExist:
            return None
        return head_record(project, item)

    @translated
    def bump(self, project: NormalizedName, serial: int) -> Head:
        """Count a change that was written; return the head, its `gen` the number of the change.

        The serial becomes `serial`, or one more than it was where that is higher: it only grows.
        """
        item, raised = HeadItem(keys.project(project), keys.HEAD), HeadItem.serial
        actions = [HeadItem.gen.add(1), HeadItem.kind.set(HeadItem)]
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
    def publish(self, head: Head, project: Project, pages: Mapping[Format, Rendered]) -> None:
        """Make `pages`, rendered of the files after `head` was read, the current ones of `project`.

        Where a page that shows as much or more is current already, it stays.
        """
        refs = self._put_all(head, pages)
        try:
            replaced = _replace(head, project, refs)
        except UpdateError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            current = self.head(head.project)
            if current and current.pages == refs:
                return  # ours after all: the answer to an earlier try of this call was lost
            replaced = refs
        self._discard(head.project, replaced)

    @translated
    def load(self, project: NormalizedName, ref: PageRef) -> bytes:
        """Return a page, gzipped.

        :raises NotFound: if a newer one has replaced it since the head was read.
        """
        if ref.inline is not None:
            return ref.inline
        if ref.blob is not None:
            return self.blobs.read(ref.blob)
        try:
            item = PageItem.get(keys.project(project), ref.item, consistent_read=True)
        except PageItem.DoesNotExist as error:
            raise NotFound("The page was replaced a moment ago.") from error
        return bytes(item.body)

    def _put_all(self, head: Head, pages: Mapping[Format, Rendered]) -> dict[Format, PageRef]:
        # Of two renderings of one generation one may show more, so each has a place of its own.
        attempt = f"{head.gen:010d}#{secrets.token_hex(6)}"
        room = self.inline_bytes
        refs = {}
        for form in Format:  # JSON first: it is what installers ask for
            page = pages[form]
            inline = len(page.body) <= room
            room -= len(page.body) if inline else 0
            refs[form] = (
                PageRef(digest=page.digest, serial=head.serial, inline=page.body)
                if inline
                else self._put(head, f"{attempt}#{form}", page)
            )
        return refs

    def _put(self, head: Head, name: str, page: Rendered) -> PageRef:
        if len(page.body) <= self.item_bytes:
            item = PageItem(keys.project(head.project), f"page#{name}", body=page.body)
            item.save()
            return PageRef(digest=page.digest, serial=head.serial, item=item.sk)
        blob = self.blobs.put(
            f"pages/{head.project}/{name.replace('#', '-')}.gz",
            page.body,
            sha256=hashlib.sha256(page.body).hexdigest(),
            media_type="application/gzip",
        )
        return PageRef(digest=page.digest, serial=head.serial, blob=blob)

    def _discard(self, project: NormalizedName, refs: Mapping[Format, PageRef]) -> None:
        for ref in refs.values():
            if ref.item is not None:
                self._delete(project, ref.item)
            if ref.blob is not None:
                self.blobs.discard(ref.blob)

    def _delete(self, project: NormalizedName, item: str) -> None:
        try:
            PageItem(keys.project(project), item).delete()
        except DeleteError as error:
            # The work is done, and a page that nothing names does no harm.
            _log.warning("a page is left behind", extra={"item": item, "cause": str(error)})


def _replace(head: Head, project: Project, refs: Mapping[Format, PageRef]) -> dict[Format, PageRef]:
    """Name `refs` in the head if they are newer; return what it named until then."""
    answer = table().update_item(
        keys.project(head.project),
        keys.HEAD,
        actions=[
            HeadItem.page_gen.set(head.gen),
            HeadItem.visibility.set(project.visibility.value),
            HeadItem.status.set(project.status.value),
            HeadItem.json.set(_ref_map(refs[Format.JSON])),
            HeadItem.html.set(_ref_map(refs[Format.HTML])),
        ],
        condition=HeadItem.page_gen.does_not_exist() | (HeadItem.page_gen < head.gen),
        return_values="UPDATED_OLD",
    )
    old: HeadItem = HeadItem.from_raw_data(answer.get("Attributes", {}))
    return head_record(head.project, old).pages


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
    )


def _ref(ref: PageRefMap) -> PageRef:
    blob = None
    if ref.object_key is not None:
        blob = Blob(key=ref.object_key, version_id=ref.object_version or "null")
    inline = None if ref.inline is None else bytes(ref.inline)
    serial = int(ref.serial)
    return PageRef(digest=ref.digest, serial=serial, inline=inline, item=ref.item, blob=blob)


def _ref_map(ref: PageRef) -> PageRefMap:
    return PageRefMap(  # type: ignore[no-untyped-call]
        digest=ref.digest,
        serial=ref.serial,
        inline=ref.inline,
        item=ref.item,
        object_key=ref.blob.key if ref.blob else None,
        object_version=ref.blob.version_id if ref.blob else None,
    )
