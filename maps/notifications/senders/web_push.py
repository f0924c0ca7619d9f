"""Web Push: alerts to browsers, encrypted so that only that browser can read them.

Source: RFC 8030 (the protocol), RFC 8291 (encryption, aes128gcm), RFC 8292 (VAPID).
"""

from __future__ import annotations

from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from maps.language.wording import Wording
from maps.notifications.errors.errors import ReceiverGone, TemporaryFailure, Undeliverable
from maps.notifications.outbound_http.allowed_addresses import is_permitted, literal
from maps.notifications.outbound_http.post import OutboundHttp, url_fault
from maps.notifications.outbound_http.retry_after import retry_after_s
from maps.notifications.senders.base64url import b64url, from_b64url
from maps.notifications.senders.push_key import PushKey
from maps.notifications.text import text as words
from maps.notifications.text.messages import Notification, check_fresh
from patrol.desks.desk import Desk
from patrol.maintenance.outbox import Outbox

LONGEST_TITLE: Final = 600
LONGEST_BODY: Final = 2400
"""Bytes of a notification's title and text: with the rest they stay below the 3,993 bytes that a
push service must take (RFC 8291, 4), whatever has to be escaped in them."""

LONGEST_LIFE_S: Final = 86_400

_encode = msgspec.json.Encoder().encode


class WebPushSender:
    """Posts to the push services of subscribed browsers.

    Args:
        outbox: Knows the subscriptions.
        key: Says who we are.
        outgoing: Posts; knows which private networks are permitted.
        node: Name of this node for people.
        zone: Its local time.
    """

    def __init__(
        self, outbox: Outbox, key: PushKey, outgoing: OutboundHttp, *, node: str, zone: ZoneInfo
    ) -> None:
        self._outbox, self.key, self._outgoing = outbox, key, outgoing
        self._node, self._zone = node, zone

    async def send(self, to: str, message: Notification, desk: Desk) -> str:
        """Push to the browser of subscription `to`; returns the message's id.

        Raises:
            ReceiverGone: If the browser takes no more; its subscription has ended then.
            TemporaryFailure, Undeliverable: As `MessageSender.send` says.
        """
        known = self._outbox.subscription(to)
        if known is None or known.user != desk.user.name:
            raise ReceiverGone("the browser is not subscribed any more")
        from pywebpush import WebPusher  # and with it aiohttp and requests

        pusher = WebPusher(
            {"endpoint": known.endpoint, "keys": {"p256dh": known.p256dh, "auth": known.auth}}
        )
        sealed = pusher.encode(
            _encode(self.payload(message, words.wording_of(desk.user, self._zone)))
        )
        headers = {
            "authorization": self.key.authorization(known.endpoint),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            # What another agency shared does not wait at the push service: it could not be called
            # back should that agency suspend its consent.
            "ttl": str(int(min(message.lifetime_s, LONGEST_LIFE_S)) if message.is_own else 0),
            "urgency": "high" if _is_urgent(message) else "normal",
        }
        if message.count == 1:
            # What waits at the push service for a browser that is off gives way to newer news.
            headers["topic"] = message.alerts[0].alert.id[:32]
        answer = await self._outgoing.post(
            known.endpoint,
            body=bytes(sealed["body"]),
            headers=headers,
            check=partial(check_fresh, desk.visible),
        )
        status = answer.status_code
        if 200 <= status < 300:
            return message.id
        if status in (404, 410):
            await self._outbox.end_subscription(to, f"its push service answered {status}")
            raise ReceiverGone(f"its push service answered {status}: the browser is gone")
        if status in (400, 401, 403, 413):
            raise Undeliverable(f"its push service answered {status}")
        raise TemporaryFailure(
            f"its push service answered {status}",
            wait_s=retry_after_s(answer.headers.get("retry-after")),
        )

    def payload(self, message: Notification, wording: Wording) -> dict[str, object]:
        """Return what the page's service worker is given, before it is JSON."""
        single = message.alerts[0].alert if message.count == 1 else None
        return {
            "type": "test" if message.is_test else "alerts",
            "id": message.id,
            "language": wording.tag,
            "title": _cut(words.subject(message, wording, node=self._node), LONGEST_TITLE),
            "body": _cut(words.short(message, wording), LONGEST_BODY),
            "count": message.count,
            "severity": _severity(message),
            "alert": single.id if single else None,
            "tag": single.id if single else message.id,
            "url": f"/?alert={single.id}"
            if single
            else "/account"
            if message.ended or message.account
            else "/",
        }

    def subscription_fault(
        self, *, endpoint: str, p256dh: str, auth: str
    ) -> tuple[str, str] | None:
        """Return the field that is wrong with what a browser subscribes with, and what; or None.

        What name its endpoint resolves to is looked at whenever something is posted there.
        """
        fault = url_fault(endpoint, clear=self._outgoing.may_be_clear(endpoint))
        if fault is None:
            host = endpoint.partition("://")[2].partition("/")[0]
            name = host if host.endswith("]") else host.rpartition(":")[0] or host
            address = literal(name)
            if address is not None and not is_permitted(address, self._outgoing.allowed):
                fault = f"is at {address}, where this server may not be sent"
        if fault is not None:
            return "endpoint", fault
        from cryptography.hazmat.primitives.asymmetric import ec

        try:
            point = from_b64url(p256dh)
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            if len(point) != 65:
                raise ValueError
        except ValueError:
            return "keys.p256dh", "is no public key on the curve P-256"
        try:
            if len(from_b64url(auth)) != 16:
                raise ValueError
        except ValueError:
            return "keys.auth", "is not 16 bytes as base64url"
        return None


def plain_key(text: str) -> str:
    """Return a key as it is kept: base64url without padding. Raises ValueError if it is none."""
    return b64url(from_b64url(text))


def _cut(text: str, longest: int) -> str:
    return text.encode()[:longest].decode(errors="ignore")


def _severity(message: Notification) -> str | None:
    if message.ended or message.account:
        return "high"  # it stays until somebody looks; how grave the alert is, it does not tell
    return message.alerts[0].alert.severity if message.alerts else None


def _is_urgent(message: Notification) -> bool:
    return not message.alerts or any(
        each.alert.severity in ("sos", "high") for each in message.alerts
    )
