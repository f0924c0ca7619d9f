"""Replay: all that is needed to play a stretch of time, and to take it away.

What is read at once is bounded, for each user and for the node (`maps.replay.replay_turns`): who
asks for more is told to come again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from gis.tracks.effort import Amount
from gis.tracks.legs import MAX_GAP_S
from maps.accounts.sessions.access import CallerHere, DeskHere
from maps.api.responses.responses import answers, refusals
from maps.api.responses.times import Moment
from maps.evidence.evidence_export import Notary, evidence_of
from maps.http.compressed_body import ChunkedResponse, CompressedBody, large_answer
from maps.language.wording import Wording
from maps.replay.replay_page import GROUND, replay_page
from maps.replay.replay_reel import (
    MEDIA_TYPE,
    MOST_UNITS,
    Reel,
    ReplayUnit,
    check_range,
    packed_films,
    reel_of,
)
from maps.replay.replay_totals import ReplayTotals, UnitTotals, totals_of
from maps.replay.replay_turns import ReplayTurns
from patrol.desks.desk import Desk
from patrol.units.accounts import Language
from patrol.units.permissions import require
from radio_gateway.clock.clock import utc_now

router = APIRouter(prefix="/api/replay", tags=["replay"])


async def _turn(
    request: Request, caller: CallerHere
) -> AsyncIterator[AbstractAsyncContextManager[None]]:
    """Yield a turn of the caller, to be waited for; its place is free once the answer has left."""
    turns: ReplayTurns = request.app.state.replay_turns
    with turns.place(caller.user.name):
        yield turns.turn(caller.user.name)


TurnHere = Annotated[AbstractAsyncContextManager[None], Depends(_turn)]
Start = Annotated[Moment, Query(examples=["2026-11-24T00:00:00Z"])]
End = Annotated[Moment, Query(examples=["2026-11-24T06:00:00Z"])]
Units = Annotated[
    list[str] | None,
    Query(
        max_length=MOST_UNITS,
        description="Unit ids or radio addresses; all that may be seen if absent.",
        examples=[["9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071"]],
    ),
]
Reads = Annotated[
    Language | None, Query(description="Language of the words in it; the caller's own if absent.")
]

_UNIT = ReplayUnit(
    id="9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071",
    call_sign="Naga 1",
    agency="la-hx",
    kind="boat",
    country="LA",
    expected_interval_s=60.0,
)
_START, _END = datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 24, 6, tzinfo=UTC)
_REEL = Reel(start=_START, end=_END, made_at=_END, time_zone="Asia/Vientiane", units=(_UNIT,))
_TOTALS = ReplayTotals(
    start=_START,
    end=_END,
    units=[
        UnitTotals(
            unit=_UNIT.id,
            call_sign="Naga 1",
            country="LA",
            positions=2160,
            first=_START,
            last=datetime(2026, 11, 24, 5, 59, 50, tzinfo=UTC),
            km=41.7,
            along_river_km=0.0,
            moving_hours=4.4,
            stop_hours=1.2,
            stops=3,
            fastest_mps=9.1,
            sides={"LA": Amount(km=3.1, hours=1.2), "unsure": Amount(km=38.6, hours=4.4)},
            gaps=2,
            gap_hours=0.4,
            gap_after_s=120.0,
        )
    ],
)


def _file(description: str, media_type: str) -> dict[int | str, dict[str, Any]]:
    content = {media_type: {"schema": {"type": "string", "format": "binary"}, "example": "…"}}
    return {
        200: {"description": description, "content": content},
        **refusals(400, 401, 403, 404, 409, 422, 429, 503),
    }


class Positions(Response):
    """Columns of positions."""

    media_type = MEDIA_TYPE


class Zip(ChunkedResponse):
    """A zip file."""

    media_type = "application/zip"


class HtmlPage(ChunkedResponse):
    """An HTML page."""

    media_type = "text/html"


class EvidenceRequest:
    """What somebody asks an evidence file of."""

    def __init__(
        self,
        request: Request,
        desk: DeskHere,
        turn: TurnHere,
        start: Start,
        end: End,
        unit: Units = None,
        language: Reads = None,
    ) -> None:
        self.desk = desk
        self._request, self._turn, self._language = request, turn, language
        self._start, self._end, self._ids = start, end, unit or []

    async def archive(self, *, unsealed: bool) -> Zip:
        """Return the file, with originals and texts or without."""
        notary: Notary = self._request.app.state.notary
        async with self._turn:
            made = await evidence_of(
                self.desk,
                notary,
                start=self._start,
                end=self._end,
                ids=self._ids,
                words=_words(self._request, self.desk, self._language),
                unsealed=unsealed,
            )
        name = "evidence-originals" if unsealed else "evidence"
        headers = {"content-disposition": _saved(name, self._start, self._end, "zip")}
        if made.left_out:
            headers["left-out"] = ", ".join(made.left_out)
        return Zip(made.zip, headers=headers)


EvidenceAsked = Annotated[EvidenceRequest, Depends()]


@router.get("", responses=answers(Reel, _REEL, 400, 403, 404, 422, 429))
async def read_replay(
    request: Request, desk: DeskHere, turn: TurnHere, start: Start, end: End, unit: Units = None
) -> Response:
    """Return which units there were from `start` to `end` and what documents said then.

    At most seven days. Every version of a document comes with when it was made, so that each moment
    can be told as it stood. Positions are asked for apart, a part of the time after the other.
    """
    async with turn:
        reel = await reel_of(
            desk,
            start=start,
            end=end,
            ids=unit or [],
            now=utc_now(),
            time_zone=request.app.state.node.time_zone,
        )
        return await large_answer(request, lambda: reel)


@router.get(
    "/positions",
    responses=_file("Columns of positions, as `docs/guides/replay.md` says", MEDIA_TYPE),
    response_class=Positions,
)
async def read_positions(
    request: Request, desk: DeskHere, turn: TurnHere, start: Start, end: End, unit: Units = None
) -> Response:
    """Return where units were from `start` to `end` and when that was known, at most 250,000.

    More are refused (409), not cut off: ask for a shorter time.
    """
    check_range(start, end)
    rivers = request.app.state.layers.rivers
    async with turn:
        # From some time before, so that the way to the first position is known.
        films = await desk.history.films(
            start=start - timedelta(seconds=MAX_GAP_S), end=end, ids=unit
        )
        packed = await asyncio.to_thread(lambda: CompressedBody(packed_films(films, rivers, start)))
    return packed.answer(request, MEDIA_TYPE, cache="no-store")


@router.get("/totals", responses=answers(ReplayTotals, _TOTALS, 400, 403, 404, 409, 422, 429))
async def read_totals(
    request: Request, desk: DeskHere, turn: TurnHere, start: Start, end: End, unit: Units = None
) -> Response:
    """Return what each unit did from `start` to `end`: way, stops, speed, sides, gaps."""
    land = request.app.state.layers
    border = await land.border()
    async with turn:
        totals = await totals_of(
            desk, start=start, end=end, ids=unit or [], border=border, rivers=land.rivers
        )
        return await large_answer(request, lambda: totals)


@router.get(
    "/evidence",
    responses=_file("A zip with a signed manifest", "application/zip"),
    response_class=Zip,
)
async def export_evidence(form: EvidenceAsked) -> Response:
    """Return a signed file of what was from `start` to `end`; the journal notes that it was made.

    `joint-patrol evidence verify` checks it. What the role may not see is not in it: its manifest
    says so, and the header `left-out` the same, as a list with commas; without it nothing is left
    out.
    """
    return await form.archive(unsealed=False)


@router.get(
    "/evidence/originals",
    responses=_file("A zip with a signed manifest", "application/zip"),
    response_class=Zip,
)
async def export_originals(form: EvidenceAsked) -> Response:
    """Return the same with the cameras' own files of the agency's photos, and its texts to radios.

    It asks for a recent proof; the journal notes the hash of each file that was taken out. Photos
    are those that incidents, targets and hand-offs of the agency name; at most 100 MB.
    """
    require(form.desk.user.role, "take out originals")
    return await form.archive(unsealed=True)


@router.get(
    "/page",
    responses=_file("One HTML page that plays by itself", "text/html"),
    response_class=HTMLResponse,
)
async def export_page(
    request: Request,
    desk: DeskHere,
    turn: TurnHere,
    start: Start,
    end: End,
    unit: Units = None,
    language: Reads = None,
) -> Response:
    """Return a page that plays the time from `start` to `end` and asks the network for nothing."""
    layers = request.app.state.layers
    known = {each.name for each in layers.described()}
    ground = {name: (await layers.geojson(name)).body.decode() for name in GROUND if name in known}
    async with turn:
        page = await replay_page(
            desk,
            start=start,
            end=end,
            ids=unit or [],
            words=_words(request, desk, language),
            title=request.app.state.node.name,
            ground=ground,
            rivers=layers.rivers,
        )
        details = {"start": start, "end": end, "units": unit or [], "format": "page"}
        await desk.audit.note("export", subject="export:replay", detail=details)
    saved = _saved("replay", start, end, "html")
    return HtmlPage(page, headers={"content-disposition": saved})


def _words(request: Request, desk: Desk, language: Language | None) -> Wording:
    return Wording(
        language or desk.user.language or "en",
        calendar=desk.user.calendar,
        zone=ZoneInfo(request.app.state.node.time_zone),
    )


def _saved(name: str, start: datetime, end: datetime, ending: str) -> str:
    stamp = f"{start:%Y%m%dT%H%M%SZ}-{end:%Y%m%dT%H%M%SZ}"
    return f'attachment; filename="{name}-{stamp}.{ending}"'
