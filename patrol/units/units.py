"""Units, agencies and the radio addresses that stand for units."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

UnitKind = Literal["boat", "vehicle", "foot", "handheld", "fixed"]
Role = Literal["commander", "planner", "crew", "liaison", "technician", "admin", "observer"]
ROLES: tuple[Role, ...] = (
    "commander",
    "planner",
    "crew",
    "liaison",
    "technician",
    "admin",
    "observer",
)

Liveness = Literal["live", "late", "lost", "never", "cut"]


class Agency(msgspec.Struct, frozen=True, kw_only=True):
    """A police, navy, customs or army body that owns data in this node.

    Attributes:
        id: Short name, for example `la-hx`.
        name: Name for people.
        country: Side, ISO 3166-1 alpha-2 (`LA`); None for a body of several countries.
        blos: Border liaison offices it works from, by their id in the gazetteer (`LA-HXI`).
        node: The node it is of, a confirmed counterpart; empty: this one.
    """

    id: str
    name: str
    country: str | None = None
    blos: tuple[str, ...] = ()
    node: str = ""


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A boat, vehicle, foot team, handheld or fixed post that the patrol knows by call sign.

    Attributes:
        id: Globally unique identifier.
        call_sign: Name on the radio, unique within its agency.
        kind: What it is.
        agency: Owner's id.
        country: Side shown on the map, ISO 3166-1 alpha-2; None unknown.
        expected_interval_s: Longest normal time between two positions, seconds.
        note: Anything else.
        origin: Node where the record was made.
        retired_at: When it left service, aware UTC; None while in service.
    """

    id: str
    call_sign: str
    kind: UnitKind
    agency: str
    country: str | None = None
    expected_interval_s: float = 60.0
    note: str = ""
    origin: str = ""
    retired_at: datetime | None = None


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when a radio address stands for a unit.

    Attributes:
        id: Globally unique identifier.
        address: Radio address, for example `ais:574123456`.
        unit: The unit's id.
        channel: Channel or key the address is bound to; a message that claims the address from
            another is kept and flagged, not believed. None: any channel of this node.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC; None while it lasts.
        agency: Owner's id.
        origin: Node where the record was made.
    """

    id: str
    address: str
    unit: str
    start: datetime
    channel: str | None = None
    end: datetime | None = None
    agency: str = ""
    origin: str = ""
