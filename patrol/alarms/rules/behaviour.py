"""Rule: boats that exceed a limit of a sector: loiter, meet, stay too long, go too fast."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from patrol.alarms.behaviours import is_of
from patrol.alarms.scene import AlertRule, Condition, Episode, Scene, about, is_historical
from patrol.alerts.alert import Alert, Severity, Value
from patrol.picture.contact import Contact
from patrol.reception.position_quality import apart_m
from patrol.sectors.sector import Sector

SEVERITY: Final[dict[str, Severity]] = {
    "loitering": "medium",
    "boats_meeting": "medium",
    "long_stay": "medium",
    "speeding": "low",
}

MOST_TOLD: Final = 20
"""Of one rule in one sector at once, those that came first: more say that the limit is wrong for
the place, and help nobody."""

CALM_S: Final = 900.0
"""What is acknowledged and comes back within so many seconds does not ring again."""


def find(rule: str, scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each episode of a rule that needs a person.

    It is for the sector's owner, of its own units and radios alone. A unit of a patrol under way
    may do in the sectors of its plan what it must, and in a reach whatever it does. Where boats
    land, and where they are to meet, they lie still and beside each other.
    """
    counts: dict[str, int] = {}
    known: set[tuple[str, ...]] = set()
    # What several sectors have a limit of is told once: of the one that it went beyond first.
    for episode in sorted(
        (each for each in scene.episodes if each.rule == rule), key=_limit_exceeded
    ):
        if not episode.sure or (episode.over is None and episode.units[:2] in known):
            continue
        condition = _condition(scene, episode)
        if condition is None or counts.get(episode.sector, 0) >= MOST_TOLD:
            continue
        if condition.over is None:
            counts[episode.sector] = counts.get(episode.sector, 0) + 1
            known.add(episode.units[:2])
        yield condition


def _limit_exceeded(episode: Episode) -> tuple[datetime, str]:
    """Return when an episode went beyond its limit, in an order that is always the same."""
    minutes = episode.facts.get("minutes", 0)
    return episode.since + timedelta(minutes=float(minutes)), episode.sector


def unsure(rule: str, scene: Scene, alert: Alert) -> bool:
    """Return whether it may go on since before its boats were followed, as after a restart."""
    *_, sector = _parts(alert)
    limited = scene.sectors.get(sector)
    if limited is None or not limited.limits:
        return False
    followed = [each for each in scene.episodes if each.rule == rule and each.sector == sector]
    return any(not each.sure and _subject(each) == alert.subject for each in followed)


def _condition(scene: Scene, episode: Episode) -> Condition | None:
    sector = scene.sectors.get(episode.sector)
    boats = [scene.contacts[id] for id in episode.units if id in scene.contacts]
    if sector is None or not sector.limits or len(boats) != len(episode.units):
        return None
    # Of a meeting the first two are who met, and a limit may be of only one of them.
    if not any(is_of(sector.limits, each) for each in boats[:2]):
        return None
    if any(_is_led_there(scene, each.id, sector) for each in boats[:2]):
        return None
    lies = episode.rule in ("loitering", "boats_meeting")
    if lies and _is_expected(scene, episode, boats):
        return None
    boat = min(boats[:2], key=lambda each: each.unit is not None)  # who is not known, first
    historical = is_historical(episode.seen_at, scene.now, boat)
    subject = _subject(episode)
    if historical:
        subject += f"|{episode.since:%Y-%m-%dT%H:%M:%SZ}"
    facts: dict[str, Value] = {
        "sector": sector.id,
        "sector_name": sector.name,
        "call_sign": boat.call_sign,
        **episode.facts,
    }
    if len(boats) > 1:
        facts["beside"] = ", ".join(each.call_sign for each in boats if each is not boat)
    where = about(boat) | {"lon": episode.lon, "lat": episode.lat}
    return Condition(
        rule=episode.rule,
        subject=subject,
        severity=SEVERITY[episode.rule],
        since=episode.since,
        facts=facts,
        historical=historical,
        over=episode.over,
        **where,
    )


def _is_led_there(scene: Scene, unit: str, sector: Sector) -> bool:
    patrol = scene.on_patrol.get(unit)
    if patrol is None:
        return False
    return sector.use == "reach" or sector.id in patrol.all_sectors


def _is_expected(scene: Scene, episode: Episode, boats: list[Contact]) -> bool:
    """Return whether boats may well lie there: at a landing, a meeting's place, or their base."""
    lon, lat = episode.lon, episode.lat
    if scene.is_landing(lon, lat):
        return True
    names = {each.id for each in boats}
    for patrol in scene.patrols:
        circles = [(each.lon, each.lat, each.radius_m) for each in patrol.rendezvous]
        bases = [each.base for each in patrol.members if each.unit in names]
        circles += [(each.lon, each.lat, each.radius_m) for each in bases if each is not None]
        for at_lon, at_lat, radius_m in circles:
            if apart_m(lon=lon, lat=lat, from_lon=at_lon, from_lat=at_lat) <= radius_m:
                return True
    return False


def _subject(episode: Episode) -> str:
    return "|".join((*episode.units[:2], episode.sector))


def _parts(alert: Alert) -> list[str]:
    """Return ids of boats and sector; without the time that a historical one has besides."""
    parts = alert.subject.split("|")
    return parts[:-1] if alert.historical else parts


BEHAVIOUR_RULES: Final = tuple(
    AlertRule(rule, partial(find, rule), calm_for_s=CALM_S, unsure=partial(unsure, rule))
    for rule in SEVERITY
)
