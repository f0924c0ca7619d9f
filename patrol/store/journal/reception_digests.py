"""Reception digests: a journal entry with a SHA-256 digest for each span of stored messages.

Every minute, or 5,000 messages, an entry records a span: the row number before its first message
and that of its last, how many there are, and the SHA-256 of their content in the order in which
they were stored. A late message is in the span of the time it was stored. Where retention removes
messages of a span, or an earlier reception replaces a stored one, an entry records the digest
before and after: so a message that was altered before that is still found.

The digest is taken of the rows as they go to the store, which costs about a microsecond a
message; reading them again would cost a tenth of a batch. Where that is not what the store holds
(another process, a message that was known, a reception in another's place, a restart), they are
read.

A message is the MessagePack array of its columns, by the version of the line (`COLUMNS`); a span is
one after the other.
"""

from __future__ import annotations

import hashlib
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from patrol.audit.chain import Entry
from patrol.documents.transaction import Note
from patrol.store.journal import journal
from patrol.store.schema.rows import Row
from patrol.store.schema.tables import journal as journal_table
from patrol.store.schema.tables import transmissions
from radio_gateway.parsing.msgspec_decoders import json_decoder

VERSION: Final = 2
"""Of the lines that are written now; a line that names none is of the first."""

COLUMNS: Final = {
    1: (
        "gid",
        "address",
        "time_us",
        "usable",
        "lon",
        "lat",
        "kind",
        "distress",
        "text",
        "status",
        "heard_us",
        "channel",
        "reception_id",
        "raw",
        "agency",
    ),
    2: (
        "gid",
        "address",
        "time_us",
        "time_source",
        "usable",
        "lon",
        "lat",
        "altitude_m",
        "accuracy_m",
        "speed_mps",
        "course_deg",
        "heading_deg",
        "river_km",
        "bank",
        "kind",
        "fix",
        "distress",
        "text",
        "status",
        "flags",
        "facts",
        "device_us",
        "passed_on_us",
        "heard_us",
        "channel",
        "reception_id",
        "duplicate_key",
        "signal",
        "raw",
        "agency",
        "origin",
    ),
}

DIGESTED: Final = "digest receptions"
THINNED: Final = "thin receptions"
REPLACED: Final = "replace receptions"
SUBJECT: Final = "journal:receptions"

EVERY_S: Final = 60.0
MOST: Final = 5_000
"""Messages of one span: the retention reads so many in one transaction."""

_PAGE: Final = 2_000
_LINES: Final = 200
_T = transmissions.c
_J = journal_table.c
# Made once: to make a statement of so many columns takes longer than to read sixty messages.
_read: Final = {
    version: select(_T.id, *[_T[name] for name in names])
    .where(_T.id > bindparam("after"), _T.id <= bindparam("last"))
    .order_by(_T.id)
    .limit(_PAGE)
    for version, names in COLUMNS.items()
}
_pack: Final = msgspec.msgpack.Encoder().encode

_CHANGED: Final = "joint patrol digests of spans before receptions were replaced in them"
_OPEN_CHANGED: Final = "joint patrol the span that is not told yet was changed"


class MessageSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A span of messages, as a journal entry records it.

    Attributes:
        after: Number of the row before its first.
        last: Number of its last row, when it was digested.
        count: How many there are.
        sha256: Their digest, hexadecimal.
        was: Where some were taken out or replaced: the digest of what was found before.
        version: What the digest covers (`COLUMNS`).
    """

    after: int
    last: int
    count: int
    sha256: str
    was: str = ""
    version: int = 1


class SpanBounds(NamedTuple):
    """Bounds of a span: the row before its first, its last row, and what its digest covers."""

    after: int
    last: int
    version: int


class StoredSpan(NamedTuple):
    """Row count and digest of a span, computed from the store."""

    rows: int
    sha256: str


def packed(rows: Sequence[Row]) -> bytes:
    """Return rows, of the columns of `COLUMNS[VERSION]`, as the digest covers them.

    All in one array, without that array's head: row by row would cost twice as much of a batch.
    """
    content = _pack(rows)
    head = 1 if len(rows) < 16 else 3 if len(rows) < 1 << 16 else 5
    return content[head:]


class OpenSpan:
    """The span that is not journalled yet; of the one connection that stores messages.

    Args:
        steady: Seconds that only ever pass.
    """

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._after: int | None = None
        self._next: int | None = None
        self._begin(steady())

    @property
    def has_begun(self) -> bool:
        """Whether it is known where it begins."""
        return self._after is not None

    def find_start(self, connection: Connection) -> None:
        """Find the first row of the span, before the first message is stored."""
        span = _newest(connection)
        stored = int(connection.execute(select(func.max(_T.id))).scalar() or 0)
        self._after = stored if span is None else span.last

    def add(self, connection: Connection, content: bytes, count: int) -> bool:
        """Add the messages of a transaction; return whether the span is due to be journalled.

        Args:
            connection: It was stored by.
            content: What `packed` made of its messages.
            count: How many they are.
        """
        if connection.info.pop(_OPEN_CHANGED, False):  # it replaced a message of this span
            self._is_unchanged = False
        self._hash.update(content)
        self._count += count
        if self._count >= MOST:
            return True
        return self._count > 0 and self._steady() - self._since >= EVERY_S

    def write(self, connection: Connection, origin: str) -> None:
        """Append the span to the journal, in a transaction that writes; `begin_next` is called
        after it.
        """
        assert self._after is not None
        count, last = connection.execute(
            select(func.count(), func.max(_T.id)).where(_T.id > self._after)
        ).one()
        if not count:
            return
        sha256 = self._hash.hexdigest()
        if count != self._count or not self._is_unchanged:
            sha256 = stored_span(connection, SpanBounds(self._after, last, VERSION)).sha256
        span = MessageSpan(
            after=self._after, last=last, count=count, sha256=sha256, version=VERSION
        )
        journal.append(connection, [_note(DIGESTED, span)], datetime.now(UTC), origin=origin)
        self._next = int(last)

    def begin_next(self) -> None:
        """Begin the next span, once the entry is on disk."""
        self._after = self._next
        self._begin(self._steady())

    def retry_later(self) -> None:
        """Try again after a while: the store refused the line."""
        self._since = self._steady()

    def _begin(self, now: float) -> None:
        self._hash, self._count, self._since = hashlib.sha256(), 0, now
        self._is_unchanged = True
        self._next = self._after


def stored_span(connection: Connection, place: SpanBounds) -> StoredSpan:
    """Return row count and digest of a span, computed from the store."""
    digest, count, pack = hashlib.sha256(), 0, _PACKED[place.version]
    for rows in _pages(connection, place):
        digest.update(b"".join([pack(row[1:]) for row in rows]))
        count += len(rows)
    return StoredSpan(count, digest.hexdigest())


def before_replacing(connection: Connection, id: int) -> None:
    """Remember the digest of a message's span, before another reception replaces the message.

    `close` journals the new digest at the end of the transaction.
    """
    place = _bounds_of(connection, id)
    if isinstance(place, SpanBounds):
        changed: dict[SpanBounds, str] = connection.info.setdefault(_CHANGED, {})
        if place not in changed:
            changed[place] = stored_span(connection, place).sha256
    elif place == "open":
        connection.info[_OPEN_CHANGED] = True


def close(connection: Connection) -> None:
    """Journal, at a transaction's end, the spans in which receptions were replaced."""
    changed: dict[SpanBounds, str] = connection.info.pop(_CHANGED, {})
    for place, was in changed.items():
        now = stored_span(connection, place)
        if now.sha256 == was:
            continue
        span = MessageSpan(
            after=place.after,
            last=place.last,
            count=now.rows,
            sha256=now.sha256,
            was=was,
            version=place.version,
        )
        newest = journal.head(connection)
        origin = "" if newest is None else newest.origin
        journal.append(connection, [_note(REPLACED, span)], datetime.now(UTC), origin=origin)


def _bounds_of(connection: Connection, id: int) -> SpanBounds | Literal["open", "before"]:
    """Return the span of a message; "open" after the last span, "before" ahead of the first."""
    seq = None
    while True:
        query = select(_J.seq, _J.detail).where(_J.subject == SUBJECT, _J.act == DIGESTED)
        if seq is not None:
            query = query.where(_J.seq < seq)
        rows = connection.execute(query.order_by(_J.seq.desc()).limit(_LINES)).all()
        for row in rows:
            span = span_in(row.detail)
            if span is None:
                continue
            if id > span.last:  # between two spans there is nothing
                return "open"
            if id > span.after:
                return SpanBounds(span.after, span.last, span.version)
        if len(rows) < _LINES:
            return "before" if rows or seq is not None else "open"
        seq = rows[-1].seq


class RemovedMessage(NamedTuple):
    """A message that leaves a span: its number, global id and when it was heard."""

    id: int
    gid: bytes
    heard_us: int


def thin(
    connection: Connection,
    span: SpanBounds,
    ids: Collection[int],
    take_out: Callable[[Sequence[RemovedMessage]], int],
    *,
    at: datetime,
    origin: str,
) -> int:
    """Remove messages of a span and journal it, in one transaction; return how many.

    Args:
        connection: To the store, in a transaction that writes.
        span: Where it lies.
        ids: Which go.
        take_out: Takes some out.
        at: Now, aware UTC.
        origin: This node's id.
    """
    was, left, count = hashlib.sha256(), hashlib.sha256(), 0
    going: list[RemovedMessage] = []
    heard_column, pack = 1 + COLUMNS[span.version].index("heard_us"), _PACKED[span.version]
    for rows in _pages(connection, span):
        for row in rows:
            content = pack(row[1:])
            was.update(content)
            if row[0] in ids:
                going.append(RemovedMessage(row[0], row[1], row[heard_column]))
            else:
                left.update(content)
                count += 1
    if not going:
        return 0
    removed = take_out(going)
    thinned_span = MessageSpan(
        after=span.after,
        last=span.last,
        count=count,
        sha256=left.hexdigest(),
        was=was.hexdigest(),
        version=span.version,
    )
    journal.append(connection, [_note(THINNED, thinned_span)], at, origin=origin)
    return removed


def spans(connection: Connection) -> list[SpanBounds]:
    """Return the bounds of the journalled spans, in order."""
    rows = connection.execute(
        select(_J.detail).where(_J.subject == SUBJECT, _J.act == DIGESTED).order_by(_J.seq)
    )
    found = [span_in(detail) for (detail,) in rows]
    return [SpanBounds(each.after, each.last, each.version) for each in found if each is not None]


def span_of(spans: Sequence[SpanBounds], id: int) -> SpanBounds | None:
    """Return the span of a message; None if no entry records it."""
    place = bisect_left(spans, id, key=lambda each: each.last)
    return spans[place] if place < len(spans) and spans[place].after < id else None


class SpanReplay:
    """Replays the journal entry by entry, to know the current digest of each span.

    Args:
        spans: What it told before the line that is taken first, as `spans` yields it.
        whole: Whether all lines are taken; else what changes a span of before is left aside.
    """

    def __init__(
        self, spans: Iterable[tuple[int, MessageSpan]] = (), *, whole: bool = True
    ) -> None:
        self._spans = {span.last: (seq, span) for seq, span in spans}
        self._whole = whole

    def take(self, entry: Entry) -> str:
        """Apply a journal entry; return how it contradicts earlier ones, if it does."""
        if entry.subject != SUBJECT or entry.act not in (DIGESTED, THINNED, REPLACED):
            return ""
        span = span_in(entry.detail)
        if span is None or span.version not in COLUMNS:
            return "it tells of no span of messages that this version knows"
        known = self._spans.get(span.last)
        if entry.act == DIGESTED:
            newest = next(reversed(self._spans), span.after)
            if known is not None or newest != span.after:
                return f"it tells of messages after {span.after}, and the line before of {newest}"
        elif known is None and not self._whole:
            return ""
        elif known is None or known[1].after != span.after or known[1].version != span.version:
            return "it changes a span of messages that no line tells of"
        self._spans[span.last] = (entry.seq, span)
        if known is not None and known[1].sha256 != span.was:
            came = "the retention" if entry.act == THINNED else "an earlier reception"
            return (
                f"messages {span.after + 1} to {span.last} were others before {came} came"
                f" than row {known[0]} tells"
            )
        return ""

    def spans(self) -> Iterator[tuple[int, MessageSpan]]:
        """Yield the number of the newest line of each span, and the span, in order."""
        yield from self._spans.values()

    @property
    def first(self) -> int | None:
        """Number of the row before the first that is told; None where no span is."""
        return next((span.after for _, span in self._spans.values()), None)

    @property
    def last(self) -> int:
        """Number of the last row that is told; 0 where no span is."""
        return next(reversed(self._spans), 0)


def _note(act: str, span: MessageSpan) -> Note:
    detail = msgspec.structs.asdict(span)
    if not span.was:
        del detail["was"]
    return Note(act=act, actor="", agency="", subject=SUBJECT, detail={"receptions": detail})


class _Detail(msgspec.Struct):
    receptions: MessageSpan


def span_in(detail: str) -> MessageSpan | None:
    """Return the span that a line's detail tells of; None: it tells of none."""
    try:
        return json_decoder(_Detail).decode(detail).receptions
    except msgspec.MsgspecError:
        return None


def _newest(connection: Connection) -> MessageSpan | None:
    query = select(_J.detail).where(_J.subject == SUBJECT, _J.act == DIGESTED)
    detail = connection.execute(query.order_by(_J.seq.desc()).limit(1)).scalar()
    return None if detail is None else span_in(detail)


def _pages(connection: Connection, place: SpanBounds) -> Iterator[Sequence[Any]]:
    after, last, version = place
    while True:
        rows = connection.execute(_read[version], {"after": after, "last": last}).all()
        if rows:
            yield rows
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def _packed_1(values: Sequence[Any]) -> bytes:
    gid, address, time_us, usable, lon, lat, *more = values
    # As the store gives them back: numbers with a point, and no minus before nothing.
    if lon is not None:
        lon = lon + 0.0
    if lat is not None:
        lat = lat + 0.0
    return _pack((gid, address, time_us, usable, lon, lat, *more))


def _packed_2(values: Sequence[Any]) -> bytes:
    gid, address, at, source, usable, lon, lat, high, near, speed, course, head, km, *more = values
    # As `transmission_row` makes them and SQLite gives them back: with a point, no minus before
    # nothing, and none for no number. PostgreSQL may hold rows that were made otherwise.
    return _pack(
        (
            gid,
            address,
            at,
            source,
            usable,
            None if lon is None or lon != lon else lon + 0.0,
            None if lat is None or lat != lat else lat + 0.0,
            None if high is None or high != high else high + 0.0,
            None if near is None or near != near else near + 0.0,
            None if speed is None or speed != speed else speed + 0.0,
            None if course is None or course != course else course + 0.0,
            None if head is None or head != head else head + 0.0,
            None if km is None or km != km else km + 0.0,
            *more,
        )
    )


_PACKED: Final[Mapping[int, Callable[[Sequence[Any]], bytes]]] = {1: _packed_1, 2: _packed_2}
