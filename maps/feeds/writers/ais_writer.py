"""AIS for chartplotters: `!AIVDM` sentences, as a receiver would hear them from class B boats.

    18   where a unit is; speed 102.3, course 360, heading 511 where not known
    24   A its call sign as the ship's name, B what it is (55 law enforcement for a boat) and the
         first seven characters of the call sign
    14   a call for help in words: `SOS HX-1 20 16.446N 100 24.612E 0230 UTC`

Class B, because nobody has told us what class A must say (status, size, draught). The second of
the minute is 60, not available, when a position is older than a minute, and 61, manual input, when
a person plotted it. AIS cannot take a unit back: it is silent from then on, and chartplotters drop
it after some minutes. The messages are marked as not to be repeated by radio, which a boat's own
are not: so they are known again when a channel hears them.

Source: ITU-R M.1371-5, annex 8, 3.12, 3.16, 3.22 and tables 18, 47; sentences IEC 61162-1, VDM.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import cycle

from pyais.encode import encode_msg
from pyais.messages import (
    MessageType14,
    MessageType18,
    MessageType24PartA,
    MessageType24PartB,
    Payload,
)

from maps.feeds.due_places import PlaceAct
from maps.feeds.due_units import Act
from maps.feeds.places import FeedPlace
from maps.feeds.writers.mmsi import MmsiNumbers, is_made
from maps.feeds.writers.plain_names import plain_name
from patrol.intake.own_messages import OwnNotes
from patrol.units.wire import Fix, UnitState
from radio_gateway.formats.nmea.fields import KNOT_MPS

SHIP_TYPES = {"boat": 55}
"""Law enforcement; 0, not available, for what is no boat."""

_NOT_TO_REPEAT = 3
_CARRIER_SENSE = 917510  # the radio state of a class B "CS" unit, which has none
_FRESH = timedelta(seconds=60)
_NO_SECOND, _BY_HAND = 60, 61


class AisWriter:
    """Writes AIS."""

    untold = 0

    def __init__(self, own: OwnNotes) -> None:
        self._own = own
        self._numbers = MmsiNumbers()
        self._sequence = cycle(range(10))

    def place(self, act: PlaceAct, place: FeedPlace, now: datetime) -> list[bytes]:  # noqa: ARG002
        """Return nothing: AIS has no words for a place."""
        return []

    def write(self, act: Act, unit: UnitState, now: datetime) -> list[bytes]:
        """Return the sentences that say `act` of `unit`; none for what AIS has no way to say."""
        if act in ("gone", "forgotten"):
            self._numbers.forget(unit.id)
            return []
        mmsi = self._numbers.of(unit.id, unit.addresses)
        if is_made(mmsi):
            self._own.number(mmsi)
        name = plain_name(unit.call_sign, instead=f"UNIT {mmsi % 10_000:04}", most=20)
        if act == "call":
            return self._sentences(_words(mmsi, f"SOS {name} {_place_text(unit.last)}"))
        if act == "call over":
            return self._sentences(_words(mmsi, f"SOS {name} IS OVER"))
        sentences: list[bytes] = []
        if act in ("whole", "again"):
            ship_type = SHIP_TYPES.get(unit.kind or "", 0)
            for part in _static(mmsi, name, ship_type):
                sentences += self._sentences(part)
            self._own.static(
                mmsi, {"ship_name": name, "callsign": _call_sign(name), "ship_type": ship_type}
            )
        if act in ("whole", "move") and unit.last is not None:
            position = _position(mmsi, unit.last, now)
            sentences += self._sentences(position)
            self._own.place(
                lon=unit.last.lon,
                lat=unit.last.lat,
                addresses=unit.addresses,
                mmsi=mmsi,
                second=position.second,
                calls=unit.distress,
            )
        return sentences

    def hello(self, now: datetime) -> tuple[list[bytes], timedelta | None]:  # noqa: ARG002
        """Return nothing: what it hears back it knows by its content."""
        return [], None

    def idle(self, now: datetime) -> list[bytes]:  # noqa: ARG002 - others need it
        """Return nothing: a receiver that hears nobody is silent."""
        return []

    def _sentences(self, message: Payload) -> list[bytes]:
        lines = encode_msg(
            message,
            talker_id="AI",
            sentence_type="VDM",
            radio_channel="A",
            seq_id=next(self._sequence),
        )
        self._own.message("".join(line.split(",")[5] for line in lines))
        # the sentences of one message stay together
        return ["".join(f"{line}\r\n" for line in lines).encode()]


def _position(mmsi: int, fix: Fix, now: datetime) -> MessageType18:
    knots = 102.3 if fix.speed_mps is None else min(fix.speed_mps / KNOT_MPS, 102.2)
    if "by_voice" in fix.flags:
        second = _BY_HAND
    else:
        second = fix.time.second if now - fix.time <= _FRESH else _NO_SECOND
    # 3,600 and 360 mean not available: what rounds up to a full turn is north
    course = 360.0 if fix.course_deg is None else round(fix.course_deg, 1) % 360.0
    heading = 511 if fix.heading_deg is None else round(fix.heading_deg) % 360
    message = MessageType18.create(
        mmsi=mmsi,
        repeat=_NOT_TO_REPEAT,
        speed=round(knots, 1),
        accuracy=fix.accuracy_m is not None and fix.accuracy_m < 10.0,
        lon=fix.lon,
        lat=fix.lat,
        course=course,
        heading=heading,
        second=second,
        cs=True,
        radio=_CARRIER_SENSE,
    )
    assert isinstance(message, MessageType18)
    return message


def _static(mmsi: int, name: str, ship_type: int) -> tuple[Payload, Payload]:
    return (
        MessageType24PartA.create(mmsi=mmsi, repeat=_NOT_TO_REPEAT, partno=0, shipname=name),
        MessageType24PartB.create(
            mmsi=mmsi,
            repeat=_NOT_TO_REPEAT,
            partno=1,
            ship_type=ship_type,
            callsign=_call_sign(name),
        ),
    )


def _call_sign(name: str) -> str:
    return name[:7].strip()


def _words(mmsi: int, text: str) -> Payload:
    return MessageType14.create(mmsi=mmsi, repeat=_NOT_TO_REPEAT, text=text)


def _place_text(fix: Fix | None) -> str:
    if fix is None:
        return "POSITION UNKNOWN"
    return f"{_degrees(fix.lat, 'NS')} {_degrees(fix.lon, 'EW')} {fix.time:%H%M} UTC"


def _degrees(value: float, signs: str) -> str:
    degrees, minutes = divmod(round(abs(value) * 60_000), 60_000)
    return f"{degrees} {minutes / 1000:06.3f}{signs[value < 0]}"
