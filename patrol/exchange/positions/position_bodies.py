"""Position bodies: the kinds of bodies by which positions go between counterparts, both ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from patrol.errors.errors import Conflict, StoreError
from patrol.exchange.body_kinds import BodyKinds
from patrol.exchange.positions.distress_intake import DistressIntake
from patrol.exchange.positions.distress_news import decode_distress_receipt, decode_news
from patrol.exchange.positions.distress_sender import DistressSender
from patrol.exchange.positions.position_batch import (
    PositionBatch,
    decode_batch,
    decode_receipt,
    encode_body,
)
from patrol.exchange.positions.position_intake import PositionIntake
from patrol.exchange.positions.position_sender import PositionSender

DISTRESS_LANE: Final = 1
LIVE_LANE: Final = 3


def add_distress(kinds: BodyKinds, sender: DistressSender, intake: DistressIntake) -> None:
    """Have calls for help go by a carrier of these kinds, before all else."""
    kinds.add(_DistressReceipts(sender, intake))
    kinds.add(_Distress(sender, intake, kinds.wake))


def add_positions(kinds: BodyKinds, sender: PositionSender, intake: PositionIntake) -> None:
    """Have positions go by a carrier of these kinds."""
    kinds.add(_Receipts(sender, intake))
    kinds.add(_Newest(sender, intake, kinds.wake))
    kinds.add(_Positions(sender, intake, kinds.wake))


class _DistressReceipts:
    name: Final = "distress_receipt"
    lane: Final = DISTRESS_LANE

    def __init__(self, sender: DistressSender, intake: DistressIntake) -> None:
        self._sender, self._intake = sender, intake

    async def take(self, node: str, body: bytes, message: bytes) -> None:  # noqa: ARG002
        try:
            receipt = decode_distress_receipt(body)
        except (msgspec.MsgspecError, ValueError) as error:
            raise Conflict(f"no receipt of calls for help: {error}") from None
        self._sender.take_receipt(node, receipt)

    async def due(self, node: str, room: int) -> Sequence[bytes]:  # noqa: ARG002
        receipt = self._intake.receipt_due(node)
        return () if receipt is None else (encode_body(receipt),)

    def begin(self, node: str) -> None:
        """Nothing to do: what has no receipt is told again."""


class _Distress:
    name: Final = "distress"
    lane: Final = DISTRESS_LANE

    def __init__(
        self, sender: DistressSender, intake: DistressIntake, wake: Callable[[str | None], None]
    ) -> None:
        self._sender, self._intake, self._wake = sender, intake, wake

    async def take(self, node: str, body: bytes, message: bytes) -> None:  # noqa: ARG002
        try:
            news = decode_news(body)
        except (msgspec.MsgspecError, ValueError) as error:
            raise Conflict(f"no calls for help: {error}") from None
        await self._intake.take(node, news)
        self._wake(node)

    async def due(self, node: str, room: int) -> Sequence[bytes]:  # noqa: ARG002
        news = self._sender.due(node)
        return () if news is None else (encode_body(news),)

    def begin(self, node: str) -> None:
        self._sender.begin(node)


class _Receipts:
    name: Final = "position_receipt"
    lane: Final = LIVE_LANE

    def __init__(self, sender: PositionSender, intake: PositionIntake) -> None:
        self._sender, self._intake = sender, intake

    async def take(self, node: str, body: bytes, message: bytes) -> None:  # noqa: ARG002
        try:
            receipt = decode_receipt(body)
        except (msgspec.MsgspecError, ValueError) as error:
            raise Conflict(f"no receipt of positions: {error}") from None
        self._sender.take_receipt(node, receipt)

    async def due(self, node: str, room: int) -> Sequence[bytes]:  # noqa: ARG002
        receipt = self._intake.receipt_due(node)
        return () if receipt is None else (encode_body(receipt),)

    def begin(self, node: str) -> None:
        """Nothing to do: what has no receipt is told again."""


class _Positions:
    name = "positions"
    lane: Final = LIVE_LANE

    def __init__(
        self, sender: PositionSender, intake: PositionIntake, wake: Callable[[str | None], None]
    ) -> None:
        self._sender, self._intake, self._wake = sender, intake, wake

    async def take(self, node: str, body: bytes, message: bytes) -> None:  # noqa: ARG002
        try:
            await self._intake.take(node, _decode(body))
        finally:
            self._wake(node)

    async def due(self, node: str, room: int) -> Sequence[bytes]:
        try:
            body = await self._sender.due(node, room)
        except StoreError:  # asked again
            return ()
        return () if body is None else (body,)

    def begin(self, node: str) -> None:
        self._sender.begin(node)


class _Newest(_Positions):
    name = "newest_positions"

    async def due(self, node: str, room: int) -> Sequence[bytes]:
        body = await self._sender.newest_due(node, room)
        return () if body is None else (body,)

    def begin(self, node: str) -> None:
        """Nothing to do: the rows' session is theirs."""


def _decode(body: bytes) -> PositionBatch:
    try:
        return decode_batch(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Conflict(f"no batch of positions: {error}") from None
