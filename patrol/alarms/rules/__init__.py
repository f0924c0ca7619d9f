"""All rules of alerts, in the order they run. A new one is one file and one line here."""

from __future__ import annotations

from typing import Final

from patrol.alarms.rules import (
    border_crossed,
    counterpart_fault,
    disk_nearly_full,
    distress_across,
    no_backup,
    no_go,
    outside_sector,
    silent,
    silent_channel,
    void_sector,
)
from patrol.alarms.rules.behaviour import BEHAVIOUR_RULES
from patrol.alarms.rules.doubtful_clock import doubtful_clock
from patrol.alarms.rules.impossible_movement import impossible_movement
from patrol.alarms.rules.low_battery import low_battery
from patrol.alarms.rules.machine_act import machine_act
from patrol.alarms.rules.man_down import man_down
from patrol.alarms.rules.overdue import check_in_overdue, start_overdue
from patrol.alarms.rules.overreach import gateway_overreach
from patrol.alarms.rules.rendezvous_missed import rendezvous_missed
from patrol.alarms.rules.sos import sos
from patrol.alarms.rules.taken_radio import taken_radio
from patrol.alarms.rules.unanswered_offer import unanswered_offer
from patrol.alarms.scene import AlertRule

CALM_S: Final = 900.0
"""What comes and goes and is acknowledged rings again only after so many seconds without it."""

ALERT_RULES: Final[tuple[AlertRule, ...]] = (
    AlertRule("sos", sos, latched=True, at_once=True),
    AlertRule("man_down", man_down, latched=True, at_once=True),
    AlertRule(distress_across.RULE, distress_across.distress_across, unsure=distress_across.unsure),
    AlertRule(
        "no_go",
        no_go.no_go,
        at_once=True,
        unsure=no_go.unsure,
        ended=no_go.ended,
        interruption=no_go.interruption,
    ),
    AlertRule(
        no_go.RULE_PASSED,
        no_go.no_go_passed,
        at_once=True,
        ended=no_go.past_ended,
        interruption=no_go.past_broke,
        is_past=True,
    ),
    AlertRule(
        no_go.RULE_MAYBE,
        no_go.no_go_maybe,
        at_once=True,
        ended=no_go.past_ended,
        interruption=no_go.past_broke,
        is_past=True,
    ),
    AlertRule(
        "outside_sector",
        outside_sector.outside_sector,
        at_once=True,
        unsure=outside_sector.unsure,
        ended=outside_sector.ended,
        interruption=outside_sector.interruption,
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
        absent_for_s=30.0,
        calm_for_s=CALM_S,
        unsure=silent_channel.unsure,
    ),
    AlertRule("doubtful_clock", doubtful_clock),
    AlertRule(
        disk_nearly_full.RULE,
        disk_nearly_full.disk_nearly_full,
        absent_for_s=3600.0,
        calm_for_s=86_400.0,
        unsure=lambda scene, _alert: scene.disk is None,
    ),
    AlertRule("no_backup", no_backup.no_backup, calm_for_s=86_400.0),
    AlertRule("no_restore_test", no_backup.no_restore_test, calm_for_s=86_400.0),
    AlertRule("low_battery", low_battery),
    AlertRule("rendezvous_missed", rendezvous_missed),
    AlertRule("unanswered_offer", unanswered_offer),
    AlertRule("impossible_movement", impossible_movement, absent_for_s=60.0, calm_for_s=CALM_S),
    AlertRule("gateway_overreach", gateway_overreach, calm_for_s=CALM_S),
    AlertRule("taken_radio", taken_radio, is_past=True),
    AlertRule("machine_act", machine_act, is_past=True),
    AlertRule(counterpart_fault.FORK_RULE, counterpart_fault.counterpart_fork, absent_for_s=30.0),
    AlertRule(counterpart_fault.HEAD_RULE, counterpart_fault.counterpart_head, absent_for_s=30.0),
    *BEHAVIOUR_RULES,
)
"""Asked once a second, and at once where they say so: which conditions need a person."""

RULES: Final[dict[str, AlertRule]] = {rule.name: rule for rule in ALERT_RULES}
"""The rules of alerts, by name; those of plug-ins behind them (`patrol.alarms.rule_plugins`)."""
