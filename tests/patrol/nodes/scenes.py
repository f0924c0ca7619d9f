"""Scenes for tests of alert rules: what is known, made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gis.address.address import Address
from patrol.alarms.rules import RULES
from patrol.alarms.scene import Battery, Condition, DistressCall, Scene, Stray, UnitStanding, Visit
from patrol.patrols.patrol import Member, Patrol
from patrol.picture.contact import Contact
from patrol.sectors.sector import Sector
from patrol.targets.hand_off import HandOff
from patrol.units.data_classes import DataClass
from patrol.units.units import Liveness, Unit, UnitKind
from patrol.units.wire import Claim, Fix
from radio_gateway.health.health import ChannelHealth, LinkState
from tests.patrol.nodes.running import AGENCY, NODE, at

EARLY = -10_000.0
"""Seconds at which the node has listened long enough for every rule."""


class Places:
    """How units stand to areas, as a test says."""

    def __init__(
        self,
        stands: Mapping[tuple[str, str], UnitStanding] | None = None,
        visits: Iterable[Visit] = (),
        passed: Sequence[Visit] = (),
    ) -> None:
        self._stands = dict(stands or {})
        self._visits, self.passed = tuple(visits), tuple(passed)

    def stand(self, unit: str, area: str) -> UnitStanding:
        return self._stands.get((unit, area), UnitStanding())

    def within(self, unit: str) -> Iterable[str]:
        return [area for (who, area), each in self._stands.items() if who == unit and each.inside]

    def visits(self, unit: str, area: str) -> Sequence[Visit]:
        return [each for each in self._visits if (each.unit, each.area) == (unit, area)]


def boat(
    id: str = "u",
    *,
    agency: str = AGENCY,
    liveness: Liveness = "live",
    last: float | None = 0,
    speed_mps: float | None = None,
    place: Address | None = None,
    kind: UnitKind = "boat",
    country: str | None = "LA",
    registered: bool = True,
    **more: Any,
) -> Contact:
    """Return what is known of a unit last heard at second `last`."""
    unit = None
    if registered:
        unit = Unit(id=id, call_sign=f"Boat {id}", kind=kind, agency=agency, country=country)
    made = Contact(id, agency=agency, unit=unit)
    made.liveness = liveness
    if last is not None:
        made.heard_at = at(last)
        made.last = Fix(
            of=id, lon=100.4, lat=20.27, time=at(last), speed_mps=speed_mps, place=place
        )
    for name, value in more.items():
        setattr(made, name, value)
    return made


def sector(id: str = "s", *, use: Any = "no_go", agency: str = AGENCY) -> Sector:
    """Return a sector."""
    ring = ((100.4, 20.2), (100.5, 20.2), (100.5, 20.3), (100.4, 20.2))
    return Sector(id=id, agency=agency, at=at(0), name=f"Sector {id}", use=use, polygon=(ring,))


def patrol(id: str = "p", *, state: Any = "under way", **more: Any) -> Patrol:
    """Return a patrol of unit `u`, which began at second 0."""
    values: dict[str, Any] = {
        "name": "Night",
        "agencies": (AGENCY,),
        "lead": AGENCY,
        "starts_at": at(0),
        "ends_at": at(36_000),
        "members": (Member(unit="u", agency=AGENCY),),
        "started_at": at(0) if state == "under way" else None,
    }
    return Patrol(id=id, agency=AGENCY, at=at(0), state=state, **(values | more))


def channel(name: str = "base", *, state: LinkState = "open", since: float = 0) -> ChannelHealth:
    """Return how a channel fares."""
    return ChannelHealth(name=name, url="", protocols=(), state=state, since=at(since))


def scene(
    *contacts: Contact,
    now: float = 0,
    started: float = EARLY,
    channels: Sequence[ChannelHealth] = (),
    bad: Mapping[str, float] | None = None,
    good: Mapping[str, float] | None = None,
    claims: Sequence[Claim] = (),
    batteries: Mapping[str, Battery] | None = None,
    calls: Mapping[str, DistressCall] | None = None,
    strays: Sequence[Stray] = (),
    patrols: Sequence[Patrol] = (),
    sectors: Sequence[Sector] = (),
    hand_offs: Sequence[HandOff] = (),
    places: Places | None = None,
    may_see: Callable[[str, str, DataClass, Contact], bool] = lambda *_: False,
) -> Scene:
    """Return what rules are given at second `now`."""
    places = places or Places()
    return Scene(
        agencies=(),
        now=at(now),
        started_at=at(started),
        agency=AGENCY,
        node=NODE,
        contacts={each.id: each for each in contacts},
        channels={each.name: each for each in channels},
        bad_since={name: at(second) for name, second in (bad or {}).items()},
        good_since={name: at(second) for name, second in (good or {}).items()},
        claims=claims,
        batteries=batteries or {},
        calls=calls or {},
        strays=strays,
        patrols=patrols,
        on_patrol={
            unit: each for each in patrols if each.state == "under way" for unit in each.units
        },
        sectors={each.id: each for each in sectors},
        hand_offs=hand_offs,
        standing=places,
        passed=places.passed,
        may_see=may_see,
    )


def found(rule: str, given: Scene) -> list[Condition]:
    """Return what a rule finds."""
    return list(RULES[rule].find(given))


def subjects(rule: str, given: Scene) -> list[str]:
    """Return the subjects of what a rule finds."""
    return [condition.subject for condition in found(rule, given)]
