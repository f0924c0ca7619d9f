"""CrossAgencyUnits: what crosses between the agencies of a node, followed for all viewers at once.

For each pair of agencies that an agreement in force joins there is one `SharedUnits`; what one of
them learns of the other is worked out and encoded once, however many look on. Whatever changes what
may pass to an agency raises its policy epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime

import msgspec

from patrol.live.shared_units import SharedUnits, SharedUnitsChange
from patrol.sharing.decisions import Sharing
from patrol.units.wire import Fix, UnitState


class CrossAgencyChange(msgspec.Struct):
    """What one agency learns of the others with one change.

    Attributes:
        begins: What may pass to it has changed: a policy epoch begins.
        units: States, whole, by id.
        fixes: Positions that joined.
        forget: Ids of units that it may no longer hold.
        records: How many of each owner's records it is shown.
    """

    begins: bool = False
    units: dict[str, UnitState] = {}
    fixes: list[Fix] = []
    forget: dict[str, None] = {}
    records: dict[str, int] = {}

    def __bool__(self) -> bool:
        """Whether it learns anything."""
        return bool(self.begins or self.units or self.fixes or self.forget)

    def add(self, owner: str, news: SharedUnitsChange) -> None:
        """Add what changed in one sight, later than what was added before."""
        self.records[owner] = self.records.get(owner, 0) + len(news.units) + len(news.fixes)
        for id in news.forget:
            self.units.pop(id, None)
            self.forget[id] = None
        if news.forget:
            self.fixes = [fix for fix in self.fixes if fix.of not in news.forget]
        for id in news.units:
            self.forget.pop(id, None)
        self.units |= news.units
        self.fixes += news.fixes


class CrossAgencyUnits:
    """All sights of a node.

    Args:
        sharing: What may cross.
        states: Returns what the viewers of an owner have been told of its units.
    """

    def __init__(self, sharing: Sharing, states: Callable[[str], Iterable[UnitState]]) -> None:
        self.sharing = sharing
        self._states = states
        self._decided: dict[str, Hashable] = {}
        self._epochs: dict[str, int] = {}
        self._shared_units: dict[tuple[str, str], SharedUnits] = {}

    def epoch(self, agency: str, now: datetime) -> int:
        """Return the policy epoch of an agency's viewers; one that is due has begun."""
        return self._epochs.get(agency, 0) + (not self._is_settled(agency, now))

    def visible_units(self, agency: str, now: datetime) -> list[UnitState]:
        """Return the units of others that an agency sees now."""
        if not self._is_settled(agency, now):
            return []  # what may pass has just changed: until that is told, nothing does
        return [
            state
            for (_, viewer), shared in self._shared_units.items()
            if viewer == agency
            for state in shared.visible.values()
        ]

    def visible_unit(self, agency: str, id: str, now: datetime) -> UnitState | None:
        """Return one unit of another as an agency sees it now; None if it does not."""
        if self._is_settled(agency, now):
            for (_, viewer), shared in self._shared_units.items():
                if viewer == agency and id in shared.visible:
                    return shared.visible[id]
        return None

    def _is_settled(self, agency: str, now: datetime) -> bool:
        return self.sharing.state_of(agency, now) == self._decided.get(agency, ())

    def settle(self, now: datetime) -> dict[str, CrossAgencyChange]:
        """See whether what may pass to whom has changed: agreements, their hours, joint patrols.

        Returns:
            By viewer, what it learns and must forget because of that.
        """
        found: dict[str, CrossAgencyChange] = {}
        for viewer in self.sharing.parties() | self._decided.keys():
            decided = self.sharing.state_of(viewer, now)
            if decided == self._decided.get(viewer, ()):
                continue
            if decided:
                self._decided[viewer] = decided
            else:
                self._decided.pop(viewer, None)
            self._epochs[viewer] = self._epochs.get(viewer, 0) + 1
            crossing = found[viewer] = CrossAgencyChange(begins=True)
            owners = self.sharing.owners(viewer, now)
            for owner, to in tuple(self._shared_units):
                if to == viewer and owner not in owners:
                    crossing.forget |= dict.fromkeys(
                        self._shared_units.pop((owner, viewer)).visible
                    )
            for owner in sorted(owners):
                shared = self._shared_units.get((owner, viewer))
                if shared is None:
                    shared = self._shared_units[owner, viewer] = SharedUnits(
                        owner, viewer, self.sharing
                    )
                crossing.add(owner, shared.begin(self._states(owner), now))
        return found

    def follow(
        self,
        units: dict[tuple[str, bool], list[UnitState]],
        fixes: dict[tuple[str, bool], list[Fix]],
        gone: Sequence[tuple[str, str, bool]],
        found: dict[str, CrossAgencyChange],
        now: datetime,
    ) -> None:
        """Take what changed in the picture and add what each viewer learns of it to `found`.

        Args:
            units: States by owner and whether they are of registered units.
            fixes: Positions, the same way.
            gone: `(id, owner, registered)` of what left.
            found: By viewer.
            now: The present, aware UTC.
        """
        for (owner, viewer), shared in self._shared_units.items():
            left = [id for id, whose, known in gone if known and whose == owner]
            news = shared.take(
                units.get((owner, True), ()), fixes.get((owner, True), ()), left, now
            )
            if news:
                found.setdefault(viewer, CrossAgencyChange()).add(owner, news)
