"""Deliveries: everything by which alerts leave a node, run while it works."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import structlog

from maps.errors.errors import TooManyTries
from maps.notifications.delivery_sender import DeliverySender
from maps.notifications.errors.errors import DeliveryError, ReceiverGone
from maps.notifications.intake import Intake
from maps.notifications.outbound_http.post import OutboundHttp
from maps.notifications.receivers import Receivers
from maps.notifications.senders.mail import MailSender
from maps.notifications.senders.push_key import PushKey
from maps.notifications.senders.radio_text import RadioTextSender
from maps.notifications.senders.service import ServiceSender
from maps.notifications.senders.web_push import WebPushSender
from maps.notifications.senders.webhook import WebhookSender
from maps.notifications.services.service_plugins import WAYS
from maps.notifications.settings.settings import DeliverySettings
from maps.notifications.settings.settings_tables import DeliveryRule
from maps.notifications.text.messages import MessageSender, Notification
from patrol.alerts.delivery import DeliveryWay
from patrol.desks.desk import Desk
from patrol.documents.document import Document, new_id
from patrol.errors.errors import NotFound, PatrolError
from patrol.maintenance.outbox import Outbox
from patrol.sectors.site_geography import Ground
from patrol.units.accounts import User
from patrol.watch.watch import Watch
from radio_gateway.health.health import ChannelHealth

TESTS_PER_MINUTE: Final = 6
TEST_GOOD_FOR: Final = timedelta(minutes=10)
ACCOUNT_GOOD_FOR: Final = timedelta(hours=24)
RESTART_S: Final = 1.0

log = structlog.get_logger(__name__)


class RuleHealth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the deliveries of one rule fare. Counters run from the start of the process.

    Attributes:
        rule: The rule's name.
        agency: Who receives.
        way: How.
        waiting: Deliveries that wait.
        settled: What became of others, how many of each.
        failing: Receivers that were not reached at the last try.
        fault: Why one of them was not; empty when all is well.
    """

    rule: str
    agency: str
    way: DeliveryWay
    waiting: int = 0
    settled: dict[str, int] = {}
    failing: tuple[str, ...] = ()
    fault: str = ""


class DeliveryTestResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a test message to one receiver fared.

    Attributes:
        to: The receiver, as in a delivery.
        ok: Whether it took it.
        fault: Why not; empty when it did.
    """

    to: str
    ok: bool
    fault: str = ""


class Deliveries:
    """The deliveries of a node.

    Args:
        watch: The node's watch; its document service is heard from now on.
        settings: What leaves, and how.
        desk_of: Returns the desk of a user.
        user_of: Returns the user of a name; None if there is none.
        node: This node's name for people.
        time_zone: Its local time, an IANA name.

    Attributes:
        push: How browsers are reached; None where this node does no Web Push.
        reading: What those read who did not choose.
    """

    def __init__(
        self,
        watch: Watch,
        settings: DeliverySettings,
        *,
        desk_of: Callable[[User], Desk],
        user_of: Callable[[str], Awaitable[User | None]],
        node: str,
        time_zone: str,
    ) -> None:
        zone = ZoneInfo(time_zone)
        self.reading: Final = settings.reading
        self._rules, self._now, self._desk_of = settings.rules, watch.now, desk_of
        self._outbox = outbox = Outbox(watch.document_service, watch.store.read)
        self._receivers = receivers = Receivers(outbox, settings.rules, user_of, settings.reading)
        self._ways: dict[DeliveryWay, MessageSender] = {"radio": RadioTextSender(zone=zone)}
        if settings.mail is not None:
            password = settings.mail_password
            self._ways["mail"] = MailSender(
                settings.mail,
                password=None if password is None else password.get_secret_value(),
                node=node,
                zone=zone,
                link=settings.link,
            )
        if settings.webhooks:
            self._ways["webhook"] = WebhookSender(
                settings.webhooks, settings.secrets, node=watch.node, zone=zone, now=watch.now
            )
        for way, service in settings.services.items():
            if (plugin := WAYS[way]) is not None:
                secret = settings.service_secrets.get(way)
                self._ways[way] = ServiceSender(plugin, service, secret, node=watch.node, zone=zone)
        self.push: WebPushSender | None = None
        if settings.push is not None:
            self.push = self._ways["push"] = WebPushSender(
                outbox,
                PushKey(settings.push.key_file, contact=settings.push.contact, now=watch.now),
                OutboundHttp(allowed=settings.push.allow),
                node=node,
                zone=zone,
            )
        self._intake = Intake(
            outbox,
            settings.rules,
            receivers,
            desk_of=desk_of,
            node=watch.node,
            zone=zone,
            now=watch.now,
        )
        self._sender = DeliverySender(
            outbox,
            self._ways,
            receivers,
            desk_of=desk_of,
            limits={each.name: each.limit for each in settings.rules},
            ground=watch.ground or Ground(),
            now=watch.now,
        )
        self._tests: dict[str, deque[float]] = {}
        self._since: dict[DeliveryWay, tuple[str | None, datetime]] = {}
        watch.document_service.listeners.append(self._on_documents)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Deliver while inside."""
        tasks = [
            asyncio.create_task(_supervised(self._intake.run, "intake"), name="delivery intake"),
            asyncio.create_task(_supervised(self._sender.run, "sender"), name="delivery sender"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def health(self, agency: str | None = None) -> list[RuleHealth]:
        """Return how the rules fare, in the order of the settings.

        Args:
            agency: Only those whose receivers are of this agency; all when None.
        """
        return [
            self._fares(each) for each in self._rules if agency is None or each.agency == agency
        ]

    def channels(self) -> list[ChannelHealth]:
        """Return each way as if it were a channel, without naming whom it does not reach.

        It is down while nobody is reached by it, and open with a fault while some are not.
        """
        channels = []
        for way in dict.fromkeys(each.way for each in self._rules):
            paces = {
                target.to: pace for target, pace in self._sender.paces.items() if target.way == way
            }
            failing = sum(bool(pace.fault) for pace in paces.values())
            fault = f"not reached: {failing} of {len(paces)} receivers" if failing else None
            known = self._since.get(way)
            if known is None or known[0] != fault:
                known = self._since[way] = (fault, self._now())
            channels.append(
                ChannelHealth(
                    name=f"alerts-by-{way}",
                    url=f"{way}:",
                    protocols=("alerts",),
                    state="down" if fault and failing == len(paces) else "open",
                    since=known[1],
                    fault=fault,
                )
            )
        return channels

    async def test(self, name: str, agency: str) -> list[DeliveryTestResult]:
        """Send a test message by a rule, to each receiver it has now.

        Raises:
            NotFound: If the agency has no rule of that name.
            TooManyTries: If it tested too often of late.
        """
        rule = self._receivers.rules.get(name)
        if rule is None or rule.agency != agency:
            raise NotFound("delivery rule", name)
        self._count_test(agency)
        receivers = await self._receivers.receivers_of(rule)
        return list(
            await asyncio.gather(*(self._try(rule.way, rule, to, user) for to, user in receivers))
        )

    async def test_browser(self, id: str, user: User) -> DeliveryTestResult:
        """Send a test message to a browser of the user's.

        Raises:
            NotFound: If this node does no Web Push.
            TooManyTries: If its agency tested too often of late.
        """
        if self.push is None:
            raise NotFound("way", "push")
        self._count_test(user.agency)
        return await self._try("push", None, id, user.name)

    async def notify_account(self, name: str) -> None:
        """Tell a user, on all browsers that take notifications, that its ways to sign in were
        changed; who cannot be reached now is not told later.
        """
        if self.push is None:
            return
        now = self._now()
        for browser in self._outbox.all_subscriptions():
            if browser.user != name:
                continue
            try:
                user = await self._receivers.of_browser(browser.id, name)
                message = Notification(
                    id=new_id(),
                    agency=user.agency,
                    at=now,
                    expires_at=now + ACCOUNT_GOOD_FOR,
                    account=True,
                )
                await self.push.send(browser.id, message, self._desk_of(user))
            except (DeliveryError, PatrolError) as error:
                log.info("account_change_not_told", browser=browser.id, fault=str(error))

    # -- inside

    def _on_documents(self, documents: Sequence[Document]) -> None:
        self._intake.on_documents(documents)
        self._sender.on_documents(documents)

    def _fares(self, rule: DeliveryRule) -> RuleHealth:
        sender = self._sender
        faults = {
            target.to: pace.fault
            for target, pace in sender.paces.items()
            if target.rule == rule.name and pace.fault
        }
        return RuleHealth(
            rule=rule.name,
            agency=rule.agency,
            way=rule.way,
            waiting=sum(
                len(group) for target, group in sender.waiting.items() if target.rule == rule.name
            ),
            settled={
                state: count for (name, state), count in sender.counts.items() if name == rule.name
            },
            failing=tuple(sorted(faults)),
            fault=next(iter(faults.values()), ""),
        )

    def _count_test(self, agency: str) -> None:
        now_s = asyncio.get_running_loop().time()
        tests = self._tests.setdefault(agency, deque(maxlen=TESTS_PER_MINUTE))
        if len(tests) == TESTS_PER_MINUTE and now_s - tests[0] < 60:
            raise TooManyTries(60 - (now_s - tests[0]))
        tests.append(now_s)

    async def _try(
        self, way: DeliveryWay, rule: DeliveryRule | None, to: str, user: str
    ) -> DeliveryTestResult:
        try:
            if rule is None or way == "push":
                receiver = await self._receivers.of_browser(to, user)
                if await self._receivers.is_from_before(to):
                    raise ReceiverGone("the browser is not subscribed any more")
            else:
                receiver = self._receivers.of_rule(rule)
            now = self._now()
            message = Notification(
                id=new_id(), agency=receiver.agency, at=now, expires_at=now + TEST_GOOD_FOR
            )
            await self._ways[way].send(to, message, self._desk_of(receiver))
        except (DeliveryError, PatrolError) as error:
            return DeliveryTestResult(to=to, ok=False, fault=str(error))
        return DeliveryTestResult(to=to, ok=True)


async def _supervised(work: Callable[[], Awaitable[None]], name: str) -> None:
    while True:
        try:
            await work()
            return
        except Exception:
            log.exception("delivering_failed", part=name)
            await asyncio.sleep(RESTART_S)
