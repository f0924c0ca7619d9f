"""Own messages: what this node sent to radios, recognised when it is received.

What a feed tells comes back by a hub, by another gateway, in another envelope or late. Taken for
news it would keep a silent boat live for ever, ring a call for help twice and make radios of our
own names. What is heard is our own when

- its key is that of a message told: for AIS the payload, whatever talker, VHF channel, tag block,
  time or number of sentences is round it;
- it is an event or an order (Cursor on Target) that bears the mark of this node and says what the
  mark was made for, or is without a mark and says what we told under that uid. A mark that
  somebody copied into other words makes nothing ours;
- it is under an MMSI that was made for one of our units;
- it says in other words, at a time when we had just told it, exactly where we told that a boat is
  (`SAME_PLACE_S`): a hub made another message of ours;
- it is a waypoint of a name and a place that we told, however long ago: plotters keep them.

A boat that says the same again is not an echo. Its own AIS payload is another than ours, which
says that it is not to be repeated, and was heard before ours. A hub that wrote ours anew kept the
second of the minute that we told or left it out, or stamped it as it came, within `COPIES_S`; the
boat's next report has another second and comes later. Words without a payload under a number that
we told (Signal K) are an echo once for each way by which they come, and what the same way says
`COPIES_S` later is the boat's. In other words it is believed again once `SAME_PLACE_S` have gone
by. A radio whose own address the unit has, and no feed told, is never taken for an echo by its
place; nor is a call for help that we did not tell. Kept in memory: feeds run in the process of the
Watch, and tell everything anew when it starts.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeVar

from radio_gateway.formats.cot_node_mark import CONTENT_FACT, NODE_FACT, transmission_digest
from radio_gateway.messages.transmission import Transmission

K = TypeVar("K")
V = TypeVar("V")

KEPT_S: Final = 3600.0
MOST: Final = 100_000
SAME_PLACE_S: Final = 60.0
"""How long after we told a place the same place is our own word in others'. A ship at anchor says
it every 3 minutes (ITU-R M.1371-5, annex 1, table 1); hubs pass on within a second or two.
"""

SAME_SECOND_S: Final = 50.0
"""How long the second of the minute tells two reports of a boat apart."""

COPIES_S: Final = 5.0
"""From the first copy of a message that a way brought back to its last."""

MOST_WAYS: Final = 50
"""Ways that are told apart at one place."""

_STEPS: Final = 600_000  # 1/10,000 minute, the step of AIS: what was rounded to it is known again


class OwnMessages:
    """What this node told outward lately.

    Args:
        node: This node's id.
        clock: Seconds since 1970.
    """

    def __init__(self, node: str, *, clock: Callable[[], float]) -> None:
        self._node, self._clock = node, clock
        self._messages: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._places: OrderedDict[_Cell, dict[str, _Place]] = OrderedDict()
        self._waypoints: OrderedDict[tuple[str, _Cell], tuple[str, str]] = OrderedDict()
        self._static: OrderedDict[str, tuple[str, _Facts]] = OrderedDict()
        self._newest: OrderedDict[str, str] = OrderedDict()  # AIS message by number: not ours
        self._numbers: set[str] = set()
        self._feeds: Counter[str] = Counter()
        self._comes_back: set[str] = set()
        self._uids: OrderedDict[str, None] = OrderedDict()

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

    def echo_count(self, feed: str) -> int:
        """Return how many messages of a feed were heard back."""
        return self._feeds[feed]

    def comes_back(self, feed: str) -> bool:
        """Return whether a channel of this node hears what a feed tells."""
        return feed in self._comes_back

    def note_message(self, feed: str, key: str) -> None:
        """Note the key of an AIS message told, as `Transmission.duplicate_key`."""
        now = self._clock()
        self._messages[key] = (now, feed)
        self._messages.move_to_end(key)
        _forget(self._messages, lambda each: now - each[0] > KEPT_S)

    def note_event(self, feed: str, uid: str, content: str) -> None:
        """Note the uid of an event told and its `node_mark.content_digest`."""
        self._uids[uid] = None
        self._uids.move_to_end(uid)
        _forget(self._uids, lambda _: False)
        self.note_message(feed, content)

    def note_number(self, mmsi: int) -> None:
        """Note an MMSI that was made for a unit."""
        self._numbers.add(f"{mmsi:09}")

    def note_static(self, feed: str, mmsi: int, facts: _Facts) -> None:
        """Note what was told of the ship under an MMSI, as facts of a `Transmission`."""
        number = f"{mmsi:09}"
        self._static[number] = (feed, facts)
        self._static.move_to_end(number)
        _forget(self._static, lambda _: False)

    def note_waypoint(
        self, feed: str, name: str, *, lon: float, lat: float, address: str = ""
    ) -> None:
        """Note a named place that was told as a waypoint.

        Args:
            feed: Which told it; empty: it was shown to radios.
            name: As told.
            lon: Degrees east.
            lat: Degrees north.
            address: Whose it is: from there it is no echo.
        """
        key = (name, _cell(lon, lat))
        self._waypoints[key] = (feed, address)
        self._waypoints.move_to_end(key)
        _forget(self._waypoints, lambda _: False)

    def note_place(
        self,
        feed: str,
        *,
        lon: float,
        lat: float,
        addresses: Iterable[str],
        mmsi: int | None,
        second: int | None = None,
        calls: bool = False,
    ) -> None:
        """Note where a unit was told to be.

        Args:
            feed: Which told it.
            lon: Degrees east.
            lat: Degrees north.
            addresses: By which it may say so itself.
            mmsi: Under which it was told; None: by its place alone, and what comes back by a link
                that names nobody.
            second: Of the minute, as told by AIS.
            calls: It was told that the unit calls for help.
        """
        cell, now = _cell(lon, lat), self._clock()
        number = "nobody" if mmsi is None else f"{mmsi:09}"
        own = frozenset(addresses) - {f"ais:{number}"}  # under that one the feed spoke
        there = self._places.setdefault(cell, {})
        there[number] = _Place(now, feed, own, number, second, calls)
        self._places.move_to_end(cell)
        _forget(self._places, lambda each: now - _newest_s(each) > 2 * SAME_PLACE_S)

    def is_own(self, transmission: Transmission) -> bool:
        """Return whether what was heard is what this node told, and count it."""
        if transmission.protocol == "cot":
            feed = self._feed_by_mark(transmission)
        elif not self._feeds and not self._waypoints:
            return False
        elif transmission.protocol == "ais":
            feed = self._feed_by_number(transmission)
        else:
            feed = self._feed_by_content(transmission)
        if feed is None:
            return False
        if feed in self._feeds:
            self._feeds[feed] += 1
            self._comes_back.add(feed)
        return True

    # -- inside

    # Each returns the feed that told it; "" for one of them, or for an order; None: it is not ours.

    def _feed_by_mark(self, transmission: Transmission) -> str | None:
        mark = str(transmission.facts.get(NODE_FACT, ""))
        if mark:
            node, _, feed = mark.partition("/")
            if node != self._node or transmission.facts.get(CONTENT_FACT) != transmission_digest(
                transmission
            ):
                return None
            return feed
        if str(transmission.facts.get("uid") or transmission.device) not in self._uids:
            return None
        return self._feed_by_key(transmission_digest(transmission))

    def _feed_by_number(self, transmission: Transmission) -> str | None:
        message = self._feed_by_key(transmission.duplicate_key)
        if message is not None:
            return message
        if transmission.device in self._numbers:
            return ""
        if "msg_type" not in transmission.facts:  # it was no payload when it came: a delta
            return (
                self._feed_by_static(transmission)
                if transmission.position is None
                else self._feed_by_place(transmission)
            )
        feed = self._feed_by_place(transmission, self._is_rewritten)
        if feed is None and transmission.duplicate_key and transmission.device:
            self._newest[transmission.device] = transmission.duplicate_key
            self._newest.move_to_end(transmission.device)
            _forget(self._newest, lambda _: False)
        return feed

    def _is_rewritten(self, transmission: Transmission, place: _Place, late_s: float) -> bool:
        """Return whether an AIS message at a place told is ours, written anew by a hub: of the
        second that we told or of none, or sooner than the boat itself speaks again. What was heard
        before us is the boat's, by any receiver.
        """
        if place.second is None or self._newest.get(place.mmsi) == transmission.duplicate_key:
            return False
        is_same = transmission.facts.get("utc_second", place.second) == place.second
        return late_s < (SAME_SECOND_S if is_same else COPIES_S)

    def _feed_by_content(self, transmission: Transmission) -> str | None:
        if transmission.device in self._numbers:
            return ""
        at = transmission.position or transmission.mark
        if at is None or at.lon is None or at.lat is None:
            return None
        name = transmission.device if transmission.mark is None else transmission.mark.name
        if name and self._waypoints:
            for cell in _neighbour_cells(at.lon, at.lat):
                feed, address = self._waypoints.get((name, cell), (None, ""))
                if feed is not None and transmission.address != address:
                    return feed
        return None if transmission.mark is not None else self._feed_by_place(transmission)

    def _feed_by_key(self, key: str | None) -> str | None:
        message = None if key is None else self._messages.get(key)
        return message[1] if message is not None and self._clock() - message[0] <= KEPT_S else None

    def _feed_by_static(self, transmission: Transmission) -> str | None:
        """Judge what tells of a ship by whether it is what we told of it, and no more."""
        feed, facts = self._static.get(transmission.device or "", ("", {}))
        heard = {
            name: transmission.facts[name] for name in STATIC_FACTS if name in transmission.facts
        }
        return feed if heard and heard.items() <= facts.items() else None

    def _feed_by_place(
        self,
        transmission: Transmission,
        is_ours: Callable[[Transmission, _Place, float], bool] | None = None,
    ) -> str | None:
        at, device = transmission.position, transmission.device
        if at is None or not self._places:
            return None
        # a hub may stamp it with a time of its own, or hand it over late with the time of before
        times_s = {
            each.timestamp() for each in (transmission.device_time, transmission.heard_at) if each
        }
        for cell in _neighbour_cells(at.lon, at.lat):
            for place in self._places.get(cell, {}).values():
                if device is not None and place.mmsi not in device:
                    continue
                if transmission.address in place.addresses or (
                    transmission.distress and not place.calls
                ):
                    continue
                late_s = {time_s - place.at_s for time_s in times_s}
                soonest_s = min((s for s in late_s if -5.0 <= s <= SAME_PLACE_S), default=None)
                if soonest_s is None or (
                    is_ours is not None and not is_ours(transmission, place, soonest_s)
                ):
                    continue
                if transmission.protocol == "ais" and not place.is_copy(transmission):
                    continue
                return place.feed
        return None


STATIC_FACTS: Final = ("ship_name", "callsign", "ship_type")
"""What a feed tells of a ship by AIS."""

_Cell = tuple[int, int]
_Facts = Mapping[str, str | int]


class _Place:
    __slots__ = ("addresses", "at_s", "calls", "feed", "first_copies_s", "mmsi", "second")

    def __init__(
        self,
        at_s: float,
        feed: str,
        addresses: frozenset[str],
        mmsi: str,
        second: int | None,
        calls: bool,
    ) -> None:
        self.at_s, self.feed, self.addresses, self.mmsi = at_s, feed, addresses, mmsi
        self.second, self.calls = second, calls
        self.first_copies_s: dict[str, float] = {}

    def is_copy(self, transmission: Transmission) -> bool:
        """Return whether a way brings it back for the first time, or in copies of that."""
        time_s = transmission.heard_at.timestamp()
        way = f"{transmission.channel}|{transmission.facts.get('source', '')}"
        if len(self.first_copies_s) >= MOST_WAYS:
            return True
        return time_s - self.first_copies_s.setdefault(way, time_s) <= COPIES_S


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
        """Note the key of an AIS message told, as `Transmission.duplicate_key`."""
        self._own.note_message(self._feed, key)

    def event(self, uid: str, content: str) -> None:
        """Note the uid of an event told and its `node_mark.content_digest`."""
        self._own.note_event(self._feed, uid, content)

    def number(self, mmsi: int) -> None:
        """Note an MMSI that was made for a unit."""
        self._own.note_number(mmsi)

    def static(self, mmsi: int, facts: _Facts) -> None:
        """Note what was told of the ship under an MMSI, as facts of a `Transmission`."""
        self._own.note_static(self._feed, mmsi, facts)

    def waypoint(self, name: str, *, lon: float, lat: float, address: str) -> None:
        """Note a named place that was told as a waypoint, and the radio address whose it is."""
        self._own.note_waypoint(self._feed, name, lon=lon, lat=lat, address=address)

    def place(
        self,
        *,
        lon: float,
        lat: float,
        addresses: Iterable[str],
        mmsi: int | None,
        second: int | None = None,
        calls: bool = False,
    ) -> None:
        """Note where a unit was told to be: arguments as of `OwnMessages.note_place`."""
        self._own.note_place(
            self._feed,
            lon=lon,
            lat=lat,
            addresses=addresses,
            mmsi=mmsi,
            second=second,
            calls=calls,
        )

    def comes_back(self) -> bool:
        """Return whether a channel of this node hears what the feed tells."""
        return self._own.comes_back(self._feed)


def _forget(entries: OrderedDict[K, V], is_old: Callable[[V], bool]) -> None:
    """Drop what is old, and what is too much, the oldest first."""
    while entries:
        first = next(iter(entries))
        if len(entries) <= MOST and not is_old(entries[first]):
            return
        del entries[first]


def _cell(lon: float, lat: float) -> _Cell:
    return round(lon * _STEPS), round(lat * _STEPS)


def _neighbour_cells(lon: float, lat: float) -> Iterator[_Cell]:
    """Return the cell of a place and its neighbours, as far as rounding it twice may move it."""
    x, y = _cell(lon, lat)
    return ((x + dx, y + dy) for dx in (0, -1, 1) for dy in (0, -1, 1))


def _newest_s(places: Mapping[str, _Place]) -> float:
    return max(each.at_s for each in places.values())
