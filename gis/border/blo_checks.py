"""What must hold for the 70 border liaison offices (BLOs).

Source: UNODC, booklet on the border liaison offices of the Greater Mekong: 70 offices in six
countries.
"""

from __future__ import annotations

from collections import Counter

import shapely

from gis.errors.errors import LayerError
from gis.geometry.features import Features

OFFICES = {"KH": 11, "CN": 7, "LA": 18, "MM": 8, "TH": 18, "VN": 8}


def counterparts(text: object) -> tuple[str, ...]:
    """Return the ids in a `counterparts` or `crossings` cell, which separates them by `;`.

    >>> counterparts("KH-PRM;KH-DNG"), counterparts(None)
    (('KH-PRM', 'KH-DNG'), ())
    """
    if not isinstance(text, str):
        return ()
    return tuple(part.strip() for part in text.split(";") if part.strip())


def check(offices: Features, *, territories: Features, file: str = "blos") -> None:
    """Raise unless these are the 70 offices.

    Args:
        offices: Points with `id`, `name`, `country` and `counterparts`.
        territories: Areas of the countries, with `country`.
        file: Name for the error.

    Raises:
        LayerError: If a number by country is wrong, an id stands twice, an office names a
            counterpart that is not there, does not name it back or is of its own country, or an
            office lies outside its country.
    """
    for column in ("id", "name", "country", "counterparts"):
        if column not in offices.columns:
            raise LayerError(file, f"has no column {column}")
    counted = dict(Counter(offices["country"].tolist()))
    if counted != OFFICES:
        raise LayerError(file, f"has offices {_words(counted)}; there must be {_words(OFFICES)}")
    offices_by_name: dict[str, tuple[str, tuple[str, ...]]] = {}
    for row in offices.rows():
        if row["id"] in offices_by_name:
            raise LayerError(file, "stands twice", feature=str(row["id"]))
        offices_by_name[row["id"]] = (row["country"], counterparts(row["counterparts"]))
    for office, (_, others) in offices_by_name.items():
        for other in others:
            if other not in offices_by_name:
                raise LayerError(file, f"has an unknown counterpart {other}", feature=office)
    for office, (country, others) in offices_by_name.items():
        for other in others:
            if office not in offices_by_name[other][1]:
                fault = f"names {other} its counterpart, which does not name it back"
                raise LayerError(file, fault, feature=office)
            if offices_by_name[other][0] == country:
                fault = f"has a counterpart {other} in its own country"
                raise LayerError(file, fault, feature=office)
    areas = dict(zip(territories["country"], territories.geometry, strict=True))
    for row in offices.rows():
        if not shapely.covers(areas[row["country"]], row["geometry"]):
            raise LayerError(file, f"lies outside {row['country']}", feature=row["id"])


def _words(counted: dict[str, int]) -> str:
    return ", ".join(f"{country} {number}" for country, number in sorted(counted.items()))
