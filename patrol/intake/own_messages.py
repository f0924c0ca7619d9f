"""Own messages: what this node told outward, known again when it is heard.

What a feed tells comes back by a hub, by another gateway, in another envelope or late. Taken for
news it would keep a silent boat live for ever, ring a call for help twice and make radios of our
own names. What is heard is our own when

- its key is that of a message told: for AIS the payload, whatever talker, VHF channel, tag block
  or number of sentences is round it; for Cursor on Target its uid and time;
- it bears our mark: the node that wrote an event, a uid made of one of our units, an MMSI made for
  one;
- it says in other words, at a time when we had just told it, exactly where we told that a boat is
  (`SAME_PLACE_S`): a hub made another message of ours.

A boat that says the same again is not an echo: its own AIS payload is another than ours, which
says that it is not to be repeated; and where the words are others, it is believed again once
`SAME_PLACE_S` have gone by. A radio whose own address the unit has is never taken for an echo by
its place. Kept in memory: feeds run in the process of the Watch, and tell everything anew when it
starts.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from radio_gateway.transmission import Transmission

K = TypeVar("K")
V = TypeVar("V")

KEPT_S: Final = 3600.0
MOST: Final = 100_000
SAME_PLACE_S: Final = 60.0
"""How long after we told a place the same place is our own word in others'. A ship at anchor says
it every 3 minutes (ITU-R M.1371-5, annex 1, table 1); hubs pass on within a second or two.
"""

MARK_FACT: Final = "written_by_node"
"""Fact of a transmission: the node that wrote it."""

_STEPS: Final = 600_000  # 1/10,000 minute, the step of AIS: what was rounded to it is known again
_UID: Final = "joint-patrol."
_CALL: Final = "-9-1-1"


class OwnMessages:
    """What this node told outward lately.

    Args:
        node: This node's id.
        is_unit: Whether an id is one of this node's units or radios.
        clock: Seconds since 1970.
    """

    def __init__(
        self, node: str, *, is_unit: Callable[[str], bool], clock: Callable[[], float]
    ) -> None:
        self._node, self._is_unit, self._clock = node, is_unit, clock
        self._messages: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._places: OrderedDict[tuple[int, int], _Place] = OrderedDict()
        self._numbers: set[str] = set()
        self._feeds: Counter[str] = Counter()
        self._comes_back: set[str] = set()
        self._mark = f"jp-{node}-"

    @property
    def any_told(self) -> bool:
        """Whether anything is told outward at all."""
        return bool(self._feeds)

    def of_feed(self, feed: str, *, comes_back: bool = False) -> OwnNotes:
        """Return where the writer of a feed notes what it tells.

        Args:
            feed: Its name.
            comes_back: A channel is known to hear it.
        """
        self._feeds[feed] = 0
        if comes_back:
            self._comes_back.add(feed)
        return OwnNotes(self, feed)

    def heard_back(self, feed: str) -> int:
        """Return how many messages of a feed were heard back."""
        return self._feeds[feed]

    def comes_back(self, feed: str) -> bool:
        """Return whether a channel of this node hears what a feed tells."""
        return feed in self._comes_back

    def note_message(self, feed: str, key: str) -> None:
        """Note the key of a message told, as `Transmission.duplicate_key`."""
        now = self._clock()
        self._messages[key] = (now, feed)
        self._messages.move_to_end(key)
        _forget(self._messages, lambda each: now - each[0] > KEPT_S)

    def note_number(self, mmsi: int) -> None:
        """Note an MMSI that was made for a unit."""
        self._numbers.add(f"{mmsi:09}")

    def note_place(
        self, feed: str, *, lon: float, lat: float, addresses: Iterable[str], mmsi: int | None
    ) -> None:
        """Note where a unit was told to be, and by which addresses it may say so itself."""
        cell, now = _cell(lon, lat), self._clock()
        # A boat without a number is known by its place alone, to a link that names nobody.
        number = "nobody" if mmsi is None else f"{mmsi:09}"
        self._places[cell] = _Place(now, feed, frozenset(addresses), number)
        self._places.move_to_end(cell)
        _forget(self._places, lambda each: now - each.at_s > 2 * SAME_PLACE_S)

    def is_own(self, said: Transmission) -> bool:
        """Return whether what was heard is what this node told, and count it."""
        if not self._feeds:
            return False
        feed = self._known(said) if said.protocol in _MARKED else self._in_other_words(said)
        if feed is None:
            return False
        if feed in self._feeds:
            self._feeds[feed] += 1
            self._comes_back.add(feed)
        return True

    # -- inside

    def _known(self, said: Transmission) -> str | None:
        """Return the feed that told a message with a key or mark of ours; "" for one of them."""
        device = said.device or ""
        if said.duplicate_key is not None:
            told = self._messages.get(said.duplicate_key)
            if told is not None and self._clock() - told[0] <= KEPT_S:
                return told[1]
        if said.protocol == "ais":
            return "" if device in self._numbers else None
        mark = str(said.facts.get(MARK_FACT, ""))
        if mark:
            node, _, feed = mark.partition("/")
            return feed if node == self._node else None
        if device.startswith(self._mark) or str(said.facts.get("uid", "")).startswith(self._mark):
            return ""
        if device.startswith(_UID):
            id = device.removeprefix(_UID).removesuffix(_CALL)
            return "" if id == "ping" or self._is_unit(id) else None
        return None

    def _in_other_words(self, said: Transmission) -> str | None:
        device = said.device
        if device is not None and device in self._numbers:
            return ""
        at = said.position
        if at is None:
            return None
        told = self._told_at(at.lon, at.lat)
        if told is None or (device is not None and told.mmsi not in device):
            return None
        if said.address in told.addresses:
            return None
        time = said.device_time or said.heard_at
        return told.feed if -5.0 <= time.timestamp() - told.at_s <= SAME_PLACE_S else None

    def _told_at(self, lon: float, lat: float) -> _Place | None:
        """Return what was told at a place, as far as rounding it twice may move it."""
        if not self._places:
            return None
        x, y = _cell(lon, lat)
        near = [(x + dx, y + dy) for dx in (0, -1, 1) for dy in (0, -1, 1)]
        return next((self._places[each] for each in near if each in self._places), None)


_MARKED: Final = frozenset({"ais", "cot"})
"""Protocols whose messages have a key or a mark that no hub takes away."""


class _Place:
    __slots__ = ("addresses", "at_s", "feed", "mmsi")

    def __init__(self, at_s: float, feed: str, addresses: frozenset[str], mmsi: str) -> None:
        self.at_s, self.feed, self.addresses, self.mmsi = at_s, feed, addresses, mmsi


class OwnNotes:
    """Where the writer of one feed notes what it tells.

    Args:
        own: What the node told.
        feed: The feed's name.
    """

    __slots__ = ("_feed", "_own")

    def __init__(self, own: OwnMessages, feed: str) -> None:
        self._own, self._feed = own, feed

    def message(self, key: str) -> None:
        """Note the key of a message told, as `Transmission.duplicate_key`."""
        self._own.note_message(self._feed, key)

    def number(self, mmsi: int) -> None:
        """Note an MMSI that was made for a unit."""
        self._own.note_number(mmsi)

    def place(self, *, lon: float, lat: float, addresses: Iterable[str], mmsi: int | None) -> None:
        """Note where a unit was told to be, and by which addresses it may say so itself."""
        self._own.note_place(self._feed, lon=lon, lat=lat, addresses=addresses, mmsi=mmsi)

    def comes_back(self) -> bool:
        """Return whether a channel of this node hears what the feed tells."""
        return self._own.comes_back(self._feed)


def _forget(kept: OrderedDict[K, V], is_old: Callable[[V], bool]) -> None:
    """Drop what is old, and what is too much, the oldest first."""
    while kept:
        first = next(iter(kept))
        if len(kept) <= MOST and not is_old(kept[first]):
            return
        del kept[first]


def _cell(lon: float, lat: float) -> tuple[int, int]:
    return round(lon * _STEPS), round(lat * _STEPS)
