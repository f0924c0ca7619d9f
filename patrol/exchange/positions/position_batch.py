"""Position batch: positions of units as they travel between counterparts, and their receipt.

MessagePack, one column a field: each value is the difference to the one before it of the same unit,
in whole steps of what the field is told by, so that most take a byte and deflate finds the rest. A
unit has a number in a table that a session makes; what it is called goes along until a receipt says
that it is known.

Steps: places 1e-7 degrees (a centimetre), speed 0.01 m/s, angles 0.1 degrees, accuracy and height
0.1 m, when it was heard 0.1 s after its time. Times are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from patrol.errors.errors import Conflict
from patrol.units.units import UnitKind
from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

MOST_POSITIONS: Final = 2000
"""Positions of one batch."""

PLACE_DIGITS: Final = 7
"""Decimals of degrees."""

_LONGEST_ID: Final = 100
_LONGEST_NAME: Final = 200
_MOST_FLAGS: Final = 200
_PLACE: Final = 1e7
_HEARD_US: Final = 100_000
_FARTHEST_US: Final = 10**17
"""Times are in the thousands of years that a clock can tell."""


class CrossingPosition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One position of a unit, as it may cross.

    Attributes:
        unit: The unit's id.
        time_us: When it was there, microseconds since 1970-01-01 UTC.
        heard_us: When its own office heard that.
        lon: Degrees east.
        lat: Degrees north.
        speed_mps: Metres per second.
        course_deg: Degrees true.
        heading_deg: Degrees true.
        accuracy_m: How wrong the place may be, metres.
        altitude_m: Metres above sea level.
        flags: Quality flags.
    """

    unit: str
    time_us: int
    heard_us: int
    lon: float
    lat: float
    speed_mps: float | None = None
    course_deg: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    altitude_m: float | None = None
    flags: tuple[str, ...] = ()


class UnitName(msgspec.Struct, frozen=True, array_like=True):
    """What a unit is, by its number in the table of a session.

    Attributes:
        number: By which positions name it.
        id: Its id at its own node.
        call_sign: Name on the radio.
        kind: What it is.
        agency: Owner's id.
        country: Side, ISO 3166-1 alpha-2.
        expected_interval_s: Longest normal time between two positions, seconds.
        is_retired: It is out of service.
    """

    number: int
    id: str
    call_sign: str
    kind: UnitKind
    agency: str
    country: str | None = None
    expected_interval_s: float = 60.0
    is_retired: bool = False


class PositionBatch(msgspec.Struct, frozen=True, array_like=True):
    """The body of kinds `positions` and `newest_positions`.

    Attributes:
        table: Names the table of units: another one for each session.
        number: Of the batch in that session.
        names: Units that the receiver may not know yet, or that changed.
        step_us: In what steps times are told: a second, a millisecond or a microsecond.
        base: Time in steps, longitude and latitude from which the first of each unit differs.
        units: Number of the unit of each position, as a difference.
        times: Time, as a difference; so are the next six.
        heard: When it was heard, after its time.
        lons: Longitude.
        lats: Latitude.
        speeds: Speed; None where it is not known, as in the columns after it.
        courses: Course.
        headings: Heading.
        accuracies: Accuracy.
        altitudes: Height.
        flags: Number of its flags in `flag_words`.
        flag_words: The sets of flags that occur, each as one text.
    """

    table: int
    number: int
    names: tuple[UnitName, ...] = ()
    step_us: int = 1
    base: tuple[int, int, int] = (0, 0, 0)
    units: tuple[int, ...] = ()
    times: tuple[int, ...] = ()
    heard: tuple[int, ...] = ()
    lons: tuple[int, ...] = ()
    lats: tuple[int, ...] = ()
    speeds: tuple[int | None, ...] = ()
    courses: tuple[int | None, ...] = ()
    headings: tuple[int | None, ...] = ()
    accuracies: tuple[int | None, ...] = ()
    altitudes: tuple[int | None, ...] = ()
    flags: tuple[int, ...] = ()
    flag_words: tuple[str, ...] = ()


class PositionReceipt(msgspec.Struct, frozen=True, array_like=True):
    """The body of kind `position_receipt`: batches of a session that are stored.

    Attributes:
        table: The session's table of units.
        numbers: The batches.
        unknown: The receiver does not know a unit of some batch: names are to be told again.
        refused: How many positions were not taken.
        reason: Why the last of them was not.
    """

    table: int
    numbers: tuple[int, ...] = ()
    unknown: bool = False
    refused: int = 0
    reason: str = ""


def pack(
    positions: Iterable[CrossingPosition],
    numbers: Mapping[str, int],
    *,
    table: int,
    number: int,
    names: Sequence[UnitName] = (),
) -> PositionBatch:
    """Return positions as one batch, those of a unit together and in the order of their time.

    Args:
        positions: In any order.
        numbers: The number of each unit.
        table: Of which table.
        number: Of the batch.
        names: Units to be named.
    """
    ordered = sorted(positions, key=lambda each: (numbers[each.unit], each.time_us))
    if not ordered:
        return PositionBatch(table, number, tuple(names))
    step_us = next(
        step for step in (1_000_000, 1000, 1) if all(each.time_us % step == 0 for each in ordered)
    )
    first = ordered[0]
    base = first.time_us // step_us, round(first.lon * _PLACE), round(first.lat * _PLACE)
    words: dict[str, int] = {}
    units: list[int] = []
    times: list[int] = []
    heard: list[int] = []
    lons: list[int] = []
    lats: list[int] = []
    unit, (time, lon, lat) = 0, base
    for each in ordered:
        of = numbers[each.unit]
        if of != unit:
            time, lon, lat = base
        at = each.time_us // step_us, round(each.lon * _PLACE), round(each.lat * _PLACE)
        units.append(of - unit)
        times.append(at[0] - time)
        lons.append(at[1] - lon)
        lats.append(at[2] - lat)
        heard.append((each.heard_us - each.time_us) // _HEARD_US)
        unit, (time, lon, lat) = of, at
    return PositionBatch(
        table=table,
        number=number,
        names=tuple(names),
        step_us=step_us,
        base=base,
        units=tuple(units),
        times=tuple(times),
        heard=tuple(heard),
        lons=tuple(lons),
        lats=tuple(lats),
        speeds=tuple([_steps(each.speed_mps, 100) for each in ordered]),
        courses=tuple([_steps(each.course_deg, 10) for each in ordered]),
        headings=tuple([_steps(each.heading_deg, 10) for each in ordered]),
        accuracies=tuple([_steps(each.accuracy_m, 10) for each in ordered]),
        altitudes=tuple([_steps(each.altitude_m, 10) for each in ordered]),
        flags=tuple([words.setdefault(" ".join(each.flags), len(words)) for each in ordered]),
        flag_words=tuple(words),
    )


def unpack(batch: PositionBatch, ids: Mapping[int, str]) -> list[CrossingPosition]:
    """Return the positions of a batch.

    Args:
        batch: As it came.
        ids: The unit of each number.

    Raises:
        Conflict: If it is none; it names the field.
        KeyError: If a unit has no name.
    """
    count = len(batch.units)
    if count > MOST_POSITIONS:
        raise Conflict(f"`units` has {count} positions: {MOST_POSITIONS} is the most")
    if batch.step_us not in (1, 1000, 1_000_000):
        raise Conflict(f"`step_us` is {batch.step_us}")
    for name in _COLUMNS:
        if len(getattr(batch, name)) != count:
            raise Conflict(f"`{name}` has another length than `units`")
    words = [tuple(each[:_LONGEST_NAME].split()) for each in batch.flag_words[:_MOST_FLAGS]]
    positions: list[CrossingPosition] = []
    unit, (time, lon, lat) = 0, batch.base
    for at in range(count):
        if batch.units[at]:
            unit += batch.units[at]
            time, lon, lat = batch.base
        time += batch.times[at]
        lon += batch.lons[at]
        lat += batch.lats[at]
        time_us = time * batch.step_us
        heard_us = time_us + batch.heard[at] * _HEARD_US
        if max(abs(time_us), abs(heard_us)) > _FARTHEST_US:
            raise Conflict(f"`times`: {time_us} is in no calendar")
        if abs(lon) > 180 * _PLACE or abs(lat) > 90 * _PLACE:
            raise Conflict(f"`lons`, `lats`: {lon / _PLACE} {lat / _PLACE} is no place")
        if not 0 <= batch.flags[at] < len(words):
            raise Conflict(f"`flags`: there is no word {batch.flags[at]}")
        positions.append(
            CrossingPosition(
                unit=ids[unit],
                time_us=time_us,
                heard_us=heard_us,
                lon=lon / _PLACE,
                lat=lat / _PLACE,
                speed_mps=_value(batch.speeds[at], 100),
                course_deg=_value(batch.courses[at], 10),
                heading_deg=_value(batch.headings[at], 10),
                accuracy_m=_value(batch.accuracies[at], 10),
                altitude_m=_value(batch.altitudes[at], 10),
                flags=words[batch.flags[at]],
            )
        )
    return positions


def check_name(name: UnitName) -> None:
    """Refuse what cannot be a unit.

    Raises:
        Conflict: If it is none; it names the field.
    """
    for field, longest in (
        ("id", _LONGEST_ID),
        ("call_sign", _LONGEST_NAME),
        ("country", _LONGEST_ID),
    ):
        text = getattr(name, field)
        if text is None:
            continue
        if not (text.strip() and text.isprintable() and len(text) <= longest):
            raise Conflict(f"`names.{field}` is {text[:longest]!r}")
    if not 0.0 < name.expected_interval_s <= 10_000_000.0:
        raise Conflict(f"`names.expected_interval_s` is {name.expected_interval_s}")


def _steps(value: float | None, per: int) -> int | None:
    return None if value is None else round(value * per)


def _value(steps: int | None, per: int) -> float | None:
    return None if steps is None else steps / per


_COLUMNS: Final = (
    "times",
    "heard",
    "lons",
    "lats",
    "speeds",
    "courses",
    "headings",
    "accuracies",
    "altitudes",
    "flags",
)
encode_body: Final = msgspec.msgpack.Encoder().encode
decode_batch: Final = msgpack_decoder(PositionBatch).decode
decode_receipt: Final = msgpack_decoder(PositionReceipt).decode
