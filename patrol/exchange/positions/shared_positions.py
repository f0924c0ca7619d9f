"""SharedPositions: which stored positions may pass to a counterpart, and how exactly.

A counterpart is one more view: what passes is what the agreements let pass to its agencies, asked
of the same `Sharing` that viewers of this node are asked by. A position passes as part of a track,
or, where only positions are agreed, while it is the newest of its unit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from gis.position.accuracy import typical_accuracy_m
from patrol.errors.errors import NotFound
from patrol.exchange.positions.position_batch import PLACE_DIGITS, CrossingPosition
from patrol.live.live_picture import LivePicture
from patrol.picture.picture import VOICE, Picture
from patrol.sharing.decisions import Sharing
from patrol.sharing.precision import snapped
from patrol.store.schema.rows import protocol_of
from patrol.store.schema.tables import from_us, to_us
from patrol.store.tracks.new_positions import StoredPosition
from patrol.units.data_classes import DataClass
from patrol.units.units import Unit
from patrol.units.wire import Fix


class SharedPositions:
    """What of the positions of this node's units may pass.

    Args:
        picture: Knows which address stood for which unit.
        live: What viewers have been told, which is stored.
        sharing: What may cross.
        agencies: Those of this node.
    """

    def __init__(
        self, picture: Picture, live: LivePicture, sharing: Sharing, agencies: Collection[str]
    ) -> None:
        self._picture, self._live, self._sharing = picture, live, sharing
        self._agencies = agencies

    def delay(self, viewers: Collection[str], now: datetime) -> timedelta:
        """Return how old what some agencies are told must be."""
        return max(
            (
                grant.delay
                for viewer in viewers
                for owner in self._agencies
                for grant in self._sharing.open_grants(owner, viewer, now)
            ),
            default=timedelta(),
        )

    def passing(
        self, positions: Iterable[StoredPosition], viewers: Collection[str], now: datetime
    ) -> list[CrossingPosition]:
        """Return what of stored positions may pass to some agencies at present, as it may."""
        found: list[CrossingPosition] = []
        for each in positions:
            at = from_us(each.time_us)
            unit = self._unit_of(each, at)
            if unit is None:
                continue
            contact = self._picture.contacts.get(unit.id)
            last = None if contact is None else contact.last
            flags = tuple(each.flags.split())
            accuracy_m = each.accuracy_m
            if accuracy_m is None:  # how it was told is not known at the other side
                accuracy_m = typical_accuracy_m(protocol_of(each.address), flags)
            crossing = self._crossing(
                CrossingPosition(
                    unit=unit.id,
                    time_us=each.time_us,
                    heard_us=each.heard_us,
                    lon=round(each.lon, PLACE_DIGITS),
                    lat=round(each.lat, PLACE_DIGITS),
                    speed_mps=each.speed_mps,
                    course_deg=each.course_deg,
                    heading_deg=each.heading_deg,
                    accuracy_m=accuracy_m,
                    altitude_m=each.altitude_m,
                    flags=flags,
                ),
                unit.agency,
                viewers,
                now,
                newest=last is None or at >= last.time,
            )
            if crossing is not None:
                found.append(crossing)
        return found

    def newest(self, viewers: Collection[str], now: datetime) -> Iterable[CrossingPosition]:
        """Yield the newest position of each unit that may pass to some agencies at present."""
        for unit in self._picture.units.values():
            if unit.agency not in self._agencies or unit.retired_at is not None:
                continue
            try:
                state = self._live.state(unit.id)
            except NotFound:
                continue
            if state.last is None:
                continue
            crossing = self._crossing(
                position_of_fix(state.last, state.heard_at), unit.agency, viewers, now, newest=True
            )
            if crossing is not None:
                yield crossing

    def as_agreed(
        self, position: CrossingPosition, unit: Unit, viewers: Collection[str], now: datetime
    ) -> CrossingPosition | None:
        """Return the newest position of a unit as some agencies may be told it; None: not."""
        return self._crossing(position, unit.agency, viewers, now, newest=True)

    # -- inside

    def _unit_of(self, position: StoredPosition, at: datetime) -> Unit | None:
        """Return the unit of this node whose position it was."""
        picture = self._picture
        protocol, _, device = position.address.partition(":")
        if protocol == VOICE:
            unit = picture.units.get(device)
        else:
            assignment = picture.unit_at(position.address, at)
            if assignment is None or assignment.channel not in (None, position.channel):
                return None
            unit = picture.units.get(assignment.unit)
        return unit if unit is not None and unit.agency in self._agencies else None

    def _crossing(
        self,
        position: CrossingPosition,
        owner: str,
        viewers: Collection[str],
        now: datetime,
        *,
        newest: bool,
    ) -> CrossingPosition | None:
        grids = [
            grid_m
            for viewer in viewers
            if (grid_m := self._grid_m(position, owner, viewer, now, newest=newest)) is not None
        ]
        if not grids:
            return None
        self._sharing.disclosures.count(min(viewers), owner, "positions")
        return _coarse(position, min(grids))

    def _grid_m(
        self, position: CrossingPosition, owner: str, viewer: str, now: datetime, *, newest: bool
    ) -> float | None:
        """Return how coarsely it may be told to an agency, metres; None: not at all."""
        classes: tuple[DataClass, ...] = ("tracks", "positions") if newest else ("tracks",)
        at = from_us(position.time_us)
        for data_class in classes:
            grants = self._sharing.grants(
                data_class,
                owner=owner,
                viewer=viewer,
                now=now,
                at=at,
                lon=position.lon,
                lat=position.lat,
                unit=position.unit,
            )
            for grant in grants:
                lon, lat = snapped(position.lon, position.lat, grant.precision_m)
                # What is told must lie in the corridor, too: the other side looks at nothing else.
                if grant.precision_m <= 0.0 or grant.covers(lon, lat):
                    return grant.precision_m
        return None


def position_of_fix(fix: Fix, heard_at: datetime | None) -> CrossingPosition:
    """Return a position that viewers have been told, and when it was heard, aware UTC."""
    return CrossingPosition(
        unit=fix.of,
        time_us=to_us(fix.time),
        heard_us=to_us(heard_at or fix.time),
        lon=round(fix.lon, PLACE_DIGITS),
        lat=round(fix.lat, PLACE_DIGITS),
        speed_mps=fix.speed_mps,
        course_deg=fix.course_deg,
        heading_deg=fix.heading_deg,
        accuracy_m=fix.error_m,
        altitude_m=fix.altitude_m,
        flags=fix.flags,
    )


def _coarse(position: CrossingPosition, grid_m: float) -> CrossingPosition:
    """Return a position no more exactly than agreed, as `patrol.sharing.precision` has it."""
    if grid_m <= 0.0:
        return position
    lon, lat = snapped(position.lon, position.lat, grid_m)
    return CrossingPosition(
        unit=position.unit,
        time_us=position.time_us,
        heard_us=position.heard_us,
        lon=lon,
        lat=lat,
        speed_mps=position.speed_mps,
        course_deg=position.course_deg,
        heading_deg=position.heading_deg,
        accuracy_m=max(position.accuracy_m or 0.0, grid_m),
        flags=position.flags,
    )
