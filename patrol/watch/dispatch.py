"""Dispatch: brings messages to the channels that say them, and notes what becomes of each.

It is a part of the watch. A message is on disk before it is accepted; after a restart what was
still queued is handed to its channel again, and what had been sent without an answer has failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import structlog
from msgspec.structs import replace

from patrol.documents.transaction import Note
from patrol.errors.errors import CannotSend, Conflict, StoreError
from patrol.filing.journal_writer import JournalWriter
from patrol.filing.writer_lock import WriterLock, WriterTurn
from patrol.intake.order_journal import message_note
from patrol.messages.message import Carrier, Message, ReportedStep, step_of
from patrol.store.records import messages
from patrol.store.store import Store
from radio_gateway.errors.errors import GatewayError
from radio_gateway.orders.order import OrderKind
from radio_gateway.orders.order_result import OrderResult, Refusal

LOOK_EVERY_S: Final = 30.0
"""How often to look for messages that no channel says anything of."""

STOP_WITHIN_S: Final = 2.0
MOST_PENDING: Final = 10_000
"""Steps that wait for a store that refuses; of other gateways no more are taken then."""

log = structlog.get_logger(__name__)


def _nobody() -> None:
    pass


@dataclass(frozen=True, eq=False)
class _PendingStep:
    """A step that is to be written, and what is called then."""

    step: ReportedStep
    on_stored: Callable[[], None]
    on_give_up: Callable[[], None]


class Dispatch:
    """What goes out of one node.

    Args:
        store: Where messages are kept.
        journal_writer: Writes orders with their lines in the journal.
        turn: Held while one is accepted.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        *,
        store: Store,
        journal_writer: JournalWriter,
        turn: WriterLock,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._journal_writer = journal_writer
        self._turn = turn
        self._now = now
        self._carriers: dict[str, Carrier] = {}
        self._pending: list[_PendingStep] = []
        self._writing: asyncio.Future[None] | None = None
        self._called_off: dict[str, Note] = {}  # by message, until its end is written
        self._news = asyncio.Event()
        self._unsent: list[Message] = []

    async def load(self) -> None:
        """Take up what the last run left; to be called before any channel is attached."""
        now = self._now()
        if await self._store.read(messages.count_open):
            await self._store.write(messages.give_up, now, restarted=True)
            self._unsent = await self._store.read(messages.waiting, now)

    def attach(self, channel: str, carrier: Carrier) -> None:
        """Have `carrier` take the messages of `channel`, those that wait for it at once.

        Args:
            channel: The channel's name; one that ends in `/` stands for all channels of that
                gateway that have no carrier of their own.
            carrier: What takes them.
        """
        self._carriers[channel] = carrier
        unsent, self._unsent = self._unsent, []
        for message in unsent:
            if self._carrier(message.channel) is carrier:
                carrier.resume(message.order, message.state)
            else:
                self._unsent.append(message)

    async def detach(self, channel: str) -> None:
        """Hand nothing more to the carrier of `channel`, which has ended; what it had not begun to
        send waits for the next one.
        """
        self._carriers.pop(channel, None)
        waiting = await self._store.read(messages.waiting, self._now())
        self._unsent += [message for message in waiting if message.channel == channel]

    def refusal_of(self, channel: str, kind: OrderKind, protocol: str) -> Refusal | None:
        """Return why `channel` takes no message of `kind` to a radio of `protocol`."""
        carrier = self._carrier(channel)
        if carrier is None:
            return Refusal("no_channel", f"nothing can be sent over {channel}")
        return carrier.refusal_of(kind, protocol, channel)

    async def send(self, message: Message) -> Message:
        """Keep a message, then hand it to its channel.

        Returns:
            The message as it is kept; the one kept before if its id is known.

        Raises:
            CannotSend: If its channel would not take it; nothing is kept.
            StoreError: If the store refuses; nothing is sent.
        """
        carrier = self._carrier(message.channel)
        if carrier is None:
            raise CannotSend("no_channel", f"nothing can be sent over {message.channel}")
        known = await self._store.read(messages.find, message.id)
        if known is not None:
            return known
        refusal = carrier.refusal(message.order)
        if refusal is not None:
            raise CannotSend(refusal.reason, refusal.detail)

        async def keep(_turn: WriterTurn) -> Message:
            kept = await self._journal_writer.write(
                lambda kept: message_note("send message", message) if kept is message else (),
                messages.add,
                message,
            )
            if kept is message:  # in the same turn: once accepted it goes, whoever went away
                carrier.send(message.order)
            return kept

        return await self._turn.order(keep)

    async def cancel(self, message: Message, *, by: str) -> None:
        """Call off a message that has not been sent, as user `by` orders.

        A message that another gateway has may be cancelled later, when that gateway says so.

        Raises:
            Conflict: If it was sent or begun already, or has come to its end.
        """
        carrier = None if message.final else self._carrier(message.channel)
        if carrier is None or not carrier.cancel(message.id):
            raise Conflict("it was sent, is being sent, or has come to its end")
        # Only of its end: an older step of it may be on its way to the disk at this moment.
        if any(_is_end_of(message.id, each.step) for each in self._pending):
            self._called_off[message.id] = message_note("cancel message", message, by=by)
        else:  # that other gateway is asked, and tells later
            await self._journal_writer.note(message_note("ask to cancel message", message, by=by))
        with suppress(TimeoutError):  # what was told of it is on disk soon
            async with asyncio.timeout(STOP_WITHIN_S):
                while any(each.step.id == message.id for each in self._pending):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

    def note_result(
        self,
        result: OrderResult,
        *,
        by: str = "",
        on_stored: Callable[[], None] = _nobody,
        on_give_up: Callable[[], None] | None = None,
    ) -> None:
        """Note what a channel tells of a message. To be called on the event loop.

        Args:
            result: What it tells.
            by: The gateway whose channel it is, if it is another's; it is heard of its own
                messages only.
            on_stored: Called once it is written down, or known to be nothing worth that; never for
                what is not taken, which its gateway tells again.
            on_give_up: Called if it can never be written; None: `on_stored` is, so that its gateway
                does not tell it for ever.
        """
        if by and self.unwritten >= MOST_PENDING:
            return
        # This node's own are as many as the messages it took, while the store took those.
        step = ReportedStep(result.id, step_of(result), result.final, by)
        self._pending.append(_PendingStep(step, on_stored, on_give_up or on_stored))
        self._news.set()

    async def store_result(self, result: OrderResult) -> None:
        """Note what became of a message; on disk, or known to be nothing new, when this returns.

        Raises:
            StoreError: If the store does not take it soon, when it may still be noted later, or
                never will.
        """
        if not await self._is_stored(result, within_s=STOP_WITHIN_S):
            raise StoreError("the store does not take what became of a message")

    async def begin(self, result: OrderResult, *, life_left_s: float) -> None:
        """Note that a channel hands a message to its link; on disk when this returns.

        After a crash it is not sent again then, and has failed as one that may have gone.

        Args:
            result: How far it has come.
            life_left_s: For how long it is worth something, seconds.

        Raises:
            GatewayError: If that is not on disk soon, or never will be; it must not go then.
        """
        first = replace(result, reason=messages.SENDING, final=False)
        if not await self._is_stored(first, within_s=min(life_left_s, STOP_WITHIN_S)):
            raise GatewayError("the store does not take that it is sent")

    async def note_unsent(self, id: str) -> None:
        """Note that the link did not take a message that was never sent before."""
        unsent = OrderResult(id=id, state="queued", at=self._now(), reason=messages.UNSENT)
        self.note_result(unsent)

    async def run(self) -> None:
        """Write down what channels tell, until cancelled."""
        try:
            await self._keep_writing()
        finally:
            # What was told before the end must not be sent again at the next start.
            with suppress(StoreError, TimeoutError):
                async with asyncio.timeout(STOP_WITHIN_S):
                    await self._finish()

    @property
    def unwritten(self) -> int:
        """How many steps wait to be written."""
        return len(self._pending)

    async def write(self) -> None:
        """Write the steps that wait; where none does, give up messages that ran out."""
        self._news.clear()
        if self._pending:
            await self._write_first(len(self._pending))
        elif await self._store.read(messages.count_open):
            await self._store.write(messages.give_up, self._now(), restarted=False)

    # -- inside

    async def _is_stored(self, result: OrderResult, *, within_s: float) -> bool:
        """Note a step; return whether it is on disk, or known to be nothing new, in time."""
        known: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def settle(is_stored: bool) -> None:
            if not known.done():
                known.set_result(is_stored)

        self.note_result(result, on_stored=lambda: settle(True), on_give_up=lambda: settle(False))
        try:
            async with asyncio.timeout(within_s):
                return await known
        except TimeoutError:
            return False

    async def _keep_writing(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._news.wait()
            try:
                await self.write()
            except StoreError as error:
                log.warning("steps_not_stored", fault=str(error), waiting=self.unwritten)
                if not error.transient:
                    with suppress(StoreError):
                        await self._write_one_by_one()
                await asyncio.sleep(1.0)
                self._news.set()

    async def _finish(self) -> None:
        if self._writing is not None:  # the one that was under way when this was cancelled
            with suppress(StoreError):
                await asyncio.shield(self._writing)
        if self._pending:
            await self.write()

    async def _write_one_by_one(self) -> None:
        """Write what can be written; a step that never can is logged, and given up."""
        for _ in range(len(self._pending)):
            try:
                await self._write_first(1)
            except StoreError as error:
                if error.transient:
                    raise
                given_up = self._pending.pop(0)
                log.error("step_given_up", message=given_up.step.id, fault=str(error))
                if given_up.step.id in self._called_off and not any(
                    _is_end_of(given_up.step.id, each.step) for each in self._pending
                ):
                    del self._called_off[given_up.step.id]
                given_up.on_give_up()

    async def _write_first(self, count: int) -> None:
        """Write the first steps that wait, and who called off what; then nobody waits for them.

        The thread that writes cannot be stopped: whoever is cancelled meanwhile leaves it to its
        end, so that what it wrote is not written a second time.
        """
        self._writing = asyncio.ensure_future(self._write_steps(self._pending[:count]))
        await asyncio.shield(self._writing)

    async def _write_steps(self, steps: Sequence[_PendingStep]) -> None:
        ends = (each.step.id for each in steps if _is_end_of(each.step.id, each.step))
        notes = {id: self._called_off[id] for id in ends if id in self._called_off}
        told = [each.step for each in steps]
        try:
            await self._journal_writer.write(tuple(notes.values()), messages.steps, told)
        except (msgspec.MsgspecError, ValueError) as error:  # what is kept of one is damaged
            raise StoreError(str(error), transient=False) from error
        for id in notes:
            self._called_off.pop(id, None)
        del self._pending[: len(steps)]
        for each in steps:
            each.on_stored()

    def _carrier(self, channel: str) -> Carrier | None:
        carrier = self._carriers.get(channel)
        if carrier is None and "/" in channel:
            carrier = self._carriers.get(channel.partition("/")[0] + "/")
        return carrier


def _is_end_of(id: str, step: ReportedStep) -> bool:
    """Return whether a step says that a message was called off."""
    return step.id == id and step.step.state == "cancelled"
