"""Provenance of a file: pk = project#<name>, sk = provenance#<filename>."""

from pynamodb.attributes import BinaryAttribute

from app.models.base import LarderItem


class ProvenanceItem(LarderItem, discriminator="provenance"):
    """The provenance object (PEP 740) as JSON, gzipped."""

    body = BinaryAttribute(legacy_encoding=False)
