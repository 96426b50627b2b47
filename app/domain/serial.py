"""Serials: how a mirror asks what has changed since it last looked.

A project's serial is the moment of its last change, in milliseconds since 1970, and grows with
every change. A mirror remembers one number for the whole index, the highest serial it was told, and
next time takes only the projects above it. So no change may ever turn up below what a mirror was
told before. But changes turn up late: the list of projects follows the table within moments, a
publication lists its project a little after it read the clock, and the clocks of two machines
differ. All of that together stays well within `SETTLING` (a function of ours ends after 29
seconds). In other words, a list made when its maker's clock says T shows every change with a serial
up to T - SETTLING; it may lack later ones.

That is why `told` tells none above T - SETTLING. What a list lacks then has a serial above all that
this list told: a mirror that read it finds the change above its number as soon as a list shows it.
What a list does show is fetched, if it is above the mirror's number, and the documents of a project
are never behind the list. Neither way is anything lost.

A project that has changed within SETTLING is told as T - SETTLING, which grows from list to list.
So nobody waits for a change to settle: every mirror sees it at its next look, and the price is that
it looks at this project again until a minute has passed.
"""

from datetime import datetime, timedelta

SETTLING = timedelta(minutes=1)

# Of a project whose changes nobody has counted yet. Mirrors take 0 for no serial at all.
UNCOUNTED = 1


def at(moment: datetime) -> int:
    """Return the serial of a change at `moment`.

    >>> from datetime import UTC
    >>> at(datetime(2026, 11, 22, 9, 30, 0, 65_000, tzinfo=UTC))
    1795339800065
    """
    return int(moment.timestamp() * 1000)


def told(serial: int, now: datetime) -> int:
    """Return what a list that is made `now` tells of a project's `serial`."""
    return min(serial, at(now - SETTLING))
