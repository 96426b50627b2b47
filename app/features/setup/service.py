"""Making and repairing what the index stands on; safe to repeat at any time."""

from app.store.stores import Stores


def prepare(stores: Stores) -> list[str]:
    """Create what is missing and set everything right; return what was created, as sentences."""
    foundation = stores.foundation
    done = []
    if foundation.create_table():
        done.append("created the table")
    foundation.repair_table()
    if foundation.create_bucket():
        done.append("created the bucket")
    foundation.repair_bucket()
    if stores.keyring.create():
        done.append("created the signing key")
    return done
