"""Everyday RMC by the hundred, as one read of a busy link or of a file brings them.

They are read in columns, one for each field; only the form of each is looked at by itself. Where
something is no number or no minute, all are read one by one. Both give the same, but that here the
place is written, too, where a device is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from radio_gateway.formats.nmea.fast_rmc import (
    MAX_CHARACTERS,
    RMC,
    EverydayRmc,
    read_clock,
    read_everyday,
    read_number,
)
from radio_gateway.formats.nmea.fields import KNOT_MPS
from radio_gateway.formats.nmea.sentence import CHECKSUMS, checksums
from radio_gateway.formats.number_parsing import read_numbers, show_places


def read_everyday_many(payloads: Sequence[bytes]) -> list[EverydayRmc | None]:
    """Read frames as `read_everyday` does one.

    Args:
        payloads: Frames; from some dozens on it takes less than one by one.

    Returns:
        What each says; None for one that is anything else.
    """
    fixes: list[EverydayRmc | None] = [None] * len(payloads)
    # A byte that is no ASCII stands for no character that the form allows.
    texts = [each.decode("latin-1") for each in payloads]
    formed = [
        (n, match)
        for n, text in enumerate(texts)
        if len(text) <= MAX_CHARACTERS and (match := RMC.fullmatch(text)) is not None
    ]
    sums = checksums([payloads[n][match.start(2) : -3] for n, match in formed])
    good = [
        (n, match.groups())
        for (n, match), right in zip(formed, sums, strict=True)
        if CHECKSUMS.get(texts[n][-2:]) == right
    ]
    if not good:
        return fixes
    try:
        read = _read([fields for _, fields in good], [payloads[n] for n, _ in good])
    except (ValueError, KeyError):
        return [read_everyday(each) for each in payloads]
    for (n, _), each in zip(good, read, strict=True):
        fixes[n] = each
    return fixes


def _read(fields: Sequence[tuple[Any, ...]], payloads: Sequence[bytes]) -> list[EverydayRmc | None]:
    """Return what is said in the fields of sentences; None for one that is not everyday.

    Raises:
        ValueError: If something is no number.
        KeyError: If there is no such minute.
    """
    devices, talkers, times, lats, norths, lons, easts, knots, courses, days = zip(
        *fields, strict=True
    )
    clocks: list[Any] = [read_clock(time, day) for time, day in zip(times, days, strict=True)]
    ddmm, dddmm = _numbers(lats), _numbers(lons)
    courses_deg = [read_number(each) for each in courses]
    # dd * 100 + mm are dd * 60 + mm minutes
    lons_deg = [
        (each - each // 100.0 * 40.0) / (60.0 if east == "E" else -60.0)
        for each, east in zip(dddmm, easts, strict=True)
    ]
    lats_deg = [
        (each - each // 100.0 * 40.0) / (60.0 if north == "N" else -60.0)
        for each, north in zip(ddmm, norths, strict=True)
    ]
    speeds = [read_number(each) for each in knots]
    speeds_mps = [None if each is None else each * KNOT_MPS for each in speeds]
    places: Sequence[str | None] = [None] * len(fields)
    if any(devices):
        places = show_places(lons_deg, lats_deg)
    fixes: list[EverydayRmc | None] = [
        EverydayRmc(*each)
        for each in zip(
            devices,
            talkers,
            clocks,
            lons_deg,
            lats_deg,
            speeds_mps,
            courses_deg,
            payloads,
            places,
            strict=True,
        )
    ]
    if (
        None in clocks
        or max(ddmm) > 9000.0
        or max(dddmm) > 18000.0
        or (0.0 in ddmm and 0.0 in dddmm)
        or max([each for each in courses_deg if each is not None], default=0.0) >= 360.0
    ):  # seldom: each is asked by itself only then
        for n, (clock, lat, lon, course_deg) in enumerate(
            zip(clocks, ddmm, dddmm, courses_deg, strict=True)
        ):
            if (
                clock is None
                or lat > 9000.0
                or lon > 18000.0
                or lat == lon == 0.0
                or (course_deg is not None and course_deg >= 360.0)
            ):
                fixes[n] = None
    return fixes


def _numbers(texts: Sequence[str]) -> list[float]:
    return read_numbers(",".join([each.lstrip("0") for each in texts]))
