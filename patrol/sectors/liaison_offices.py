"""Offices: which border liaison office, and which agency, a target is offered to: the counterpart.

The gazetteer (reference layer `blos`) says which offices face each other. Of the pairs whose one
side is an office of the offerer's own country, the one is chosen whose other side is nearest along
the river; away from a river, nearest over land.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec
import shapely

from gis.border.blo_checks import counterparts
from gis.geometry.features import features_of
from gis.geometry.geodesy import distance_m
from gis.river.centreline import column
from gis.river.rivers import Rivers
from patrol.errors.errors import Conflict
from patrol.units.units import Agency

if TYPE_CHECKING:
    from gis.geometry.features import Table


class Office(msgspec.Struct, frozen=True, kw_only=True):
    """One border liaison office.

    Attributes:
        id: Its id in the gazetteer.
        name: Its name there.
        country: ISO 3166-1 alpha-2.
        lon: Degrees east.
        lat: Degrees north.
        faces: Ids of the offices across the border that it works with.
        river: Name of the river abreast of it; None more than 5 km from all.
        km: Kilometre of that river.
    """

    id: str
    name: str
    country: str
    lon: float
    lat: float
    faces: tuple[str, ...] = ()
    river: str | None = None
    km: float | None = None


class OfferAddressee(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a target is offered to.

    Attributes:
        agency: Agency's id.
        office: Its office that is nearest.
        facing: The offerer's own office of that pair.
        away_km: How far the office is, along the river or else over land.
    """

    agency: str
    office: Office
    facing: Office
    away_km: float


class Offices:
    """The border liaison offices; finds the counterpart of a place.

    Args:
        offices: All of them.
    """

    def __init__(self, offices: Iterable[Office]) -> None:
        self._offices = {office.id: office for office in offices}

    def find(
        self,
        agency: Agency,
        agencies: Mapping[str, Agency],
        *,
        lon: float,
        lat: float,
        river: str | None = None,
        km: float | None = None,
        country: str | None = None,
    ) -> OfferAddressee:
        """Return the counterpart for a target at a place.

        Args:
            agency: Who offers it.
            agencies: All that are known here, by id.
            lon: Degrees east of where it is or will land.
            lat: Degrees north.
            river: The river there.
            km: The kilometre there.
            country: Country it surely is in, if that is sure.

        Raises:
            Conflict: If no office faces one of the offerer's there, or no one agency works from
                the nearest; it says so: name the agency.
        """
        best: OfferAddressee | None = None
        found: list[str] = []
        own = [
            office
            for office in self._offices.values()
            # its own as it says, or those of its country if it says none
            if (office.id in agency.blos if agency.blos else office.country == agency.country)
        ]
        for facing in own:
            for office in [self._offices[id] for id in facing.faces if id in self._offices]:
                if country not in (None, agency.country, office.country):
                    continue
                away = _away_km(office, lon=lon, lat=lat, river=river, km=km)
                if best is not None and away >= best.away_km:
                    continue
                found = _agencies_of(office, agencies, but=agency.id)
                best = OfferAddressee(
                    agency=found[0] if len(found) == 1 else "",
                    office=office,
                    facing=facing,
                    away_km=round(away, 2),
                )
        if best is None:
            raise Conflict("no counterpart office faces one of ours there: name the agency")
        if not best.agency:
            which = f"{len(found)} agencies work" if found else "no agency known here works"
            raise Conflict(
                f"{which} from the nearest counterpart office, {best.office.name}: name the agency"
            )
        return best


def offices_of(table: Table, rivers: Rivers) -> list[Office]:
    """Return the offices of the reference layer, each abreast of its river.

    Args:
        table: Points with `id`, `name`, `country` and, if known, `counterparts` and
            `uncertainty_m`.
        rivers: The rivers.

    >>> from gis.catalogue.layer_catalogue import features
    >>> from gis.river.rivers import load_rivers
    >>> by_id = {office.id: office for office in offices_of(features("blos"), load_rivers())}
    >>> by_id["LA-HXI"].faces, by_id["LA-HXI"].river, by_id["TH-MSI"].country
    (('TH-CKG',), 'Mekong', 'TH')
    """
    offices = features_of(table)
    lons, lats = shapely.get_x(offices.geometry), shapely.get_y(offices.geometry)
    places = rivers.locate_many(lons, lats, accuracy_m=column(offices, "uncertainty_m", 0.0))
    known = "counterparts" in offices.columns
    faces = offices["counterparts"] if known else [None] * len(offices)
    found: list[Office] = []
    for n, (id, name, country, pair) in enumerate(
        zip(offices["id"], offices["name"], offices["country"], faces, strict=True)
    ):
        at = int(places.river[n])
        found.append(
            Office(
                id=str(id),
                name=str(name),
                country=str(country),
                lon=float(lons[n]),
                lat=float(lats[n]),
                faces=counterparts(pair),
                river=rivers.names[at] if at >= 0 else None,
                km=float(places.km[n]) if at >= 0 else None,
            )
        )
    return found


def _agencies_of(office: Office, agencies: Mapping[str, Agency], *, but: str) -> list[str]:
    """Return who works from an office: those that say so, else those of its country."""
    others = [each for each in agencies.values() if each.id != but]
    named = [each.id for each in others if office.id in each.blos]
    return named or [each.id for each in others if not each.blos and each.country == office.country]


def _away_km(
    office: Office, *, lon: float, lat: float, river: str | None, km: float | None
) -> float:
    if river is not None and km is not None and office.river == river and office.km is not None:
        return abs(office.km - km)
    return distance_m(lon1=lon, lat1=lat, lon2=office.lon, lat2=office.lat) / 1000.0
