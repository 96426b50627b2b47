"""The audit trail."""

from app.domain.event import Event
from app.domain.simple import timestamp
from app.models.event import EventItem
from app.store.failures import translated


class EventStore:
    """Adds to the trail; nothing is ever changed in it."""

    @translated
    def add(self, event: Event) -> None:
        """Record an event that no transaction of another store carries."""
        event_item(event).save()


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
