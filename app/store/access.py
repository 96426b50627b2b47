"""The one round trip of a reader: everything a request needs to know, read together."""

from dataclasses import dataclass

from app.domain.account import Account
from app.domain.dist_file import DistFile, StoredMetadata
from app.domain.names import NormalizedName
from app.domain.pages import Head
from app.domain.project import ProjectRole
from app.domain.token import Claims, Token
from app.store import keys, records
from app.store.failures import translated
from app.store.reader import ItemReader, Key
from app.store.records import Item


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was there, as of now; None for what was not, or was not asked for."""

    token: Token | None = None
    account: Account | None = None
    role: ProjectRole | None = None
    head: Head | None = None
    file: DistFile | None = None
    metadata: StoredMetadata | None = None
    # JSON, gzipped.
    provenance: bytes | None = None
    # Of the last change of any project; empty if there was none.
    mark: str = ""


@dataclass(frozen=True)
class AccessStore:
    """Reads who asks together with what is asked for, in one consistent BatchGetItem.

    All keys are known from the token's claims and the URL, so a revoked token is dead at the very
    next request and still costs no round trip of its own.
    """

    reader: ItemReader

    @translated
    def look_up(
        self,
        claims: Claims | None,
        project: NormalizedName | None = None,
        *,
        filename: str | None = None,
        with_metadata: bool = False,
        with_provenance: bool = False,
        with_mark: bool = False,
    ) -> Found:
        """Read the token and account of `claims`, and of `project` the head and what is named."""
        wanted = _who(claims) + _what(
            project, filename, with_metadata=with_metadata, with_provenance=with_provenance
        )
        if claims and project:
            wanted.append((keys.project(project), keys.role(claims.account)))
        if with_mark:
            wanted.append((keys.PROJECTS, keys.CATALOGUE))
        if not wanted:
            return Found()
        return _found({item["kind"]: item for item in self.reader.together(wanted)}, project)


def _found(items: dict[str, Item], project: NormalizedName | None) -> Found:
    """Return what was found, of which there is at most one item of each kind."""
    token, account, role = items.get("token"), items.get("account"), items.get("role")
    head, file, metadata = items.get("head"), items.get("file"), items.get("metadata")
    provenance = items.get("provenance")
    return Found(
        token=records.token(token) if token else None,
        account=records.account(account) if account else None,
        role=records.role(role) if role else None,
        head=records.head(project, head) if project and head else None,
        file=records.file(project, file) if project and file else None,
        metadata=records.metadata(metadata) if metadata else None,
        provenance=provenance["body"] if provenance else None,
        mark=items["catalogue"]["mark"] if "catalogue" in items else "",
    )


def _who(claims: Claims | None) -> list[Key]:
    if claims is None:
        return []
    return [
        (keys.token(claims.token_id), keys.TOKEN),
        (keys.account(claims.account), keys.ACCOUNT),
    ]


def _what(
    project: NormalizedName | None,
    filename: str | None,
    *,
    with_metadata: bool,
    with_provenance: bool,
) -> list[Key]:
    if project is None:
        return []
    partition = keys.project(project)
    wanted = [(partition, keys.HEAD)]
    if filename:
        wanted.append((partition, keys.file(filename)))
    if filename and with_metadata:
        wanted.append((partition, keys.metadata(filename)))
    if filename and with_provenance:
        wanted.append((partition, keys.provenance(filename)))
    return wanted
