"""ReplayDesk: the documents of some period in all their versions, and its positions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import msgspec

from patrol.audit.chain import Entry
from patrol.desks.planning.sectors import SectorDesk
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import Document
from patrol.errors.errors import Forbidden, NotFound
from patrol.patrols.patrol import Patrol
from patrol.picture.address_spans import spans_of_radio, spans_of_unit
from patrol.picture.picture import Picture
from patrol.sectors.sector import Sector
from patrol.store.journal import journal
from patrol.store.tracks import replay_columns as films
from patrol.units.permissions import may
from radio_gateway.messages.transmission import Transmission

MOST_DOCUMENTS: Final = 2_000
"""Documents of one answer; those changed last are kept."""

MOST_RAW: Final = 200_000
"""Messages of one answer."""

MOST_ROWS: Final = 200_000
"""Rows of the journal of one answer."""

ROWS_AT_ONCE: Final = 5_000


class DocumentHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Versions of documents from one moment to another.

    Attributes:
        documents: Every version that was in use then, by the time it was made; and of incidents and
            alerts of that time that were told only later, what was told.
        outlines: GeoJSON of sectors' areas, by `id version`.
        has_more: More documents stood than are told.
    """

    documents: tuple[Any, ...]
    outlines: dict[str, dict[str, Any]]
    has_more: bool = False


class LinkedRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row of the journal: whole where the user may see it, else only its place in the chain.

    Attributes:
        seq: Its number.
        previous: Hash of the row before, hexadecimal.
        hash: Its own.
        entry: Its content.
    """

    seq: int
    previous: str
    hash: str
    entry: Entry | None = None


Versions: TypeAlias = Callable[[str], Awaitable[Sequence[Document]]]


class ReplayDesk:
    """What one user may see of a stretch of time.

    Args:
        access: What the user may read, see and file.
        picture: What is known of units and radios now.
        agency: Owner of what nobody else owns.
        sectors: Knows how a sector lies.
        versions: Return every version of a document that the user may see, by its kind.
    """

    def __init__(
        self,
        access: DocumentAccess,
        *,
        picture: Picture,
        agency: str,
        sectors: SectorDesk,
        versions: Mapping[str, Versions],
    ) -> None:
        self._access, self._picture, self._agency = access, picture, agency
        self._sectors, self._versions = sectors, versions

    async def documents_between(self, *, start: datetime, end: datetime) -> DocumentHistory:
        """Return what documents said from `start` to `end`, as far as the user may see them, and
        the incidents and alerts of that time that were told only later.

        Of another agency's sectors, patrols and incidents that is the newest version alone: what
        they said before is not told.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see tracks")
        kinds = sorted(self._versions)
        found = await self._access.read(
            films.documents_between, kinds, start, end, MOST_DOCUMENTS + 1
        )
        later = dict.fromkeys(
            await self._access.read(films.changed_later, start, end, MOST_DOCUMENTS + 1)
        )
        chosen = dict.fromkeys((*found, *later))
        visible: list[Document] = []
        for kind, id in list(chosen)[:MOST_DOCUMENTS]:
            try:
                versions = await self._versions[kind](id)
            except (Forbidden, NotFound):
                continue
            some = _in_use(versions, start, end)
            if not some and (kind, id) in later:
                some = [each for each in versions if each.at >= end]
            visible += [self._own_part(each) for each in some]
        visible.sort(key=lambda each: (each.at, each.id, each.version))
        outlines = await asyncio.to_thread(self._outlines, visible)
        return DocumentHistory(
            documents=tuple(visible), outlines=outlines, has_more=len(chosen) > MOST_DOCUMENTS
        )

    async def raw_transmissions(
        self, unit: str, *, start: datetime, end: datetime, most: int = MOST_RAW
    ) -> list[Transmission] | None:
        """Return what the radios of a unit of the user's agency sent, or a radio that nobody has
        registered and the agency owns; None of another's, whose messages never cross.

        Args:
            unit: Its id, or the radio's address.
            start: First moment, aware UTC.
            end: Moment after the last, aware UTC.
            most: Most messages, the first ones.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see what a radio sent")
        known = self._picture.units.get(unit)
        owner = self._agency if known is None else known.agency
        if owner != self._access.user.agency:
            return None
        spans_of = spans_of_radio if known is None else spans_of_unit
        spans = spans_of(self._picture, unit, start=start, end=end)
        agencies = {owner, self._agency}
        return await self._access.read(films.raw, spans, agencies, most)

    async def rows(self, *, start: datetime, end: datetime) -> tuple[list[LinkedRow], bool]:
        """Return the journal's rows from `start` to `end`, and whether these are all.

        Rows of other agencies, and all for a role that may not see the journal, show only how they
        hang together.

        Raises:
            Forbidden: If the role may not see tracks.
        """
        self._access.may("see tracks")
        reads = may(self._access.user.role, "see the journal")
        first = await self._access.read(journal.at_or_after, start)
        entries: list[Entry] = []
        while len(entries) <= MOST_ROWS:
            after = entries[-1].seq if entries else first - 1
            some = await self._access.read(journal.page, after=after, limit=ROWS_AT_ONCE)
            inside = [number for number, each in enumerate(some, start=1) if each.at < end]
            if not inside:
                break
            # With what stands between: a clock that was set back must not tear the chain.
            entries += some[: inside[-1]]
        own = self._access.user.agency if reads else None
        linked = await asyncio.to_thread(lambda: [_linked_row(each, own) for each in entries])
        return linked[:MOST_ROWS], len(linked) <= MOST_ROWS

    def _outlines(self, documents: Sequence[Document]) -> dict[str, dict[str, Any]]:
        """Return the areas of sectors that are stretches of a river, by `id version`."""
        found = {}
        for each in documents:
            if isinstance(each, Sector) and each.polygon is None:
                lie = self._sectors.geography_of(each)
                if lie.outline is not None:
                    found[f"{each.id} {each.version}"] = lie.outline
        return found

    def _own_part(self, document: Document) -> Document:
        """Return what is left of a joint patrol while no agreement joins its agencies: the own part
        of each version, also of the draft that was the own agency's alone.
        """
        sharing, own = self._access.policy.sharing, self._access.user.agency
        if not isinstance(document, Patrol) or sharing is None or own not in document.parties:
            return document
        now = self._access.now()
        joined = all(sharing.joined(own, each, now) for each in document.agencies if each != own)
        return document if joined else document.own_part(own)


def _linked_row(entry: Entry, own: str | None) -> LinkedRow:
    """Return a row, whole if it is on behalf of the agency `own`."""
    return LinkedRow(
        seq=entry.seq,
        previous=entry.previous.hex(),
        hash=entry.hash.hex(),
        entry=entry if entry.agency == own else None,
    )


def _in_use(versions: Sequence[Document], start: datetime, end: datetime) -> list[Document]:
    """Return the versions that stood at some time from `start` to `end`."""
    found: list[Document] = []
    for number, each in enumerate(versions):
        until = versions[number + 1].at if number + 1 < len(versions) else None
        if each.at < end and (until is None or until > start):
            found.append(each)
    if found and found[-1].is_closed and found[-1].at < start:
        found.pop()
    return found
