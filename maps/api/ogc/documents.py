"""Documents: the landing page, the conformance declaration and what a collection is.

Source: OGC 17-069r4, 7.2 (landing page), 7.4 (conformance), 7.13 and 7.14 (collections).
"""

from __future__ import annotations

from datetime import datetime

import msgspec

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)
OPENAPI = "application/vnd.oai.openapi+json;version=3.1"
GEOJSON = "application/geo+json"


class Link(msgspec.Struct, frozen=True, kw_only=True):
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
    links: list[Link]


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
    """Where and when the features of a collection are."""

    spatial: Spatial
    temporal: Temporal | msgspec.UnsetType = msgspec.UNSET


class CollectionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a collection is.

    Attributes:
        id: Name in addresses.
        title: Name for people.
        description: What its features are, and how far they can be trusted.
        links: Where they are.
        extent: Where and when.
        itemType: Always `feature`.
        crs: The reference systems its features come in.
    """

    id: str
    title: str
    description: str
    links: list[Link]
    extent: Extent
    itemType: str = "feature"  # noqa: N815 - the standard's name
    crs: tuple[str, ...] = (CRS84,)


class Collections(msgspec.Struct, frozen=True, kw_only=True):
    """All collections."""

    links: list[Link]
    collections: list[CollectionInfo]
