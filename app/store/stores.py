"""All stores, opened once and passed to whoever needs them."""

from dataclasses import dataclass

from app.config import Config
from app.models import base
from app.store.access import AccessStore
from app.store.accounts import AccountStore
from app.store.blobs import BlobStore
from app.store.files import FileStore
from app.store.imports import ImportStore
from app.store.incoming import IncomingStore
from app.store.inventory import Inventory
from app.store.jobs import JobStore
from app.store.keyring import Keyring
from app.store.listings import ListingStore
from app.store.metadata import MetadataStore
from app.store.pages import PageStore
from app.store.projects import ProjectStore
from app.store.provenance import ProvenanceStore
from app.store.refusals import RefusalStore
from app.store.sessions import SessionStore
from app.store.table import Foundation
from app.store.tokens import TokenStore


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Everything the services read and write."""

    access: AccessStore
    accounts: AccountStore
    blobs: BlobStore
    files: FileStore
    foundation: Foundation
    imports: ImportStore
    incoming: IncomingStore
    inventory: Inventory
    jobs: JobStore
    keyring: Keyring
    listings: ListingStore
    metadata: MetadataStore
    pages: PageStore
    projects: ProjectStore
    provenance: ProvenanceStore
    refusals: RefusalStore
    sessions: SessionStore
    tokens: TokenStore


def open_stores(config: Config) -> Stores:
    """Open all stores; nothing is sent before the first use."""
    base.bind(table=config.table, region=config.region, url=config.dynamodb_url)
    blobs = BlobStore(config)
    return Stores(
        access=AccessStore(),
        accounts=AccountStore(),
        blobs=blobs,
        files=FileStore(config.page_size),
        foundation=Foundation(config, blobs),
        imports=ImportStore(),
        incoming=IncomingStore(config, blobs),
        inventory=Inventory(config, blobs),
        jobs=JobStore(config.page_size),
        keyring=Keyring(config),
        listings=ListingStore(config.page_size),
        metadata=MetadataStore(blobs),
        pages=PageStore(blobs, config.inline_page_bytes, config.item_page_bytes, config.secure_url),
        projects=ProjectStore(config.page_size),
        provenance=ProvenanceStore(),
        refusals=RefusalStore(config.page_size),
        sessions=SessionStore(config.page_size),
        tokens=TokenStore(config.page_size),
    )
