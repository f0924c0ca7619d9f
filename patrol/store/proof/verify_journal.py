"""Verification: compares the journal with the stored documents, photos and messages.

It reads raw columns and not SQLAlchemy's types, so that a column with a value of the wrong type is
reported too. It reads one snapshot of the store, so it works beside a running server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, func, select

from patrol.audit.chain import DIGESTS, FIRST, Chain, ChainFault, Entry
from patrol.documents.document import Document
from patrol.documents_registry.document_kinds import KINDS, decode
from patrol.store.engine.engine import is_postgres
from patrol.store.journal import journal, reception_digests
from patrol.store.journal.row_digests import (
    ACCOUNTS,
    COVERED,
    PROTECTED,
    SET_ASIDE,
    Digests,
    RowReplay,
)
from patrol.store.proof.verify_statements import compare_statements
from patrol.store.protection.removal import REMOVED
from patrol.store.schema.tables import also_heard, from_us, to_us, transmissions
from radio_gateway.parsing.msgspec_decoders import json_decoder

PAGE: Final = 5_000
_AT_ONCE: Final = 400  # documents asked for in one statement

_ENTRIES: Final = """
SELECT seq, at_us, {act}, {actor}, {agency}, {subject}, {detail}, {origin}, previous, hash
FROM journal WHERE seq > {mark} ORDER BY seq LIMIT {mark}"""

_DOCUMENTS: Final = """
SELECT {id}, version, {kind}, {agency}, at_us, closed, body
FROM papers WHERE (id, version) IN (VALUES {values})"""

_VERSIONS: Final = """
SELECT id, version, kind FROM papers
WHERE (id, version) > ({mark}, {mark}) ORDER BY id, version LIMIT {mark}"""

_REPLACED: Final = "SELECT detail FROM journal WHERE subject = {mark} AND act = 'seal plain words'"

_VERSION_ENTRIES: Final = "SELECT detail FROM journal WHERE subject = {mark}"

_PHOTO: Final = "SELECT body FROM photos WHERE agency = {mark} AND sha256 = {mark}"

_ORIGINAL: Final = "SELECT body FROM originals WHERE agency = {mark} AND sha256 = {mark}"

_REMOVED: Final = "SELECT {subject} FROM journal WHERE act = {mark}"

_KEPT: Final = "keep photo"
_SEALED: Final = "keep original"
_PHOTO_KIND: Final = "photo:"

_NEWEST: Final = """
SELECT id, max(version), max(kind) FROM papers
GROUP BY id HAVING sum(newest) <> 1 OR max(version) <> max(CASE newest WHEN 1 THEN version END)
ORDER BY id LIMIT 1"""

_TEXTS: Final = ("act", "actor", "agency", "subject", "detail", "origin", "id", "kind")


class JournalProof(
    msgspec.Struct, frozen=True, kw_only=True, rename={"further_receptions": "also_heard"}
):
    """The result of a verification.

    Attributes:
        entries: Entries of the journal that are proved, from the first on without a gap.
        documents: Versions of documents that are as the journal tells; of photos nothing is
            counted.
        accounts: Rows about accounts, units and radios that are as the journal tells; None: it
            covers none yet.
        protected: Protected fields, sealed or redacted, and who was given their reading; likewise.
        set_aside: Reports that could not be taken; likewise.
        receptions: Messages that were heard and are as they were stored.
        receptions_before: Messages of before any were told of: nothing is proved of them.
        receptions_since: Messages since the last ones that were told of: not proved yet.
        further_receptions: Notes of who else heard a message, of which nothing is proved.
        hash: Hash of the last entry that is proved.
        at: When that was written, RFC 3339; empty of an empty journal.
        origin: Node that wrote it; empty of an empty journal.
        faults: What is wrong, the first in the journal first; none: all is as it was written.
    """

    entries: int
    documents: int
    accounts: int | None = None
    protected: int | None = None
    set_aside: int | None = None
    receptions: int = 0
    receptions_before: int = 0
    receptions_since: int = 0
    further_receptions: int = 0
    hash: bytes
    at: str = ""
    origin: str = ""
    faults: tuple[ChainFault, ...] = ()


class Progress(NamedTuple):
    """Progress of a verification: what it counts, how many are done, of how many."""

    subject: Literal["rows", "messages"]
    done: int
    total: int


class ProofMark(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"documents": "papers", "last_reception": "heard"},
):
    """The state of an interrupted verification, from which it can continue.

    Attributes:
        seq: Number of the last entry that is proved.
        hash: Its hash.
        documents: Versions of documents that are proved.
        rows: What the journal told of rows until there.
        spans: What it told of messages until there, each with the number of its line.
        last_reception: Number of the last message that was compared; 0: none.
    """

    seq: int
    hash: bytes
    documents: int
    rows: RowReplay
    spans: list[tuple[int, reception_digests.MessageSpan]]
    last_reception: int


class _PlainWords(msgspec.Struct, frozen=True, rename={"became": "is"}):
    """Detail of an entry about a version whose plain words were encrypted (`plain_words`)."""

    version: int
    was: str
    became: str


class _VersionDigest(msgspec.Struct):
    """Detail of an entry about a document version."""

    version: int = 0
    sha256: str = ""


def prove(
    connection: Connection,
    *,
    heads: Iterable[tuple[int, bytes]] = (),
    progress: Callable[[Progress], None] = lambda _: None,
    after: ProofMark | None = None,
    mark: Callable[[Callable[[], ProofMark]], None] = lambda _: None,
) -> JournalProof:
    """Verify the whole journal and return the result.

    Args:
        connection: To the store, in one transaction.
        heads: Numbers and hashes of entries that were signed once.
        progress: Told how far it is, now and then.
        after: How far it came before it was interrupted; what lies before is not read again.
        mark: Told, as long as nothing is wrong, what returns how far it is.
    """
    documents, found, rewritten, has_row_fault = 0, False, False, False
    rows, receptions, contradicted, chain = (
        RowReplay(),
        reception_digests.SpanReplay(),
        False,
        Chain(),
    )
    if after is not None:
        documents, rows, chain = after.documents, after.rows, Chain(after.seq, after.hash)
        receptions = reception_digests.SpanReplay(after.spans)
    messages, rows_agree = _ReceptionCounts(), False
    removed = removed_by_retention(connection)
    faults: list[ChainFault] = []
    last: Entry | None = None
    signed: dict[int, set[bytes]] = {}
    for seq, signed_hash in heads:
        signed.setdefault(seq, set()).add(signed_hash)
    if after is not None:
        last, faults_behind = _compare_signed(connection, after, signed)
        faults += faults_behind
    length = journal.end(connection)[0]

    def mark_here(last_reception: int = 0 if after is None else after.last_reception) -> ProofMark:
        return ProofMark(
            seq=chain.seq,
            hash=chain.hash,
            documents=documents,
            rows=rows,
            spans=[*receptions.spans()],
            last_reception=last_reception,
        )

    for entries, fault in read_pages(connection, chain.seq):
        for entry in entries:
            fault_here = chain.take(entry)
            if fault_here is not None:
                fault = fault_here
                break
            if entry.seq in signed and signed.pop(entry.seq) != {entry.hash}:
                faults += [] if rewritten else [rewritten_fault(entry.seq)]
                rewritten = True
            why = receptions.take(entry)
            if why and not contradicted:
                faults.append(ChainFault(seq=entry.seq, what="altered", reason=why))
                contradicted = True
            if fault_here := row_fault(rows, entry):
                faults += [fault_here] if not has_row_fault else []
                has_row_fault = True
            last = entry
        # Of what follows a fault nothing is proved, and of documents the first fault is enough.
        if not found:
            proved = [entry for entry in entries if entry.seq <= chain.seq]
            count, document_fault = compare(connection, proved, removed)
            documents += count
            first = (
                document_fault
                or compare_photos(connection, proved, removed)
                or compare_statements(connection, proved)
            )
            if first is not None:
                faults.append(first)
                found = True
        progress(Progress("rows", chain.seq, length))
        if fault is not None:
            faults.append(fault)
            break
        if not (faults or has_row_fault):
            mark(mark_here)
    else:
        if max(signed, default=0) > chain.seq:
            why = f"the signed head is row {max(signed)}: the tail was cut off"
            faults.append(ChainFault(seq=chain.seq + 1, what="missing", reason=why))
        if not found:
            faults += _unwritten(connection, documents)
        messages = _receptions(
            connection,
            receptions,
            0 if after is None else after.last_reception,
            progress,
            (lambda _: None) if faults else lambda done: mark(lambda: mark_here(done)),
        )
        faults += [] if messages.fault is None else [messages.fault]
        if not has_row_fault:
            faults_now = _rows_now(rows, connection)
            faults += faults_now
            rows_agree = not faults_now
    return JournalProof(
        entries=chain.seq,
        documents=documents,
        accounts=_proved(rows.count(*ACCOUNTS), rows_agree),
        protected=_proved(rows.count(*PROTECTED), rows_agree),
        set_aside=_proved(rows.count(*SET_ASIDE), rows_agree),
        receptions=messages.proved,
        receptions_before=messages.before_count,
        receptions_since=messages.since_count,
        further_receptions=connection.execute(
            select(func.count()).select_from(also_heard)
        ).scalar_one(),
        hash=chain.hash,
        at="" if last is None else last.at.isoformat(),
        origin="" if last is None else last.origin,
        faults=tuple(sorted(faults, key=lambda fault: (fault.seq == 0, fault.seq))),
    )


def every_fault(connection: Connection) -> tuple[tuple[ChainFault, ...], int]:
    """Verify everything as `prove` does, but go on after each fault, for a store that lost rows.

    Returns:
        What is wrong, the first in the journal first; of rows that are missing one after the other
        the first is named. And of how many versions of documents no row tells any more.
    """
    chain, proved, removed = Chain(), 0, removed_by_retention(connection)
    found: list[ChainFault] = []
    after: int | None = 0
    while after is not None:
        start, after = after, None
        for entries, unreadable in read_pages(connection, start):
            for entry in entries:
                fault = chain.take(entry)
                if fault is not None and fault.what == "missing":
                    found.append(fault)
                    chain = Chain(entry.seq - 1, entry.previous)
                    fault = chain.take(entry)
                if fault is not None:
                    found.append(fault)
                    chain = Chain(entry.seq, entry.hash)
            proved += _all_of(compare, connection, entries, removed, found)
            _all_of(_photos_compared, connection, entries, removed, found)
            if unreadable is not None:
                found.append(unreadable)
                chain = Chain(unreadable.seq, FIRST)
                after = unreadable.seq
    count = connection.exec_driver_sql("SELECT count(*) FROM papers").scalar_one()
    return tuple(sorted(found, key=lambda fault: fault.seq)), max(0, count - proved)


def _all_of(
    compare: Callable[
        [Connection, Sequence[Entry], AbstractSet[bytes]], tuple[int, ChainFault | None]
    ],
    connection: Connection,
    entries: Sequence[Entry],
    removed: AbstractSet[bytes],
    found: list[ChainFault],
) -> int:
    """Compare all, adding each fault to `found`; return how many agree with the journal."""
    total = 0
    while True:
        count, fault = compare(connection, entries, removed)
        total += count
        if fault is None:
            return total
        found.append(fault)
        entries = [entry for entry in entries if entry.seq > fault.seq]


def _photos_compared(
    connection: Connection, entries: Sequence[Entry], removed: AbstractSet[bytes]
) -> tuple[int, ChainFault | None]:
    return 0, compare_photos(connection, entries, removed)


def removed_by_retention(connection: Connection) -> frozenset[bytes]:
    """Return what retention removed, by entries of the same chain: it is not missed."""
    return frozenset(row[0] for row in _rows(connection, _REMOVED, (REMOVED,)))


def pages(connection: Connection, *, after: int = 0) -> Iterator[list[Entry]]:
    """Yield the journal in pages, from the entry after `after` on.

    Raises:
        ValueError: If an entry cannot be read; it names it.
    """
    for entries, fault in read_pages(connection, after):
        yield entries
        if fault is not None:
            raise ValueError(str(fault))


def read_pages(
    connection: Connection, after: int = 0
) -> Iterator[tuple[list[Entry], ChainFault | None]]:
    while True:
        rows = _rows(connection, _ENTRIES, (after, PAGE))
        entries: list[Entry] = []
        for row in rows:
            entry = _entry(row)
            if entry is None:
                why = "a column holds what was never written there"
                yield entries, ChainFault(seq=row[0], what="altered", reason=why)
                return
            entries.append(entry)
        yield entries, None
        if len(rows) < PAGE:
            return
        after = rows[-1][0]


def _entry(row: Sequence[Any]) -> Entry | None:
    seq, at_us, *texts, previous, own = row
    if not (isinstance(at_us, int) and isinstance(previous, bytes) and isinstance(own, bytes)):
        return None
    at = from_us(at_us)
    if to_us(at) != at_us:  # in no calendar
        return None
    try:
        act, actor, agency, subject, detail, origin = [text.decode() for text in texts]
    except (AttributeError, UnicodeDecodeError):
        return None
    return Entry(
        seq=seq,
        at=at,
        act=act,
        actor=actor,
        agency=agency,
        subject=subject,
        detail=detail,
        origin=origin,
        previous=previous,
        hash=own,
    )


def rewritten_fault(seq: int) -> ChainFault:
    why = "it is not the one whose hash was signed: the journal was written anew up to here"
    return ChainFault(seq=seq, what="altered", reason=why)


def _compare_signed(
    connection: Connection, mark: ProofMark, signed: dict[int, set[bytes]]
) -> tuple[Entry | None, list[ChainFault]]:
    """Compare signed heads with entries that are not read again, and remove them from `signed`.

    Returns:
        The entry of the mark, and what is wrong.
    """
    faults: list[ChainFault] = []
    last = next(iter(journal.page(connection, after=mark.seq - 1, limit=1)), None)
    if last is None or Chain(mark.seq - 1, last.previous).take(last) or last.hash != mark.hash:
        why = "it is not the one that was proved before the verification was interrupted"
        faults.append(ChainFault(seq=mark.seq, what="altered", reason=why))
    for seq in sorted(seq for seq in signed if 0 < seq <= mark.seq):
        rows = journal.page(connection, after=seq - 1, limit=1)
        if (not rows or signed[seq] != {rows[0].hash}) and not faults:
            faults.append(rewritten_fault(seq))
        del signed[seq]
    return last, faults


# -- what was heard


class _ReceptionCounts(NamedTuple):
    """Result for messages: how many are proved, came before or after the journalled ones, the
    fault.
    """

    proved: int = 0
    before_count: int = 0
    since_count: int = 0
    fault: ChainFault | None = None


def _receptions(
    connection: Connection,
    replay: reception_digests.SpanReplay,
    proved_id: int,
    progress: Callable[[Progress], None],
    mark: Callable[[int], None],
) -> _ReceptionCounts:
    """Compare the messages with the journalled spans, up to the first span that is altered.

    Those up to the number `proved_id` are not compared again.
    """
    count, fault = 0, None
    spans = [*replay.spans()]
    total = sum(span.count for _, span in spans)
    for seq, span in spans:
        if span.last <= proved_id:
            count += span.count
            continue
        fault = span_fault(connection, seq, span)
        if fault is not None:
            break
        count += span.count
        progress(Progress("messages", count, total))
        mark(span.last)
    stored = select(func.count()).select_from(transmissions)
    first = replay.first
    if first is None:
        return _ReceptionCounts(since_count=int(connection.execute(stored).scalar_one()))
    before = connection.execute(stored.where(transmissions.c.id <= first)).scalar_one()
    since = connection.execute(stored.where(transmissions.c.id > replay.last)).scalar_one()
    return _ReceptionCounts(count, int(before), int(since), fault)


def span_fault(
    connection: Connection, seq: int, span: reception_digests.MessageSpan
) -> ChainFault | None:
    """Return the fault of the messages of a span that the entry `seq` records."""
    place = reception_digests.SpanBounds(span.after, span.last, span.version)
    there = reception_digests.stored_span(connection, place)
    if there == (span.count, span.sha256):
        return None
    what: Literal["altered", "missing"] = "altered"
    why = "what they say is not what was stored"
    if there.rows < span.count:
        what, why = "missing", f"{there.rows} of {span.count} are there"
    messages = f"messages {span.after + 1} to {span.last} of what was heard"
    return ChainFault(seq=seq, what=what, document=messages, reason=why)


# -- rows that acts change: accounts, what is sealed, what was set aside

_CALLED: Final = {"protected_fields": "protected field", "set_aside": "report set aside"}


class _Changed(msgspec.Struct):
    """Detail of an entry about changed rows."""

    digests: Digests = {}


def _proved(count: int | None, rows_agree: bool) -> int | None:
    return count if rows_agree or count is None else 0


def row_fault(rows: RowReplay, entry: Entry) -> ChainFault | None:
    if f'"{DIGESTS}"' not in entry.detail:
        return None
    try:
        change = json_decoder(_Changed).decode(entry.detail)
    except msgspec.MsgspecError:  # another line's own word
        return None
    found = rows.take(entry, change.digests)
    if found is None:
        return None
    table, id = found
    why = "somebody changed it before this act, and not by an act of the journal"
    called = f"{_CALLED.get(table, table)} {id}"
    return ChainFault(seq=entry.seq, what="altered", document=called, reason=why)


def _rows_now(rows: RowReplay, connection: Connection) -> list[ChainFault]:
    found = rows.differs(connection)
    if found is None:
        return []
    table, id, what, seq = found
    why = {
        "altered": "it is not as the last act on it left it",
        "unwritten": "",
        "missing": "no act of the journal took it away",
    }[what]
    name = _name_of(connection, table, id)
    return [ChainFault(seq=seq, what=what, document=name, reason=why)]


def _name_of(connection: Connection, table: str, id: str) -> str:
    """Return what people know a row by: its table, its name where it has one, and its id."""
    columns, kind = COVERED[table].c, _CALLED.get(table, table)
    for name in ("name", "user", "call_sign", "address", "field", "reader"):
        if name in columns:
            query = select(columns[name]).where(columns.id == id)
            called = connection.execute(query).scalar()
            return f"{kind} {called or ''} {id}".replace("  ", " ")
    return f"{kind} {id}"


# -- documents


def compare(
    connection: Connection, entries: Sequence[Entry], removed: AbstractSet[bytes]
) -> tuple[int, ChainFault | None]:
    """Return how many versions agree with their entries, and the fault of the first other one."""
    expected = [
        version_entry for entry in entries if (version_entry := _version_claim(entry)) is not None
    ]
    count = 0
    for start in range(0, len(expected), _AT_ONCE):
        some = expected[start : start + _AT_ONCE]
        values = ",".join(["({mark},{mark})"] * len(some))
        query = tuple(part for _, _, id, version, _ in some for part in (id, version))
        rows = _rows(connection, _DOCUMENTS.replace("{values}", values), query)
        stored = {(row[0], row[1]): row for row in rows}
        for entry, kind, id, version, sha256 in some:
            row = stored.get((id.encode(), version))
            document = f"{kind} {id} version {version}"
            if row is None and entry.subject.encode() in removed:
                continue
            if row is None:
                why = "there is no such version any more"
                return count, ChainFault(
                    seq=entry.seq, what="missing", document=document, reason=why
                )
            why = _differs(row, kind, id, version, sha256)
            if why:
                sealed = _replaced(connection, f"{kind}:{id}", version, sha256)
                why = why if sealed is None else _differs(row, kind, id, version, sealed)
            if why:
                return count, ChainFault(
                    seq=entry.seq, what="altered", document=document, reason=why
                )
            count += 1
    return count, None


def _replaced(connection: Connection, subject: str, version: int, was: str) -> str | None:
    """Return the new hash of a version whose plain words were encrypted."""
    for (detail,) in _rows(connection, _REPLACED, (subject,)):
        with suppress(msgspec.MsgspecError):
            change = json_decoder(_PlainWords).decode(detail)
            if (change.version, change.was) == (version, was):
                return change.became
    return None


def _version_claim(entry: Entry) -> tuple[Entry, str, str, int, str] | None:
    if '"sha256"' not in entry.detail:
        return None
    try:
        version_entry = json_decoder(_VersionDigest).decode(entry.detail)
    except msgspec.MsgspecError:
        return None
    kind, colon, id = entry.subject.partition(":")
    if not (colon and version_entry.version and version_entry.sha256):
        return None
    return entry, kind, id, version_entry.version, version_entry.sha256


def _differs(row: Sequence[Any], kind: str, id: str, version: int, sha256: str) -> str:
    """Return how a row differs from what was written; empty if it does not."""
    _, _, kind_there, agency, at_us, closed, body = row
    if not isinstance(body, bytes) or hashlib.sha256(body).hexdigest() != sha256:
        return "its content is not what was written"
    if kind_there != kind.encode():
        return "it stands under another kind"
    try:
        # Of a kind that this version does not know, the least that every document has.
        document = decode(kind, body) if kind in KINDS else json_decoder(_Plain).decode(body)
    except msgspec.MsgspecError:
        return ""  # as it was written, though nobody can read it
    if document.id != id or document.version != version:
        return "it stands under another id or version"
    if agency != document.agency.encode() or at_us != to_us(document.at):
        return "it stands under another agency or time"
    if isinstance(document, Document) and closed != int(document.is_closed):
        return "it is shown as closed, or as open, and is not"
    return ""


def compare_photos(
    connection: Connection, entries: Sequence[Entry], removed: AbstractSet[bytes]
) -> ChainFault | None:
    """Return the first photo or original that is not as it was when an entry tells of it."""
    for entry in entries:
        if entry.act not in (_KEPT, _SEALED) or not entry.subject.startswith(_PHOTO_KIND):
            continue
        sealed = entry.act == _SEALED
        try:
            sha256 = (
                json_decoder(_Sealed).decode(entry.detail).original
                if sealed
                else entry.subject.removeprefix(_PHOTO_KIND)
            )
            digest = bytes.fromhex(sha256)
        except (ValueError, msgspec.MsgspecError):  # somebody else's line, and no photo's
            continue
        rows = _rows(connection, _ORIGINAL if sealed else _PHOTO, (entry.agency, digest))
        photo = f"{'original' if sealed else 'photo'} {sha256}"
        if not rows and f"{'original' if sealed else 'photo'}:{sha256}".encode() in removed:
            continue
        if not rows:
            why = "it is not there any more"
            return ChainFault(seq=entry.seq, what="missing", document=photo, reason=why)
        body = rows[0][0]
        if not isinstance(body, bytes) or hashlib.sha256(body).hexdigest() != sha256:
            why = "it is not the picture that was kept"
            return ChainFault(seq=entry.seq, what="altered", document=photo, reason=why)
    return None


class _Sealed(msgspec.Struct):
    """Detail of an entry about a camera's own file."""

    original: str = ""


class _Plain(msgspec.Struct):
    """What every document has, of whatever kind."""

    id: str
    agency: str
    at: datetime
    version: int = 1


def _unwritten(connection: Connection, entries: int) -> list[ChainFault]:
    """Return what is wrong with documents that no entry tells of, and which one is the newest."""
    faults: list[ChainFault] = []
    row = connection.exec_driver_sql(_NEWEST).first()
    if row is not None:
        document = f"{row[2]} {row[0]} version {row[1]}"
        why = "another version is shown as the newest, or several are"
        faults.append(ChainFault(seq=0, what="altered", document=document, reason=why))
    count = connection.exec_driver_sql("SELECT count(*) FROM papers").scalar_one()
    if count == entries:
        return faults
    after: tuple[Any, Any] = ("", -1)
    while True:
        rows = _rows(connection, _VERSIONS, (*after, PAGE))
        for id, version, kind in rows:
            if version not in _journalled_versions(connection, f"{kind}:{id}"):
                document = f"{kind} {id} version {version}"
                faults.append(ChainFault(seq=0, what="unwritten", document=document))
                return faults
        if len(rows) < PAGE:
            return faults
        after = (rows[-1][0], rows[-1][1])


def _journalled_versions(connection: Connection, subject: str) -> set[int]:
    versions: set[int] = set()
    for (detail,) in _rows(connection, _VERSION_ENTRIES, (subject,)):
        with suppress(msgspec.MsgspecError):
            versions.add(json_decoder(_VersionDigest).decode(detail).version)
    return versions


def _rows(connection: Connection, query: str, values: tuple[Any, ...]) -> Sequence[Sequence[Any]]:
    """Return what a query of the above finds, texts as their bytes in UTF-8.

    On SQLite a column may hold anything; PostgreSQL keeps its types, and its bytes are as told.
    """
    mark, as_bytes = "?", "CAST({} AS BLOB)"
    if is_postgres(connection):
        mark, as_bytes = "%s", "convert_to({}, 'UTF8')"
    texts = {name: as_bytes.format(name) for name in _TEXTS}
    return connection.exec_driver_sql(query.format(mark=mark, **texts), values).fetchall()
