"""Webhook: alerts as JSON, posted to a program and signed.

`webhook-id`, `webhook-timestamp` (seconds since 1970) and `webhook-signature`: `v1,` and the base64
of HMAC-SHA256 over `id.timestamp.body`. A program checks it with the shared secret and turns away
what is older than some minutes; the id is the same when a message is posted again.

Source: Standard Webhooks 1.0.0.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import msgspec
from pydantic import SecretStr

from maps.language.wording import Wording
from maps.notifications.errors.errors import ReceiverGone, TemporaryFailure
from maps.notifications.outbound_http.http_answer import check_taken
from maps.notifications.outbound_http.post import OutboundHttp
from maps.notifications.settings.settings_tables import ServiceSettings, WebhookSettings
from maps.notifications.text import text as words
from maps.notifications.text.messages import Notification, check_fresh
from patrol.desks.desk import Desk
from radio_gateway.tls.client_context import trusting

_encode = msgspec.json.Encoder().encode


class WebhookSender:
    """Posts to the webhooks of the settings.

    Args:
        hooks: By name.
        secrets: What signs, by name.
        node: This node's id, told in each post.
        zone: Its local time.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        hooks: Mapping[str, WebhookSettings],
        secrets: Mapping[str, SecretStr],
        *,
        node: str,
        zone: ZoneInfo,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._hooks, self._node, self._zone, self._now = hooks, node, zone, now
        self._keys = {
            name: signing_key(secret.get_secret_value()) for name, secret in secrets.items()
        }

    async def send(self, to: str, message: Notification, desk: Desk) -> str:
        """Post a message; returns its id. Raises as `MessageSender.send` says."""
        hook = self._hooks.get(to)
        if hook is None:
            raise ReceiverGone(f"there is no webhook {to} in the settings any more")
        wording = words.wording_of(desk.user, self._zone)
        body = _encode(posted(message, wording, node=self._node))
        answer = await outbound_to(hook).post(
            hook.url,
            body=body,
            headers={
                "content-type": "application/json",
                "user-agent": "joint-patrol",
                **signed(message.id, body, key=self._keys[to], at=self._now()),
            },
            check=partial(check_fresh, desk.visible),
        )
        check_taken(answer)
        return message.id


def posted(message: Notification, wording: Wording, *, node: str) -> dict[str, object]:
    """Return what is posted, before it is JSON; `title` and `text` are for people."""
    return {
        "type": "test" if message.is_test else "alerts",
        "id": message.id,
        "node": node,
        "agency": message.agency,
        "timestamp": message.at,
        "language": wording.tag,
        "title": words.title(message, wording),
        "text": words.short(message, wording),
        "alerts": [
            {
                "id": each.alert.id,
                "version": each.alert.version,
                "occasion": each.occasion,
                "agency": each.alert.agency,
                "rule": each.alert.rule,
                "severity": each.alert.severity,
                "state": each.alert.state,
                "level": each.alert.level,
                "raised_at": each.alert.raised_at,
                "changed_at": each.alert.at,
                "unit": each.alert.unit,
                "call_sign": each.call_sign or None,
                "lon": each.alert.lon,
                "lat": each.alert.lat,
                "place": each.alert.place,
            }
            for each in message.alerts
        ],
        "more": message.more,
    }


def signing_key(secret: str) -> bytes:
    """Return the bytes that sign: what follows `whsec_`, base64; else the text itself.

    >>> signing_key("whsec_YWJjZA=="), signing_key("abcd")
    (b'abcd', b'abcd')
    """
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def signed(id: str, body: bytes, *, key: bytes, at: datetime) -> dict[str, str]:
    """Return the headers that prove from whom a body is and when it was posted.

    >>> signed("m1", b"{}", key=b"secret", at=datetime(2026, 1, 1, tzinfo=UTC))["webhook-timestamp"]
    '1767225600'
    """
    stamp = str(int(at.timestamp()))
    whole = b".".join((id.encode(), stamp.encode(), body))
    proof = base64.b64encode(hmac.digest(key, whole, hashlib.sha256)).decode()
    return {
        "webhook-id": id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{proof}",
    }


def outbound_to(server: WebhookSettings | ServiceSettings) -> OutboundHttp:
    """Return what posts to a server of the settings, which say where it may be and whom to trust.

    Raises:
        TemporaryFailure: If the certificates to trust cannot be read now.
    """
    tls = None
    if server.ca_file is not None:
        try:
            tls = trusting(server.ca_file)
        except OSError as error:
            raise TemporaryFailure(f"{server.ca_file.name}: {error.strerror}") from None
    return OutboundHttp(allowed=server.allow, within_s=server.timeout_s, tls=tls)
