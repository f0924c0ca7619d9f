"""What each role may do: one table, deny by default. `Desk` enforces it.

An act that is not in the table is nobody's; a role that an act does not list may not do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from patrol.errors.errors import Forbidden
from patrol.units.units import Role

_EVERYONE: Final[frozenset[Role]] = frozenset(
    {"commander", "planner", "crew", "liaison", "technician", "admin", "observer"}
)

ACTS: Final[Mapping[str, frozenset[Role]]] = MappingProxyType(
    {
        "see the picture": _EVERYONE,
        "see tracks": _EVERYONE,
        "see channels": _EVERYONE,
        "see unknown radios": frozenset(
            {"commander", "planner", "liaison", "technician", "admin", "observer"}
        ),
        "see what a radio sent": frozenset({"commander", "technician", "admin"}),
        "see rejected frames": frozenset({"technician", "admin"}),
        "manage units": frozenset({"commander", "planner", "admin"}),
        "assign radios": frozenset({"commander", "technician", "admin"}),
        "plot by voice": frozenset({"commander", "planner", "liaison", "admin"}),
        "clear distress": frozenset({"commander", "admin"}),
        "see messages": frozenset(
            {"commander", "planner", "liaison", "technician", "admin", "observer"}
        ),
        "message radios": frozenset({"commander", "technician", "admin"}),
        "relay distress": frozenset({"commander", "admin"}),
        "report positions": frozenset({"crew", "commander", "admin"}),
        "manage users": frozenset({"admin"}),
        "manage devices": frozenset({"technician", "admin"}),
        "see incidents": frozenset(
            {"commander", "planner", "crew", "liaison", "admin", "observer"}
        ),
        "log incidents": frozenset({"commander", "planner", "crew", "liaison"}),
        "confirm incidents": frozenset({"commander", "liaison"}),
        "see protected names": frozenset({"commander"}),
        "give protected names": frozenset({"commander"}),
        "take back protected names": frozenset({"commander", "admin"}),
        "redact protected names": frozenset({"commander", "admin"}),
        "see photos": frozenset({"commander", "planner", "crew", "liaison", "admin", "observer"}),
        "keep photos": frozenset({"commander", "planner", "crew", "liaison"}),
        "take out originals": frozenset({"commander", "liaison"}),
        "enrol phones": frozenset({"commander", "technician", "admin"}),
        "see sectors": _EVERYONE,
        "draw sectors": frozenset({"commander", "planner", "admin"}),
        "see patrols": _EVERYONE,
        "plan patrols": frozenset({"commander", "planner"}),
        "sign patrols": frozenset({"commander", "liaison"}),
        "run patrols": frozenset({"commander", "crew"}),
        "write annexes": frozenset({"commander", "planner", "liaison"}),
        "see agreements": _EVERYONE,
        "draft agreements": frozenset({"commander", "planner", "liaison"}),
        "sign agreements": frozenset({"commander", "liaison"}),
        "suspend agreements": frozenset({"commander", "liaison"}),
        "see alerts": _EVERYONE,
        "acknowledge alerts": frozenset(
            {"commander", "planner", "crew", "liaison", "technician", "admin"}
        ),
        "shelve alerts": frozenset({"commander", "liaison", "technician", "admin"}),
        "resolve alerts": frozenset({"commander", "liaison", "technician", "admin"}),
        "see deliveries": frozenset({"commander", "technician", "admin"}),
        "test deliveries": frozenset({"commander", "technician", "admin"}),
        "subscribe to alerts": _EVERYONE,
        "keep legal holds": frozenset({"commander", "admin"}),
        "search what is held": frozenset({"admin"}),
        "see the journal": frozenset({"admin", "observer"}),
        "see the roster": _EVERYONE,
        "plan the roster": frozenset({"commander", "planner", "liaison", "admin"}),
        "keep watch": frozenset({"commander", "planner", "liaison"}),
        "see the watch log": frozenset({"commander", "planner", "liaison", "admin", "observer"}),
        "write in the watch log": frozenset({"commander", "planner", "liaison"}),
        "see phrases": _EVERYONE,
        "keep phrases": frozenset({"commander", "planner", "liaison", "admin"}),
        "see targets": frozenset({"commander", "planner", "crew", "liaison", "admin", "observer"}),
        "open targets": frozenset({"commander", "crew", "liaison"}),
        "sight targets": frozenset({"commander", "crew", "liaison"}),
        "close targets": frozenset({"commander", "liaison"}),
        "see marks": _EVERYONE,
        "keep marks": frozenset({"commander", "planner", "crew", "liaison"}),
        "see counterparts": frozenset(
            {"commander", "planner", "liaison", "technician", "admin", "observer"}
        ),
        "pair counterparts": frozenset({"commander", "liaison", "admin"}),
        "confirm counterparts": frozenset({"commander", "liaison", "admin"}),
        "revoke counterparts": frozenset({"commander", "liaison", "admin"}),
        "exchange files with counterparts": frozenset({"commander", "liaison", "admin"}),
        "offer hand-offs": frozenset({"commander", "liaison"}),
        "answer hand-offs": frozenset({"commander", "liaison"}),
    }
)


def may(role: str, act: str) -> bool:
    """Return whether `role` may do `act`.

    >>> may("commander", "clear distress"), may("crew", "clear distress"), may("crew", "unheard of")
    (True, False, False)
    """
    return role in ACTS.get(act, frozenset())


def require(role: str, act: str) -> None:
    """Raise unless `role` may do `act`.

    Raises:
        Forbidden: If not.
    """
    if role not in ACTS.get(act, frozenset()):
        raise Forbidden(act, role)


def acts_of(role: str) -> tuple[str, ...]:
    """Return everything `role` may do, in the table's order."""
    return tuple(act for act, roles in ACTS.items() if role in roles)
