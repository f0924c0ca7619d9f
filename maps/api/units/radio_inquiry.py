"""Radio inquiry: why a radio is not on the map; follows it through every hop."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Response

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.api.units.channels import FrameRejection, frame_rejection
from maps.api.units.radios import HEARD, TechnicianMessage, technician_message
from patrol.inquiry.findings import CloseName, Moment
from patrol.inquiry.inquiry import Inquiry, Verdict
from patrol.inquiry.steps import Hop

router = APIRouter(prefix="/api", tags=["radios"])


class RadioInquiry(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename={"query": "asked", "explanation": "says"},
):
    """Why a radio is not on the map.

    Attributes:
        query: What was asked for.
        verdict: The first hop at which it stops, as a fixed word; `on_map` if it does not.
        explanation: The same in one plain sentence.
        next: What to do next; empty if nothing.
        address: Radio address that was taken to be meant; absent if none was found.
        hops: Every hop, from the radio to the map.
        unit: Id of the unit it stands or last stood for.
        close: What is known by nearly the same name, or all that the name may mean.
        last: Its newest message.
        rejected: Frames lately rejected that mention it, newest first.
        moments: The moments that stand in these sentences, as they stand there and as data.
    """

    query: str
    verdict: Verdict
    explanation: str
    next: str
    address: str | None = None
    hops: tuple[Hop, ...] = ()
    unit: str | None = None
    close: tuple[CloseName, ...] = ()
    last: TechnicianMessage | None = None
    rejected: tuple[FrameRejection, ...] = ()
    moments: tuple[Moment, ...] = ()


def inquiry_answer(inquiry: Inquiry) -> RadioInquiry:
    """Return an inquiry as a technician reads it."""
    return RadioInquiry(
        query=inquiry.query,
        verdict=inquiry.verdict,
        explanation=inquiry.explanation,
        next=inquiry.next,
        address=inquiry.address,
        hops=inquiry.hops,
        unit=inquiry.unit,
        close=inquiry.close,
        last=None if inquiry.last is None else technician_message(inquiry.last),
        rejected=tuple(frame_rejection(frame) for frame in inquiry.rejected),
        moments=inquiry.moments,
    )


_WHY = RadioInquiry(
    query="567000871",
    address="ais:567000871",
    verdict="unassigned",
    explanation="It is on the map as an unknown radio, heard 12 s ago; it stands for no unit.",
    next="Assign it to its unit.",
    hops=(Hop(name="channels", well=True, explanation="Could be heard by ais-receiver (open)."),),
    last=HEARD,
)


@router.get("/radios/{address:path}/why", responses=answers(RadioInquiry, _WHY, 403))
async def explain_missing_radio(
    address: Annotated[str, Path(max_length=200, description="Address, device id or call sign")],
    desk: DeskHere,
) -> Response:
    """Return why a radio is not on the map: the hop at which it stops, and what to do next.

    Takes a radio address (`ais:574123456`), a device id or MMSI alone, or a call sign. One that
    nobody knows is answered too, with what is known by nearly the same name.
    """
    return answer(inquiry_answer(await desk.visible.inquire(address)))
