"""DSC: the fields of one DSE sentence in, what it adds to its call out.

`dsc` has the layout.

Source: IEC 61162-1, DSE; ITU-R M.821, expansion of DSC.
"""

from __future__ import annotations

import msgspec

from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.fields import KNOT_MPS, Facts
from radio_gateway.formats.nmea.sentence import Sentence
from radio_gateway.messages.transmission import Transmission


class Expansion(msgspec.Struct, kw_only=True):
    """What one DSE sentence says.

    Attributes:
        mmsi: Whose call it expands.
        is_last: No further sentence follows.
        is_query: Someone asks for it; nothing is said yet.
        lat_minutes: What to add to the minutes of latitude, 0 to below 1.
        lon_minutes: The same of longitude.
        speed_mps: Speed over ground.
        course_deg: Course over ground.
        facts: Further fields.
    """

    mmsi: str
    is_last: bool
    is_query: bool
    lat_minutes: float | None = None
    lon_minutes: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    facts: Facts = msgspec.field(default_factory=dict)

    def transmission(self, frame: Frame) -> Transmission:
        """Return what it says alone, when its call was not heard: no position."""
        facts: Facts = {"kind": "dse", **self.facts}
        if self.lat_minutes is not None and self.lon_minutes is not None:
            facts |= {"dlat_min": self.lat_minutes, "dlon_min": self.lon_minutes}
        if self.speed_mps is not None:
            facts["speed_mps"] = self.speed_mps
        if self.course_deg is not None:
            facts["course_deg"] = self.course_deg
        return Transmission(
            protocol="dsc",
            kind="other",
            heard_at=frame.heard_at,
            device=self.mmsi,
            facts=facts,
            raw=frame.payload,
            resent=frame.resent,
        )


def read_expansion(sentence: Sentence, frame: Frame) -> Expansion:
    """Read a DSE sentence; data that is no number, as `9999` or blanks, says nothing.

    Raises:
        FrameError: `truncated`, `bad_number`, `bad_ack_code` or `bad_mmsi`.
    """
    payload = frame.payload
    fields = [field.strip() for field in sentence.text.split(",")]
    if len(fields) < 7 or len(fields) % 2 == 0:
        raise FrameError("truncated", payload, "DSE data comes in pairs of code and data")
    total, number = fields[1], fields[2]
    if not (is_digits(total, 1, 2) and is_digits(number, 1, 2) and int(number) <= int(total)):
        raise FrameError("bad_number", payload, f"sentence {number!r} of {total!r}")
    if fields[3] not in ("A", "Q", "R"):
        raise FrameError("bad_ack_code", payload, f"{fields[3]!r} instead of A, Q or R")
    mmsi = mmsi_of(fields[4])
    if mmsi is None:
        raise FrameError("bad_mmsi", payload, f"{fields[4]!r} is no MMSI and a zero")
    expansion = Expansion(mmsi=mmsi, is_last=int(number) == int(total), is_query=fields[3] == "Q")
    for code, data in zip(fields[5::2], fields[6::2], strict=True):
        _read_data(expansion, code, data)
    return expansion


def mmsi_of(field: str) -> str | None:
    """Return the nine digits of an MMSI that is written with a zero behind it, or without.

    >>> mmsi_of("3380400790"), mmsi_of("338040079"), mmsi_of("x") is None
    ('338040079', '338040079', True)
    """
    if not is_digits(field, 9, 10):
        return None
    return field[:9]


def is_digits(text: str, least: int, most: int) -> bool:
    """Return whether a field is so many ASCII digits and nothing else."""
    return least <= len(text) <= most and text.isascii() and text.isdigit()


def _read_data(expansion: Expansion, code: str, data: str) -> None:
    if code == "00" and is_digits(data, 8, 8):
        expansion.lat_minutes = int(data[:4]) / 10_000
        expansion.lon_minutes = int(data[4:]) / 10_000
    elif code == "02" and is_digits(data, 4, 4):
        expansion.speed_mps = int(data) / 10 * KNOT_MPS
    elif code == "03" and is_digits(data, 4, 4) and int(data) <= 3600:
        expansion.course_deg = int(data) % 3600 / 10
    elif code == "06" and is_digits(data, 1, 4):
        expansion.facts["persons_on_board"] = int(data)
    elif code in _TEXTS and data:
        expansion.facts[_TEXTS[code]] = data


_TEXTS = {"01": "position_source", "04": "ship_name", "05": "enhanced_area"}
