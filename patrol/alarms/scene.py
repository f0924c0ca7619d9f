"""Scene and Condition: the input of alert rules, and their output.

A rule of an alert is a pure function of a `Scene`: it finds all its conditions each time, whether
they are new or not. What begins, goes on and ends is worked out by whoever keeps the alerts
(`patrol.alarms.engine`), by comparing with the alerts that are open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import msgspec

from patrol.alarms.disk_room import DiskRoom
from patrol.alarms.machine_acts import MachineAct
from patrol.alerts.alert import Alert, Key, Severity, Value
from patrol.counterparts.log_health import CounterpartFault
from patrol.patrols.patrol import Patrol
from patrol.picture.contact import Contact
from patrol.picture.liveness import HISTORICAL_AFTER
from patrol.picture.taken_radio import TakenRadio
from patrol.sectors.sector import Sector
from patrol.targets.hand_off import HandOff
from patrol.units.data_classes import DataClass
from patrol.units.wire import Claim
from radio_gateway.health.health import ChannelHealth


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Something that needs a person while it holds.

    Attributes:
        rule: Whose it is.
        subject: What it is about; with rule and agency, what there is one alert of.
        agency: Whom it concerns.
        severity: How bad.
        since: When it began, in event time, aware UTC.
        unit: Unit or unknown radio it is about.
        lon: Where, degrees east.
        lat: Where, degrees north.
        place: The same as a river address.
        facts: What else the rule says.
        historical: Only late fixes tell of it.
        over: When it was over again, if it began and ended between two looks.
    """

    rule: str
    subject: str
    agency: str
    severity: Severity
    since: datetime
    unit: str | None = None
    lon: float | None = None
    lat: float | None = None
    place: str = ""
    facts: dict[str, Value] = {}
    historical: bool = False
    over: datetime | None = None

    @property
    def key(self) -> Key:
        """What there is one open alert of."""
        return self.rule, self.subject, self.agency

    @property
    def about(self) -> dict[str, Any]:
        """The fields that an alert takes over."""
        return {
            "unit": self.unit,
            "lon": self.lon,
            "lat": self.lat,
            "place": self.place,
            "facts": self.facts,
        }


class Battery(msgspec.Struct, frozen=True, gc=False):  # phones tell of it in each message
    """The battery level of a radio, as it reported it.

    Attributes:
        pct: In percent; None where it said only that it is low.
        low: Whether it counts as low: not before it was, and until it is well above.
        at: When it told, aware UTC.
    """

    pct: float | None
    low: bool
    at: datetime


class DistressCall(NamedTuple):
    """A call for help that no person has ended.

    Attributes:
        by_hand_at: Since when somebody does, aware UTC; None: nobody did by hand.
        man_down_at: Since when a sensor says that somebody lies still, aware UTC; None: none did.
        people: How many people there are, as the call said (DSC); None: it did not.
    """

    by_hand_at: datetime | None = None
    man_down_at: datetime | None = None
    people: int | None = None

    def is_known(self, *, man_down: bool) -> bool:
        """Return whether it is made in one of the two ways."""
        return (self.man_down_at if man_down else self.by_hand_at) is not None


class UnitStanding(NamedTuple):
    """How a unit stands to an area, by its fixes and their errors.

    Attributes:
        inside: Whether it is in; None: nobody can say.
        since: When it came in or went out; None: not known.
        last_fix_at: Time of its newest believed fix; None without any.
    """

    inside: bool | None = None
    since: datetime | None = None
    last_fix_at: datetime | None = None


VisitHow: TypeAlias = Literal["seen", "passed", "maybe"]


class Visit(NamedTuple):
    """That a unit was in an area.

    Attributes:
        unit: Who.
        area: Where.
        since: When it came.
        until: When it went; None while it is there.
        lon: Where it came in, degrees.
        lat: Where it came in, degrees.
        reported_at: When that was known, aware UTC.
        appeared: It was there when it was first looked at; it may have come before.
        how: "seen" by a fix or a way between two; "passed": it must have crossed the area in a
            silence, which lasted from `since` to `until`; "maybe": its likely way led through then.
    """

    unit: str
    area: str
    since: datetime
    until: datetime | None
    lon: float | None
    lat: float | None
    reported_at: datetime
    appeared: bool = False
    how: VisitHow = "seen"


class Stray(NamedTuple):
    """That a late fix shows a unit surely in another country.

    Attributes:
        unit: Who.
        time: When.
        lon: Where, degrees.
        lat: Where, degrees.
        country: Whose, ISO 3166-1 alpha-2.
    """

    unit: str
    time: datetime
    lon: float
    lat: float
    country: str


class Episode(NamedTuple):
    """A boat exceeded a limit of a sector for some time.

    Attributes:
        rule: Whose it is.
        units: Who; of a meeting all that lie together, the two that met first in front.
        sector: Id of the sector whose limit it is.
        since: When it began.
        seen_at: Time of the newest fix that shows it.
        lon: Where, degrees.
        lat: Where, degrees.
        facts: What else is known: figures.
        over: When it was over, if it began and ended between two looks.
        sure: Whether it is; else it may have begun before its boats were followed.
    """

    rule: str
    units: tuple[str, ...]
    sector: str
    since: datetime
    seen_at: datetime
    lon: float
    lat: float
    facts: Mapping[str, Value] = MappingProxyType({})
    over: datetime | None = None
    sure: bool = True


class UnitStandings(Protocol):
    """How units stand to areas."""

    def stand(self, unit: str, area: str) -> UnitStanding:
        """Return how a unit stands to an area; nothing known of an area that is not watched."""

    def within(self, unit: str) -> Iterable[str]:
        """Return the areas that a unit is surely in."""

    def visits(self, unit: str, area: str) -> Sequence[Visit]:
        """Return when a unit was in an area, as far back as is known, oldest first."""


class SharingRules(Protocol):
    """What may cross between agencies; `patrol.sharing.decisions.Sharing` is it."""

    def classes(
        self,
        *,
        owner: str,
        viewer: str,
        now: datetime,
        at: datetime | None = None,
        lon: float | None = None,
        lat: float | None = None,
        unit: str | None = None,
    ) -> frozenset[DataClass]:
        """Return the data classes of an owner's record that a viewer may see."""


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What is known now, for rules to read and never to change.

    Rules that are asked at once, after a batch, are told of units, calls, sectors, patrols and
    visits only; the rest is told once a second.

    Attributes:
        now: The present, aware UTC.
        started_at: Since when this node hears, aware UTC.
        agency: Owner of what nobody else owns.
        agencies: Those of this node that have an agreement with another.
        node: This node's id.
        contacts: Units and unknown radios to look at, by id.
        channels: Links, by name.
        bad_since: Since when links do not work, by name.
        good_since: Since when links that did not work do again, by name.
        claims: Addresses that two senders use.
        batteries: By unit.
        calls: Calls for help, by unit or address.
        strays: Late fixes across the border, not yet filed.
        taken_radios: Radios that one agency heard and another lately registered.
        machine_acts: What commands on this machine lately did to other agencies' people.
        counterpart_faults: What between this node and counterparts no rule can mend.
        patrols: All that are not over.
        on_patrol: The patrol under way that a unit is in, by unit.
        sectors: By id.
        hand_offs: All that are not over.
        standing: How units stand to sectors and meeting places.
        passed: Visits that were over when they became known, and are not yet filed.
        episodes: What boats do that limits of sectors are about.
        is_landing: Whether boats land at a place, in degrees east and north.
        may_see: Whether of an owner's records a class may pass to a viewer now, about or at a
            unit.
        is_withheld: Whether alerts of a unit's call for help are open and none of them may pass to
            a viewer, as of one that began in a suspension.
        disk: What is left on the disk of the store; None: not known.
        backups: What is wrong with back-ups: by `backup` and `restore_test`, in words.
    """

    now: datetime
    started_at: datetime
    agency: str
    agencies: Sequence[str] = ()
    node: str
    contacts: Mapping[str, Contact]
    channels: Mapping[str, ChannelHealth]
    bad_since: Mapping[str, datetime]
    good_since: Mapping[str, datetime]
    claims: Sequence[Claim] = ()
    batteries: Mapping[str, Battery]
    calls: Mapping[str, DistressCall]
    strays: Sequence[Stray] = ()
    patrols: Sequence[Patrol]
    on_patrol: Mapping[str, Patrol]
    sectors: Mapping[str, Sector]
    hand_offs: Sequence[HandOff] = ()
    standing: UnitStandings
    passed: Sequence[Visit] = ()
    may_see: Callable[[str, str, DataClass, Contact], bool]
    is_withheld: Callable[[str, str], bool] = lambda _unit, _viewer: False
    disk: DiskRoom | None = None
    backups: Mapping[str, str] = MappingProxyType({})
    episodes: Sequence[Episode] = ()
    taken_radios: Sequence[TakenRadio] = ()
    machine_acts: Sequence[MachineAct] = ()
    counterpart_faults: Sequence[CounterpartFault] = ()
    is_landing: Callable[[float, float], bool] = lambda _lon, _lat: False


class AlertRule(NamedTuple):
    """One rule of alerts.

    Attributes:
        name: What alerts call it.
        find: Returns the conditions that hold.
        latched: Only a person ends it.
        at_once: Looked at after each batch that may matter to it, not only once a second.
        absent_for_s: How long its condition must be gone before it counts as gone, seconds.
        calm_for_s: What is acknowledged and comes back within so many seconds does not ring again.
        unsure: Whether just now nothing can be said about an open alert: it stays as it is.
        ended: Returns when the condition of an alert was over; None: now.
        interruption: Returns when the condition of an alert was over for a while before it began as
            it holds now; None where it held all the time.
        is_past: It tells of what is over by the time it is known: an alert of it holds until
            somebody has acknowledged it.
    """

    name: str
    find: Callable[[Scene], Iterable[Condition]]
    latched: bool = False
    at_once: bool = False
    absent_for_s: float = 0.0
    calm_for_s: float = 0.0
    unsure: Callable[[Scene, Alert], bool] = lambda _scene, _alert: False
    ended: Callable[[Scene, Alert], datetime | None] = lambda _scene, _alert: None
    interruption: Callable[[Scene, Alert, Condition], datetime | None] = (
        lambda _scene, _alert, _now: None
    )
    is_past: bool = False


def about(contact: Contact) -> dict[str, Any]:
    """Return the fields of a condition that say whom it is about, and where that is."""
    facts: dict[str, Any] = {"unit": contact.id, "agency": contact.agency}
    last = contact.last
    if last is not None:
        facts |= {"lon": last.lon, "lat": last.lat}
        if last.place is not None:
            facts["place"] = last.place.words()
        elif last.river_km is not None:
            facts["place"] = f"km {last.river_km:.0f}"
    return facts


def clock_lag(scene: Scene, unit: str) -> timedelta:
    """Return how far a unit's clock is known to be behind; nothing of one that is not known."""
    contact = scene.contacts.get(unit)
    return timedelta(seconds=0.0 if contact is None else contact.behind_s)


def is_historical(seen_at: datetime | None, now: datetime, contact: Contact) -> bool:
    """Return whether a fix of that time is too old to raise a ringing alert.

    Args:
        seen_at: When it was, by the clock that its sender goes by; None: not known.
        now: The present, or when it was known, aware UTC.
        contact: Its sender, whose clock may be known to be slow.
    """
    if seen_at is None:
        return False
    return now - seen_at > HISTORICAL_AFTER + timedelta(seconds=contact.behind_s)
