"""MessageDesk: how a user sends messages to radios, and follows their delivery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from patrol.desks.visibility.visible_units import VisibleUnits
from patrol.documents.document import id_of_request
from patrol.errors.errors import CannotSend, Conflict, NotFound
from patrol.messages.message import Message, MessageStep, Route
from patrol.picture.picture import PERSON
from patrol.store.accounts import accounts
from patrol.store.records import messages
from patrol.watch.dispatch import Dispatch
from patrol.watch.phone_queue import PHONE, address_of, phone_of
from radio_gateway.orders.order import OrderKind
from radio_gateway.orders.order_result import Refusal

KINDS: Final[tuple[OrderKind, ...]] = ("distress", "alert", "poll", "text")
LONGEST: Final = timedelta(hours=24)
"""A message may wait so long at most."""

LONGEST_TEXT: Final = 1000
MOST_MESSAGES: Final = 1000


class MessageDesk:
    """What a user may say to radios.

    Args:
        visible: What the user may see.
        dispatch: Sends it, and knows what each channel takes.
        agency: Owner of what nobody else owns.
        node: This node's id.
    """

    def __init__(
        self, visible: VisibleUnits, *, dispatch: Dispatch, agency: str, node: str
    ) -> None:
        self._visible, self._dispatch = visible, dispatch
        self._agency, self._node = agency, node

    async def messages_between(self, *, start: datetime, end: datetime, most: int) -> list[Message]:
        """Return the messages of the user's agency to radios in a stretch of time, oldest first.

        Args:
            start: Given at this time or later, aware UTC.
            end: Given before this time.
            most: Most messages, the first ones.

        Raises:
            Forbidden: If the role may not.
        """
        self._visible.may("see messages")
        return await self._visible.read(
            messages.given_between, self._visible.policy.agency, start, end, most
        )

    async def send_message(
        self,
        *,
        kind: OrderKind,
        text: str = "",
        unit: str | None = None,
        address: str | None = None,
        channel: str | None = None,
        expires_in_s: float = 600.0,
        reason: str = "",
        id: str | None = None,
    ) -> Message:
        """Send a message to a radio; it is stored when this returns, not yet sent.

        Args:
            kind: `text`, `poll` (where are you?), `alert`, or `distress`, a relayed call for help.
            text: The words; none for a poll.
            unit: Unit (or address of an unknown radio) it is for: the radio of it that was heard
                last and whose channel takes the message.
            address: Radio address it is for, in place of a unit.
            channel: The channel to say it; None: the one the radio was last heard on that takes
                it. Without unit and address: to all that listen on it.
            expires_in_s: When it is worth nothing any more, seconds from now.
            reason: Why, for the record.
            id: An id of the client's; the same message sent again with it has one effect.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such unit, or the user may not know of it.
            CannotSend: If no channel takes it; says why.
            Conflict: If that id is another message's.
            StoreError: If the store refuses.
        """
        self._visible.may("message radios")
        if kind == "distress":
            self._visible.may("relay distress")
        if kind == "text" and not text.strip():
            raise CannotSend("no_text", "a message needs words")
        if len(text) > LONGEST_TEXT:
            raise CannotSend("too_long", f"{len(text)} characters, at most {LONGEST_TEXT}")
        if not 0 < expires_in_s <= LONGEST.total_seconds():
            raise CannotSend("bad_expiry", "a message must expire within 24 h")
        words = "" if kind == "poll" else text
        request = _Request(
            self._visible.policy.agency,
            self._visible.user.name,
            kind,
            words,
            unit,
            address,
            channel,
        )
        chosen, id = id is not None, id_of_request(id, agency=self._visible.policy.agency)
        known = await self._visible.read(messages.find, id) if chosen else None
        if known is not None:
            # Its way is not looked for again: its radio may have been heard elsewhere since, or be
            # one that nothing reaches any more.
            return request.answered_by(known)
        if unit is not None or address is not None:
            unit, address, channel = await self._choose_route(kind, unit, address, channel)
        elif channel is None:
            raise CannotSend("no_channel", "name a unit, a radio or a channel")
        now = self._visible.now()
        message = Message(
            id=id,
            kind=kind,
            channel=channel,
            unit=unit,
            address=address,
            text=words,
            operator=self._visible.user.name,
            reason=reason,
            created_at=now,
            expires_at=now + timedelta(seconds=expires_in_s),
            history=(MessageStep(state="queued", at=now),),
            agency=self._visible.policy.agency,
            origin=self._node,
        )
        return request.answered_by(await self._dispatch.send(message))

    async def routes(self, *, unit: str | None = None, address: str | None = None) -> list[Route]:
        """Return the routes to a unit or radio, last heard first; none for one never heard.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such unit, or the user may not know of it.
        """
        self._visible.may("see messages")
        known, addresses = self._addresses(unit, address)
        own = self._visible.policy.agency == self._agency or self._is_own_person(addresses)
        if known is None and not own:
            return []  # when and where unknown radios are heard is for the node's own agency
        routes = await self._visible.read(messages.last_heard_on, addresses)
        ways = [
            (address, channel, at)
            for address, channel, at in routes
            # plotted by voice, or vouched for by a key or user: no channel, and no way back
            if ":" not in channel and channel != "voice"
        ]
        ways += await self._phone_routes(addresses, routes)
        ways.sort(key=lambda way: way[2], reverse=True)
        return [self._route(address, channel, heard_at=at) for address, channel, at in ways]

    async def messages(
        self, *, unit: str | None = None, address: str | None = None, limit: int = 100
    ) -> list[Message]:
        """Return the newest messages of the user's agency, newest first.

        Args:
            unit: Only those to this unit, or to this unknown radio by its address.
            address: Only those to this radio address.
            limit: Most messages.

        Raises:
            Forbidden: If the role may not.
        """
        self._visible.may("see messages")
        if unit is not None and unit not in self._visible.picture.units:
            unit, address = None, address or unit
        return await self._visible.read(
            messages.newest,
            self._visible.policy.agency,
            max(1, min(limit, MOST_MESSAGES)),
            unit=unit,
            address=address,
        )

    async def messages_of_request(self, id: str) -> list[Message]:
        """Return the message that the user's agency sent under an id of the client's, if it came.

        Raises:
            Forbidden: If the role may not.
        """
        self._visible.may("see messages")
        found = await self._visible.read(
            messages.find, id_of_request(id, agency=self._visible.policy.agency)
        )
        return [] if found is None else [found]

    async def message(self, id: str) -> Message:
        """Return one message.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._visible.may("see messages")
        found = await self._visible.read(messages.find, id)
        if found is None or found.agency != self._visible.policy.agency:
            raise NotFound("message", id)
        return found

    async def cancel_message(self, id: str) -> Message:
        """Call off a message that has not been sent.

        Returns:
            The message as it is kept. Still `queued` when another gateway has it, whose word on
            whether it was in time is to come.

        Raises:
            Forbidden: If the role may not send it.
            NotFound: If there is none, or the user may not know of it.
            Conflict: If it is too late.
        """
        self._visible.may("message radios")
        message = await self.message(id)
        if message.kind == "distress":
            self._visible.may("relay distress")
        await self._dispatch.cancel(message, by=self._visible.user.name)
        return await self.message(id)

    # -- inside

    async def _choose_route(
        self, kind: OrderKind, unit: str | None, address: str | None, channel: str | None
    ) -> tuple[str | None, str, str]:
        """Return the unit, the radio and the channel for a message."""
        unit, addresses = self._addresses(unit, address)
        routes = await self.routes(unit=unit, address=None if unit is not None else addresses[0])
        if unit is not None and address is not None:
            routes = [route for route in routes if route.address == address]
        if channel is not None:
            routes = [route for route in routes if route.channel == channel] or [
                self._route(each, channel, heard_at=self._visible.now()) for each in addresses
            ]
        for route in routes:
            if kind in route.takes:
                return unit, route.address, route.channel
        if not addresses:
            raise CannotSend("no_radio", "no radio stands for that unit")
        if not routes:
            raise CannotSend("never_heard", "no channel has heard it: name one")
        refusal = routes[0].refuses[kind]
        raise CannotSend(refusal.reason, refusal.detail)

    def _addresses(
        self, unit: str | None, address: str | None
    ) -> tuple[str | None, tuple[str, ...]]:
        """Return the registered unit, if it is one, and the radio addresses meant."""
        if unit is not None:
            state = self._visible.own_state(unit)
            if not state.known:
                return None, (state.id,)
            if address is None:
                return unit, state.addresses
            if address not in state.addresses:
                raise NotFound("radio of that unit", address)
            return unit, (address,)
        assert address is not None
        assigned = self._visible.picture.unit_at(address, self._visible.now())
        if assigned is None:
            self._visible.may("see unknown radios")
            return None, (address,)
        unit_of = self._visible.picture.units.get(assigned.unit)
        if unit_of is None or unit_of.agency != self._visible.policy.agency:
            raise NotFound("unit or radio", address)  # by the name it was asked for, no other
        return assigned.unit, (address,)

    async def _phone_routes(
        self, addresses: Sequence[str], routes: Sequence[tuple[str, str, datetime]]
    ) -> list[tuple[str, str, datetime]]:
        """Return the ways to enrolled phones, and to people on the crew's page.

        Both ask for what waits for them.
        """
        names = [name for each in addresses if (name := phone_of(each)) is not None]
        if not names:
            return []
        phones = await self._visible.read(accounts.phones_of, self._visible.policy.agency, names)
        last = {address: at for address, channel, at in routes if channel.startswith("key:")}
        ways = [
            (address_of(name), PHONE, max(since, last.get(address_of(name), since)))
            for name, since in phones
        ]
        ways += [
            (address, PHONE, at)
            for address, channel, at in routes
            if channel.startswith(PERSON) and address_of(channel.removeprefix(PERSON)) == address
        ]
        return ways

    def _is_own_person(self, addresses: Sequence[str]) -> bool:
        contacts = [self._visible.picture.contacts.get(each) for each in addresses]
        return any(
            each is not None and each.person and each.agency == self._visible.policy.agency
            for each in contacts
        )

    def _route(self, address: str, channel: str, *, heard_at: datetime) -> Route:
        protocol = address.partition(":")[0]
        refuses: dict[OrderKind, Refusal] = {}
        for kind in KINDS:
            refusal = self._dispatch.refusal_of(channel, kind, protocol)
            if refusal is not None:
                refuses[kind] = refusal
        return Route(
            address=address,
            channel=channel,
            heard_at=heard_at,
            takes=tuple(kind for kind in KINDS if kind not in refuses),
            refuses=refuses,
        )


class _Request(NamedTuple):
    """What somebody wants said and by which way, as it was asked for."""

    agency: str
    operator: str
    kind: OrderKind
    text: str
    unit: str | None
    address: str | None
    channel: str | None

    def answered_by(self, stored: Message) -> Message:
        """Return `stored`, the message that is kept under the id of this one.

        Raises:
            Conflict: If it is another.
        """
        to_all = self.unit is None and self.address is None
        if (
            (stored.agency, stored.operator, stored.kind, stored.text) == self[:4]
            and self.unit in (None, stored.unit, stored.address)  # an unknown radio by its address
            and self.address in (None, stored.address)
            and self.channel in (None, stored.channel)
            and to_all == (stored.address is None)
        ):
            return stored
        raise Conflict("that id is another message's")
