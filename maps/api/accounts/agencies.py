"""Agencies: whose records this node keeps, of which country, and from which offices they work."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from maps.accounts.sessions.access import CallerHere
from maps.api.responses.responses import answer, answers
from patrol.units.permissions import require
from patrol.units.units import Agency

router = APIRouter(prefix="/api/agencies", tags=["agencies"])

_AGENCY = Agency(id="la-hx", name="Houay Xai police", country="LA", blos=("LA-HXI",))


@router.get("", responses=answers(list[Agency], [_AGENCY], 403))
async def list_agencies(caller: CallerHere, request: Request) -> Response:
    """Return the agencies of this node, by id; they are no secret to each other."""
    require(caller.user.role, "see the picture")
    agencies: dict[str, Agency] = request.app.state.agencies
    return answer([agencies[id] for id in sorted(agencies)])
