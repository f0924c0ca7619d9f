"""Crew reports: positions, distress calls and texts of a crew's phone, as transmissions."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from gis.position.position import Position
from patrol.units.effective_time import AHEAD
from radio_gateway.messages.transmission import Transmission

SOS: Final = "sos"
"""Status of a phone while its crew calls for help."""

SOS_CANCEL: Final = "sos_cancel"
"""Status once the crew says that it is over. That ends no alert: it is the crew's word only."""

Saying = Literal["position", "sos", "sos_cancel", "text"]


def transmission_of(
    kind: Saying,
    *,
    id: str,
    device: str,
    at: datetime,
    heard_at: datetime,
    raw: bytes,
    position: Position | None = None,
    text: str | None = None,
    phrase: str | None = None,
    battery_pct: float | None = None,
) -> Transmission:
    """Return the transmission that stands for a crew's report in the intake.

    The duplicate key is made from the report's id, as `position_json` does, so that a report that a
    phone sends again, over either of its two links, has no effect.

    Args:
        kind: What is said.
        id: The report's id.
        device: Who says it.
        at: When, by the phone, aware UTC.
        heard_at: When it came, aware UTC.
        raw: The report as it came.
        position: Where the phone is.
        text: Words for people.
        phrase: Code of the canned phrase that the words are.
        battery_pct: Of the phone, 0 to 100.
    """
    facts: dict[str, str | int | float | bool] = {"id": id}
    if phrase is not None:
        facts["phrase"] = phrase
    if battery_pct is not None:
        facts["battery_pct"] = battery_pct
    as_heard: dict[Saying, Literal["position", "distress", "status", "text"]] = {
        "position": "position",
        "sos": "position" if position is not None else "distress",
        "sos_cancel": "status",
        "text": "text",
    }
    return Transmission(
        protocol="position_json",
        kind=as_heard[kind],
        device=device,
        position=position,
        device_time=at,
        heard_at=heard_at,
        distress=kind == "sos",
        text=text,
        status={"sos": SOS, "sos_cancel": SOS_CANCEL}.get(kind),
        flags=("future_time",) if at - heard_at > AHEAD else (),
        facts=facts,
        raw=raw,
        duplicate_key=f"id:{id}",
        duplicate_window_s=None,
    )
