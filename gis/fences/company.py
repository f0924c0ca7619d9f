"""Who has come near whom: the pairs of units that rules of meeting are to be asked of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gis.fences.events import FenceEvent
from gis.fences.meetings import Buckets, Pair
from gis.fences.rules import Meet
from gis.fences.settings import FenceSettings
from gis.fences.track import FenceTrack

FORGET_EVERY_S = 3600.0


class Company:
    """All pairs of units that were near each other, and what the rules told of them."""

    def __init__(
        self,
        rules: Sequence[Meet],
        tracks: Mapping[str, FenceTrack],
        settings: FenceSettings,
    ) -> None:
        """Begin with nobody.

        Args:
            rules: What to tell of.
            tracks: Of all units, by id; more may come.
            settings: How far fixes are believed, and for how long they are kept.
        """
        self._rules, self._tracks, self._settings = rules, tracks, settings
        self._buckets = Buckets()
        self._pairs: dict[str, dict[str, list[Pair]]] = {}
        self._forgotten = float("-inf")

    def look(
        self,
        changed: list[tuple[FenceTrack, float]],
        added: list[FenceEvent],
        withdrawn: list[FenceEvent],
    ) -> None:
        """Look at all who were near one of some tracks, from when each has changed.

        Args:
            changed: Tracks, and since when what is believed of each has changed; infinity: not.
            added: Gets the events that are new.
            withdrawn: Gets those that are no more.
        """
        horizon = self._horizon()
        looks: dict[int, tuple[Pair, float]] = {}
        for track, since in changed:
            if since == float("inf"):
                continue
            partners = self._pairs.setdefault(track.unit, {})
            for fix in track.since(since):
                if fix.good:
                    for other in self._buckets.put(track.unit, fix):
                        if other not in partners:
                            self._pair(track.unit, other)
        for track, since in changed:
            for pairs in self._pairs.get(track.unit, {}).values():
                for pair in pairs:
                    known = looks.get(id(pair))
                    if known is None or since < known[1]:
                        looks[id(pair)] = (pair, since)
        for pair, since in looks.values():
            new, old = pair.look(since, self._settings)
            added += new
            withdrawn += old
        if horizon > self._forgotten + FORGET_EVERY_S:
            self._forgotten = horizon
            self._buckets.forget(horizon)
            # A late fix tells where a boat was from the fix before on, if that is no gap ago.
            settled = horizon - self._settings.gap_s
            for unit, partners in self._pairs.items():
                for other, pairs in partners.items():
                    if unit < other:
                        for pair in pairs:
                            pair.forget(settled)

    def drop(self, unit: str) -> None:
        """Let go of a unit; nothing that was told of it is withdrawn."""
        self._buckets.drop(unit)
        for other in self._pairs.pop(unit, {}):
            del self._pairs[other][unit]

    def _pair(self, one: str, other: str) -> None:
        first, second = sorted((one, other))
        pairs = [
            Pair(rule, self._tracks[first], self._tracks[second])
            for rule in self._rules
            if rule.units is None or (first in rule.units and second in rule.units)
        ]
        self._pairs.setdefault(one, {})[other] = pairs
        self._pairs.setdefault(other, {})[one] = pairs

    def _horizon(self) -> float:
        return min(
            (track.horizon(self._settings) for track in self._tracks.values()),
            default=float("-inf"),
        )
