"""All stores, each opened when it is first used: what a request does not need is not loaded.

PynamoDB and the SDK take longer to load than everything else together, and what installers ask
for needs neither.
"""

import logging
from functools import cached_property
from typing import TYPE_CHECKING

from app.config import Config
from app.errors import AppError
from app.store.access import AccessStore
from app.store.catalogue import Catalogue
from app.store.clock import Clock
from app.store.contents import ContentStore
from app.store.failures import ServiceError
from app.store.keyring import Keyring
from app.store.reader import ItemReader

if TYPE_CHECKING:
    from app.store.accounts import AccountStore
    from app.store.blobs import BlobStore
    from app.store.files import FileStore
    from app.store.imports import ImportStore
    from app.store.incoming import IncomingStore
    from app.store.inventory import Inventory
    from app.store.jobs import JobStore
    from app.store.listed import ListedStore
    from app.store.listings import ListingStore
    from app.store.metadata import MetadataStore
    from app.store.pages import PageStore
    from app.store.projects import ProjectStore
    from app.store.provenance import ProvenanceStore
    from app.store.refusals import RefusalStore
    from app.store.sessions import SessionStore
    from app.store.table import Foundation
    from app.store.tokens import TokenStore

_log = logging.getLogger(__name__)


class Stores:
    """Everything the services read and write."""

    def __init__(self, config: Config) -> None:
        """Load what every reader needs, and nothing else."""
        self._config = config
        self._clock = Clock()
        reader = ItemReader(config, self._clock)
        self.access = AccessStore(reader)
        self.catalogue = Catalogue(reader, config.page_size)
        self.contents = ContentStore(config, reader, self._clock)
        self.keyring = Keyring(config, self._clock)

    def warm(self) -> None:
        """Do now what the first reader would wait for: read the signing keys, reach the table.

        What does not succeed is tried again when it is needed.
        """
        for step in (self.keyring.keys, self.access.reader.open):
            try:
                step()
            except (AppError, ServiceError) as error:
                _log.warning("not ready at the start: %s", error)

    def load(self) -> None:
        """Load the SDK and PynamoDB, and ask nobody anything, not even for credentials."""
        from app.store import blobs  # noqa: F401

        self.bind()

    def bind(self) -> None:
        """Point the models, which know one table in the whole process, at the one of these stores.

        It happens by itself when the first store that needs them is opened.
        """
        from app.models import base

        base.bind(
            table=self._config.table, region=self._config.region, url=self._config.dynamodb_url
        )

    @cached_property
    def accounts(self) -> "AccountStore":
        """Accounts."""
        from app.store.accounts import AccountStore

        self.bind()
        return AccountStore()

    @cached_property
    def blobs(self) -> "BlobStore":
        """Objects in S3."""
        from app.store.blobs import BlobStore
        from app.store.object_wire import ObjectWire

        self.bind()  # its client is made of the models' session
        wire = ObjectWire(self._config, self.contents.bucket, self._clock)
        return BlobStore(self._config, wire)

    @cached_property
    def files(self) -> "FileStore":
        """Published files."""
        from app.store.files import FileStore

        self.bind()
        return FileStore(self._config.page_size)

    @cached_property
    def foundation(self) -> "Foundation":
        """The table and the bucket themselves."""
        from app.store.table import Foundation

        return Foundation(self._config, self.blobs)

    @cached_property
    def imports(self) -> "ImportStore":
        """What was imported."""
        from app.store.imports import ImportStore

        self.bind()
        return ImportStore()

    @cached_property
    def incoming(self) -> "IncomingStore":
        """Objects on their way in."""
        from app.store.incoming import IncomingStore

        return IncomingStore(self._config, self.blobs)

    @cached_property
    def inventory(self) -> "Inventory":
        """All there is."""
        from app.store.inventory import Inventory

        return Inventory(self._config, self.blobs)

    @cached_property
    def jobs(self) -> "JobStore":
        """Runs of the scheduled jobs."""
        from app.store.jobs import JobStore

        self.bind()
        return JobStore(self._config.page_size)

    @cached_property
    def listed(self) -> "ListedStore":
        """Files as pages list them."""
        from app.store.listed import ListedStore

        return ListedStore(self.access.reader, self._config.page_size)

    @cached_property
    def listings(self) -> "ListingStore":
        """Lists that come page by page."""
        from app.store.listings import ListingStore

        self.bind()
        return ListingStore(self._config.page_size)

    @cached_property
    def metadata(self) -> "MetadataStore":
        """Core metadata."""
        from app.store.metadata import MetadataStore

        return MetadataStore(self.blobs)

    @cached_property
    def pages(self) -> "PageStore":
        """Rendered pages."""
        from app.store.pages import PageStore

        config = self._config
        return PageStore(
            self.blobs,
            self.contents,
            config.inline_page_bytes,
            config.item_page_bytes,
            config.secure_url,
        )

    @cached_property
    def projects(self) -> "ProjectStore":
        """Projects, their releases and roles."""
        from app.store.projects import ProjectStore

        self.bind()
        return ProjectStore(self._config.page_size)

    @cached_property
    def provenance(self) -> "ProvenanceStore":
        """Provenance objects."""
        from app.store.provenance import ProvenanceStore

        self.bind()
        return ProvenanceStore()

    @cached_property
    def refusals(self) -> "RefusalStore":
        """What was refused, and why."""
        from app.store.refusals import RefusalStore

        self.bind()
        return RefusalStore(self._config.page_size)

    @cached_property
    def sessions(self) -> "SessionStore":
        """Publishing sessions."""
        from app.store.sessions import SessionStore

        self.bind()
        return SessionStore(self._config.page_size)

    @cached_property
    def tokens(self) -> "TokenStore":
        """Records of API tokens."""
        from app.store.tokens import TokenStore

        self.bind()
        return TokenStore(self._config.page_size)


def open_stores(config: Config) -> Stores:
    """Return the stores of an index; nothing is sent before the first use."""
    return Stores(config)
