"""Retention: thins and removes old positions by the node's policy.

Three stages, each by the time a message was heard: after some days one position a minute of each
address stays, after more of them one in a quarter of an hour, and at last none. What says more than
where somebody is (a text, a status, a call for help, a name) stays until the last stage. Documents,
photos, originals and texts to radios go kind by kind (`patrol.maintenance.kind_retention`); the
journal and accounts are not touched at all. What a legal hold on a unit or agency covers stays.

What may be asked for as evidence stays whole: everything that was heard about the time of an
incident, of a target, of a hand-off and of a call for help, until their last change; and what the
unit of any alert said about its time. Of an alert that is open, and of a hand-off of which
something is still to be sent to another node, it stays until now. (An incident that nobody ever
closes must not keep everything.) What a signed pack tells lies in that pack, whatever goes here.

Nothing goes while the clock cannot be believed (`patrol.maintenance.trusted_clock`).

It works in small steps between which the watch goes on. How far it is stands in the store.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from patrol.alerts.alert import Alert
from patrol.documents.document import kind_of
from patrol.errors.errors import PatrolError
from patrol.incidents.incident import Incident
from patrol.maintenance.kind_retention import KindRetention
from patrol.maintenance.retention_policy import LEAST_RAW, RetentionPolicy
from patrol.maintenance.trusted_clock import CredibleClock
from patrol.picture.picture import VOICE
from patrol.store.engine import partitions
from patrol.store.journal import reception_digests
from patrol.store.protection import legal_holds
from patrol.store.receptions import thinning
from patrol.store.receptions.thinning import DocumentSummary, RetentionCandidate
from patrol.store.schema.tables import from_us, to_us
from patrol.store.store import Store
from patrol.targets.hand_off import HandOff
from patrol.targets.target import Target

DAY: Final = timedelta(days=1)

EVERY: Final = timedelta(hours=1)
"""How often it is looked whether there is something to do."""

_KINDS: Final = tuple(kind_of(each) for each in (Alert, HandOff, Incident, Target))
_DAY_US: Final = DAY // timedelta(microseconds=1)
_EVER: Final = 1 << 62
_REST: Final = 4.0  # times as long as a step took: at most a fifth of the store's writer

Window = tuple[int, int]
"""From when (in) to when (out), microseconds since 1970 UTC, effective time."""

log = structlog.get_logger(__name__)


class RetentionNeeds(msgspec.Struct, frozen=True):
    """What stays whole.

    Attributes:
        all: Windows in which everything does.
        of: Windows in which what a unit or radio said does, by its id.
    """

    all: list[Window]
    of: Mapping[str, list[Window]]

    def windows(self, ids: Iterable[str]) -> list[Window]:
        """Return the windows of what stands for any of some ids, in order and apart."""
        found = [*self.all]
        for id in ids:
            found += self.of.get(id, [])
        return merged(found)


def merged(windows: Iterable[Window]) -> list[Window]:
    """Return windows in order, those that meet as one.

    >>> merged([(5, 7), (1, 3), (3, 4)])
    [(1, 4), (5, 7)]
    """
    found: list[Window] = []
    for start, end in sorted(windows):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def needed(documents: Iterable[DocumentSummary], around: timedelta) -> RetentionNeeds:
    """Return the records that some documents need whole."""
    margin = around // timedelta(microseconds=1)
    everything: list[Window] = []
    of: dict[str, list[Window]] = {}
    for summary in documents:
        document, times = summary.document, [summary.first_us, summary.last_us]
        times += [to_us(time_) for time_ in _times(summary.document)]
        start, end = min(times) - margin, max(times) + margin
        if isinstance(document, Alert):
            for id in {document.unit, *document.subject.split("|")} - {None, ""}:
                of.setdefault(str(id), []).append((start, end if summary.closed else _EVER))
        if isinstance(document, HandOff) and not summary.closed:
            end = _EVER
        if not isinstance(document, Alert) or document.severity == "sos":
            everything.append((start, end))
    return RetentionNeeds(merged(everything), of)


def due_for_removal(
    messages: Sequence[RetentionCandidate], windows: Sequence[Window], part_us: int | None
) -> list[RetentionCandidate]:
    """Return the messages that go.

    Args:
        messages: Of one address.
        windows: In which all stay, in order and apart.
        part_us: Of each part of the effective time so long the position that was stored last stays,
            of those for a map and of the others; None: none does.
    """
    stay: dict[tuple[int, int], RetentionCandidate] = {}
    if part_us is not None:
        for each in messages:
            if each.bare:
                key = (each.usable, each.time_us // part_us)
                if key not in stay or stay[key].id < each.id:
                    stay[key] = each
    kept_ids = {each.id for each in stay.values()}
    return [
        each
        for each in messages
        if each.id not in kept_ids
        and (each.bare or part_us is None)
        and not any(start <= each.time_us < end for start, end in windows)
    ]


class Retention:
    """Thins old positions; a part of the node, beside its watch.

    Args:
        store: Where messages are.
        policy: How long what is kept.
        kinds: Removes old documents, photos and texts; None: nothing does.
        agency: Owner of what nobody else owns.
        node: This node's id.
        now: The node's clock, aware UTC.
        steady: Seconds that only ever pass, whatever is done to the clock.
    """

    def __init__(
        self,
        store: Store,
        policy: RetentionPolicy | None,
        *,
        kinds: KindRetention | None = None,
        agency: str,
        node: str,
        now: Callable[[], datetime],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._policy = policy
        self._kinds = kinds
        self._agency, self._node = agency, node
        self._now = now
        self._clock = CredibleClock(store, agency=agency, node=node, now=now, steady=steady)

    async def run(self) -> None:
        """Keep at it, and see to the tables of the coming months; ends by being cancelled."""
        while True:
            try:
                await self._store.write(partitions.make_ahead, self._now())
                count = await self._store.read(partitions.count_strays)
                if count:
                    log.warning(
                        "messages claim to be heard years ago or in the future", count=count
                    )
                await self.catch_up()
            except PatrolError as error:  # the watch tells people of it
                log.warning("old messages are not thinned", fault=str(error))
            except Exception:
                log.exception("old messages are not thinned")
            await asyncio.sleep(EVERY.total_seconds())

    async def catch_up(self) -> int:
        """Do all that is due, a day after the other; return how many messages went.

        Raises:
            StoreError: If the store cannot be read or written, or one of its documents not be read.
        """
        removed = 0
        if (self._policy is None and self._kinds is None) or not await self._clock.is_credible():
            return removed
        if self._policy is not None:
            for stage, age, part_us in self._policy.stages():
                while (day := await self._next_day(stage, age)) is not None:
                    removed += await self._thin(stage, day, part_us)
                if part_us is None:
                    await self._store.write(partitions.drop_empty, to_us(self._clock.now() - age))
        if self._kinds is not None:
            await self._kinds.catch_up(self._clock.now())
        return removed

    async def _next_day(self, stage: str, age: timedelta) -> int | None:
        """Return the next day that is due for a stage, by its first microsecond."""
        done = await self._store.read(thinning.mark, stage)
        first = await self._store.read(thinning.first_heard_since, -_EVER if done is None else done)
        if first is None:
            return None
        day = first // _DAY_US * _DAY_US
        return day if day + _DAY_US <= to_us(self._clock.now() - age) else None

    async def _thin(self, stage: str, day: int, part_us: int | None) -> int:
        assert self._policy is not None
        end = day + _DAY_US
        # What is late was heard up to `LEAST_RAW` after the time it tells of; and an incident may
        # tell of a whole month, by any calendar.
        since = from_us(day) - 2 * LEAST_RAW - 2 * DAY - self._policy.around
        documents = await self._store.read(thinning.recent_documents, _KINDS, since)
        needs = needed(documents, self._policy.around)
        held = await self._store.read(legal_holds.held_units)
        everything = self._agency in await self._store.read(legal_holds.held_agencies)
        removed = 0
        # The newest stays: its number must not be given again, to a message that no line tells of.
        newest = await self._store.read(thinning.last_id)
        spans = await self._store.read(reception_digests.spans)
        span_ids: dict[reception_digests.SpanBounds, array[int]] = {}
        for address in await self._store.read(thinning.all_addresses):
            messages = await self._store.read(thinning.messages, address, day, end)
            if not messages or everything:
                continue
            units = await self._store.read(thinning.units_of, address)
            # Under this address stands what a unit said by voice.
            spoken = address.removeprefix(f"{VOICE}:")
            if held & {spoken, *units}:
                continue
            going = await asyncio.to_thread(
                due_for_removal, messages, needs.windows({address, spoken, *units}), part_us
            )
            untold: list[RetentionCandidate] = []
            for each in going:
                span = reception_digests.span_of(spans, each.id)
                if span is None:
                    untold.append(each)
                elif each.id != newest:
                    span_ids.setdefault(span, array("q")).append(each.id)
            for at in range(0, len(untold), thinning.AT_ONCE):
                began = time.monotonic()
                some = untold[at : at + thinning.AT_ONCE]
                removed += await self._store.write(thinning.take_out, some)
                await asyncio.sleep(_REST * (time.monotonic() - began))
        for span, ids in sorted(span_ids.items()):
            began = time.monotonic()
            removed += await self._store.write(
                thinning.take_out_recorded, span, frozenset(ids), self._now(), origin=self._node
            )
            await asyncio.sleep(_REST * (time.monotonic() - began))
        await self._store.write(
            thinning.put_mark, stage, end, agency=self._agency, origin=self._node
        )
        log.info("thinned", stage=stage, day=f"{from_us(day):%F}", gone=removed)
        return removed


def _times(document: object) -> list[datetime]:
    """Return the times that a document names, beside those of its versions."""
    if isinstance(document, Alert):
        return [document.raised_at]
    if isinstance(document, Incident):
        # A year is no time that anybody can ask evidence of.
        if document.precision == "year":
            return []
        # A day is that of the calendar on the spot: east of UTC its night is the day before there.
        return [*document.longest_span]
    if isinstance(document, HandOff):
        return [document.offered_at]
    if isinstance(document, Target):
        return [each.at for each in document.sightings]
    return []
