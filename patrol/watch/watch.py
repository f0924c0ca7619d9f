"""Watch: the only writer. It turns received messages into one picture.

What waits in the inbox is taken as one batch through the steps of the intake (`Watch.intake`):
judged, put into the picture, committed in one transaction, answered, and only then shown. When the
system is quiet a batch is whatever one turn of the event loop brought; under load messages gather,
so that batches take no more than a share of the processor (`patrol.intake.batch_interval`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from time import monotonic, thread_time
from types import MappingProxyType
from typing import Final

import structlog

from patrol.agreements.agreement import Agreement
from patrol.agreements.lifecycle import time_is_over
from patrol.alarms.engine import Alarms
from patrol.alerts.alert import Alert
from patrol.counterparts.card import SignedCard
from patrol.counterparts.counterpart import Counterpart
from patrol.errors.errors import StoreError, StoreReturned
from patrol.filing.file_documents import DocumentService
from patrol.filing.writer_lock import WriterLock, WriterTurn
from patrol.intake.answer import answer
from patrol.intake.batch import Batch
from patrol.intake.batch_interval import BatchInterval
from patrol.intake.clock_health import ClockHealth
from patrol.intake.commit import Committer
from patrol.intake.deduplicate import Deduplication
from patrol.intake.direct_reports import DirectReports
from patrol.intake.judge import Judgement
from patrol.intake.latches import Latches
from patrol.intake.marked_places import MarkedPlaces
from patrol.intake.own_messages import OwnMessages
from patrol.intake.pipeline import Pipeline
from patrol.intake.river_position import Describe, Locate, RiverPositioner
from patrol.intake.run_to_completion import RunToCompletion, finish
from patrol.intake.store_health import SHOWN_FOR, StoreHealth
from patrol.intake.supervised import unending
from patrol.intake.update_picture import PictureUpdate
from patrol.live.lag import LagHistogram
from patrol.live.live_picture import LivePicture
from patrol.marks.mark import LASTS_AT_MOST
from patrol.picture import lagging_clocks as slow_clocks
from patrol.picture.picture import Picture
from patrol.protected_fields.field_key import FieldKeys
from patrol.reception.duplicates import Duplicates
from patrol.sectors.liaison_offices import Offices
from patrol.sectors.site_geography import Ground
from patrol.sharing.decisions import Sharing
from patrol.sharing.offer_permission import hand_off_refusal
from patrol.sharing.redaction import passed
from patrol.store.receptions import rejected as quarantine
from patrol.store.records import registry
from patrol.store.records.documents import of_kind
from patrol.store.schema.tables import to_us
from patrol.store.store import Store
from patrol.units.units import Agency
from patrol.watch.check_plan import parted
from patrol.watch.clock import PatrolClock
from patrol.watch.dispatch import Dispatch
from patrol.watch.offer_timeouts import expiry_duty
from patrol.watch.phone_queue import PHONE, PhoneQueue
from patrol.watch.places_on_air import PlacesOnAir
from patrol.watch.register_units import Registrar
from radio_gateway.clock.clock import CLOCK, Clock
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
        ground: Rivers and borders for documents; None without geography.
        agencies: Those of this node, by id.
        offices: Border liaison offices that face each other; None without a gazetteer.
        clock: Tells the time, and when the times of this process are doubtful.
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
        clock: Clock = CLOCK,
        build: str = "",
        second_person: bool = True,
        field_keys: FieldKeys | None = None,
        store_returned: Callable[[StoreReturned], None] | None = None,
    ) -> None:
        self.store = store
        self._store_returned = store_returned
        self.second_person = second_person
        self.field_keys = field_keys or FieldKeys(None)
        self.node = node
        self.agency = agency
        self.ground = ground
        self.agencies = agencies
        self.offices = offices
        self.own_card: Callable[[], Awaitable[SignedCard]] | None = None
        """Returns this node's card for other nodes; None: it has no keys for that."""
        self.when_positions_shown: Callable[[], None] = lambda: None
        """Called with each batch that is stored and shown, if positions are in it."""
        self.now = now = clock.now
        self._machine_clock = ClockHealth(clock, self.channel_health)
        sides = {each.id: each.country for each in agencies.values()}
        self.picture = Picture(agency=agency, origin=node, sides=sides)
        self.picture.recordings = clock.recordings
        self.own_messages = OwnMessages(node, clock=lambda: now().timestamp())
        self.turn = WriterLock()
        self.document_service = DocumentService(store=store, turn=self.turn, node=node, now=now)
        self.sharing = Sharing(
            self.document_service.open_documents, self.document_service.disclosures, ground
        )
        self.live = LivePicture(
            self.picture,
            turn=self.turn,
            open_documents=self.document_service.open_documents,
            sharing=self.sharing,
            now=now,
            build=build,
        )
        journal_writer = self.document_service.journal_writer
        self.registrar = Registrar(
            store=store,
            journal_writer=journal_writer,
            picture=self.picture,
            turn=self.turn,
            publish=self.live.publish,
            now=now,
        )
        self.dispatch = Dispatch(
            store=store, journal_writer=journal_writer, turn=self.turn, now=now
        )
        self.phones = PhoneQueue(self.dispatch.note_result, now=now)
        self.document_service.duties.append(time_is_over)
        self.document_service.listeners.extend((self.sharing.note, self.live.publish_documents))
        patrols = PatrolClock(
            picture=self.picture,
            ground=ground or Ground(),
            open_documents=self.document_service.open_documents,
            parted=lambda agencies, at: parted(self.sharing, agencies, at),
        )
        self.document_service.duties.extend(patrols.duties)
        self.document_service.followed_by.append((Agreement, patrols.suspend))
        self.document_service.duties.append(
            expiry_duty(partial(hand_off_refusal, self.sharing), node=node)
        )
        self.alarms = Alarms(
            document_service=self.document_service,
            store=store,
            picture=self.picture,
            agency=agency,
            ground=ground,
            now=now,
        )
        self.alarms.sharing = self.sharing
        self.alarms.agencies = lambda: sorted(self.sharing.parties() - self.remote_agencies.keys())
        self.alarms.is_remote = self.sharing.is_remote = lambda agency: (
            agency in self.remote_agencies
        )
        self.alarms.crosses = lambda alert, viewer, now: (
            passed(alert, sharing=self.sharing, viewer=viewer, now=now) is not None
        )
        self._marks = MarkedPlaces(
            document_service=self.document_service, picture=self.picture, ground=ground
        )
        self.document_service.duties.append(self._marks.expire)
        self.places_on_air = PlacesOnAir(
            store=store,
            dispatch=self.dispatch,
            own=self.own_messages,
            open_documents=self.document_service.open_documents,
            now=now,
        )
        self.document_service.listeners.extend(
            (self._marks.note_ended, self.places_on_air.documents_changed)
        )
        self.registrar.on_cleared = self.alarms.cleared
        self.registrar.on_assigned = self.alarms.reassigned
        self._placing = RiverPositioner(locate, describe)
        self.duplicates = Duplicates()
        self._store_health = StoreHealth(now=now, publish=self._publish_store_health)
        self.lag = LagHistogram()
        self._reporting = DirectReports(self.turn, self._take_reports, longest=MOST_TOGETHER)
        self.pace = BatchInterval()
        committer = Committer(store, health=self._store_health, node=node, agency=agency, now=now)
        deduplication = Deduplication(self.duplicates, committer.find_duplicates, self.picture)
        self.intake = Pipeline(
            deduplication,
            until_stored=(
                self._machine_clock.observe,
                Judgement(self.picture, self.own_messages).judge,
                deduplication.join,
                self._placing.locate,
                PictureUpdate(self.picture, self.duplicates, origin=node).apply,
                self._marks.take,
                Latches(self.picture, origin=node).add,
                committer.commit,
            ),
            once_stored=(answer, self._show, self._alarm),
        )

    @property
    def counterparts(self) -> tuple[Counterpart, ...]:
        """The confirmed counterparts, oldest first."""
        known = self.document_service.open_documents.all(Counterpart)
        return tuple(each for each in known if each.state == "confirmed")

    @property
    def remote_agencies(self) -> Mapping[str, Agency]:
        """The agencies of confirmed counterparts, by id; each says of which node it is."""
        return {
            each.id: Agency(
                id=each.id, name=each.name, country=each.country or None, node=counterpart.card.node
            )
            for counterpart in self.counterparts
            for each in counterpart.card.agencies
            if each.id not in self.agencies
        }

    async def start(self) -> None:
        """Take up the picture where the last run left it."""
        await self.registrar.load(self.duplicates)
        await self.dispatch.load()
        self.dispatch.attach(PHONE, self.phones)
        for kind in ("patrol", "agreement"):
            self.sharing.note(await self.store.read(of_kind, kind))
        await self.document_service.load()
        ended = to_us(self.now() - LASTS_AT_MOST)
        self._marks.note_ended(await self.store.read(partial(of_kind, kind="mark", since_us=ended)))
        await self.places_on_air.load()
        self._store_health.note_rejected(
            await self.store.read(quarantine.rejected_since, self.now() - SHOWN_FOR)
        )
        contacts = self.picture.contacts
        slow_clocks.take_up(contacts, self.document_service.open_documents.all(Alert))
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
        self.live.publish()

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
        await self._reporting.report(
            [Delivery(transmission) for transmission in transmissions], of=of
        )

    async def _take_reports(
        self, turn: WriterTurn, deliveries: Sequence[Delivery], of: str | None
    ) -> None:
        if of is not None:
            for delivery in deliveries:
                self.picture.vouch(delivery.transmission, of)
        await self.intake.run(Batch(turn, deliveries, self.now()))

    def channel_health(self, channels: Sequence[ChannelHealth]) -> None:
        """Note how the channels fare and tell viewers of a change."""
        self.picture.put_channels(channels)
        self.live.publish_channels()

    async def tick(self, turn: WriterTurn) -> None:
        """Do what a second brings. What fails is told by the end of the run; it keeps nothing else
        from its turn: what goes wrong with one boat must not silence the alarms of all.
        """
        faults: list[Exception] = []
        acts: tuple[Callable[[], Awaitable[None] | None], ...] = (
            lambda: self.picture.tick(self.now()),
            self._store_health.tick,
            self.store_ended_claims,
            lambda: self.document_service.tick(turn),
            lambda: self.alarms.tick(turn),
            lambda: self._marks.tick(turn, self.now()),
            self.phones.tick,
            self.live.publish,
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

    async def store_ended_claims(self) -> None:
        """Store which claims have ended; what the store refuses waits for the next second."""
        claims = self.picture.claims
        ended = claims.take_ended()
        if not ended:
            return
        try:
            await self.store.write(registry.end_claims, ended, self.now())
        except StoreError as error:  # the next tick tries again
            claims.put_back_ended(ended)
            log.warning("the end of a claim is not stored yet", fault=str(error))

    # -- inside

    async def _work(self, inbox: Inbox) -> None:
        uncut = RunToCompletion(STOP_WITHIN_S)
        try:
            await uncut.run(self._batches(inbox, uncut))
        finally:
            if self.alarms.pending and not self.turn.is_held:  # else the store refuses
                await finish(asyncio.ensure_future(self._catch_up()), STOP_WITHIN_S)

    async def _batches(self, inbox: Inbox, uncut: RunToCompletion) -> None:
        while True:
            if self.alarms.pending and not len(inbox):
                await self._catch_up()
            deliveries = await uncut.wait(inbox.take(LONGEST_BATCH))
            began_s, cpu_s = monotonic(), thread_time()
            async with self.turn as turn:
                batch = Batch(turn, deliveries, self.now(), self.pace.gather_s or None)
                await self.intake.run(batch)
            pause_s = self.pace.pause_s(thread_time() - cpu_s, began_s)
            inbox.rest(pause_s, then_s=self.pace.gather_s)
            if pause_s > 0:
                await uncut.wait(inbox.wait_for_turn())
            await asyncio.sleep(0)  # who waited reads what has come, and hands it in for this

    async def _catch_up(self) -> None:
        async with self.turn as turn:
            await self.alarms.catch_up(turn)

    async def _clock(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._machine_clock.look()
            async with self.turn as turn:
                await self.tick(turn)

    async def _look_at_store(self) -> None:
        """See each second whether the store is there: it may go while nothing is written."""
        while True:
            await asyncio.sleep(1.0)
            try:
                await self.store.check_file()
            except StoreError as error:
                self._store_health.put_absence(str(error))
                if isinstance(error, StoreReturned) and self._store_returned is not None:
                    self._store_returned(error)
            else:
                self._store_health.put_absence(None)

    async def _show(self, batch: Batch) -> None:
        """Show a batch that is stored to all viewers."""
        if batch.stale:
            await self.registrar.rebuild(batch.turn, sorted(batch.stale))
        before_s, fixes = thread_time(), batch.fixes
        self.live.publish(fixes.values())
        if fixes:
            self.when_positions_shown()
            heard_times = [
                each.transmission.heard_at for each in batch.records if each.gid in fixes
            ]
            self.lag.add(heard_times, self.now())
        self.pace.showed(thread_time() - before_s)

    def _alarm(self, batch: Batch) -> Awaitable[None]:
        records = [*batch.records, *batch.calls]
        return self.alarms.after(batch.turn, records, batch.fixes, next_in_s=batch.next_in_s)

    def _publish_store_health(self, health: ChannelHealth) -> None:
        self.turn.refuse(health.fault if health.state == "down" else None)
        self.channel_health([health])
