"""Service sender: alerts through a service that a plug-in knows: an SMS gateway, a messenger.

The plug-in makes the request and reads the answer (`services/service_plugins.py`). It is posted
here, under the rules of webhooks: to an address that the operator has set and that was checked, and
not when what the receiver may see has changed meanwhile.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from maps.language.wording import Wording
from maps.notifications.errors.errors import DeliveryError
from maps.notifications.senders.webhook import outbound_to, posted
from maps.notifications.services.service_message import NotificationService, ServiceMessage
from maps.notifications.services.service_plugins import LONGEST_ANSWER, WAYS, ServicePlugin
from maps.notifications.settings.settings import DeliverySettings
from maps.notifications.settings.settings_tables import ServiceSettings
from maps.notifications.text import text as words
from maps.notifications.text.messages import Notification, check_fresh
from patrol.desks.desk import Desk
from radio_gateway.clock.clock import utc_now


class ServiceSender:
    """Posts to one service.

    Args:
        plugin: What knows it.
        settings: Where it is, and what it needs.
        secret: Its key; None without one.
        node: This node's id.
        zone: Its local time.
    """

    def __init__(
        self,
        plugin: ServicePlugin,
        settings: ServiceSettings,
        secret: SecretStr | None,
        *,
        node: str,
        zone: ZoneInfo,
    ) -> None:
        self._plugin, self._settings, self._node, self._zone = plugin, settings, node, zone
        self._service = service_of(settings, secret)

    async def send(self, to: str, message: Notification, desk: Desk) -> str:
        """Hand over a message; returns the id it has there. Raises as `MessageSender.send` says."""
        wording = words.wording_of(desk.user, self._zone)
        post = self._plugin.post(
            service_message(to, message, wording, node=self._node), self._service
        )
        answer = await outbound_to(self._settings).post(
            post.url,
            body=post.body,
            headers=post.headers,
            check=partial(check_fresh, desk.visible),
            answer_bytes=LONGEST_ANSWER,
        )
        return self._plugin.outcome(answer) or message.id


def service_of(settings: ServiceSettings, secret: SecretStr | None) -> NotificationService:
    """Return a service as its plug-in is told of it."""
    return NotificationService(url=settings.url, secret=secret, options=dict(settings.options))


def service_message(
    to: str, message: Notification, wording: Wording, *, node: str
) -> ServiceMessage:
    """Return a message as a plug-in is given it."""
    return ServiceMessage(
        to=to,
        id=message.id,
        title=words.title(message, wording),
        text=words.short(message, wording),
        language=wording.tag,
        details=posted(message, wording, node=node),
    )


def trial_faults(settings: DeliverySettings) -> list[str]:
    """Return what plug-ins say of the receivers of the rules, having made a test for each.

    Nothing is posted: a request is made, looked at and thrown away.
    """
    faults = []
    now = utc_now()
    for rule in settings.rules:
        plugin, service = WAYS.get(rule.way), settings.services.get(rule.way)
        if plugin is None or service is None:
            continue
        message = Notification(
            id="test", agency=rule.agency, at=now, expires_at=now + timedelta(minutes=1)
        )
        wording = Wording(rule.language or settings.reading.language_of(rule.agency))
        known = service_of(service, settings.service_secrets.get(rule.way))
        for to in rule.to:
            try:
                plugin.post(service_message(to, message, wording, node="check"), known)
            except DeliveryError as error:
                faults.append(f"delivery.{rule.name}.to: {to}: {error.fault}")
    return faults
