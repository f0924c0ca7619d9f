"""RunningNode: what runs in one node: store, watch, channels, embedded broker; opened and closed.

The only place, with `app.py`, that touches the store and the channels. Everything else asks a Desk.
"""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from datetime import datetime
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
import structlog
from msgspec.structs import replace

from maps.accounts.account_services import open_accounts
from maps.accounts.credentials.passwords import digest
from maps.carriers.counterpart_links import CounterpartLinks
from maps.carriers.node_key_files import node_key_file, node_tls_file
from maps.carriers.own_card import card_issuer
from maps.evidence.agreement_signatures import word_key_fault
from maps.evidence.daily_head import REFUSED, SENT, SUBJECT, DailyHead
from maps.evidence.head_folder import HeadFolder
from maps.evidence.signing_journal import current_head
from maps.evidence.time_stamp import time_stamps
from maps.layers.layers import Geography, read_geography
from maps.node.backups import Backups
from maps.node.health.link_health import LinkHealth
from maps.node.http_channel import HttpChannel
from maps.node.lease_holder import end_now, holding_alone
from maps.node.lock import store_lock
from maps.node.remote_orders import RemoteCarrier
from maps.node.revoked_keys import RevokedKeys
from maps.notifications.account_news import AccountNews
from maps.notifications.deliveries import Deliveries
from maps.notifications.senders.mail import MailSender
from maps.reports.document.request import Site
from maps.reports.jobs.report_queue import ReportQueue
from maps.reports.jobs.scheduler import MailEntry, Scheduler
from maps.runtime.supervision import run_supervised
from maps.settings.keyed_channels import EMBEDDED, is_keyed
from maps.settings.settings import Settings, read_token
from maps.settings.settings_tables import SQLITE
from maps.surveys.coverage_and_effort import Survey
from maps.web_client.build_id import build_id
from patrol.alarms.disk_room import LOOK_EVERY_S, DiskGauge, DiskRoom
from patrol.alarms.machine_acts import LOOK_EVERY_S as LOOK_FOR_ACTS_EVERY_S
from patrol.alarms.machine_acts import MachineActs
from patrol.counterparts.card import NodeCard
from patrol.counterparts.counterpart import Counterpart
from patrol.desks.desk import Desk
from patrol.documents.document import Document
from patrol.exchange.counterpart_statements import CounterpartStatements
from patrol.exchange.positions.counterpart_positions import CounterpartPositions
from patrol.live.feeds import Subscription
from patrol.live.publisher import Update
from patrol.maintenance.kind_retention import KindRetention
from patrol.maintenance.retention import Retention
from patrol.protected_fields.field_key import FieldKeys
from patrol.sharing.consent_leases import ConsentLeases
from patrol.sharing.offer_permission import hand_off_refusal
from patrol.signatures.signing_key import read_or_make_key
from patrol.store.journal import journal
from patrol.store.records import registry
from patrol.store.store import Store, open_store
from patrol.units.accounts import User
from patrol.units.units import Agency
from patrol.watch.watch import Watch
from radio_gateway.channels.channel import Channel
from radio_gateway.channels.channel_settings import ChannelSettings
from radio_gateway.channels.outbound import Outbound
from radio_gateway.clock.clock import CLOCK, Clock
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.orders.order_result import OrderResult
from radio_gateway.recording.journal import Journal
from radio_gateway.transports.http import HttpTransport

if TYPE_CHECKING:
    from maps.mqtt_broker.broker import EmbeddedBroker
    from radio_gateway.uplink.receiver.receiver import Receiver

Lead = Callable[[Store], AbstractAsyncContextManager[None]]
"""Entered with the store before anything of it is read; waits until no other process is the Watch,
and sees to it that none becomes it, or that this one can commit nothing any more."""

DRAIN_S = 5.0

_log = structlog.get_logger(__name__)


class RunningNode:
    """One node while it runs.

    Args:
        settings: What it is told.
        store: Its records.
        geography: Layers and river.
        clock: Tells the time.
        replaces: Whether it may be there in place of a process that was stopped and still has its
            files open.

    Attributes:
        settings: What it was told.
        store: Its records.
        watch: The only writer.
        accounts: Who may come in, and how.
        people: Users, devices, links: a part of that.
        access: Who is calling: a part of that.
        geography: Layers and river.
        delivering: How alerts leave.
        survey: Makes surveys of tracks.
        report_site: What reports are made of.
        report_press: Whose turn it is to make a report.
        report_post: Sends reports by mail.
        daily_head: Signs the journal's end each day and takes it outside.
        retention: Thins what is old.
        agencies: By id.
        channels: By name.
        outbounds: What each channel says to radios, by its name.
        inbound: Channels that take HTTP bodies, by name.
        broker: The embedded broker; None when not enabled.
        metrics_token: Digest of what a program shows to read metrics; None: none may.
        receiver: Takes in what remote gateways report; None without any.
        counterpart_links: The links to nodes of other offices.
        counterpart_statements: What they are told, and tell, in order.
        counterpart_positions: What they are told, and tell, of where units are.
        link_health: How all these links fare.
        disk: Measures the disk of a store in a file; None of one on a server.
        backups: Has back-ups made; None where the settings ask for none.
        when_layers_change: Called once other layers are handed out.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        geography: Geography,
        *,
        clock: Clock = CLOCK,
        replaces: bool = False,
    ) -> None:
        self.settings, self.store, self.geography = settings, store, geography
        self._replaces = replaces
        self.agencies = {
            agency.id: Agency(
                id=agency.id, name=agency.name, country=agency.country, blos=agency.blos
            )
            for agency in settings.agencies
        }
        self.watch = Watch(
            store,
            node=settings.node.id,
            agency=settings.agencies[0].id,
            locate=geography.locate,
            describe=geography.describe,
            ground=geography.ground,
            agencies=self.agencies,
            offices=geography.offices(),
            clock=clock,
            build=build_id(),
            second_person=settings.incidents.second_person,
            field_keys=FieldKeys(settings.protected.key_folder),
            store_returned=end_now,
        )
        self.watch.sharing.leases = leases = ConsentLeases(self.agencies)
        self.watch.own_card = card_issuer(settings, self.watch.document_service).own_card
        self.accounts = open_accounts(
            settings, store, journal_writer=self.watch.document_service.journal_writer
        )
        self.watch.picture.keyed = frozenset(
            each.name for each in settings.channels if is_keyed(each)
        )
        self.people, self.access = self.accounts.people, self.accounts.access
        self.delivering = Deliveries(
            self.watch,
            settings.delivery,
            desk_of=self.desk_of,
            user_of=self._user,
            node=settings.node.name,
            time_zone=settings.node.time_zone,
        )
        self.survey = Survey(geography)
        self.report_site = Site(
            node=settings.node.name,
            zone=ZoneInfo(settings.node.time_zone),
            agencies=self.agencies,
            land=geography,
            survey=self.survey,
            desk_of=self.desk_of,
        )
        self.report_press = ReportQueue()
        self.report_post = Scheduler(
            settings.reports,
            self.report_site,
            _mail_way(settings),
            press=self.report_press,
            lines=self._report_lines,
            note=self.watch.document_service.note,
            now=clock.now,
        )
        audit = settings.audit
        self.daily_head = DailyHead(
            settings.node,
            agency=settings.agencies[0].id,
            sign=lambda: asyncio.to_thread(current_head, settings),
            folder=None
            if audit.heads_folder is None
            else HeadFolder(audit.heads_folder, node=settings.node.id),
            stamps=time_stamps(audit),
            recipients=audit.heads_to,
            mailing=_mail_way(settings),
            sent=self._heads_sent,
            note=self.watch.document_service.note,
            now=clock.now,
        )
        self.retention = Retention(
            store,
            None if settings.retention is None else settings.retention.policy,
            kinds=None
            if settings.retention is None or settings.retention.kinds is None
            else KindRetention(store, settings.retention.kinds.policy, node=settings.node.id),
            agency=settings.agencies[0].id,
            node=settings.node.id,
            now=clock.now,
        )
        self.inbox = Inbox(registered=self.watch.picture.address_taken)
        self.channels: dict[str, Channel] = {}
        self.outbounds: dict[str, Outbound] = {}
        self.inbound: dict[str, HttpChannel] = {}
        self.broker: EmbeddedBroker | None = None
        self.receiver: Receiver | None = None
        self._remote: dict[str, RemoteCarrier] = {}
        if settings.remote is not None:
            from radio_gateway.uplink.receiver.receiver import Receiver  # with paho

            remote = settings.remote
            self.receiver = Receiver(
                remote.uplink,
                remote.gateways,
                self.inbox,
                node=settings.node.id,
                on_result=self._note_result,
            )
            self._remote = {
                name: RemoteCarrier(self.receiver, name, self.watch.dispatch.note_result)
                for name in remote.gateways
            }
        self.counterpart_links = CounterpartLinks(
            settings.counterparts,
            cards=self._counterpart_cards,
            node=settings.node.id,
            key_file=node_key_file(settings),
            tls_file=node_tls_file(settings),
            software=metadata.version("joint-patrol"),
            now=self.watch.now,
        )
        self.watch.document_service.listeners.append(self._see_counterparts)
        self.counterpart_statements = CounterpartStatements(
            self.watch.document_service,
            store,
            node=settings.node.id,
            agency=self.watch.agency,
            agencies=self.watch.agencies,
            zone=ZoneInfo(settings.node.time_zone),
            sign_head=lambda: asyncio.to_thread(current_head, settings),
            own_key=lambda: read_or_make_key(node_key_file(settings)),
            key_fault=word_key_fault,
            refusal_of=partial(hand_off_refusal, self.watch.sharing),
            kinds=self.counterpart_links.kinds,
            leases=leases,
            clock_of=self.counterpart_links.clock_of,
            publish=lambda: self.watch.live.publisher.publish(Update()),
            now=clock.now,
        )
        statement_log = self.counterpart_statements.statement_log
        self.counterpart_positions = CounterpartPositions(self.watch, self.counterpart_links.kinds)
        self.watch.alarms.counterpart_faults = lambda: statement_log.faults
        self.link_health = LinkHealth(
            self.channels,
            self.inbox,
            self.delivering,
            self.receiver,
            gateway=settings.gateway_id,
            agency=self.watch.agency,
            news=self.watch.channel_health,
            stored=self._stored,
            viewer_lag=lambda: (self.watch.live.publisher.viewers, self.watch.lag),
            counterparts=self.counterpart_links.health,
        )
        self.disk = None if settings.store.file is None else DiskGauge(settings.store.file)
        self._machine_acts = MachineActs(store, agency=self.watch.agency, now=clock.now)
        self.watch.alarms.machine_acts = self._machine_acts.new
        if self.disk is not None:
            disk = self.disk
            self.watch.alarms.disk = lambda: disk.room
        self.backups = Backups(settings) if settings.backup is not None else None
        if self.backups is not None:
            backups = self.backups
            self.watch.alarms.backups = lambda: backups.faults
        file = settings.web.metrics_token_file
        self.metrics_token = None if file is None else digest(read_token(file))
        self._journal: Journal | None = None
        self._boot = secrets.token_hex(6)
        self._working = False
        self.when_layers_change: Callable[[], None] = lambda: None
        self._running: dict[str, list[asyncio.Task[None]]] = {}

    def desk_of(self, user: User) -> Desk:
        """Return the desk of `user`."""
        return Desk(
            self.watch,
            user,
            rejected=self.link_health.rejected,
            counterpart_statements=self.counterpart_statements,
        )

    async def watching(self, user: User, stream: str | None, since: int | None) -> Subscription:
        """Return a viewer's place in the live stream, as `VisibleUnits.subscribe` does."""
        return self.desk_of(user).visible.subscribe(stream=stream, since=since)

    def is_well(self) -> bool:
        """Return whether the watch works and the store takes records."""
        store = self.watch.picture.channels.get("store")
        return self._working and (store is None or store.state != "down")

    def _stored(self) -> tuple[bool, DiskRoom | None, Backups | None]:
        """Return whether the store takes records, what is left on its disk, and its back-ups."""
        room = None if self.disk is None else self.disk.room
        return self.is_well(), room, self.backups

    async def start(self) -> None:
        """Take up the picture where the last run left it."""
        for agency in self.agencies.values():
            await self.store.write(registry.put_agency, agency, self.settings.node.id)
        await self.store.write(journal.cover, self.watch.now(), origin=self.settings.node.id)
        await self.watch.start()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Hear radios and keep the picture while inside."""
        async with AsyncExitStack() as stack:
            if self.settings.broker.enabled:
                from maps.mqtt_broker.broker import (
                    EmbeddedBroker,  # amqtt is for the demo and a lone office
                )

                self.broker = await stack.enter_async_context(
                    EmbeddedBroker(
                        host=self.settings.broker.host,
                        port=self.settings.broker.port,
                        knows=self._knows_device,
                    )
                )
            if self.settings.journal is not None:
                journal = self.settings.journal
                self._journal = Journal(
                    journal.folder,
                    max_bytes=journal.file_mib << 20,
                    keep_bytes=journal.keep_mib << 20,
                    waits=self._replaces,
                )
                stack.callback(self._journal.close)
            for settings in self.settings.channels:
                self._put_channel(self._channel_of(settings))
            watch = asyncio.create_task(self._keep_watching(), name="office-watch")
            stack.push_async_callback(_end, watch)
            stack.push_async_callback(self._drain)
            stack.push_async_callback(self._end_channels)
            for name in self.channels:
                self._begin_channel(name)
            for name, carrier in self._remote.items():
                self.watch.dispatch.attach(f"{name}/", carrier)
                stack.push_async_callback(_end, _supervised(f"orders {name}", carrier.run))
            if self.receiver is not None:
                revoked = RevokedKeys(self.store, self.receiver.revoke)
                await revoked.look()  # before anything is taken
                stack.push_async_callback(_end, _supervised("revoked keys", revoked.run))
                stack.push_async_callback(
                    _end, asyncio.create_task(self.receiver.run(), name="receiver")
                )
            stack.push_async_callback(_end, _supervised("channel-health", self.link_health.run))
            stack.push_async_callback(_end, _supervised("retention", self.retention.run))
            if self.daily_head.goes_anywhere:
                stack.push_async_callback(_end, _supervised("daily-head", self.daily_head.run))
            if self.disk is not None:
                stack.push_async_callback(_end, _supervised("disk", self._measure_disk))
            if self.backups is not None:
                stack.push_async_callback(_end, _supervised("backups", self.backups.run))
            stack.push_async_callback(_end, _supervised("machine-acts", self._see_machine_acts))
            stack.push_async_callback(_end, _supervised("counterparts", self.counterpart_links.run))
            statements = self.counterpart_statements
            stack.push_async_callback(_end, _supervised("counterpart-statements", statements.run))
            positions = self.counterpart_positions
            stack.push_async_callback(_end, _supervised("counterpart-positions", positions.run))
            news = AccountNews(self.store, self.delivering.notify_account)
            stack.push_async_callback(_end, _supervised("account-news", news.run))
            await stack.enter_async_context(self.delivering.working())
            await stack.enter_async_context(self.report_post.working())
            yield

    def _counterpart_cards(self) -> list[NodeCard]:
        """Return the cards of the counterparts that are spoken to."""
        known = self.watch.document_service.open_documents.all(Counterpart)
        return [each.card for each in known if each.state == "confirmed"]

    def _see_counterparts(self, filed: Sequence[Document]) -> None:
        if any(isinstance(each, Counterpart) for each in filed):
            self.counterpart_links.cards_changed()

    async def _measure_disk(self) -> None:
        assert self.disk is not None
        while True:
            await asyncio.to_thread(self.disk.look)
            await asyncio.sleep(LOOK_EVERY_S)

    async def take_up(self, settings: Settings) -> list[str]:
        """Take up other channels and added layers while the node runs, and leave the rest alone.

        All is read and made before anything is changed. A channel whose settings are the same goes
        on untouched; of one that is other, what waits to be sent waits for it.

        Args:
            settings: What is said now.

        Returns:
            The channels that were ended, begun anew or added.

        Raises:
            LayerError, GisError: If a layer cannot be used.
            SettingsError: If a channel cannot be made.
        """
        layers = await asyncio.to_thread(self.geography.read_added, settings.layers)
        before = {each.name: each for each in self.settings.channels}
        channel_of = {each.name: each for each in settings.channels}
        other = {
            name: self._channel_of(each)
            for name, each in channel_of.items()
            if before.get(name) != each
        }
        removed = [name for name in before if name not in channel_of or name in other]
        self.settings = dataclasses.replace(
            self.settings,
            channels=settings.channels,
            layers=self.settings.layers.model_copy(update={"add": settings.layers.add}),
        )
        self.geography.show(layers, {**self.settings.layers.replace, **self.settings.layers.add})
        self.when_layers_change()
        self.watch.picture.keyed = frozenset(
            each.name for each in settings.channels if is_keyed(each)
        )
        for name in removed:
            await self._remove_channel(name)
        for name, channel in other.items():
            self._put_channel(channel)
            self._begin_channel(name)
        return sorted({*removed, *other})

    def _begin_channel(self, name: str) -> None:
        channel, outbound = self.channels[name], self.outbounds[name]
        self.watch.dispatch.attach(name, outbound)
        self._running[name] = [
            asyncio.create_task(channel.run(), name=f"channel {name}"),
            _supervised(f"outbound {name}", outbound.run),
        ]

    async def _remove_channel(self, name: str) -> None:
        for task in reversed(self._running.pop(name)):
            await _end(task)
        await self.watch.dispatch.detach(name)
        channel = self.channels.pop(name)
        self.watch.channel_health([channel.health()])  # it is stopped
        self.watch.picture.forget_channel(name)
        del self.outbounds[name]
        self.inbound.pop(name, None)

    async def _end_channels(self) -> None:
        for tasks in self._running.values():
            for task in reversed(tasks):
                await _end(task)

    async def _see_machine_acts(self) -> None:
        while True:
            await self._machine_acts.look()
            await asyncio.sleep(LOOK_FOR_ACTS_EVERY_S)

    def _channel_of(self, settings: ChannelSettings) -> Channel:
        if settings.link.host == EMBEDDED and self.broker is not None:
            link = replace(
                settings.link,
                host=self.broker.host,
                port=self.broker.port,
                username=self.broker.user,
                password=self.broker.password,
                client_id=secrets.token_hex(16),  # nobody can guess it to take over our session
            )
            settings = replace(settings, link=link)
        return Channel(
            settings,
            self.inbox,
            gateway=self.settings.gateway_id,
            boot=self._boot,
            journal=self._journal,
        )

    def _put_channel(self, channel: Channel) -> None:
        settings = channel.settings
        self.channels[settings.name] = channel
        self.outbounds[settings.name] = Outbound(
            channel,
            self.watch.dispatch.note_result,
            # another one at each start: a radio may know the numbers of the last run
            first_number=1 + secrets.randbelow(9000),
            record=self.watch.dispatch,
        )
        if isinstance(channel.transport, HttpTransport):
            self.inbound[settings.name] = HttpChannel(
                settings.protocols, channel.transport, self.watch.picture.speaks
            )

    async def _knows_device(self, name: str, key: str) -> bool:
        """Return whether a device has a key, and note whose it is: it speaks by the broker now."""
        device = await self.access.device(name, key)
        if device is not None:
            self.watch.picture.speaks(device.name, device.agency)
        return device is not None

    async def _user(self, name: str) -> User | None:
        found = await self.people.user(name)
        return None if found is None else found[0]

    async def _report_lines(self, agency: str, name: str) -> list[MailEntry]:
        """Return what the journal says of a report that is sent again and again, newest first."""
        found = await self.store.read(
            lambda connection: journal.of_agency(connection, agency, subject=f"report:{name}")
        )
        lines: list[MailEntry] = []
        for entry in found:
            detail = msgspec.json.decode(entry.detail)
            if "period" in detail and "to" in detail:
                lines.append(MailEntry(entry.act, entry.at, detail["period"], detail["to"]))
        return lines

    async def _heads_sent(self, since: datetime) -> set[str]:
        """Return to whom a head of the journal was mailed since then."""
        agency = self.settings.agencies[0].id
        found = await self.store.read(
            lambda connection: journal.of_agency(connection, agency, subject=SUBJECT, since=since)
        )
        lines = [each for each in found if each.act in (SENT, REFUSED)]
        return {str(msgspec.json.decode(each.detail)["to"]) for each in lines}

    def _note_result(self, gateway: str, result: OrderResult, stored: Callable[[], None]) -> None:
        """Note what a remote gateway told of an order."""
        self._remote[gateway].note_result(result)
        self.watch.dispatch.note_result(result, by=gateway, on_stored=stored)

    async def _keep_watching(self) -> None:
        """Run the watch; should it fail, say so and run it again: the picture must go on."""
        while True:
            self._working = True
            try:
                await self.watch.run(self.inbox)
            except Exception:  # noqa: BLE001 - a supervised task, logged and run again
                self._working = False
                _log.exception("watch_failed")
                await asyncio.sleep(1.0)

    async def _drain(self) -> None:
        """Let the watch store what was heard before the channels were closed."""
        try:
            async with asyncio.timeout(DRAIN_S):
                while len(self.inbox):  # noqa: ASYNC110 - has no event for being empty
                    await asyncio.sleep(0.02)
        except TimeoutError:
            _log.warning("not_all_stored", waiting=len(self.inbox))


@asynccontextmanager
async def open_office(
    settings: Settings,
    *,
    geography: Callable[[], Awaitable[Geography]] | None = None,
    lead: Lead | None = None,
    clock: Clock = CLOCK,
) -> AsyncIterator[RunningNode]:
    """Open the store and take up the picture; hear no radio yet.

    Args:
        settings: What the node is told.
        geography: Brings the layers; those that the settings name when None.
        lead: How this process comes to be the only writer; None: by the store's lock, and on a
            server by a lease too.
        clock: Tells the time.

    Raises:
        StoreError: If the store cannot be opened.
        LayerError: If a layer file cannot be used.
        ServerRunning: If another process works on that store.
    """
    if geography is None:
        read = await asyncio.to_thread(read_geography, settings.layers)
    else:
        read = await geography()
    shared = lead is not None
    if lead is None and not settings.store.url.startswith(SQLITE):
        lead = holding_alone(settings).hold
    with store_lock(settings.store.url, shared=shared):
        store = await asyncio.to_thread(
            open_store,
            settings.store.url,
            migrates="now" if lead is None else "with the lease",
        )
        try:
            async with nullcontext() if lead is None else lead(store):
                if lead is not None:
                    await store.migrate()
                office = RunningNode(settings, store, read, clock=clock, replaces=shared)
                await office.start()
                yield office
        finally:
            await store.close()


def _mail_way(settings: Settings) -> MailSender | None:
    """Return the way reports leave by mail; None without a mail server."""
    delivery, node = settings.delivery, settings.node
    if delivery.mail is None:
        return None
    password = delivery.mail_password
    return MailSender(
        delivery.mail,
        password=None if password is None else password.get_secret_value(),
        node=node.name,
        zone=ZoneInfo(node.time_zone),
        link=delivery.link,
    )


def _supervised(name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    return asyncio.create_task(run_supervised(name, work), name=name)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
