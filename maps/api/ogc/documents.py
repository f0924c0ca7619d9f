"""Documents: the landing page, the conformance declaration and what a collection is.

Sources: OGC 17-069r4, 7.2 (landing page), 7.4 (conformance), 7.13 and 7.14 (collections); OGC
18-058r1, 6 (reference systems).
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from maps.api.ogc.filters import GEOMETRY, Kind, Kinds
from maps.api.ogc.reference_systems import CRS84, SYSTEMS

GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/case-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions-plus",
    "http://www.opengis.net/spec/cql2/1.0/conf/spatial-functions",
)
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
GEOJSON = "application/geo+json"
SCHEMA = "application/schema+json"
JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"


class OgcLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link.

    Attributes:
        href: Address.
        rel: What it is to the document it stands in.
        type: Media type.
        title: Name for people.
    """

    href: str
    rel: str
    type: str = "application/json"
    title: str | msgspec.UnsetType = msgspec.UNSET


class LandingPage(msgspec.Struct, frozen=True, kw_only=True):
    """Where to begin."""

    title: str
    description: str
    links: list[OgcLink]


class Conformance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The requirements that this server keeps."""

    conforms_to: tuple[str, ...]


class Spatial(msgspec.Struct, frozen=True, kw_only=True):
    """Where: boxes of west, south, east, north."""

    bbox: list[tuple[float, float, float, float]]
    crs: str = CRS84


class Temporal(msgspec.Struct, frozen=True, kw_only=True):
    """When: intervals; null is open."""

    interval: list[tuple[datetime | None, datetime | None]]
    trs: str = GREGORIAN


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when the features of a collection are; absent where nobody knows."""

    spatial: Spatial | msgspec.UnsetType = msgspec.UNSET
    temporal: Temporal | msgspec.UnsetType = msgspec.UNSET


def extent(
    box: tuple[float, float, float, float] | None = None,
    times: tuple[datetime, datetime] | None = None,
) -> Extent:
    """Return an extent of a box and of a first and last time; None for what is not known.

    >>> extent().spatial is msgspec.UNSET
    True
    """
    return Extent(
        spatial=msgspec.UNSET if box is None else Spatial(bbox=[box]),
        temporal=msgspec.UNSET if times is None else Temporal(interval=[times]),
    )


class CollectionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a collection is.

    Attributes:
        id: Name in addresses.
        title: Name for people.
        description: What its features are, and how far they can be trusted.
        links: Where they are.
        extent: Where and when.
        itemType: Always `feature`.
        crs: The reference systems its features can be had in.
        storageCrs: The one they are kept in.
    """

    id: str
    title: str
    description: str
    links: list[OgcLink]
    extent: Extent
    itemType: str = "feature"  # noqa: N815 - the standard's name
    crs: tuple[str, ...] = SYSTEMS
    storageCrs: str = CRS84  # noqa: N815


class Queryables(msgspec.Struct, frozen=True, kw_only=True):
    """The properties that a filter may name, as JSON Schema.

    Attributes:
        schema: The version of JSON Schema.
        id: Its own address.
        title: Name of the collection.
        properties: Each property.
        type: Always `object`.
        additionalProperties: Always false: a filter may name no other.
    """

    schema: str = msgspec.field(default=JSON_SCHEMA, name="$schema")
    id: str = msgspec.field(name="$id")
    title: str
    properties: dict[str, dict[str, str]]
    type: str = "object"
    additionalProperties: bool = False  # noqa: N815


def queryables(address: str, title: str, kinds: Kinds) -> Queryables:
    """Return what a filter of a collection may name.

    >>> told = queryables("https://x/q", "Units", {"time": "date-time"}).properties
    >>> told["time"]
    {'type': 'string', 'format': 'date-time'}
    """
    place = {"format": "geometry-any", "x-ogc-role": "primary-geometry"}
    properties = {name: type_of(kind) for name, kind in kinds.items()}
    return Queryables(id=address, title=title, properties={GEOMETRY: place, **properties})


def type_of(kind: Kind) -> dict[str, str]:
    """Return a type of property as JSON Schema says it."""
    return {"type": "string", "format": kind} if kind in ("date", "date-time") else {"type": kind}


class Collections(msgspec.Struct, frozen=True, kw_only=True):
    """All collections."""

    links: list[OgcLink]
    collections: list[CollectionInfo]
    crs: tuple[str, ...] = SYSTEMS
