"""Claims: radio addresses that two senders use at once: a copied identity, or a wrong binding.

Two ways to be one. An address that is bound to one channel is claimed from another. Or an address
that is bound to none is heard on two channels in turn, from places between which nothing can have
gone: `a`, `b`, `a` again.

One claim is raised for each address and channel, however often it is made, and ends by itself once
it was not made for a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from patrol.reception.position_quality import UNSURE_CLOCK_S, apart_m, is_jump, place_flag
from patrol.reception.record import Record
from patrol.units.effective_time import TimeSource
from patrol.units.wire import Claim, Fix

ENDS_AFTER: Final = timedelta(minutes=10)
"""A claim that was not made for so long is over; made again it is a new one."""

ADDRESSES_KEPT: Final = 20_000
"""Addresses whose last place is kept in mind."""

_CHANNELS_KEPT: Final = 4
_TOLD_AGAIN_M: Final = 500.0
_TOLD_AGAIN_SHARE: Final = 0.25


def key_of(claim: Claim) -> str:
    """Return what a claim is kept under; neither address nor channel holds a line break."""
    return f"{claim.address}\n{claim.channel}"


class _Sighting(NamedTuple):
    """A place at which an address was, by one channel."""

    channel: str
    fix: Fix
    time: datetime
    slack_s: float


class Claims:
    """The claims there are now.

    Attributes:
        open: By `key_of`.
        touched: Those that changed since `take_changes`.
        raised: Those raised since `take_raised`.
    """

    def __init__(self) -> None:
        self.open: dict[str, Claim] = {}
        self._made_at: dict[str, datetime] = {}
        self._last: dict[str, tuple[str, datetime, TimeSource, Fix]] = {}
        self._by_channel: dict[str, dict[str, _Sighting]] = {}
        self.touched: dict[str, Claim] = {}
        self.raised: list[Claim] = []
        self._ended: list[str] = []

    def __iter__(self) -> Iterator[Claim]:
        """Return the claims there are now, in the order they were raised."""
        return iter(self.open.values())

    def take_up(self, claim: Claim, now: datetime) -> None:
        """Go on with a claim that was raised before a restart; it has its time to be made again."""
        of = key_of(claim)
        self.open[of] = self.touched[of] = claim
        self._made_at[of] = now

    def claimed(self, record: Record, claim: Claim, believed: Fix | None) -> None:
        """Note that a bound address was claimed from another channel.

        Args:
            record: The message.
            claim: What to raise, without a distance.
            believed: Where whom the address stands for was last.
        """
        place = record.transmission.position
        away_m = None
        if place is not None and believed is not None and place_flag(place) is None:
            away_m = apart_m(
                lon=place.lon, lat=place.lat, from_lon=believed.lon, from_lat=believed.lat
            )
        self._make(msgspec.structs.replace(claim, distance_m=away_m), record)

    def placed(self, record: Record, fix: Fix, *, agency: str, unit: str | None) -> None:
        """Note where an address that is bound to no channel was, by one more message.

        Args:
            record: The message.
            fix: Its position.
            agency: Owner of what the address stands for.
            unit: Unit it stands for; None for nobody.
        """
        address, transmission = record.address, record.transmission
        channel = transmission.channel
        before = self._last.get(address)
        self._last[address] = now = (channel, transmission.heard_at, record.time_source, fix)
        if before is None:
            if len(self._last) > ADDRESSES_KEPT:
                oldest = next(iter(self._last))
                del self._last[oldest]
                self._by_channel.pop(oldest, None)
            return
        if before[0] == channel:
            return  # the usual case
        seen, last = _observation(*now), _observation(*before)
        by_channel = self._by_channel.setdefault(address, {})
        own = by_channel.get(channel)
        by_channel[last.channel] = last
        if (
            own is not None
            and _are_apart(seen, last)
            and _are_apart(last, own)
            and not _are_apart(seen, own)
        ):
            # The other was there before or after: whoever was heard first is taken for the owner.
            first = next(name for name in by_channel if name in (channel, last.channel))
            other = last if first == channel else seen
            self._make(
                Claim(
                    address=address,
                    channel=other.channel,
                    agency=agency,
                    since=last.time if other is last else own.time,
                    unit=unit,
                    distance_m=apart_m(
                        lon=fix.lon, lat=fix.lat, from_lon=last.fix.lon, from_lat=last.fix.lat
                    ),
                ),
                record,
            )
        if len(by_channel) > _CHANNELS_KEPT:
            del by_channel[next(iter(by_channel))]

    def tick(self, now: datetime, bound_to: Mapping[str, str | None]) -> None:
        """End what was not made for a while, and what is no claim any more.

        Args:
            now: The present, aware UTC.
            bound_to: The channel each claimed address is bound to now; None for none.
        """
        for of, claim in list(self.open.items()):
            bound = bound_to.get(claim.address)
            if now - self._made_at[of] > ENDS_AFTER or claim.bound != bound:
                self.touched[of] = msgspec.structs.replace(claim, ended=True)
                self._ended.append(of)
                del self.open[of], self._made_at[of]

    def take_changes(self) -> tuple[Claim, ...]:
        """Return the claims that changed since the last call; ended ones for the last time."""
        changed = tuple(self.touched.values())
        self.touched.clear()
        return changed

    def take_raised(self) -> Sequence[Claim]:
        """Return the claims raised since the last call, to be stored."""
        raised, self.raised = self.raised, []
        return raised

    def take_ended(self) -> Sequence[str]:
        """Return the claims ended since the last call, by `key_of`, to be stored."""
        ended, self._ended = self._ended, []
        return ended

    def put_back_ended(self, ended: Sequence[str]) -> None:
        """Return what could not be stored."""
        self._ended = [*ended, *self._ended]

    def _make(self, claim: Claim, record: Record) -> None:
        of, heard_at = key_of(claim), record.transmission.heard_at
        known = self.open.get(of)
        if known is None:
            self.open[of] = self.touched[of] = claim
            self._made_at[of] = heard_at
            self.raised.append(claim)
            return
        self._made_at[of] = max(self._made_at[of], heard_at)
        if claim.distance_m is None:
            claim = msgspec.structs.replace(claim, distance_m=known.distance_m)
        claim = msgspec.structs.replace(claim, since=known.since)
        if _differs(claim, known):
            self.open[of] = self.touched[of] = claim


def _differs(claim: Claim, known: Claim) -> bool:
    """Return whether it is worth telling again: a boat that moves on is not."""
    if (claim.unit, claim.bound, claim.agency) != (known.unit, known.bound, known.agency):
        return True
    if claim.distance_m is None or known.distance_m is None:
        return claim.distance_m is not known.distance_m
    change_m = abs(claim.distance_m - known.distance_m)
    return change_m > max(_TOLD_AGAIN_M, _TOLD_AGAIN_SHARE * known.distance_m)


def _observation(channel: str, heard_at: datetime, source: TimeSource, fix: Fix) -> _Sighting:
    slack_s = 1.0 if source == "device" else UNSURE_CLOCK_S
    return _Sighting(channel, fix, min(heard_at, fix.time), slack_s)


def _are_apart(one: _Sighting, other: _Sighting) -> bool:
    """Return whether nothing can have gone from one to the other."""
    return is_jump(
        lon=one.fix.lon,
        lat=one.fix.lat,
        time=one.time,
        from_lon=other.fix.lon,
        from_lat=other.fix.lat,
        from_time=other.time,
        slack_s=one.slack_s + other.slack_s,
        accuracy_m=one.fix.error_m + other.fix.error_m,
        reported_mps=max(one.fix.speed_mps or 0.0, other.fix.speed_mps or 0.0),
    )
