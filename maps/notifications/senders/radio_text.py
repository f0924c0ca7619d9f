"""Radio text: alerts as words to the radios of units, through the queue that all messages take.

A radio that shows all scripts is told in the language of its rule. One that shows ASCII only, or of
which that is not known, is told in English: half a word is worse than a foreign one.
"""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from maps.language.scripts import ALL_SCRIPTS
from maps.notifications.errors.errors import TemporaryFailure, Undeliverable
from maps.notifications.text import text as words
from maps.notifications.text.messages import Notification
from patrol.desks.desk import Desk
from patrol.errors.errors import CannotSend, Conflict, Forbidden, NotFound
from radio_gateway.orders.order import OrderKind

KINDS: Final[tuple[OrderKind, ...]] = ("alert", "text")
"""What is said, the first that the unit's channel has words for."""

LENGTHS: Final = (words.LONGEST_RADIO_TEXT, 40, 20)
"""Characters to try, until the radio's protocol takes them."""


class RadioTextSender:
    """Sends through the receiver's desk, which keeps the message and its expiry.

    Args:
        zone: Local time of the node.
    """

    def __init__(self, *, zone: ZoneInfo) -> None:
        self._zone = zone

    async def send(self, to: str, message: Notification, desk: Desk) -> str:
        """Hand words for unit `to` to the outbound queue; returns the order's id.

        Raises:
            TemporaryFailure: If there is no such unit, or no channel takes it now.
            Undeliverable: If it is worth nothing any more, or the receiver may not.
        """
        if message.lifetime_s <= 0:
            raise Undeliverable("it has expired")
        if not message.is_own:
            # It waits in a queue that nobody can call back, should its owner suspend its consent.
            raise Undeliverable("another agency's alerts do not go over the radio")
        try:
            unit = unit_named(desk, to)
            routes = await desk.dispatch.routes(unit=unit)
            kind = next(
                (kind for kind in KINDS if any(kind in route.takes for route in routes)), KINDS[-1]
            )
            # The desk takes the first way that takes it, too.
            way = next((route.address for route in routes if kind in route.takes), "")
            in_ascii = way.partition(":")[0] not in ALL_SCRIPTS
            return await self._send_text(desk, unit, kind, message, in_ascii=in_ascii)
        except NotFound:
            raise TemporaryFailure(f"there is no unit {to} now") from None
        except CannotSend as error:
            raise TemporaryFailure(f"{error.reason}: {error.detail}") from None
        except Conflict:
            return message.id  # its queue has it already, in the words of the try before
        except Forbidden as error:
            raise Undeliverable(str(error)) from None

    async def _send_text(
        self, desk: Desk, unit: str, kind: OrderKind, message: Notification, *, in_ascii: bool
    ) -> str:
        """Send as many of the words as the radio takes."""
        wording = words.wording_of(desk.user, self._zone)
        for longest in LENGTHS:
            try:
                order = await desk.dispatch.send_message(
                    kind=kind,
                    text=words.radio_text(message, wording, longest, ascii_only=in_ascii),
                    unit=unit,
                    expires_in_s=message.lifetime_s,
                    reason="alert" if not message.is_test else "test of alerts",
                    id=message.id,
                )
            except CannotSend as error:
                if error.reason != "too_long" or longest == LENGTHS[-1]:
                    raise
            else:
                return order.id
        raise AssertionError("the last length is told of by raising")


def unit_named(desk: Desk, name: str) -> str:
    """Return the id of the receiver's own unit of that call sign or id.

    Raises:
        NotFound: If its agency has none in service.
    """
    for each in desk.visible.units():
        if each.agency == desk.user.agency and name in (each.id, each.call_sign):
            return each.id
    raise NotFound("unit", name)
