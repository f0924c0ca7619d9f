"""Collection query: parameters of a request for items, checked as OGC API – Features requires.

Sources: OGC 17-069r4 (Features, Part 1: Core 1.0.1), 7.15.2 (limit), 7.15.3 (bbox), 7.15.4
(datetime), 7.7 (an unknown parameter or a bad value is answered 400); OGC 18-058r1 (bbox-crs, crs);
OGC 19-079r2 (filter, filter-lang, filter-crs, queryables as parameters).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from maps.api.ogc.filters import Filter, Kinds, equal, filter_of
from maps.api.ogc.reference_systems import CRS84, box_in_degrees, shape_in_degrees, system_of
from maps.errors.errors import BadRequest

DEFAULT_LIMIT: Final = 100
MOST_ITEMS: Final = 10_000
"""Most features of one answer; who asks for more gets so many, and a link to the next."""

LAST: Final = datetime(9999, 12, 31, tzinfo=UTC)
FIRST: Final = datetime(1, 1, 2, tzinfo=UTC)

Box = tuple[float, float, float, float]


PARAMETERS: Final = (
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
    "limit",
    "cursor",
    "f",
)
"""Those of every collection; its own properties come to them."""

LANGUAGES: Final = ("cql2-text", "cql-text")
"""Of filters; the second is what GDAL 3.10 calls it, after a draft."""


class CollectionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a collection.

    Attributes:
        box: West, south, east, north, degrees; None for everywhere. West beyond east spans the
            antimeridian.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.
        timed: A time was asked for.
        limit: Most features.
        cursor: Where the page before ended; None for the first page.
        filters: Further conditions on features; all of them must be fulfilled.
        system: Address of the reference system to answer in.
    """

    box: Box | None = None
    start: datetime = FIRST
    end: datetime = LAST
    timed: bool = False
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    filters: tuple[Filter, ...] = ()
    system: str = CRS84

    def matching(self, features: Sequence[bytes]) -> list[bytes]:
        """Return those of some features (GeoJSON) that fulfil the further conditions."""
        return [each for each in features if all(one.keeps(each) for one in self.filters)]


def parse_query(query: Mapping[str, str], kinds: Kinds) -> CollectionQuery:
    """Return what the query parameters of a request for items ask for.

    Args:
        query: The parameters.
        kinds: Properties of the collection, and their types.

    Raises:
        BadRequest: If one is unknown or its value is wrong; names it.

    >>> parse_query({"bbox": "100,20,101,21", "limit": "5"}, {}).box
    (100.0, 20.0, 101.0, 21.0)
    """
    only(query, (*PARAMETERS, *kinds))
    if query.get("f", "json") not in ("json", "geojson"):
        raise BadRequest("only json is offered", field="f")
    box_system = system_of(query.get("bbox-crs", CRS84), field="bbox-crs")
    start, end = interval(query["datetime"]) if "datetime" in query else (FIRST, LAST)
    return CollectionQuery(
        box=bbox(query["bbox"], box_system) if "bbox" in query else None,
        start=start,
        end=end,
        timed="datetime" in query,
        limit=_limit(query.get("limit", str(DEFAULT_LIMIT))),
        cursor=query.get("cursor"),
        filters=tuple(_filters(query, kinds)),
        system=system_of(query.get("crs", CRS84), field="crs"),
    )


def only(query: Mapping[str, str], known: Collection[str]) -> None:
    """Raise for a parameter that is not `known`.

    Raises:
        BadRequest: Names it.
    """
    for name in query:
        if name not in known:
            raise BadRequest(f"unknown parameter; there are {', '.join(known)}", field=name)


def bbox(text: str, system: str = CRS84) -> Box:
    """Return west, south, east, north; of six numbers the heights are passed over.

    Args:
        text: The numbers, in the order of the system's own axes.
        system: Address of the reference system.

    Raises:
        BadRequest: If it is no box.

    >>> bbox("179,-10,0,-179,10,500")
    (179.0, -10.0, -179.0, 10.0)
    """
    try:
        numbers = [float(each) for each in text.split(",")]
    except ValueError:
        raise BadRequest("must be four or six numbers", field="bbox") from None
    if len(numbers) == 6:
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4 or not all(math.isfinite(each) for each in numbers):
        raise BadRequest("must be four or six numbers", field="bbox")
    west, south, east, north = numbers
    if system != CRS84:
        west, south, east, north = box_in_degrees((west, south, east, north), system)
    if not (abs(west) <= 180 and abs(east) <= 180):
        raise BadRequest("longitudes lie between -180 and 180", field="bbox")
    if not -90 <= south <= north <= 90:
        raise BadRequest("latitudes lie between -90 and 90, the lower one first", field="bbox")
    return west, south, east, north


def interval(text: str) -> tuple[datetime, datetime]:
    """Return the first moment and the moment after the last of a time or an interval.

    Raises:
        BadRequest: If it is none.

    >>> start, end = interval("2026-11-24T00:00:00Z/..")
    >>> start.isoformat(), end is LAST
    ('2026-11-24T00:00:00+00:00', True)
    """
    begin, slash, finish = text.partition("/")
    if not slash:
        at = _moment(begin)
        return at, at + timedelta(microseconds=1)
    start = FIRST if begin in ("", "..") else _moment(begin)
    end = LAST if finish in ("", "..") else _moment(finish) + timedelta(microseconds=1)
    if start >= end:
        raise BadRequest("the interval ends before it begins", field="datetime")
    return start, end


def _moment(text: str) -> datetime:
    try:
        # RFC 3339 only: neither dates without a time nor times without a zone.
        time = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest("must be RFC 3339, e.g. 2026-11-24T02:30:00Z", field="datetime") from None
    if time.tzinfo is None or "T" not in text.upper():
        raise BadRequest(
            "must have a time with a zone, e.g. 2026-11-24T02:30:00Z", field="datetime"
        )
    if not FIRST.year < time.year < LAST.year:
        raise BadRequest("is a year outside 2 to 9998", field="datetime")
    return time.astimezone(UTC)


def _filters(query: Mapping[str, str], kinds: Kinds) -> Iterator[Filter]:
    system = system_of(query.get("filter-crs", CRS84), field="filter-crs")
    if query.get("filter-lang", LANGUAGES[0]) not in LANGUAGES:
        raise BadRequest(f"must be {LANGUAGES[0]}", field="filter-lang")
    if "filter" in query:
        yield filter_of(
            query["filter"],
            kinds,
            placed=lambda shape: shape_in_degrees(shape, system, field="filter"),
        )
    values = {name: query[name] for name in kinds if name in query and name not in PARAMETERS}
    if values:
        yield equal(kinds, values)


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:9]) < 1:
        raise BadRequest("must be a whole number, 1 or more", field="limit")
    return min(int(text[:9]), MOST_ITEMS)
