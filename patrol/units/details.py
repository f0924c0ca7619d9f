"""Details of a unit, with fields that the live stream leaves out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from patrol.units.data_classes import NEVER
from patrol.units.units import Unit
from patrol.units.wire import UnitState


class UnitDetails(UnitState, frozen=True, kw_only=True, omit_defaults=True):
    """Details of a unit, in service or not, or of an unregistered radio.

    Attributes:
        note: Anything else that somebody wrote down.
        retired_at: When it left service, aware UTC; None while in service. Where it was by then,
            its track tells.
    """

    note: Annotated[str, NEVER] = ""
    retired_at: Annotated[datetime | None, NEVER] = None


def details(state: UnitState, unit: Unit | None) -> UnitDetails:
    """Return `state` with the registered details of `unit`; None for a radio."""
    fields = {name: getattr(state, name) for name in UnitState.__struct_fields__}
    if unit is None:
        return UnitDetails(**fields)
    return UnitDetails(**fields, note=unit.note, retired_at=unit.retired_at)


def out_of_service(unit: Unit) -> UnitState:
    """Return the state of a unit that is in no picture any more."""
    return UnitState(
        id=unit.id,
        call_sign=unit.call_sign,
        kind=unit.kind,
        agency=unit.agency,
        country=unit.country,
        expected_interval_s=unit.expected_interval_s,
    )
