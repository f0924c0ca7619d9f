"""Rule: a unit is in a no-go sector, or passed through one between two reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from patrol.alarms.scene import Condition, Scene, Visit, VisitHow, about, is_historical
from patrol.alerts.alert import Alert, Severity, Value
from patrol.picture.contact import Contact
from patrol.sectors.sector import KEPT_OUT_OF, Sector

RULE: Final = "no_go"
RULE_PASSED: Final = "no_go_passed"
RULE_MAYBE: Final = "no_go_maybe"


def no_go(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each unit that is surely in a no-go or restricted sector, or was.

    It is for the unit's agency, if the sector is its own or is shown to it now. The sector's owner
    learns of it as of any alert, if an agreement shares these. A patrol whose plan names the sector
    may be there.
    """
    if KEPT_OUT_OF.isdisjoint([each.use for each in scene.sectors.values()]):
        return
    for contact in scene.contacts.values():
        if contact.unit is None:
            continue
        for area in scene.standing.within(contact.id):
            sector = scene.sectors.get(area)
            if sector is None or sector.use not in KEPT_OUT_OF:
                continue
            stand = scene.standing.stand(contact.id, area)
            if not _is_planned(scene, contact.id, sector):
                since = stand.since or scene.now
                historical = is_historical(stand.last_fix_at, scene.now, contact)
                yield from _conditions(scene, contact, sector, since, historical=historical)
    yield from _past_visits(scene, RULE, "seen")


def no_go_passed(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each no-go or restricted sector that a unit must have crossed between
    two reports, though none of them is inside: from the one to the other.
    """
    yield from _past_visits(scene, RULE_PASSED, "passed")


def no_go_maybe(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each that lies on a unit's likely way, which it may have gone round."""
    yield from _past_visits(scene, RULE_MAYBE, "maybe")


def _past_visits(scene: Scene, rule: str, how: VisitHow) -> Iterator[Condition]:
    """Yield conditions for visits that were over when they became known."""
    for visit in scene.passed:
        sector = scene.sectors.get(visit.area)
        boat = scene.contacts.get(visit.unit)
        if sector is None or sector.use not in KEPT_OUT_OF or boat is None or boat.unit is None:
            continue
        if (
            visit.how == how
            and visit.until is not None
            and not _is_planned(scene, visit.unit, sector)
        ):
            late = is_historical(visit.until, visit.reported_at, boat)
            yield from _conditions(
                scene, boat, sector, visit.since, historical=late, visit=visit, rule=rule
            )


def unsure(scene: Scene, alert: Alert) -> bool:
    """Return whether it is unknown if the unit is still there."""
    contact = scene.contacts.get(alert.unit or "")
    sector = scene.sectors.get(_sector_of(alert))
    if contact is None or sector is None:
        return False
    return scene.standing.stand(contact.id, sector.id).inside is None


def ended(scene: Scene, alert: Alert) -> datetime | None:
    """Return when the unit left; None where it did not, but may be there now."""
    stand = scene.standing.stand(alert.unit or "", _sector_of(alert))
    return None if stand.inside else stand.since


def interruption(scene: Scene, alert: Alert, condition: Condition) -> datetime | None:
    """Return when the unit had left before it came again."""
    visits = scene.standing.visits(alert.unit or "", _sector_of(alert))
    left = [each.until for each in visits if each.until is not None]
    return max((at for at in left if alert.raised_at < at <= condition.since), default=None)


def unseen_until(alert: Alert) -> datetime | None:
    """Return when a visit between two reports was over at the latest; None for other visits.

    >>> noon = datetime(2026, 6, 10, 12, tzinfo=UTC)
    >>> alert = Alert(
    ...     id="a", agency="la", at=noon, rule="no_go", subject="s", severity="low", raised_at=noon
    ... )
    >>> unseen_until(alert)
    """
    try:
        return datetime.fromisoformat(str(alert.facts["until"])).astimezone(UTC)
    except (KeyError, ValueError):  # facts may be another node's
        return None


def past_ended(_scene: Scene, alert: Alert) -> datetime | None:
    """Return when a passage was over at the latest."""
    return unseen_until(alert)


def past_broke(_scene: Scene, alert: Alert, condition: Condition) -> datetime | None:
    """Return when the last passage was over, before this one."""
    until = unseen_until(alert)
    return until if until is not None and until <= condition.since else None


def _sector_of(alert: Alert) -> str:
    return alert.subject.split("|")[1]


def _is_planned(scene: Scene, unit: str, sector: Sector) -> bool:
    patrol = scene.on_patrol.get(unit)
    if patrol is None:
        return False
    return sector.id in patrol.sectors or any(sector.id in leg.sectors for leg in patrol.legs)


def _conditions(
    scene: Scene,
    contact: Contact,
    sector: Sector,
    since: datetime,
    *,
    historical: bool,
    visit: Visit | None = None,
    rule: str = RULE,
) -> Iterator[Condition]:
    is_own = sector.agency == contact.agency
    if not is_own and not scene.may_see(sector.agency, contact.agency, "sectors", contact):
        return
    severity: Severity = "high" if sector.use == "no_go" else "medium"
    if rule == RULE_MAYBE:
        severity = "low"
    subject = f"{contact.id}|{sector.id}"
    if historical:
        subject += f"|{since:%Y-%m-%dT%H:%M:%SZ}"
    values = about(contact)
    if visit is not None and visit.lon is not None:
        values |= {"lon": visit.lon, "lat": visit.lat, "place": ""}
    facts: dict[str, Value] = {"sector": sector.id, "call_sign": contact.call_sign}
    if is_own:  # what is the counterpart's must not stay here when it is shown no longer
        facts |= {"sector_name": sector.name, "use": sector.use}
    over = None if visit is None else visit.until
    if over is not None and rule != RULE:
        facts["until"] = f"{over:%Y-%m-%dT%H:%M:%SZ}"
        # It rings until somebody knows of it, though it is over; not where it is old.
        over = over if historical else None
    yield Condition(
        rule=rule,
        subject=subject,
        severity=severity,
        since=since,
        facts=facts,
        historical=historical,
        over=over,
        **values,
    )
