"""Redaction: the fields of a document that another agency may see under agreements in force.

A document crosses when it, and what it tells of, began in a stretch that its owner consented to, at
a place in the corridor; an incident besides only as somebody has confirmed it, unless the agreement
says that they cross at once. Parts of it that did not (a sighting made while the agreement was
suspended) are left out, and places are told no more exactly than agreed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from patrol.alerts.alert import Alert
from patrol.documents.document import Document
from patrol.duty.roster import DutyContact
from patrol.incidents.incident import Incident
from patrol.marks.mark import Mark
from patrol.patrols.patrol import Patrol
from patrol.sectors.sector import Sector
from patrol.sharing.decisions import Sharing
from patrol.sharing.precision import coarse
from patrol.sharing.terms import STANDING, Grant
from patrol.units.data_classes import DataClass, fields_of

P = TypeVar("P", bound=Document)
S = TypeVar("S", bound=msgspec.Struct)

_MOMENTS: Final = ("at", "time")  # of a part; and whatever ends in `_at`


def passed(document: P, *, sharing: Sharing, viewer: str, now: datetime) -> P | None:
    """Return what of a document `viewer`, who is no party to it, may see; None for nothing.

    Args:
        document: Somebody else's.
        sharing: What may cross.
        viewer: Who would see it.
        now: The present, aware UTC.
    """
    if document.CLASS is None:
        return None
    if isinstance(document, Alert) and document.rule == "distress_across":
        return None  # what another agency let cross to this one is not this one's to pass on
    visible = _passed_as(document.CLASS, document, sharing=sharing, viewer=viewer, now=now)
    if visible is None and isinstance(document, DutyContact):
        visible = _passed_as("duty_contact", document, sharing=sharing, viewer=viewer, now=now)
    return visible


def _passed_as(
    data_class: DataClass, document: P, *, sharing: Sharing, viewer: str, now: datetime
) -> P | None:
    """Return what of a document may pass as one of a class."""
    lon, lat = _place(document)
    unit = getattr(document, "unit", None)
    lies_in = _sector_lies_in(document, sharing) if isinstance(document, Sector) else None
    if isinstance(document, Mark) and document.path:
        lies_in = _path_lies_in(document)
    made_at = document.at
    if data_class in STANDING and not document.is_closed:
        # A plan that stands when its owner first consents is what is consented to; one that was
        # made in a gap stays at home like everything else of it.
        first = sharing.first_consent(document.agency, viewer, data_class)
        made_at = made_at if first is None else max(made_at, first)
    for grant in sharing.grants(
        data_class,
        owner=document.agency,
        viewer=viewer,
        now=now,
        at=made_at,
        lon=lon,
        lat=lat,
        unit=unit,
        lies_in=lies_in,
    ):
        if isinstance(document, Incident) and not (
            document.is_confirmed or grant.agreement.terms.incidents_at_once
        ):
            continue

        def passes(
            data_class: DataClass,
            at: datetime,
            lon: float | None = lon,
            lat: float | None = lat,
            grant: Grant = grant,
        ) -> bool:
            return grant.passes(
                data_class,
                owner=document.agency,
                viewer=viewer,
                now=now,
                at=at,
                lon=lon,
                lat=lat,
                unit=unit,
                outings=sharing.outings(document.agency, viewer),
                lies_in=lies_in,
            )

        standing = data_class in STANDING
        if not standing:
            first, last = _began(document)
            if not (
                grant.consented(document.agency, data_class, first, last)
                and all(passes(data_class, each) for each in {first, last})
            ):
                continue
        allowed = frozenset(
            each for each in grant.classes if each == data_class or passes(each, made_at)
        )
        if data_class == "duty_contact":
            allowed = frozenset({"texts"})  # what a contact is made of, and no more of it
        visible = document.shared(allowed)
        if visible is not None and not standing:
            visible = _pruned(
                visible, lambda at, lon, lat: passes(data_class, at, lon, lat), document.at
            )
            visible = None if visible is None else coarse(visible, grant.precision_m)
        if visible is not None:
            return visible
    return None


def _path_lies_in(mark: Mark) -> Callable[[Grant], bool]:
    """Return how to ask whether all of a line or area lies in a corridor."""
    lons = [mark.lon, *(lon for lon, _ in mark.path)]
    lats = [mark.lat, *(lat for _, lat in mark.path)]
    return lambda grant: bool(grant.covers_many(lons, lats).all())


def without_gaps(document: P, *, sharing: Sharing, viewer: str) -> P:
    """Return what a party holds of a joint patrol, without check-ins of the others that they made
    while no agreement let them cross.
    """
    if not isinstance(document, Patrol):
        return document
    complete = tuple(
        each
        for each in document.check_ins
        if each.agency == viewer or sharing.consented(each.agency, viewer, "patrols", each.at)
    )
    return msgspec.structs.replace(document, check_ins=complete)


def _place(record: msgspec.Struct) -> tuple[float | None, float | None]:
    return getattr(record, "lon", None), getattr(record, "lat", None)


def _began(document: Document) -> tuple[datetime, datetime]:
    """Return the earliest moment that a document tells of: from when to when it may have been."""
    began = min(document.at, *(at for at in _moments(document) if at <= document.at), document.at)
    if isinstance(
        document, Incident
    ):  # east of UTC a day that people told began before it did there
        return min(began, document.longest_span[0]), began
    return began, began


def _moments(record: msgspec.Struct) -> list[datetime]:
    return [
        value
        for name in record.__struct_fields__
        if name in _MOMENTS or name.endswith("_at")
        if isinstance(value := getattr(record, name), datetime)
    ]


def _pruned(
    record: S, passes: Callable[[datetime, float | None, float | None], bool], now: datetime
) -> S | None:
    """Return a record without those of its parts that may not cross by their own time or place.

    Args:
        record: What may cross otherwise.
        passes: Whether something of a moment and place may cross.
        now: The moment of what says none of its own.

    Returns:
        None where a part that may not cross cannot be left out.
    """

    def kept(value: Any) -> Any:
        if isinstance(value, msgspec.Struct):
            lon, lat = _place(value)
            moments = [at for at in _moments(value) if at <= now]
            if (moments or lon is not None) and not passes(min(moments, default=now), lon, lat):
                return None
            return _pruned(value, passes, now)
        if isinstance(value, (tuple, list)):
            items = (kept(each) for each in value)
            kind: Any = type(value)
            return kind(
                each
                for each, was in zip(items, value, strict=True)
                if each is not None or was is None
            )
        if isinstance(value, dict):
            some = {name: kept(each) for name, each in value.items()}
            return {name: each for name, each in some.items() if each is not None}
        return value

    changes: dict[str, Any] = {}
    for field in fields_of(type(record)):
        value = getattr(record, field.name)
        if not isinstance(value, (msgspec.Struct, tuple, list, dict)):
            continue
        pruned = kept(value)
        if pruned is None and field.required:
            return None
        if pruned != value:
            changes[field.name] = pruned
    return msgspec.structs.replace(record, **changes) if changes else record


def _sector_lies_in(sector: Sector, sharing: Sharing) -> Callable[[Grant], bool]:
    def lies_in(grant: Grant) -> bool:
        if sector.polygon:
            return grant.covers_area(sector.polygon[0])
        if sector.river is None or sector.km_from is None or sector.km_to is None:
            return grant.agreement.terms.corridor is None
        return grant.covers_stretch(
            sector.river,
            sector.km_from,
            sector.km_to,
            sector.width_m or 0.0,
            lambda: sharing.outline(sector),
        )

    return lies_in
