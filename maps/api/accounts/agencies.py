"""Agencies: whose records this node keeps, of which country, and from which offices they work."""

from __future__ import annotations

from fastapi import APIRouter, Response

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from patrol.units.units import Agency

router = APIRouter(prefix="/api/agencies", tags=["agencies"])

_AGENCY = Agency(id="la-hx", name="Houay Xai police", country="LA", blos=("LA-HXI",))


@router.get("", responses=answers(list[Agency], [_AGENCY], 403))
async def list_agencies(desk: DeskHere) -> Response:
    """Return the agencies of this node and of confirmed counterparts, by id.

    They are no secret to each other; `node` is empty for those of this node.
    """
    return answer(desk.agencies())
