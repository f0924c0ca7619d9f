"""PositionSender: tells counterparts the positions of this node's units, from the store by cursor.

Rows are looked at in the order stored. The counterpart's receipt moves the cursor, which is in the
store: whatever is cut off or ends between is told again, and taken once. While many rows wait, the
newest position of each unit goes ahead of them; the link is asked when it has room, so that what
was overtaken meanwhile never leaves alone.

What may pass is asked when a batch is made, so nothing that waits outlives an agreement.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from time import monotonic
from typing import Final, NamedTuple, TypeAlias

import msgspec

from patrol.exchange.positions.position_batch import (
    MOST_POSITIONS,
    CrossingPosition,
    PositionReceipt,
    UnitName,
    encode_body,
    pack,
)
from patrol.exchange.positions.shared_positions import SharedPositions
from patrol.picture.picture import Picture
from patrol.store.records.position_cursors import position_cursor, put_position_cursor
from patrol.store.schema.tables import to_us
from patrol.store.store import Store
from patrol.store.tracks.new_positions import (
    StoredPosition,
    newest_row,
    stored_after,
)

AGAIN_S: Final = 20.0
"""How long a batch waits for its receipt before what has none is told again."""

_UNDER_WAY: Final = 3
"""Batches that may be without a receipt."""

_FIRST: Final = 100
_FEWEST: Final = 20
_SOON_S: Final = 1.0
_LATE_S: Final = 4.0
_ROWS_PER_POSITION: Final = 2
_LOOKS: Final = 8
_BYTES: Final = 60
"""Most bytes of a position in a body, about: it is packed once only."""

_REMEMBERED: Final = 50_000

_Key: TypeAlias = tuple[str, int, float, float]


class _Batch(NamedTuple):
    """A batch that left.

    Attributes:
        left_s: When, by the steady clock.
        last_row: Up to which row it tells; None: the newest, ahead of their rows.
        keys: What it tells.
        names: Units that it names, as they are registered.
        is_full: There was more.
    """

    left_s: float
    last_row: int | None
    keys: Collection[_Key]
    names: dict[str, UnitName]
    is_full: bool


class _Peer(msgspec.Struct):
    """What a counterpart has been told.

    Attributes:
        table: Names the session's table of units.
        row: Up to which row all is receipted; None: not read yet.
        stored_row: The same in the store.
        handed: Up to which row batches left.
        number: Of the last batch.
        batches: Those without a receipt, by number.
        numbers: Of the units.
        known: What it knows of them.
        newest_told: The time of the newest position of each unit that went ahead, microseconds.
        ahead: What went ahead and is receipted, whose rows have not come.
        size: Positions of the next batch.
        has_news: Rows may have come that were not looked at.
        is_behind: More rows wait than one batch has room for.
        refused: How many positions it did not take in this session, and why the last.
    """

    table: int
    row: int | None = None
    stored_row: int = 0
    handed: int = 0
    number: int = 0
    batches: dict[int, _Batch] = msgspec.field(default_factory=dict)
    numbers: dict[str, int] = msgspec.field(default_factory=dict)
    known: dict[str, UnitName] = msgspec.field(default_factory=dict)
    newest_told: dict[str, int] = msgspec.field(default_factory=dict)
    ahead: dict[_Key, None] = msgspec.field(default_factory=dict)
    size: int = _FIRST
    has_news: bool = True
    is_behind: bool = False
    refused: int = 0
    reason: str = ""


class PositionSender:
    """Tells all counterparts.

    Args:
        shared_positions: What may pass.
        picture: Knows the units.
        store: Where positions and cursors are.
        viewers_of: Returns the agencies of a counterpart; none while it is not spoken to.
        agencies: Those of this node.
        node: This node.
        agency: On whose behalf cursors are stored.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        shared_positions: SharedPositions,
        picture: Picture,
        store: Store,
        *,
        viewers_of: Callable[[str], Collection[str]],
        agencies: Collection[str],
        node: str,
        agency: str,
        now: Callable[[], datetime],
    ) -> None:
        self._shared, self._picture, self._store = shared_positions, picture, store
        self._viewers_of, self._agencies = viewers_of, agencies
        self._node, self._agency, self._now = node, agency, now
        self._peers: dict[str, _Peer] = {}

    def note_stored(self) -> None:
        """Note that positions were stored, or that what may pass has changed."""
        for peer in self._peers.values():
            peer.has_news = True

    def begin(self, node: str) -> None:
        """Begin a session: what has no receipt is due again, and units are named anew."""
        peer = self._peer(node)
        peer.table = secrets.randbits(31)
        peer.batches.clear()
        peer.numbers.clear()
        peer.known.clear()
        peer.newest_told.clear()
        peer.handed = peer.row or 0
        peer.has_news = True

    async def newest_due(self, node: str, room: int) -> bytes | None:
        """Return the newest positions of units whose rows wait, as one body; None if none do.

        Raises:
            StoreError: If the store cannot be read.
        """
        peer, now = self._peer(node), self._now()
        if not peer.is_behind or any(each.last_row is None for each in peer.batches.values()):
            return None
        viewers = self._viewers_of(node)
        most = min(room // _BYTES, MOST_POSITIONS)
        found = [
            each
            for each in (self._shared.newest(viewers, now) if viewers else ())
            if each.time_us > peer.newest_told.get(each.unit, -1)
        ]
        # Those of which nothing was told for longest first.
        found.sort(key=lambda each: peer.newest_told.get(each.unit, -1))
        del found[max(most, 1) :]
        if not found:
            return None
        peer.newest_told |= {each.unit: each.time_us for each in found}
        return self._body(peer, found, last_row=None, is_full=False)

    async def due(self, node: str, room: int) -> bytes | None:
        """Return the next positions by their rows, as one body; None if there are none.

        Raises:
            StoreError: If the store cannot be read.
        """
        peer = self._peer(node)
        viewers = self._viewers_of(node)
        if not viewers:
            return None
        if peer.row is None:
            await self._take_up(node, peer)
        if peer.batches and monotonic() - min(each.left_s for each in peer.batches.values()) > (
            AGAIN_S
        ):
            self.begin(node)
        if len(peer.batches) >= _UNDER_WAY or not peer.has_news:
            return None
        most = max(min(peer.size, room // _BYTES, MOST_POSITIONS), 1)
        table = peer.table
        for _ in range(_LOOKS):
            peer.has_news = False  # what is stored from here on sets it again
            limit = most * _ROWS_PER_POSITION
            found = await self._store.read(stored_after, peer.handed, self._agencies, limit)
            if peer.table != table:  # another session began
                peer.has_news = True
                return None
            # From here to the return nothing waits: an agreement that ended meanwhile is seen.
            now, last_row = self._now(), found.last_row
            is_full = len(found.positions) > most
            if is_full:
                last_row = found.positions[most - 1].id
            some = found.positions[:most]
            young = self._first_too_young(some, viewers, now)
            if young is not None:
                last_row, some = some[young].id - 1, some[:young]
            positions = self._shared.passing(some, viewers, now)
            peer.is_behind = young is None and (is_full or found.rows == limit)
            peer.has_news |= peer.is_behind
            peer.handed = last_row
            news = [each for each in positions if _key(each) not in peer.ahead]
            for each in positions:
                peer.ahead.pop(_key(each), None)
            if news or (not peer.is_behind and self._changed_names(peer)):
                return self._body(peer, news, last_row=last_row, is_full=peer.is_behind)
            if not peer.batches:
                peer.row = last_row
            if not peer.is_behind:
                return None
        return None

    def take_receipt(self, node: str, receipt: PositionReceipt) -> None:
        """Move on by a counterpart's receipt; one of another session says nothing."""
        peer = self._peer(node)
        if receipt.table != peer.table:
            return
        now_s = monotonic()
        if receipt.refused:
            peer.refused += receipt.refused
            peer.reason = receipt.reason
        if receipt.unknown:
            self.begin(node)
            return
        done: list[int] = []
        for number in receipt.numbers:
            batch = peer.batches.pop(number, None)
            if batch is None:
                continue
            peer.known |= batch.names
            took_s = now_s - batch.left_s
            if took_s > _LATE_S:
                peer.size = max(peer.size // 2, _FEWEST)
            elif took_s < _SOON_S and batch.is_full:
                peer.size = min(peer.size * 2, MOST_POSITIONS)
            if batch.last_row is None:
                peer.ahead |= dict.fromkeys(batch.keys)
                while len(peer.ahead) > _REMEMBERED:
                    del peer.ahead[next(iter(peer.ahead))]
            else:
                done.append(batch.last_row)
        waiting = [each.last_row for each in peer.batches.values() if each.last_row is not None]
        if done and peer.row is not None:
            # Rows up to the first that has no receipt are told; they left in order.
            settled = [row for row in done if not waiting or row < min(waiting)]
            peer.row = max([peer.row, *settled])
            if not waiting:
                peer.row = max(peer.row, peer.handed)

    async def store_cursors(self) -> None:
        """Store how far each counterpart has been told.

        Raises:
            StoreError: If the store refuses.
        """
        for node, peer in list(self._peers.items()):
            row = peer.row
            if row is not None and row > peer.stored_row:
                await self._store.write(
                    put_position_cursor, node, row, agency=self._agency, origin=self._node
                )
                peer.stored_row = row

    def refused(self, node: str) -> tuple[int, str]:
        """Return how many positions a counterpart did not take since the start, and why the last
        of them.
        """
        peer = self._peer(node)
        return peer.refused, peer.reason

    # -- inside

    def _first_too_young(
        self, positions: Sequence[StoredPosition], viewers: Collection[str], now: datetime
    ) -> int | None:
        """Return the place of the first position that is to be told later; None if none is."""
        delay = self._shared.delay(viewers, now)
        if not delay:
            return None
        latest_us = to_us(now - delay)
        return next((at for at, each in enumerate(positions) if each.time_us > latest_us), None)

    async def _take_up(self, node: str, peer: _Peer) -> None:
        row = await self._store.read(position_cursor, node)
        if row is None:  # nothing may cross yet of what was before they met
            row = await self._store.read(newest_row)
            await self._store.write(
                put_position_cursor, node, row, agency=self._agency, origin=self._node
            )
        if peer.row is None:
            peer.row = peer.stored_row = peer.handed = row

    def _body(
        self,
        peer: _Peer,
        positions: Iterable[CrossingPosition],
        *,
        last_row: int | None,
        is_full: bool,
    ) -> bytes:
        positions = list(positions)
        names = self._changed_names(peer)
        for each in positions:
            if each.unit not in peer.known:
                names[each.unit] = self._name(peer, each.unit)
        peer.number += 1
        batch = pack(
            positions,
            peer.numbers,
            table=peer.table,
            number=peer.number,
            names=list(names.values()),
        )
        peer.batches[peer.number] = _Batch(
            monotonic(), last_row, [_key(each) for each in positions], names, is_full
        )
        return encode_body(batch)

    def _changed_names(self, peer: _Peer) -> dict[str, UnitName]:
        """Return units that the counterpart knows as they are no more."""
        return {
            id: name for id, known in peer.known.items() if (name := self._name(peer, id)) != known
        }

    def _name(self, peer: _Peer, id: str) -> UnitName:
        unit = self._picture.units[id]
        return UnitName(
            peer.numbers.setdefault(id, len(peer.numbers) + 1),
            id,
            unit.call_sign,
            unit.kind,
            unit.agency,
            unit.country,
            unit.expected_interval_s,
            unit.retired_at is not None,
        )

    def _peer(self, node: str) -> _Peer:
        known = self._peers.get(node)
        if known is None:
            known = self._peers[node] = _Peer(secrets.randbits(31))
        return known


def _key(position: CrossingPosition) -> _Key:
    return position.unit, position.time_us, position.lon, position.lat
