"""The audit trail: events are written in the transaction of what they tell of."""

from app.domain.event import Event
from app.domain.simple import timestamp
from app.models.event import EventItem


def event_item(event: Event) -> EventItem:
    """Return the item of an event."""
    moment = f"{timestamp(event.at)}#{event.id}"
    return EventItem(
        event.subject,
        f"event#{moment}",
        gsi1pk=f"events#{moment[:10]}",
        gsi1sk=moment,
        action=event.action,
        actor=event.actor,
        at=event.at,
        facts=event.facts,
    )
