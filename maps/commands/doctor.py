"""Doctor: the state of a node and its computer, and what to do first.

`check` looks at a configuration and may run anywhere. This looks at all of that, and at what only
shows where the node runs: whether it answers and takes records, its disk and how long that lasts,
clocks, links, gateways, versions, back-ups. It changes nothing.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from maps.commands.check import check
from maps.commands.running_server import RunningServer
from maps.errors.errors import SettingsFaults
from maps.node.backups import plan_of
from maps.node.health.time_sync import is_synchronized
from maps.settings.settings import Settings, read_settings, read_token
from maps.settings.settings_tables import WebSettings
from patrol.alarms.disk_room import DiskGauge, DiskRoom
from patrol.alarms.rules.disk_nearly_full import urgency
from patrol.maintenance.backup_rounds import overdue, read_state
from radio_gateway.clock.clock import utc_now
from radio_gateway.clock.clock import words as worded
from radio_gateway.health.health import ChannelHealth, GatewayReport
from radio_gateway.parsing.msgspec_decoders import json_decoder

ANSWERS_WITHIN_S: Final = 10.0

Urgency = Literal["now", "soon", "later"]
ORDER: Final[tuple[Urgency, ...]] = ("now", "soon", "later")


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to see to.

    Attributes:
        urgency: `now`: something is not heard, stored or shown; `soon`: it may come to that;
            `later`: whoever steals or attacks is helped by it.
        what: What it is, and what to do.
    """

    urgency: Urgency
    what: str


class Diagnosis(msgspec.Struct, kw_only=True):
    """What was found.

    Attributes:
        advice: What to see to, in the order in which it was found.
        well: What was looked at and is well, one line each.
        unknown: What could not be looked at, with why.
    """

    advice: list[Advice] = []
    well: list[str] = []
    unknown: list[str] = []

    def add(self, urgency: Urgency, what: str) -> None:
        """Add what is to be seen to."""
        self.advice.append(Advice(urgency=urgency, what=what))

    def first(self) -> list[Advice]:
        """Return the advice, what is to be done first first."""
        return sorted(self.advice, key=lambda each: ORDER.index(each.urgency))

    @property
    def exit_code(self) -> int:
        """0 where nothing presses, 1 where something is to be done soon, 2 where it is now."""
        found = {each.urgency for each in self.advice}
        return 2 if "now" in found else 1 if "soon" in found else 0


class _Node(msgspec.Struct, frozen=True, kw_only=True):
    """What a running node says of itself."""

    status: int
    metrics: Mapping[str, float] = {}
    counterparts: Mapping[str, bool] = {}
    version: str = ""
    report: GatewayReport | None = None


def diagnose(file: Path) -> Diagnosis:
    """Look at everything about the node that the configuration `file` describes."""
    found = Diagnosis()
    checked = check(file)
    for fault in checked.faults:
        found.add("now", fault)
    for warning in checked.warnings:
        if warning in checked.secrets:
            found.add("later", warning)
        elif warning not in checked.expected:
            found.add("soon", warning)
    if not checked.faults:
        found.well.append("configuration, store, certificates and keys: can be used")
    try:
        settings = read_settings(file)
    except SettingsFaults:  # told by `check`
        return found
    node = _fetch_node(settings, found)
    _look_at_node(node, checked.running, found)
    _look_at_disk(settings, node, found)
    _look_at_clock(node, found)
    _look_at_links(node, found)
    _look_at_counterparts(node, found)
    _look_at_backups(settings, found)
    _look_at_version(node, found)
    return found


def _fetch_node(settings: Settings, found: Diagnosis) -> _Node | None:
    web, file = settings.web, settings.web.metrics_token_file
    try:
        status, _ = _get(web, "/api/health", "")
        if status == 404:  # a Watch of a node that is several processes
            status, _ = _get(web, "/health", "")
    except (OSError, http.client.HTTPException):
        return None
    if file is None:
        found.unknown.append(
            "links, gateways, clock and version of the running node: set web.metrics_token_file"
        )
        return _Node(status=status)
    try:
        token = read_token(file)
        got, text = _get(web, "/metrics", token)
        if got != 200:
            found.unknown.append(f"how the running node fares: /metrics answers {got}")
            return _Node(status=status)
        metrics, counterparts, version = _read(text.decode())
        got, text = _get(web, "/metrics/report", token)
        report = json_decoder(GatewayReport).decode(text) if got == 200 else None
    except (OSError, http.client.HTTPException, ValueError) as error:
        found.unknown.append(f"how the running node fares: {error}")
        return _Node(status=status)
    return _Node(
        status=status,
        metrics=metrics,
        counterparts=counterparts,
        version=version,
        report=report,
    )


def _get(web: WebSettings, path: str, token: str) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = RunningServer(web, within_s=ANSWERS_WITHIN_S).ask("GET", path, headers=headers)
    return answer.status, answer.body


def _read(text: str) -> tuple[dict[str, float], dict[str, bool], str]:
    """Return the node's own numbers by their names without the prefix, whether the link to each
    counterpart is open, and its version.
    """
    numbers: dict[str, float] = {}
    counterparts: dict[str, bool] = {}
    version = ""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "joint_patrol_version_info":
                version = sample.labels.get("version", "")
            elif sample.name == "joint_patrol_counterpart_open":
                counterparts[sample.labels.get("counterpart", "")] = sample.value > 0
            elif sample.name.startswith("joint_patrol_") and not sample.labels:
                numbers[sample.name.removeprefix("joint_patrol_")] = sample.value
    return numbers, counterparts, version


def _look_at_node(node: _Node | None, is_running: bool, found: Diagnosis) -> None:
    if node is None:
        why = "has the store open and" if is_running else "is not running, or"
        found.add(
            "now",
            f"the node {why} does not answer: systemctl status joint-patrol;"
            " journalctl -u joint-patrol -n 50",
        )
    elif node.status != 200:
        found.add(
            "now",
            "the node stores nothing and answers no radio (health is"
            f" {node.status}): its page and its log say why",
        )
    else:
        found.well.append("node: runs, and takes records")


def _look_at_disk(settings: Settings, node: _Node | None, found: Diagnosis) -> None:
    file = settings.store.file
    if file is None:
        found.unknown.append("the disk of the store: it is the database server's own to watch")
        return
    gauge = DiskGauge(file)
    gauge.look()
    room = gauge.room
    if room is None:
        return  # told of the store
    days = None if node is None else node.metrics.get("store_disk_days_left")
    room = msgspec.structs.replace(room, days_left=days)
    lasts = _lasts(room, node)
    severity = urgency(room)
    if severity is None:
        found.well.append(f"disk: {lasts}")
    else:
        what = f"the disk of {file} is nearly full: {lasts}; delete or move what else lies there"
        found.add("now" if severity == "high" else "soon", what)


def _lasts(room: DiskRoom, node: _Node | None) -> str:
    text = f"{room.free_bytes / 1e9:.1f} GB free, the store has {room.store_bytes / 1e9:.2f} GB"
    if room.days_left is not None:
        return f"{text}; at the present rate it lasts {room.days_left:.0f} days"
    if node is not None and node.metrics:
        return f"{text}; nothing grows, or the node has not run for an hour"
    return f"{text}; how long it lasts only the running node knows"


def _look_at_clock(node: _Node | None, found: Diagnosis) -> None:
    doubt = None if node is None or node.report is None else node.report.health.clock
    if doubt is not None:
        found.add("soon", f"the clock: {worded(doubt)}")
    synchronized = is_synchronized()
    if synchronized is None:
        found.unknown.append("whether the clock is kept right: this system does not tell")
    elif not synchronized:
        found.add("soon", "nothing keeps the clock of this computer right: chrony, or timedatectl")
    elif doubt is None:
        found.well.append("clock: kept right by the network or a receiver")


def _look_at_links(node: _Node | None, found: Diagnosis) -> None:
    if node is None or node.report is None:
        return
    channels = node.report.health.channels
    bad = [each for each in channels if each.state in ("down", "silent") or each.fault]
    for each in bad:
        found.add("now" if each.state == "down" else "soon", _of_link(each))
    for each in channels:
        if each.journal_fault is not None:
            found.add("soon", f"{each.name}: what is read is not kept: {each.journal_fault}")
    if len(bad) < len(channels):
        found.well.append(
            f"links, gateways and broker: {len(channels) - len(bad)} of {len(channels)}"
        )


def _look_at_counterparts(node: _Node | None, found: Diagnosis) -> None:
    for name, is_open in ({} if node is None else node.counterparts).items():
        if is_open:
            found.well.append(f"link to {name}'s node: open")
        else:
            found.add(
                "soon",
                f"the link to {name}'s node is not open: GET /api/counterpart-links says why"
                " (docs/guides/counterpart-link.md)",
            )


def _of_link(each: ChannelHealth) -> str:
    last = "never" if each.last_heard_at is None else _time(each.last_heard_at)
    fault = "" if each.fault is None else f": {each.fault}"
    return f"{each.name} is {each.state} since {_time(each.since)}{fault} (last heard {last})"


def _look_at_backups(settings: Settings, found: Diagnosis) -> None:
    plan = plan_of(settings)
    if plan is None:
        found.add("soon", "nothing makes back-ups by itself: set [backup] (docs/guides/store.md)")
        return
    state = read_state(plan.folder, plan.node)
    faults = overdue(plan, state, utc_now())
    names = {"backup": "back-up", "restore_test": "restore test"}
    for what, name in names.items():
        last = None if state is None else getattr(state, what)
        if what in faults:
            found.add("soon", f"{name}: {faults[what]}: joint-patrol backups run --now")
        elif last is not None and last.good_at is not None:
            found.well.append(f"{name}: {last.file}, {_time(last.good_at)}")
        else:
            found.unknown.append(f"{name}: none was made yet")


def _look_at_version(node: _Node | None, found: Diagnosis) -> None:
    here = metadata.version("joint-patrol")
    if node is not None and node.version and node.version != here:
        found.add("soon", f"version {here} is installed, {node.version} runs: start the node again")
    else:
        found.well.append(f"version: {here}")


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def lines_of(found: Diagnosis) -> Iterable[str]:
    """Yield what people are told, a line each: what to do first, then what is well."""
    number = 0
    for number, each in enumerate(found.first(), 1):
        yield f"{number}. {each.urgency}: {each.what}"
    if not number:
        yield "nothing is to be done"
    yield from (f"well: {each}" for each in found.well)
    yield from (f"not known: {each}" for each in found.unknown)
