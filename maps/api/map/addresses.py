"""Addresses of places: river kilometre, bank, side, reach, and what is near."""

from __future__ import annotations

from typing import Annotated, Protocol

from fastapi import APIRouter, Query, Request, Response

from gis.address.address import Address
from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.errors.errors import BadRequest
from maps.layers.place_address import NearbyPlace, PlaceAddress

router = APIRouter(prefix="/api/address", tags=["address"])


class AddressBook(Protocol):
    """The rivers and the border of this site."""

    def at_km(self, km: float) -> tuple[float, float]:
        """Return longitude and latitude of the Mekong at a kilometre.

        Raises:
            BadRequest: If it has no such kilometre.
        """

    def address(
        self, *, lon: float, lat: float, accuracy_m: float | None, speed_mps: float | None
    ) -> PlaceAddress:
        """Return the address of a place, and what is next along the river."""


_ADDRESSED = PlaceAddress(
    lon=100.4178,
    lat=20.27,
    address=Address(
        river="Mekong",
        km=2355.774,
        bank="left",
        offset_m=956.6,
        error_m=330.0,
        km_error_share=0.015,
        reach="Houay Xai",
        golden_triangle_km=68.298,
        country="LA",
        neighbour="TH",
        border_m=950.5,
        border_error_m=315.0,
        side_sure=True,
    ),
    words="km 2\u202f356, left bank, LA side, Houay Xai reach (68 km below the Golden Triangle)",
    error_words="river line within 330 m, distances along it within 1.5 %; "
    "border line and fix within 315 m",
    near=(
        NearbyPlace(
            kind="crossing",
            id="X-LATH-FB4",
            name="Fourth Thai-Lao Friendship Bridge",
            way="down",
            distance_km=8.9,
            error_km=1.6,
            eta_s=(912.5, 1312.5),
        ),
    ),
)


@router.get("", responses=answers(PlaceAddress, _ADDRESSED, 400, 403, 422))
async def read_address(
    request: Request,
    desk: DeskHere,  # noqa: ARG001 - signed in
    lon: Annotated[float | None, Query(ge=-180, le=180, description="Degrees east")] = None,
    lat: Annotated[float | None, Query(ge=-90, le=90, description="Degrees north")] = None,
    river_km: Annotated[
        float | None, Query(description="In place of both: kilometres of the Mekong from the sea")
    ] = None,
    accuracy_m: Annotated[
        float | None, Query(ge=0, le=1e6, description="How wrong the place may be; 15 if absent")
    ] = None,
    speed_mps: Annotated[
        float | None, Query(gt=0, le=100, description="Over ground, for times of arrival")
    ] = None,
) -> Response:
    """Return the address of a place: river kilometre, bank, side and reach, and how sure each is.

    With the next gauge, border liaison office and crossing up and down the river, how far along it
    and how wrong that may be, and at a speed when one would be there.
    """
    address_book: AddressBook = request.app.state.addresses
    if river_km is not None and lon is None and lat is None:
        lon, lat = address_book.at_km(river_km)
    elif river_km is not None or lon is None or lat is None:
        raise BadRequest("give lon and lat, or river_km")
    return answer(
        address_book.address(lon=lon, lat=lat, accuracy_m=accuracy_m, speed_mps=speed_mps)
    )
