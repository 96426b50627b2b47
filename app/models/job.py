"""A scheduled job: pk = job#<name>, sk = lease, and sk = run#<time> for each of its last runs."""

from pynamodb.attributes import (
    JSONAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from app.models.base import LarderItem


class LeaseItem(LarderItem, discriminator="lease"):
    """Who runs the job, until when; `fence` counts those who did."""

    fence = NumberAttribute()
    ends_at = UTCDateTimeAttribute()
    # Where a job that does a part of its work each time goes on.
    place = UnicodeAttribute(null=True)


class RunItem(LarderItem, discriminator="run"):
    """How a run went; kept for some weeks."""

    started_at = UTCDateTimeAttribute()
    seconds = NumberAttribute()
    # "done" or "failed".
    outcome = UnicodeAttribute()
    facts = JSONAttribute()
    expires_at = TTLAttribute()
