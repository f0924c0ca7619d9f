"""Mark: a place that somebody marked: a hazard, a waypoint, a meeting point; with sender and end.

It is no unit: nothing of it moves, lives or falls silent. Whoever marked it, by a radio or at the
office, may change it or take it back; it ends by itself when its time is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from patrol.documents.document import Document, revise
from patrol.documents.state_machine import Lifecycle
from patrol.units.data_classes import MARKS, NEVER, DataClass
from radio_gateway.messages.marked_place import MarkedPlace, MarkUse

MarkEnd: TypeAlias = Literal["expired", "taken back", "ended"]
"""Its time was over; its sender took it back; somebody at the office ended it."""

LASTS: Final = timedelta(hours=24)
"""How long a mark stands after it was last heard, where its sender tells no end."""

LASTS_AT_MOST: Final = timedelta(days=90)

OWN_NAME: Final = "joint-patrol."
"""What the name begins with under which a node tells outward of what is its own: then its id and a
point. A mark of that name that is heard was told by this node."""

LIFECYCLE: Final = Lifecycle(
    "mark",
    "standing",
    {
        ("standing", "hear"): "standing",
        ("standing", "change"): "standing",
        ("standing", "end"): "ended",
    },
)


LonLats: TypeAlias = tuple[tuple[float, ...], ...]
"""Pairs; by its type of any length, so that it is described as plain arrays of numbers: programs
that read descriptions stumble over arrays of fixed places."""


class Mark(Document, frozen=True, kw_only=True, tag="mark"):
    """One version of a marked place.

    Attributes:
        name: What people call it.
        use: What it is marked for.
        lon: Degrees east.
        lat: Degrees north.
        path: A line, or the edge of an area: (lon, lat); empty for neither.
        closed: The path is the edge of an area.
        radius_m: It is all that lies so near, metres.
        remarks: Words for people.
        place: The address for people.
        state: In its `LIFECYCLE`.
        marked_at: When this was marked or last changed, as its sender says, aware UTC.
        ends_at: When it ends by itself, aware UTC.
        ended_at: When it ended, aware UTC; None while it stands.
        end: How it ended.
        unit: Id of the unit that marked it; None for no unit of the patrol.
        sender: What people call who marked it: a call sign or an address; empty for the office.
        address: Radio address that it came from; empty for the office.
        key: The sender's own identifier of it; empty for the office.
        channel: Channel that heard it.
        edited: The office said what it is: its sender moves it, and no longer renames it or takes
            it back.
        target: Id of the target that was made of it.
        incident: Id of the incident that was made of it.
    """

    CLASS: ClassVar[DataClass | None] = "marks"
    VIEWING_ACT: ClassVar[str] = "see marks"

    name: Annotated[str, MARKS]
    use: Annotated[MarkUse, MARKS] = "place"
    lon: Annotated[float, MARKS]
    lat: Annotated[float, MARKS]
    path: Annotated[LonLats, MARKS] = ()
    closed: Annotated[bool, MARKS] = False
    radius_m: Annotated[float | None, MARKS] = None
    remarks: Annotated[str, MARKS] = ""
    place: Annotated[str, MARKS] = ""
    state: Annotated[str, MARKS] = LIFECYCLE.start
    marked_at: Annotated[datetime, MARKS]
    ends_at: Annotated[datetime, MARKS]
    ended_at: Annotated[datetime | None, MARKS] = None
    end: Annotated[MarkEnd | None, MARKS] = None
    unit: Annotated[str | None, MARKS] = None
    sender: Annotated[str, MARKS] = ""
    address: Annotated[str, NEVER] = ""
    key: Annotated[str, NEVER] = ""
    channel: Annotated[str, NEVER] = ""
    edited: Annotated[bool, NEVER] = False
    target: Annotated[str, NEVER] = ""
    incident: Annotated[str, NEVER] = ""

    @property
    def is_closed(self) -> bool:
        """Whether it has ended."""
        return self.state == "ended"


CONTENT: Final = ("name", "use", "lon", "lat", "path", "closed", "radius_m", "remarks")
"""Fields that say what and where it is: with others, the same mark has changed."""


def sent_fields(place: MarkedPlace, *, name: str) -> dict[str, object]:
    """Return the fields of a mark as its sender sent them.

    Args:
        place: With a place.
        name: What to call it where the sender does not say.
    """
    return {
        "name": place.name or name,
        "use": place.use,
        "lon": place.lon,
        "lat": place.lat,
        "path": place.path,
        "closed": place.closed,
        "radius_m": place.radius_m,
        "remarks": place.remarks,
    }


def end_of(place: MarkedPlace, heard_at: datetime) -> datetime:
    """Return when a mark ends that was told at a time, aware UTC."""
    return min(place.ends_at or heard_at + LASTS, heard_at + LASTS_AT_MOST)


def is_renewed(mark: Mark, ends_at: datetime, now: datetime) -> bool:
    """Return whether another end is worth a new version: one that is sooner, or later by much.

    A sender that says the same every minute makes a version in a quarter of its life, or of a day.
    """
    if ends_at < mark.ends_at:
        return mark.ends_at - ends_at > timedelta(minutes=1)
    return ends_at - mark.ends_at >= (ends_at - now) / 4


def end(mark: Mark, end: MarkEnd, *, at: datetime, by: str = "") -> Mark:
    """Return a mark that has ended.

    Raises:
        IllegalStep: If it had ended.
    """
    state = LIFECYCLE.next_state(mark.state, "end")
    return revise(mark, at=at, by=by, state=state, ended_at=at, end=end)
