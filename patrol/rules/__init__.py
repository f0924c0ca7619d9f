"""All rules, in the order they run. A new rule is one file and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from patrol.changes import Fix
from patrol.contacts import Contact
from patrol.records import Record
from patrol.rules import border_crossed, no_go, outside_sector, silent, silent_channel, void_sector
from patrol.rules.distress import distress
from patrol.rules.doubtful_clock import doubtful_clock
from patrol.rules.impossible_movement import impossible_movement
from patrol.rules.liveness import heard_again, liveness, stays_live
from patrol.rules.low_battery import low_battery
from patrol.rules.man_down import latch_man_down, man_down, says_man_down
from patrol.rules.overdue import check_in_overdue, start_overdue
from patrol.rules.rendezvous_missed import rendezvous_missed
from patrol.rules.scene import AlertRule
from patrol.rules.sos import sos
from patrol.rules.step import Effect, Step
from patrol.rules.unanswered_offer import unanswered_offer

STEP_RULES: Final[tuple[Callable[[Step], Effect | None], ...]] = (
    heard_again,
    distress,
    latch_man_down,
)
"""Asked after each transmission that is not `usual`."""


def usual(contact: Contact, record: Record, fix: Fix | None) -> bool:
    """Return whether no step rule has anything to say of a message, as of nearly all in a flood.

    Args:
        contact: Who sent it, after it was taken.
        record: The message.
        fix: The position that joined, if one did.
    """
    said = record.transmission
    if said.distress or says_man_down(said):
        return False
    return fix is None or not fix.live or stays_live(contact, fix.time, said.heard_at)


CLOCK_RULES: Final[tuple[Callable[[Contact, datetime], Effect | None], ...]] = (liveness,)
"""Asked once a second, for what did not arrive."""

CALM_S: Final = 900.0
"""What comes and goes and is acknowledged rings again only after so many seconds without it."""

ALERT_RULES: Final[tuple[AlertRule, ...]] = (
    AlertRule("sos", sos, latched=True, at_once=True),
    AlertRule("man_down", man_down, latched=True, at_once=True),
    AlertRule(
        "no_go",
        no_go.no_go,
        at_once=True,
        unsure=no_go.unsure,
        ended=no_go.ended,
        broke=no_go.broke,
    ),
    AlertRule(
        "outside_sector",
        outside_sector.outside_sector,
        at_once=True,
        unsure=outside_sector.unsure,
        ended=outside_sector.ended,
        broke=outside_sector.broke,
    ),
    AlertRule("border_crossed", border_crossed.border_crossed, unsure=border_crossed.unsure),
    AlertRule("void_sector", void_sector.void_sector, unsure=void_sector.unsure),
    AlertRule("start_overdue", start_overdue),
    AlertRule("check_in_overdue", check_in_overdue),
    AlertRule("silent_unit", silent.silent_unit, calm_for_s=CALM_S, unsure=silent.unsure),
    AlertRule("ais_gap", silent.ais_gap, calm_for_s=CALM_S, unsure=silent.unsure),
    AlertRule(
        "silent_channel",
        silent_channel.silent_channel,
        gone_for_s=30.0,
        calm_for_s=CALM_S,
        unsure=silent_channel.unsure,
    ),
    AlertRule("doubtful_clock", doubtful_clock),
    AlertRule("low_battery", low_battery),
    AlertRule("rendezvous_missed", rendezvous_missed),
    AlertRule("unanswered_offer", unanswered_offer),
    AlertRule("impossible_movement", impossible_movement, gone_for_s=60.0, calm_for_s=CALM_S),
)
"""Asked once a second, and at once where they say so: which conditions need a person."""

RULES: Final[Mapping[str, AlertRule]] = MappingProxyType({rule.name: rule for rule in ALERT_RULES})
"""The rules of alerts, by name."""
