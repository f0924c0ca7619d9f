"""Watch: the only writer. It turns what was heard into one picture and keeps it.

What waits in the inbox is taken as one batch: judged, put into the picture, committed in one
transaction, answered, and only then shown. When the system is quiet a batch is whatever one turn of
the event loop brought; under load batches are a tick apart (`patrol.intake.batch_interval`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from time import monotonic, thread_time
from types import MappingProxyType
from typing import Final

import structlog

from patrol.agreements.agreement import Agreement
from patrol.agreements.lifecycle import time_is_over
from patrol.alarms.engine import Alarms
from patrol.alerts.alert import Alert
from patrol.documents.document import Document
from patrol.errors.errors import NotFound, NotItsToSay, StoreError, StoreReturned
from patrol.filing.file_documents import DocumentService
from patrol.filing.writer_lock import WriterLock, WriterTurn
from patrol.intake.batch import Batch
from patrol.intake.batch_interval import BatchInterval
from patrol.intake.clock_health import ClockHealth
from patrol.intake.commit import Committer
from patrol.intake.deduplicate import DeduplicatedBatch, join, judge
from patrol.intake.direct_reports import DirectReports
from patrol.intake.latches import latches
from patrol.intake.marked_places import MarkedPlaces
from patrol.intake.own_messages import OwnMessages
from patrol.intake.rejected_distress import take_calls
from patrol.intake.river_position import Describe, Locate, RiverPositioner
from patrol.intake.run_to_completion import RunToCompletion, finish
from patrol.intake.store_health import TOLD_FOR, StoreHealth
from patrol.intake.supervised import unending
from patrol.live.cross_agency import CrossAgencyUnits
from patrol.live.lag import LagHistogram
from patrol.live.publisher import Publisher, Update
from patrol.marks.mark import LASTS_AT_MOST
from patrol.picture import lagging_clocks as slow_clocks
from patrol.picture.picture import Picture
from patrol.picture.published import PublishedState
from patrol.protected_fields.field_key import FieldKeys
from patrol.reception.duplicates import Duplicates
from patrol.reception.record import Record
from patrol.reception.rejected import ReportRefusal, refused
from patrol.sectors.liaison_offices import Offices
from patrol.sectors.site_geography import Ground
from patrol.sharing.decisions import Sharing
from patrol.sharing.offer_permission import leave_of
from patrol.sharing.redaction import passed
from patrol.sharing.view_policy import ViewPolicy
from patrol.store.receptions import rejected as aside
from patrol.store.records import registry
from patrol.store.records.documents import of_kind
from patrol.store.schema.rows import Row, transmission_row
from patrol.store.schema.tables import to_us
from patrol.store.store import Store
from patrol.units.units import Agency
from patrol.units.wire import Claim, Fix, Snapshot, UnitState
from patrol.watch.check_plan import parted
from patrol.watch.clock import PatrolClock
from patrol.watch.dispatch import Dispatch
from patrol.watch.offer_timeouts import time_brings
from patrol.watch.phone_queue import PHONE, PhonePost
from patrol.watch.places_on_air import PlacesOnAir
from patrol.watch.register_units import Registrar
from radio_gateway.clock.clock import CLOCK, Clock, utc_now
from radio_gateway.health.health import ChannelHealth
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.messages.transmission import Delivery, Transmission

LONGEST_BATCH: Final = 4000
"""Most messages of one batch: about what one read of a busy link brings (250 kB, 3,400 RMC)."""

MOST_TOGETHER: Final = 500
"""Most messages of reports that share a turn: a call for help among them waits for the others."""

STOP_WITHIN_S: Final = 5.0
"""How long a store that refuses may hold up the end; nothing unstored was acknowledged."""

log = structlog.get_logger(__name__)


class Watch:
    """The only writer of one node.

    Args:
        store: Where records are kept.
        node: This node's id, the origin of what it records.
        agency: Owner of what nobody else owns.
        locate: Finds the river kilometre of positions, many at a time; None without a river.
        describe: Finds whole addresses, many at a time; None without.
        ground: Rivers and borders for papers; None without geography.
        agencies: Those of this node, by id.
        offices: Border liaison offices that face each other; None without a gazetteer.
        now: Clock, aware UTC.
        clock: Tells when the times of this process are doubtful.
        build: Which build of the pages this node has; told with every snapshot.
        second_person: Who told of an incident does not confirm it.
        field_keys: Keys of the agencies' protected fields; None: none can be written.
        store_returned: Called each second from when a store that went while it was written to is
            back; it ends the process, so that the store is opened anew.
    """

    def __init__(
        self,
        store: Store,
        *,
        node: str,
        agency: str,
        locate: Locate | None = None,
        describe: Describe | None = None,
        ground: Ground | None = None,
        agencies: Mapping[str, Agency] = MappingProxyType({}),
        offices: Offices | None = None,
        now: Callable[[], datetime] = utc_now,
        clock: Clock = CLOCK,
        build: str = "",
        second_person: bool = True,
        field_keys: FieldKeys | None = None,
        store_returned: Callable[[StoreReturned], None] | None = None,
    ) -> None:
        self.store = store
        self._store_returned = store_returned
        self._build = build
        self.second_person = second_person
        self.field_keys = field_keys or FieldKeys(None)
        self.node = node
        self.agency = agency
        self.ground = ground
        self.agencies = agencies
        self.offices = offices
        self.elsewhere: Mapping[str, str] = MappingProxyType({})
        """Nodes of the agencies that are not of this one, by agency."""
        self.now = now
        self._machine_clock = ClockHealth(clock, self.channel_health)
        sides = {each.id: each.country for each in agencies.values()}
        self.picture = Picture(agency=agency, origin=node, sides=sides)
        self.picture.recordings = clock.recordings
        self.own_messages = OwnMessages(node, clock=lambda: self.now().timestamp())
        self.turn = WriterLock()
        self.clerk = DocumentService(store=store, turn=self.turn, node=node, now=lambda: self.now())
        self.sharing = Sharing(self.clerk.book, self.clerk.seen, ground)
        self.lookout = CrossAgencyUnits(self.sharing, self._told_of)
        self.board = Publisher(
            self.snapshot, now, lookout=self.lookout, papers=lambda: self.clerk.book
        )
        scribe = self.clerk.scribe
        self.registrar = Registrar(
            store=store,
            scribe=scribe,
            picture=self.picture,
            turn=self.turn,
            publish=lambda: self.publish(()),
            now=now,
        )
        self.dispatch = Dispatch(store=store, scribe=scribe, turn=self.turn, now=now)
        self.phones = PhonePost(self.dispatch.told, now=lambda: self.now())
        self.clerk.duties.append(time_is_over)
        self.clerk.listeners.extend((self.sharing.note, self._show_papers))
        patrols = PatrolClock(
            picture=self.picture,
            ground=ground or Ground(),
            book=self.clerk.book,
            parted=lambda agencies, at: parted(self.sharing, agencies, at),
        )
        self.clerk.duties.extend(patrols.duties)
        self.clerk.followed_by.append((Agreement, patrols.suspend))
        self.clerk.duties.append(
            time_brings(lambda made, at: leave_of(self).why_not(made, at), node=node)
        )
        self.alarms = Alarms(
            clerk=self.clerk,
            store=store,
            picture=self.picture,
            agency=agency,
            ground=ground,
            now=lambda: self.now(),
        )
        self.alarms.sharing = self.sharing
        self.alarms.agencies = lambda: sorted(self.sharing.parties() - self.elsewhere.keys())
        self.alarms.crosses = lambda alert, viewer, now: (
            passed(alert, sharing=self.sharing, viewer=viewer, now=now) is not None
        )
        self._marks = MarkedPlaces(clerk=self.clerk, picture=self.picture, ground=ground)
        self.clerk.duties.append(self._marks.expire)
        self.places_on_air = PlacesOnAir(
            store=store,
            dispatch=self.dispatch,
            own=self.own_messages,
            book=self.clerk.book,
            now=lambda: self.now(),
        )
        self.clerk.listeners.extend((self._marks.note_ended, self.places_on_air.papers_changed))
        self.registrar.when_cleared = self.alarms.cleared
        self.registrar.when_assigned = self.alarms.reassigned
        self._placing = RiverPositioner(locate, describe)
        self._duplicates = Duplicates()
        self._store_health = StoreHealth(now=lambda: self.now(), told=self._tell_store)
        self.lag = LagHistogram()
        self._keeper = Committer(
            store, health=self._store_health, node=node, agency=agency, now=lambda: self.now()
        )
        self._shown = PublishedState()
        self._reporting = DirectReports(self.turn, self._take_reports, longest=MOST_TOGETHER)
        self.pace = BatchInterval()

    async def start(self) -> None:
        """Take up the picture where the last run left it."""
        await self.registrar.load(self._duplicates)
        await self.dispatch.load()
        self.dispatch.attach(PHONE, self.phones)
        for kind in ("patrol", "agreement"):
            self.sharing.note(await self.store.read(of_kind, kind))
        await self.clerk.load()
        ended = to_us(self.now() - LASTS_AT_MOST)
        self._marks.note_ended(await self.store.read(partial(of_kind, kind="mark", since_us=ended)))
        await self.places_on_air.load()
        self._store_health.put_aside(await self.store.read(aside.since, self.now() - TOLD_FOR))
        contacts = self.picture.contacts
        slow_clocks.take_up(contacts, self.clerk.book.all(Alert))
        made: tuple[Callable[[], None], ...] = (
            lambda: self._placing.contacts(contacts.values()),
            lambda: self.picture.tick(self.now()),
        )
        for make in made:
            try:
                make()
            except Exception:  # one boat must not keep a node from starting
                log.exception("not all that was heard before is known as it should be")
        async with self.turn as turn:
            await self.alarms.start(turn)
        self.publish(())

    async def run(self, inbox: Inbox) -> None:
        """Work until cancelled; what was taken from the inbox by then is committed.

        Only a store that refuses for longer than `STOP_WITHIN_S` keeps it from that.
        """
        async with asyncio.TaskGroup() as tasks:
            for name, work in (
                ("watch", self._work(inbox)),
                ("watch-clock", self._clock()),
                ("watch-store", self._look_at_store()),
                ("watch-dispatch", self.dispatch.run()),
                ("watch-places-on-air", self.places_on_air.run()),
            ):
                tasks.create_task(unending(name, work), name=name)

    async def receive(
        self, transmissions: Sequence[Transmission], *, of: str | None = None
    ) -> None:
        """Take in what people or phones reported directly; stored when this returns.

        Args:
            transmissions: What they said.
            of: Agency whose devices or people they are; None: nobody's but a unit's.

        Raises:
            StoreError: If the store refuses; what was reported may still be stored later.
        """
        await self._reporting.report([Delivery(said) for said in transmissions], of=of)

    async def _take_reports(
        self, turn: WriterTurn, deliveries: Sequence[Delivery], of: str | None
    ) -> None:
        if of is not None:
            for delivery in deliveries:
                self.picture.vouch(delivery.transmission, of)
        await self._batch(turn, self._machine_clock.hear(list(deliveries)))

    def channel_health(self, channels: Sequence[ChannelHealth]) -> None:
        """Note how the channels fare and tell viewers of a change."""
        self.picture.put_channels(channels)
        update = Update()  # of the channels alone: a batch may be on its way into the store
        update.channels = self.picture.take_channel_changes()
        self.board.publish(update)

    def states(self, policy: ViewPolicy) -> list[UnitState]:
        """Return what is stored and known of everything of its own that `policy` lets pass."""
        if self.turn.taken:
            return self._shown.passing(
                lambda agency, known: policy.passes(agency=agency, known=known)
            )
        return [
            contact.state()
            for contact in self.picture.contacts.values()
            if policy.passes(agency=contact.agency, known=contact.unit is not None)
        ]

    def state(self, id: str) -> UnitState:
        """Return what is stored and known of a unit or unknown radio.

        Raises:
            NotFound: If nothing is.
        """
        state = self._shown.get(id) if self.turn.taken else self.picture.contact(id).state()
        if state is None:
            raise NotFound("unit or radio", id)
        return state

    def snapshot(self, policy: ViewPolicy, stream: str, seq: int) -> Snapshot:
        """Return the picture that `policy` lets pass, with what crosses from other agencies."""
        others: list[UnitState] = []
        if policy.sees_others:
            others = self.lookout.seen_by(policy.agency, self.now())
        return Snapshot(
            stream=stream,
            seq=seq,
            time=self.now(),
            build=self._build,
            units=(*self.states(policy), *others),
            channels=tuple(self.picture.channels.values()),
            claims=tuple(self.claims(policy)),
            papers=tuple(
                seen for each in self.clerk.book if (seen := policy.paper(each)) is not None
            ),
        )

    def claims(self, policy: ViewPolicy) -> list[Claim]:
        """Return the addresses that a second sender uses now, as far as `policy` lets pass."""
        return [
            claim
            for claim in self.picture.claims
            if policy.passes(agency=claim.agency, known=claim.unit is not None)
        ]

    def publish(self, fixes: Sequence[Fix]) -> None:
        """Tell all viewers what changed since the last time, with the positions that joined."""
        update = Update()
        contacts, by_group = self.picture.contacts, update.fixes
        moved: dict[str, Fix] = {}
        for fix in fixes:
            contact = contacts.get(fix.of)
            if contact is not None:
                group = (contact.agency, contact.unit is not None)
                if group in by_group:
                    by_group[group].append(fix)
                else:
                    by_group[group] = [fix]
                if fix.live:
                    moved[fix.of] = fix
        for of, fix in moved.items():
            self._shown.move(fix, contacts[of].heard_at)
        units, update.gone = self.picture.take_changes()
        self._shown.put(units, update.gone)
        for state in units:
            update.units.setdefault((state.agency, state.known), []).append(state)
        for claim in self.picture.claims.take_changes():
            update.claims.setdefault((claim.agency, claim.unit is not None), []).append(claim)
        self.board.publish(update)

    # -- inside

    def _told_of(self, owner: str) -> list[UnitState]:
        """Return what the viewers of an owner have been told of its registered units."""
        return self._shown.passing(lambda agency, known: known and agency == owner)

    def _show_papers(self, papers: Sequence[Document]) -> None:
        update = Update()
        update.papers = papers
        self.board.publish(update)

    async def _work(self, inbox: Inbox) -> None:
        uncut = RunToCompletion(STOP_WITHIN_S)
        try:
            await uncut.run(self._batches(inbox, uncut))
        finally:
            if self.alarms.left and not self.turn.taken:  # else the store refuses
                await finish(asyncio.ensure_future(self._catch_up()), STOP_WITHIN_S)

    async def _batches(self, inbox: Inbox, uncut: RunToCompletion) -> None:
        while True:
            if self.alarms.left and not len(inbox):
                await self._catch_up()
            deliveries = await uncut.wait(inbox.take(LONGEST_BATCH))
            began = monotonic()
            deliveries = self._machine_clock.hear(deliveries)
            async with self.turn as turn:
                await self._batch(turn, deliveries, next_in_s=self.pace.gather_s or None)
            pause_s = self.pace.pause_s(len(deliveries), began)
            inbox.rest(pause_s, then_s=self.pace.gather_s)
            if pause_s > 0:
                await uncut.wait(inbox.rested())
            await asyncio.sleep(0)  # who waited reads what has come, and hands it in for this

    async def _catch_up(self) -> None:
        async with self.turn as turn:
            await self.alarms.catch_up(turn)

    async def _clock(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._machine_clock.look()
            async with self.turn as turn:
                await self._tick(turn)

    async def _look_at_store(self) -> None:
        """See each second whether the store is there: it may go while nothing is written."""
        while True:
            await asyncio.sleep(1.0)
            try:
                await self.store.look()
            except StoreError as error:
                self._store_health.put_absence(str(error))
                if isinstance(error, StoreReturned) and self._store_returned is not None:
                    self._store_returned(error)
            else:
                self._store_health.put_absence(None)

    async def _tick(self, turn: WriterTurn) -> None:
        """Do what a second brings. What fails is told by the end of the run; it keeps nothing else
        from its turn: what goes wrong with one boat must not silence the alarms of all.
        """
        faults: list[Exception] = []
        acts: tuple[Callable[[], Awaitable[None] | None], ...] = (
            lambda: self.picture.tick(self.now()),
            self._store_health.tick,
            self._store_ended_claims,
            lambda: self.clerk.tick(turn),
            lambda: self.alarms.tick(turn),
            lambda: self._marks.tick(turn, self.now()),
            self.phones.tick,
            lambda: self.publish(()),
        )
        for act in acts:
            try:
                done = act()
                if done is not None:
                    await done
            except Exception as error:  # noqa: BLE001 - raised below, with all others
                faults.append(error)
        if faults:
            raise ExceptionGroup("a second brought faults", faults)

    async def _store_ended_claims(self) -> None:
        claims = self.picture.claims
        ended = claims.take_ended()
        if not ended:
            return
        try:
            await self.store.write(registry.end_claims, ended, self.now())
        except StoreError as error:  # the next tick tries again
            claims.put_back_ended(ended)
            log.warning("the end of a claim is not stored yet", fault=str(error))

    async def _batch(
        self,
        turn: WriterTurn,
        deliveries: Sequence[Delivery],
        *,
        next_in_s: float | None = None,
    ) -> None:
        """Judge, put into the picture, commit, answer, show.

        Args:
            turn: The caller's turn.
            deliveries: What was heard.
            next_in_s: In how many seconds the next batch is taken, or what alarms left looked at;
                None: not known.
        """
        picture, origin = self.picture, self.node
        if picture.keyed:
            for delivery in deliveries:
                picture.vouch_keyed(delivery.transmission)
        own, deliveries = self._own_taken_out(deliveries)
        unbelieved = [each for each in deliveries if each.refusal is not None]
        if unbelieved:
            deliveries = [each for each in deliveries if each.refusal is None]
        judged, bad = judge(deliveries, picture.believed_address, now=self.now())
        self._duplicates.learn(*await self._keeper.known(self._duplicates.asked(judged)))
        try:
            heard = join(judged, self._duplicates, picture.calls_anew)
            self._placing.records([*heard.new, *heard.earlier])
            records, fixes, rows, orphans = self._take(heard)
            await self._marks.take(turn, records, self.now())  # before the senders are answered
            unsure = heard.tell(picture)
            also = heard.also_rows(picture.owner_at, origin=origin)
            firsts = heard.first_acts(origin=origin)
            calls = take_calls([*bad, *heard.refused], picture, self.now())
            batch = Batch(
                records=records,
                rows=rows,
                also=also,
                again=heard.again,
                firsts=firsts,
                earlier=heard.earlier,
                acts=latches([*records, *calls], picture.claims.take_raised(), origin=origin),
            )
            left = await self._keeper.commit(batch)
            bad += [*heard.refused, *left.refused, *map(_refusal, unbelieved)]
            await self._keeper.set_aside(bad)
        except BaseException:
            self._duplicates.forget(judged)  # who knows what is stored of it: the store does
            raise
        if left.bad:
            unsure |= self._take_back(left.bad, fixes)
        self._duplicates.settle()
        orphans += left.orphans
        if orphans:  # others heard what could not be taken as this one passed it on
            self._duplicates.forget(orphans)
            await self._batch(turn, [Delivery(record.transmission) for record in orphans])
        for delivery in (*deliveries, *own, *unbelieved):
            if delivery.stored is not None:
                self._answer(delivery.stored)
        if unsure:
            await self.registrar.tell_anew(turn, sorted(unsure))
        before_s = thread_time()
        self.publish(list(fixes.values()))
        if fixes:
            shown = [each.transmission.heard_at for each in records if each.gid in fixes]
            self.lag.add(shown, self.now())
        self.pace.showed(thread_time() - before_s)
        await self.alarms.after(turn, [*records, *calls], fixes, next_in_s=next_in_s)

    def _own_taken_out(
        self, deliveries: Sequence[Delivery]
    ) -> tuple[list[Delivery], Sequence[Delivery]]:
        """Return what of it this node told itself, and the rest. What is our own is news to nobody
        and stored nowhere; whoever passed it on is answered as for everything else.
        """
        own: list[Delivery] = []
        rest: list[Delivery] = []
        for delivery in deliveries:
            try:
                is_own = self.own_messages.is_own(delivery.transmission)
            except Exception:  # what is odd about it is judged by itself, and nothing else is lost
                log.exception("own_message_unsure")
                is_own = False
            (own if is_own else rest).append(delivery)
        return own, rest

    def _take_back(self, bad: Sequence[Record], fixes: dict[bytes, Fix]) -> set[str]:
        """Forget what could not be stored; return whom to rebuild from the store.

        A call for help rings all the same.
        """
        self._duplicates.forget(bad)
        for record in bad:
            fixes.pop(record.gid, None)
        ids = {record.unit or record.address for record in bad}
        contacts = self.picture.contacts
        return {id for id in ids if id in contacts and not contacts[id].distress}

    def _take(
        self, heard: DeduplicatedBatch
    ) -> tuple[list[Record], dict[bytes, Fix], list[Row], list[Record]]:
        """Put what is new into the picture.

        Returns:
            What was taken, its positions and its rows, and further receptions of what was not.
        """
        origin = self.node
        # Two short loops, one after the other, take less than one that does both.
        placed, found = heard.each(heard.new, self.picture.take)
        # A partial with a keyword takes a fifth longer.
        taken, rows = heard.each(placed, lambda record: transmission_row(record, origin))
        fixes = {
            record.gid: fix for record, fix in zip(placed, found, strict=True) if fix is not None
        }
        if len(taken) == len(heard.new):
            return taken, fixes, rows, []
        kept = {record.gid for record in taken}
        lost = {record.gid: record for record in heard.new if record.gid not in kept}
        self._duplicates.forget(list(lost.values()))
        for gid in lost:
            fixes.pop(gid, None)
        return taken, fixes, rows, heard.drop(set(lost))

    def _tell_store(self, health: ChannelHealth) -> None:
        self.turn.refuse(health.fault if health.state == "down" else None)
        self.channel_health([health])

    def _answer(self, stored: Callable[[], None]) -> None:
        try:
            stored()
        except Exception:
            log.exception("an answer after the commit failed")


def _refusal(delivery: Delivery) -> ReportRefusal:
    return refused(delivery.transmission, NotItsToSay(delivery.refusal))
