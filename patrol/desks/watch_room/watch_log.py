"""WatchLogDesk: writing into the watch log, its time line, and the phrases of an agency."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from patrol.audit.chain import DIGESTS, SALT, Entry
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import Document, new_id, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents_registry.document_kinds import KINDS
from patrol.duty.watch_log import JOINT_KINDS, LOG_KINDS, LogEntry, LogLine, LogPage
from patrol.errors.errors import Conflict, NotFound
from patrol.messages.phrases import Phrase
from patrol.store.journal import journal
from patrol.store.records import documents
from radio_gateway.parsing.msgspec_decoders import json_decoder

MOST_LINES: Final = 500
"""Of one page."""

MOST_PHRASES: Final = 500
"""Of one agency."""

LOOKED_AT: Final = 20_000  # lines of the journal in one read
READS: Final = 5  # for one page; then it is as long as it is
EXPORTED_AT_ONCE: Final = 2_000
VIEWS: Final = frozenset({"see shared incidents", "see shared photo"})
"""Proof for the journal: in the log the ids of what was shown would outlast the agreement."""

AHEAD: Final = timedelta(minutes=1)


class WatchLogDesk:
    """What one user may write into and see of the watch log.

    Args:
        access: What the user may read, see and file.
    """

    def __init__(self, access: DocumentAccess) -> None:
        self._access = access

    async def write(
        self,
        text: str,
        *,
        happened_at: datetime | None = None,
        office: str = "",
        about: str = "",
        corrects: str = "",
    ) -> LogEntry:
        """Write an entry.

        Args:
            text: The words.
            happened_at: When it happened, aware UTC; None: now.
            office: The border liaison office.
            about: What it is about, `kind:id`.
            corrects: Id of the entry that it puts right.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no entry that it could put right.
            Conflict: If it is still to happen.
            StoreError: If the store refuses.
        """
        self._access.may("write in the watch log")
        if corrects:
            other = await self._access.any_document(LogEntry, corrects)
            if other.agency != self._access.user.agency:
                raise NotFound("log_entry", corrects)
        id = new_id()

        def decide(_open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            if happened_at is not None and happened_at > now + AHEAD:
                raise Conflict("that is still to happen")
            return (
                LogEntry(
                    id=id,
                    agency=self._access.user.agency,
                    at=now,
                    by=self._access.user.name,
                    origin=self._access.node,
                    text=text,
                    happened_at=happened_at or now,
                    office=office,
                    about=about,
                    corrects=corrects,
                ),
            )

        [entry] = await self._access.file("write log", decide)
        assert isinstance(entry, LogEntry)
        return entry

    async def timeline(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        since: datetime | None = None,
        until: datetime | None = None,
        typed: bool | None = None,
    ) -> LogPage:
        """Return the time line, newest first.

        Args:
            before: Only lines with smaller numbers.
            limit: Most lines; there may be fewer and still more to come.
            since: Only those written at this time or later.
            until: Only those written before this time.
            typed: True: only what was typed; False: only what was not.

        Raises:
            Forbidden: If the role may not.
            StoreError: If the journal cannot be read.
        """
        self._access.may("see the watch log")
        limit = max(1, min(limit, MOST_LINES))
        first, end = await self._access.read(_line_range, since, until)
        before = end if before is None else min(before, end)
        lines: list[LogLine] = []
        for _ in range(READS):
            after = max(before - LOOKED_AT, first - 1)
            rest = limit - len(lines)
            found = await self._read(after, before, rest, typed)
            lines += [line for entry, document in found if (line := self._line(entry, document))]
            # As many as were asked for: there may be more in what was looked at.
            before = found[-1][0].seq if len(found) == rest else after + 1
            if before <= first or len(lines) >= limit:
                break
        return LogPage(lines=tuple(lines), before=before if before > first else None)

    async def export(self, *, since: datetime, until: datetime) -> AsyncIterator[LogLine]:
        """Yield the time line from `since` to `until`, oldest first. It is noted in the journal.

        Raises:
            Forbidden: If the role may not.
            StoreError: If the journal cannot be read.
        """
        self._access.may("see the watch log")
        first, end = await self._access.read(_line_range, since, until)
        for start in range(first - 1, end - 1, EXPORTED_AT_ONCE):
            stop = min(start + EXPORTED_AT_ONCE + 1, end)
            for entry, document in reversed(await self._read(start, stop, EXPORTED_AT_ONCE, None)):
                line = self._line(entry, document)
                if line is not None:
                    yield line

    async def _read(
        self, after: int, before: int, limit: int, typed: bool | None
    ) -> list[tuple[Entry, Document | None]]:
        own = LOG_KINDS if typed is None else {"log_entry"} if typed else LOG_KINDS - {"log_entry"}
        joint = frozenset[str]() if typed else JOINT_KINDS
        return await self._access.read(
            _read,
            self._access.user.agency,
            own=own,
            joint=joint,
            after=after,
            before=before,
            limit=limit,
        )

    def _line(self, entry: Entry, document: Document | None) -> LogLine | None:
        """Return an entry as the user may see it; None for nothing."""
        agency = self._access.user.agency
        visible = None if document is None else self._access.policy.document(document)
        if document is not None and (visible is None or agency not in document.parties):
            return None
        if document is None and entry.act in VIEWS:
            return None
        own = entry.agency == agency
        if not own and (visible is None or not self._may_know(entry)):
            return None
        detail = _detail(entry.detail)
        if not own:  # of others' acts what they are, and why; not by whom
            detail = {key: detail[key] for key in ("version", "reason") if key in detail}
        line = LogLine(
            seq=entry.seq,
            at=entry.at,
            act=entry.act,
            subject=entry.subject,
            agency=entry.agency,
            actor=entry.actor if own else "",
            text="" if visible is None else _title(visible),
            detail=detail,
        )
        if not isinstance(visible, LogEntry):
            return line
        return msgspec.structs.replace(
            line,
            typed=True,
            text=visible.text,
            happened_at=visible.happened_at,
            office=visible.office,
            about=visible.about,
            corrects=visible.corrects,
        )

    def _may_know(self, entry: Entry) -> bool:
        """Return whether another party's act may be told: of an agreement always, so that each
        side knows who suspended it and why; of the rest while one is in force.
        """
        policy = self._access.policy
        if entry.subject.startswith("agreement:") or policy.sharing is None:
            return True
        return policy.sharing.joined(policy.agency, entry.agency, self._access.now())

    # -- phrases

    def phrases(self, *, language: str | None = None, topic: str | None = None) -> list[Phrase]:
        """Return the agency's phrases by topic and language.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see phrases")
        found = [
            each
            for each in self._access.open_documents.all(Phrase)
            if each.agency == self._access.user.agency
            and language in (None, each.language)
            and topic in (None, each.topic)
        ]
        return sorted(found, key=lambda each: (each.topic, each.language, each.text, each.id))

    async def add_phrase(self, *, language: str, text: str, topic: str = "") -> Phrase:
        """Keep a phrase.

        Raises:
            Forbidden: If the role may not.
            Conflict: If there is the same already, or there are too many.
        """
        self._access.may("keep phrases")
        id = new_id()

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            phrase = Phrase(
                id=id,
                agency=self._access.user.agency,
                at=now,
                by=self._access.user.name,
                origin=self._access.node,
                language=language,
                text=text,
                topic=topic,
            )
            _check_phrase(open_documents, phrase)
            return (phrase,)

        return _phrase(await self._access.file("add phrase", decide))

    async def change_phrase(self, id: str, version: int, changes: dict[str, str]) -> Phrase:
        """Change language, text or topic of a phrase.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none in use.
            Conflict: If it has changed meanwhile, or there is the same already.
        """
        self._access.may("keep phrases")

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            phrase = _current(self._access.own(open_documents, Phrase, id), version)
            changed = revise(phrase, at=now, by=self._access.user.name, **changes)
            _check_phrase(open_documents, changed)
            return (changed,)

        return _phrase(await self._access.file("change phrase", decide))

    async def retire_phrase(self, id: str, version: int) -> Phrase:
        """Take a phrase out of use.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none in use.
            Conflict: If it has changed meanwhile.
        """
        self._access.may("keep phrases")

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            phrase = _current(self._access.own(open_documents, Phrase, id), version)
            return (revise(phrase, at=now, by=self._access.user.name, retired_at=now),)

        return _phrase(await self._access.file("retire phrase", decide))


def _line_range(
    connection: Connection, since: datetime | None, until: datetime | None
) -> tuple[int, int]:
    """Return the number of the first line that is wanted, and the one after the last."""
    first = 1 if since is None else journal.at_or_after(connection, since)
    if until is not None:
        return first, journal.at_or_after(connection, until)
    return first, journal.end(connection)[0] + 1


def _read(
    connection: Connection,
    agency: str,
    *,
    own: frozenset[str] | set[str],
    joint: frozenset[str],
    after: int,
    before: int,
    limit: int,
) -> list[tuple[Entry, Document | None]]:
    """Return entries, newest first, each with the version of the document that it names."""
    entries = journal.of_kinds(
        connection, agency=agency, own=own, joint=joint, after=after, before=before, limit=limit
    )
    return [(entry, _document(connection, entry)) for entry in entries]


def _document(connection: Connection, entry: Entry) -> Document | None:
    kind, _, id = entry.subject.partition(":")
    version = _detail(entry.detail).get("version")
    if kind not in KINDS or not isinstance(version, int):
        return None
    return documents.at_version(connection, kind, id, version)


def _detail(text: str) -> dict[str, Any]:
    try:
        detail = json_decoder(dict[str, Any]).decode(text)
    except msgspec.MsgspecError:
        return {}
    for name in ("sha256", SALT, DIGESTS):  # what proves the line, and tells nobody anything
        detail.pop(name, None)
    return detail


def _title(document: Document) -> str:
    """Return the title of a document, by the field that its kind has for it."""
    for name in ("name", "title", "rule", "description", "text", "officer", "office"):
        value = getattr(document, name, None)
        if isinstance(value, str) and value:
            return value[:300]
    return ""


def _check_phrase(open_documents: OpenDocuments, phrase: Phrase) -> None:
    others = [
        each
        for each in open_documents.all(Phrase)
        if each.agency == phrase.agency and each.id != phrase.id
    ]
    if len(others) >= MOST_PHRASES:
        raise Conflict(f"an agency keeps {MOST_PHRASES} phrases at most")
    if any((each.language, each.text) == (phrase.language, phrase.text) for each in others):
        raise Conflict("there is the same phrase already")


def _current(phrase: Phrase, version: int) -> Phrase:
    if phrase.version != version:
        raise Conflict(f"the phrase is at version {phrase.version}: look at it again")
    return phrase


def _phrase(filed: Sequence[Document]) -> Phrase:
    [phrase] = filed
    assert isinstance(phrase, Phrase)
    return phrase
