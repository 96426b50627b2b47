"""The one round trip of a reader: everything a request needs to know, read together."""

from dataclasses import dataclass

from app.domain.account import Account
from app.domain.dist_file import DistFile, StoredMetadata
from app.domain.names import NormalizedName
from app.domain.pages import Head
from app.domain.project import ProjectRole
from app.domain.token import Claims, Token
from app.models.account import AccountItem
from app.models.base import LarderItem
from app.models.dist_file import FileItem
from app.models.head import HeadItem
from app.models.metadata import MetadataItem
from app.models.provenance import ProvenanceItem
from app.models.role import RoleItem
from app.models.token import TokenItem
from app.store import keys
from app.store.accounts import account_record
from app.store.batch import read_together
from app.store.failures import translated
from app.store.files import file_record
from app.store.metadata import metadata_record
from app.store.pages import head_record
from app.store.provenance import provenance_record
from app.store.tokens import token_record


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


class AccessStore:
    """Reads who asks together with what is asked for, in one consistent BatchGetItem.

    All keys are known from the token's claims and the URL, so a revoked token is dead at the very
    next request and still costs no round trip of its own.
    """

    @translated
    def look_up(
        self,
        claims: Claims | None,
        project: NormalizedName | None = None,
        *,
        filename: str | None = None,
        with_metadata: bool = False,
        with_provenance: bool = False,
    ) -> Found:
        """Read the token and account of `claims`, and of `project` the head and what is named."""
        wanted = _who(claims) + _what(
            project, filename, with_metadata=with_metadata, with_provenance=with_provenance
        )
        if claims and project:
            wanted.append((keys.project(project), keys.role(claims.account)))
        if not wanted:
            return Found()
        return _found(read_together(wanted), project)


def _found(items: dict[type[LarderItem], LarderItem], project: NormalizedName | None) -> Found:
    token, account, role = items.get(TokenItem), items.get(AccountItem), items.get(RoleItem)
    head, file, metadata = items.get(HeadItem), items.get(FileItem), items.get(MetadataItem)
    provenance = items.get(ProvenanceItem)
    return Found(
        token=token_record(token) if isinstance(token, TokenItem) else None,
        account=account_record(account) if isinstance(account, AccountItem) else None,
        role=ProjectRole(role.role) if isinstance(role, RoleItem) else None,
        head=head_record(project, head) if project and isinstance(head, HeadItem) else None,
        file=file_record(project, file) if project and isinstance(file, FileItem) else None,
        metadata=metadata_record(metadata) if isinstance(metadata, MetadataItem) else None,
        provenance=provenance_record(provenance)
        if isinstance(provenance, ProvenanceItem)
        else None,
    )


def _who(claims: Claims | None) -> list[tuple[str, str]]:
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
) -> list[tuple[str, str]]:
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
