"""Mark of the node that wrote a Cursor on Target event: who, and a digest of what it wrote.

    <__jointpatrol by="NODE/FEED" of="1f0c…"/>

The digest is over uid, type, place, whether it calls for help, and words; not over times, which
servers write anew. So the mark is good for the event that it was written in: one that somebody
copied into another event does not fit it. It is no signature: who reads this can make one, of what
he says himself.
"""

from __future__ import annotations

import re
from hashlib import blake2s
from typing import Final

from radio_gateway.messages.transmission import Transmission

NODE_MARK = "__jointpatrol"
"""Element by which a node of ours knows again what it wrote; `by` is its id and, for what a feed
tells, `/` and the feed; `of` is `content_digest`."""

NODE_FACT: Final = "written_by_node"
"""Fact of a transmission: `by` of the mark."""

CONTENT_FACT: Final = "written_content"
"""Fact of a transmission: `of` of the mark."""

_WORDS: Final = "b-t-f"
_MOST_LETTERS: Final = 1000
_NOT_SURE = re.compile("[^\\S ]|[ \ufffd]|[^\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TIME = re.compile(r"\|\d{4}-\d\d-\d\dT[^|]*(\|.*)?$", re.DOTALL)


def content_digest(
    *, uid: str, type_: str, lon: float | None, lat: float | None, distress: bool, text: str
) -> str:
    """Return what stands for the content of an event, 16 letters.

    Args:
        uid: Of the event.
        type_: Of the event.
        lon: Of its point, degrees east; 0 with `lat` 0, and None: nowhere.
        lat: The same, degrees north.
        distress: It says that somebody needs help now.
        text: The words of a message to people; of other events they are left out.
    """
    is_words = type_ == _WORDS
    place = ""
    if not is_words and lon is not None and lat is not None and (lon, lat) != (0.0, 0.0):
        place = f"{lon:.5f} {lat:.5f}"  # 1 m: servers write the last places as they like
    content = _NOT_SURE.sub("", text)[:_MOST_LETTERS] if is_words else ""
    parts = (uid, type_, place, "help" if distress else "", content)
    return blake2s("\n".join(parts).encode(errors="replace"), digest_size=8).hexdigest()


def transmission_digest(transmission: Transmission) -> str:
    """Return `content_digest` of an event that was heard."""
    facts, at = transmission.facts, transmission.position
    lon = facts.get("waypoint_lon") if at is None else at.lon
    lat = facts.get("waypoint_lat") if at is None else at.lat
    return content_digest(
        uid=event_uid(transmission),
        type_=str(facts.get("cot_type", "")),
        lon=lon if isinstance(lon, float) else None,
        lat=lat if isinstance(lat, float) else None,
        distress=transmission.distress,
        text=transmission.text or "",
    )


def event_uid(transmission: Transmission) -> str:
    """Return the uid of the event that was heard."""
    if transmission.duplicate_key is not None:
        return _TIME.sub("", transmission.duplicate_key)
    return str(transmission.facts.get("uid") or transmission.device or "")
