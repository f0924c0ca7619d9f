"""Alarm engine: files new versions of alerts as conditions begin and end.

It is a part of the watch and works in its turns: once a second over everything, and right after the
commit of a batch for calls for help and for whoever crossed a fence; under load after a few batches
together, but for calls for help. Conditions are worked out anew each time and compared with the
alerts that are open. So a restart forgets nothing and repeats nothing: what began while nobody
looked is found, and what is known already is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

import structlog
from msgspec.structs import replace

from patrol.alarms.behaviours import Behaviours
from patrol.alarms.changes import Steps
from patrol.alarms.disk_room import DiskRoom
from patrol.alarms.distress_calls import DistressCalls
from patrol.alarms.geofences import KEPT_FOR, GeofenceTracker, VisitAlert
from patrol.alarms.machine_acts import MachineAct
from patrol.alarms.past_fixes import alerted, in_order, patrolled, position_of, windows
from patrol.alarms.rules import RULES
from patrol.alarms.rules.low_battery import BATTERY_FACTS, battery_after
from patrol.alarms.rules.no_go import RULE, RULE_MAYBE, RULE_PASSED
from patrol.alarms.scene import AlertRule, Battery, Condition, DistressCall, Scene, SharingRules
from patrol.alarms.wrong_country import StrayDetector
from patrol.alerts import lifecycle as alert_acts
from patrol.alerts.alert import HOLDING, RINGING, Alert, Key
from patrol.counterparts.log_health import CounterpartFault
from patrol.documents.document import kind_of
from patrol.documents.transaction import Filing
from patrol.errors.errors import StoreError
from patrol.filing.file_documents import DocumentService
from patrol.filing.writer_lock import WriterTurn
from patrol.patrols.patrol import Patrol
from patrol.picture.contact import Contact
from patrol.picture.picture import Picture
from patrol.reception.record import Record
from patrol.sectors.sector import Sector
from patrol.sectors.site_geography import Ground
from patrol.store.records import documents
from patrol.store.schema.tables import to_us
from patrol.store.store import Store
from patrol.targets.hand_off import HandOff
from patrol.units.data_classes import DataClass
from patrol.units.wire import Fix

MOST_READ: Final = 10_000
"""Alerts that are read at a start."""

TOGETHER_S: Final = 0.080
"""How old what is left for the next batch may be by the time of that, seconds."""

_OF_VISITS: Final = frozenset({RULE, RULE_PASSED, RULE_MAYBE})
_WELL: Final = frozenset({"open"})

log = structlog.get_logger(__name__)


class Alarms:
    """Keeps the alerts of one node.

    Args:
        document_service: Files them.
        store: Where tracks are read at a start.
        picture: What is known; read, never changed.
        agency: Owner of what nobody else owns.
        ground: Rivers and borders; None without geography.
        now: Clock, aware UTC.

    Attributes:
        sharing: What may cross between agencies; nothing while it is None.
        disk: Returns what is left on the disk of the store; None: not known.
        backups: Returns what is wrong with back-ups: by `backup` and `restore_test`, in words.
        machine_acts: Returns what commands on this machine lately did to other agencies' people.
        counterpart_faults: Returns what between this node and counterparts no rule can mend.
        agencies: Returns those of this node that have an agreement.
        is_remote: Returns whether an agency is of another node, which raises the alerts about its
            units itself; a call for help rings here all the same.
        crosses: Returns whether an alert may pass to an agency that is no party to it.
        fencing: How units stand to sectors.
        pending: Messages that batches brought and that are not looked at yet.
    """

    def __init__(
        self,
        *,
        document_service: DocumentService,
        store: Store,
        picture: Picture,
        agency: str,
        ground: Ground | None,
        now: Callable[[], datetime],
    ) -> None:
        self.sharing: SharingRules | None = None
        self.disk: Callable[[], DiskRoom | None] = lambda: None
        self.backups: Callable[[], Mapping[str, str]] = dict
        self.machine_acts: Callable[[], Sequence[MachineAct]] = tuple
        self.counterpart_faults: Callable[[], Sequence[CounterpartFault]] = tuple
        self.agencies: Callable[[], Sequence[str]] = tuple
        self.crosses: Callable[[Alert, str, datetime], bool] = lambda _alert, _viewer, _now: False
        self.is_remote: Callable[[str], bool] = lambda _agency: False
        self._ground = ground or Ground()
        self.geofence_tracker = GeofenceTracker(self._ground)
        self._behaviours = Behaviours(self._ground)
        self._document_service, self._store, self._picture = document_service, store, picture
        self._agency, self._now = agency, now
        self._started_at = now()
        self._batteries: dict[str, Battery] = {}
        self._calls = DistressCalls(picture.contacts)
        self._bad_since: dict[str, datetime] = {}
        self._good_since: dict[str, datetime] = {}
        self._strays = StrayDetector(ground)
        self._absent_since: dict[Key, datetime] = {}
        self._failed: set[str] = set()
        self._reassigned: set[str] = set()
        #: Positions of what is left, and since when by the steady clock.
        self.pending: list[Record] = []
        self._fixes: dict[bytes, Fix] = {}
        self._pending_since_s = 0.0

    @property
    def calls(self) -> Mapping[str, DistressCall]:
        """How units and radios call for help, by id."""
        return self._calls.by_contact

    async def start(self, turn: WriterTurn) -> None:
        """Restore the state of the last run from the open alerts, and evaluate the rules."""
        now = self._started_at = self._now()
        for alert in self._document_service.open_documents.all(Alert):
            self._remember(alert)
        self._calls.take_up(now)
        open_documents, picture = self._document_service.open_documents, self._picture
        past = list(windows(picture))
        for read in (patrolled, alerted):
            past += await read(self._store, picture, open_documents, now=now)
        self.geofence_tracker.take_up(open_documents, lambda: in_order(past), now)
        self.geofence_tracker.recover_visits(
            await self._visits_with_alerts(now), open_documents, now
        )
        self._take_up_limits()
        await self._judge(turn, None, self._now())

    async def after(
        self,
        turn: WriterTurn,
        records: Sequence[Record],
        fixes: Mapping[bytes, Fix],
        *,
        next_in_s: float | None = None,
    ) -> None:
        """Evaluate what cannot wait after a stored batch: calls for help and geofences.

        Args:
            turn: The caller's turn.
            records: Its messages, as taken into the picture.
            fixes: Its positions that joined, by the global ids of these.
            next_in_s: In how many seconds the next batch is taken, or `catch_up` called; None: not
                known. Fences may be left for then, if nothing is older than `TOGETHER_S` by that
                time: to look takes about as long for four batches as for one.
        """
        if not self.pending:
            self._pending_since_s = monotonic()
        self.pending += records
        self._fixes.update(fixes)
        left_s = monotonic() - self._pending_since_s
        if next_in_s is None or left_s + next_in_s > TOGETHER_S or self._calls.are_news(records):
            await self.catch_up(turn)

    async def catch_up(self, turn: WriterTurn) -> None:
        """Process records that an earlier batch deferred, in the caller's turn."""
        records, fixes = self.pending, self._fixes
        if not records:
            return
        self.pending, self._fixes = [], {}
        ids, now = self._calls.note(records), self._now()
        fault: Exception | None = None
        try:
            ids |= self._see(records, fixes, now)
        except Exception as error:  # noqa: BLE001 - raised again, once calls for help ring
            fault = error
        if ids:
            await self._judge(turn, ids, now)
        if fault is not None:
            raise fault

    def _see(
        self, records: Sequence[Record], fixes: Mapping[bytes, Fix], now: datetime
    ) -> set[str]:
        """Note the facts of a batch; return the units whose standing to areas changed."""
        batteries, units = self._batteries, self._picture.units
        moved: set[str] = set()
        if self.geofence_tracker:
            placed = [
                (fix.of, position_of(fix, min(fix.time, record.transmission.heard_at)))
                for record in records
                if (fix := fixes.get(record.gid)) is not None and fix.of in units
            ]
            moved = self.geofence_tracker.see(placed, now)
        self._take_up_limits()  # one that was set a moment ago is of what came since
        if self._behaviours:
            fixes_and_times = [
                (fixes.get(each.gid), each.transmission.heard_at) for each in records
            ]
            placed = [
                (fix.of, position_of(fix, min(fix.time, at)))
                for fix, at in fixes_and_times
                if fix is not None
            ]
            self._behaviours.see(placed, self._picture.contacts)
        self._strays.note(fixes.values(), units, now)
        for record in records:
            transmission, facts = record.transmission, record.transmission.facts
            if (
                "battery_pct" in facts  # the usual one is asked for first
                or transmission.status is not None
                or not BATTERY_FACTS.isdisjoint(facts)
            ):
                of = record.unit or record.address
                battery = battery_after(transmission, record.time, batteries.get(of))
                if battery is not None and of in units:
                    batteries[of] = battery
        return moved

    async def tick(self, turn: WriterTurn) -> None:
        """Evaluate all rules, in the caller's turn; once a second."""
        fault: Exception | None = None
        try:
            await self.catch_up(turn)
        except Exception as error:  # noqa: BLE001 - raised again, once all else was looked at
            fault = error
        now, picture = self._now(), self._picture
        self._note_links(now)
        self._calls.follow()
        if not self.geofence_tracker.take_up(
            self._document_service.open_documents, lambda: windows(picture), now
        ):
            unheard = self.geofence_tracker.unheard(picture.units)
            if unheard:
                self.geofence_tracker.see(windows(picture, unheard), now)
        self.geofence_tracker.overdue(now)
        self._take_up_limits()
        await self._see_reassigned(now)
        await self._judge(turn, None, now)
        await self._file_time(turn, now)
        if fault is not None:
            raise fault

    async def cleared(self, turn: WriterTurn, of: str, by: str, note: str) -> None:
        """Resolve the alerts of a call for help that a person ended, in the same turn.

        The latch is cleared by then. Should the store refuse, the next tick does it.
        """
        self._calls.by_contact.pop(of, None)
        now = self._now()
        over = tuple(
            alert_acts.clear(alert, at=now, by=by, note=note)
            for alert in self._document_service.open_documents.all(Alert)
            if alert.subject == of and _is_latched(alert)
        )
        agency = over[0].agency if over else ""
        filing = Filing(documents=over, act="resolve alert", actor=by, agency=agency, reason=note)
        try:
            await self._document_service.file_in_turn(turn, filing, now)
        except StoreError as error:
            log.warning("the end of a call for help is not filed yet", fault=str(error))

    def reassigned(self, unit: str) -> None:
        """Note that the assignment of a radio to a unit changed."""
        if self.geofence_tracker.has_fix_of(unit):
            self._reassigned.add(unit)

    def _take_up_limits(self) -> None:
        picture = self._picture
        contacts = picture.contacts
        self._behaviours.take_up(
            self._document_service.open_documents, windows(picture, contacts), contacts
        )

    # -- what is so now

    async def _see_reassigned(self, now: datetime) -> None:
        """Recompute the positions of units whose assignments changed."""
        units, open_documents, picture = (
            self._reassigned,
            self._document_service.open_documents,
            self._picture,
        )
        if not units:
            return
        past = list(windows(picture, [unit for unit in units if unit in picture.units]))
        try:
            past += await patrolled(self._store, picture, open_documents, now=now, units=units)
        except StoreError as error:  # the next tick tries again
            log.warning("where units were cannot be read yet", fault=str(error))
            return
        self._reassigned = set()
        self.geofence_tracker.recompute(units, in_order(past), now)

    async def _judge(self, turn: WriterTurn, ids: set[str] | None, now: datetime) -> None:
        """Compare the conditions that hold with the open alerts, and file the differences.

        Args:
            turn: The caller's turn.
            ids: Only about these units and radios, by the rules that are asked at once; None:
                about everything, by all.
            now: The present, aware UTC.
        """
        scene = self._scene(now, ids)
        passed = scene.passed
        open_: dict[str, dict[Key, Alert]] = {}
        for alert in self._document_service.open_documents.all(Alert):
            if ids is None or alert.unit in ids:
                open_.setdefault(alert.rule, {})[alert.key] = alert
        steps = Steps(now, self._document_service.node)
        for rule in tuple(RULES.values()):  # a reload may add one meanwhile
            if ids is not None and not rule.at_once:
                continue
            try:
                holds, known = [*rule.find(scene)], open_.get(rule.name, {})
                if not rule.latched:
                    holds = [each for each in holds if not self._is_about_remote(each)]
                if holds or known:
                    self._compare(rule, scene, holds, known, steps)
            except Exception:
                if rule.name not in self._failed:  # the others and the picture go on
                    self._failed.add(rule.name)
                    log.exception("a rule failed", rule=rule.name)
        if await self._file(turn, steps):
            if ids is None:
                self._strays.waiting.clear()
                self._behaviours.forget_ended()
            self.geofence_tracker.forget(
                visit for visit in passed if ids is None or visit.unit in ids
            )

    def _compare(
        self,
        rule: AlertRule,
        scene: Scene,
        holds: Sequence[Condition],
        open_: Mapping[Key, Alert],
        steps: Steps,
    ) -> None:
        found: dict[Key, Condition] = {}
        for each in holds:
            condition = each
            if each.historical and each.over is None:
                condition = self._as_first_judged(rule, scene, each, open_)
            # What holds now stands before what was: it is looked at first.
            found.setdefault(condition.key, condition)
        for key, condition in found.items():
            alert = open_.get(key) or self._twin(condition, open_)
            self._absent_since.pop(key, None)
            if alert is None:
                steps.begin(condition)
            else:
                broke = rule.interruption(scene, alert, condition)
                steps.go_on(alert, condition, self.geofence_tracker, broke)
        for key, alert in open_.items():
            if key not in found and alert.state in HOLDING and alert.id not in steps.touched:
                self._end(rule, scene, alert, steps)

    def _is_about_remote(self, condition: Condition) -> bool:
        unit = self._picture.units.get(condition.unit or "")
        return unit is not None and self.is_remote(unit.agency)

    def _as_first_judged(
        self, rule: AlertRule, scene: Scene, condition: Condition, open_: Mapping[Key, Alert]
    ) -> Condition:
        """Return a condition as it was first judged: one raised in time does not become late
        because its fixes grow old.
        """
        subject = condition.subject.rpartition("|")[0]
        alert = open_.get((condition.rule, subject, condition.agency))
        if alert is None or alert.historical or alert.state not in HOLDING:
            return condition
        live = replace(condition, subject=subject, historical=False)
        return condition if rule.interruption(scene, alert, live) is not None else live

    def _twin(self, condition: Condition, open_: Mapping[Key, Alert]) -> Alert | None:
        """Return the alert of the same condition that was raised by late fixes, or before a radio
        was reassigned.
        """
        if condition.historical:
            return None
        for alert in open_.values():
            if alert.agency != condition.agency or alert.unit != condition.unit:
                continue
            if alert.historical and alert.raised_at == condition.since and condition.over is None:
                return alert
        contact = self._picture.contacts.get(condition.subject)
        if contact is None or not RULES[condition.rule].latched:
            return None
        for other in self._document_service.open_documents.all(Alert):
            # What its radio called while nobody had registered it is the unit's call.
            # Who heard it before another agency registered it keeps its own alert.
            if (
                other.rule == condition.rule
                and other.subject in contact.addresses
                and (other.subject == condition.subject or other.agency == condition.agency)
            ):
                return other
        return None

    def _end(self, rule: AlertRule, scene: Scene, alert: Alert, steps: Steps) -> None:
        if rule.latched:
            calls, of = self._calls, alert.subject
            if not calls.is_made(of) and not calls.has_moved(of):
                steps.put(
                    "resolve alert",
                    alert_acts.clear(
                        alert, at=scene.now, by="", note="the call for help was cleared"
                    ),
                )
            return
        never_was = alert.unit is not None and self.geofence_tracker.took_back(
            alert.unit, alert.raised_at
        )
        if rule.is_past and alert.state in RINGING and not never_was:
            return
        if rule.unsure(scene, alert) and not never_was:
            self._absent_since.pop(alert.key, None)
            return
        since = min(self._absent_since.get(alert.key, scene.now), scene.now)
        self._absent_since[alert.key] = since  # where a clock was set back, from then on
        if (scene.now - since).total_seconds() < rule.absent_for_s:
            return
        del self._absent_since[alert.key]
        if never_was:
            steps.put("withdraw alert", alert_acts.withdrawn(alert, at=scene.now))
        else:
            ended = rule.ended(scene, alert)
            steps.put(
                "return alert",
                alert_acts.return_to_normal(alert, at=scene.now, since=ended or since),
            )

    def _scene(self, now: datetime, ids: set[str] | None) -> Scene:
        open_documents, contacts = self._document_service.open_documents, self._picture.contacts
        patrols = tuple(open_documents.all(Patrol))
        scene = Scene(
            now=now,
            started_at=self._started_at,
            agency=self._agency,
            node=self._document_service.node,
            contacts=contacts
            if ids is None
            else {id: contacts[id] for id in ids if id in contacts},
            channels=self._picture.channels,
            bad_since=self._bad_since,
            good_since=self._good_since,
            batteries=self._batteries,
            calls=self._calls.by_contact,
            patrols=patrols,
            on_patrol={
                unit: patrol
                for patrol in patrols
                if patrol.state == "under way"
                for unit in patrol.units
            },
            sectors={sector.id: sector for sector in open_documents.all(Sector)},
            standing=self.geofence_tracker,
            passed=self.geofence_tracker.passed(),
            is_landing=self._is_landing,
            may_see=lambda *asked: self._may_see(now, *asked),
            is_withheld=lambda unit, viewer: self._is_withheld(now, unit, viewer),
        )
        if ids is not None:  # the rules that are asked at once need no more
            return scene
        return replace(
            scene,
            agencies=self.agencies(),
            claims=tuple(self._picture.claims),
            strays=tuple(self._strays.waiting),
            taken_radios=tuple(self._picture.radios_taken(now)),
            hand_offs=tuple(open_documents.all(HandOff)),
            episodes=self._behaviours.episodes(contacts, now),
            disk=self.disk(),
            backups=self.backups(),
            machine_acts=self.machine_acts(),
            counterpart_faults=self.counterpart_faults(),
        )

    def _is_landing(self, lon: float, lat: float) -> bool:
        """Return whether a place is a landing, or a meeting place of a sector."""
        ground = self._ground
        return ground.is_landing(lon=lon, lat=lat) or any(
            ground.holds(sector, lon=lon, lat=lat)
            for sector in self._document_service.open_documents.all(Sector)
            if sector.use == "rendezvous"
        )

    def _may_see(
        self, now: datetime, owner: str, viewer: str, data_class: DataClass, contact: Contact
    ) -> bool:
        if self.sharing is None:
            return False
        last = contact.last
        return data_class in self.sharing.classes(
            owner=owner,
            viewer=viewer,
            now=now,
            lon=None if last is None else last.lon,
            lat=None if last is None else last.lat,
            unit=contact.id if owner == contact.agency else None,
        )

    def _is_withheld(self, now: datetime, unit: str, viewer: str) -> bool:
        calls = [
            each
            for each in self._document_service.open_documents.all(Alert)
            if each.unit == unit and each.severity == "sos" and each.agency != viewer
        ]
        return bool(calls) and not any(self.crosses(each, viewer, now) for each in calls)

    def _note_links(self, now: datetime) -> None:
        channels = self._picture.channels
        self._started_at = min(self._started_at, now)
        for since in (self._bad_since, self._good_since):
            for name, at in since.items():
                since[name] = min(at, now)  # where a clock was set back, from then on
        for name, health in channels.items():
            if health.state not in _WELL:
                self._bad_since.setdefault(name, now)
            elif self._bad_since.pop(name, None) is not None:
                self._good_since[name] = now
        for known in (self._bad_since, self._good_since):
            for name in known.keys() - channels.keys():
                del known[name]

    # -- filing

    async def _file_time(self, turn: WriterTurn, now: datetime) -> None:
        steps = Steps(now, self._document_service.node)
        for alert in self._document_service.open_documents.all(Alert):
            better = alert_acts.retime(alert, now)
            after = None if better is not None else alert_acts.due(alert, now)
            if better is not None:
                steps.put("correct alert", better)
            if after is not None:
                act = {"escalated": "escalate", "resolved": "close"}.get(after.state, "unshelve")
                steps.put(f"{act} alert", after)
        await self._file(turn, steps)

    async def _file(self, turn: WriterTurn, steps: Steps) -> bool:
        try:
            for act, made in steps.in_order():
                await self._file_or_each(turn, act, made, steps.now)
        except StoreError as error:
            log.warning("alerts are not stored yet", fault=str(error))  # the next look tries again
            return False
        return True

    async def _file_or_each(
        self, turn: WriterTurn, act: str, made: tuple[Alert, ...], now: datetime
    ) -> None:
        """File alerts; where that cannot be, each by itself: one must not keep back all others.

        Raises:
            StoreError: If the store refuses whatever it is given.
        """
        try:
            await self._document_service.file_in_turn(turn, Filing(documents=made, act=act), now)
        except Exception as error:
            if isinstance(error, StoreError) and error.transient:
                raise
            if len(made) > 1:
                for each in made:
                    await self._file_or_each(turn, act, (each,), now)
                return
            of = f"{made[0].rule} {made[0].subject}"
            if of not in self._failed:
                self._failed.add(of)
                log.exception("an alert cannot be filed", alert=of, act=act)

    # -- what was heard before

    def _remember(self, alert: Alert) -> None:
        """Restore what messages before the restart reported, by the alert that it raised."""
        if _is_latched(alert):
            self._calls.put(alert.subject, alert.raised_at, man_down=alert.rule == "man_down")
        elif alert.rule == "low_battery" and alert.state in HOLDING:
            pct, at = alert.facts.get("battery_pct"), alert.raised_at
            known = float(pct) if isinstance(pct, int | float) else None
            contact = self._picture.contacts.get(alert.subject)
            if known is None and contact is not None and contact.heard_at is not None:
                # its bare word held when we ended: it said it within a day of what it said last
                at = max(at, contact.heard_at - timedelta(seconds=contact.behind_s))
            self._batteries[alert.subject] = Battery(known, True, at)

    async def _visits_with_alerts(self, now: datetime) -> dict[tuple[str, str], list[VisitAlert]]:
        """Return the visits of which there is an alert, by unit and sector."""
        found = await self._store.read(
            documents.of_kind, kind_of(Alert), since_us=to_us(now - KEPT_FOR), limit=MOST_READ
        )
        filed: dict[tuple[str, str], list[VisitAlert]] = {}
        for alert in found:
            if isinstance(alert, Alert) and alert.rule in _OF_VISITS and alert.unit is not None:
                of = alert.unit, alert.subject.split("|")[1]
                visit = VisitAlert(alert.rule, alert.raised_at, alert.returned_at)
                filed.setdefault(of, []).append(visit)
        return filed


def _is_latched(alert: Alert) -> bool:
    rule = RULES.get(alert.rule)
    return rule is not None and rule.latched
