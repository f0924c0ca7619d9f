"""AIS: what a ship's transponder says, out of VDM and VDO sentences.

    !AIVDM,2,1,6,A,53@o0E000001Q0CG…,0*63
           │ │ │ │ │                 └ fill bits
           │ │ │ │ └ payload, six bits a character
           │ │ │ └ VHF channel
           │ │ └ sequence number, that sentences of one message share
           │ └ number of this sentence
           └ sentences in the message

VDO is the receiver's own ship. A checksum is required: every AIS receiver sends one. Receivers of
several stations hear the same message: equal payloads within three seconds are the same.

`ais_report` and `ais_messages` say what messages mean, `ais_fragments` joins them.

Source: IEC 61162-1, VDM and VDO; ITU-R M.1371-5; the window is that of AIS-catcher.
"""

from __future__ import annotations

from datetime import datetime

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame, LineFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_clock import corrected
from radio_gateway.formats.nmea.sentence import Sentence, Tag, read_sentence
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.ais.fast_position import DUPLICATE_WINDOW_S, read_fix
from radio_gateway.protocols.ais.fragments import Key, Reassembly
from radio_gateway.protocols.ais.messages import read_message

FRAMING = LineFramer


def speaks(frame: Frame) -> bool:
    """Return whether this looks like an AIS sentence."""
    return b"VDM," in frame.payload or b"VDO," in frame.payload


def decoder(settings: DecoderSettings) -> AisDecoder:
    """Return a decoder for one connection."""
    return AisDecoder(settings)


class AisDecoder(PlainDecoder):
    """Decodes the sentences of one connection; keeps the messages that are not complete."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._live = settings.live
        self._fragments = Reassembly()

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one sentence.

        Returns:
            The message that is complete with it; nothing for a sentence of another kind, such as
            those of the receiver's own GPS.

        Raises:
            FrameError: If envelope, checksum or payload is wrong.
        """
        fix = read_fix(frame)
        if fix is not None:  # nearly always
            return [fix]
        return self.decode_sentence(read_sentence(frame.payload), frame)

    def decode_sentence(self, sentence: Sentence, frame: Frame) -> list[Transmission]:
        """Decode one sentence that is out of its envelope already; otherwise like `decode`."""
        fields = sentence.fields()
        name = fields[0]
        if sentence.start != "!" or name[-3:] not in ("VDM", "VDO"):
            return []
        payload = frame.payload
        if not sentence.checked:
            raise FrameError("no_checksum", payload, "an AIS sentence without a checksum")
        if len(fields) != 7:
            raise FrameError("truncated", payload, f"{len(fields)} fields instead of 7")
        _, total, number, sequence, channel, armour, fill = fields
        if not armour:
            raise FrameError("empty", payload, "no payload")
        armoured = armour.encode()
        if fill not in _FILL_BITS:
            raise FrameError("bad_number", payload, f"fill bits {fill!r}")
        fill_bits = int(fill)
        if total == "1" and number == "1":
            return [self._transmission(armoured, fill_bits, frame, payload, sentence.tag, name)]
        if total not in _TOTALS or number not in _NUMBERS or number > total:
            raise FrameError("bad_number", payload, f"sentence {number!r} of {total!r}")
        tag = sentence.tag
        if tag is not None and tag.group is not None:
            key: Key = (frame.source, None, f"g{tag.group}", channel, int(total))
        else:
            station = None if tag is None else tag.station
            key = (frame.source, station, sequence, channel, int(total))
        message = self._fragments.add(
            key,
            int(number),
            armoured,
            fill_bits=fill_bits,
            frame=payload,
            heard_at=frame.heard_at,
            tag=tag,
        )
        if message is None:
            return []
        whole, raw = message.armoured(), message.raw()
        return [self._transmission(whole, message.fill_bits, frame, raw, message.tag, name)]

    def flush(self, now: datetime | None) -> list[Transmission]:
        """Give up messages that stayed incomplete; nothing can be said about them."""
        self._fragments.drop_old(now)
        return []

    def waiting(self) -> bool:
        """Return whether a message is incomplete."""
        return self._fragments.waiting()

    def _transmission(
        self,
        armoured: bytes,
        fill_bits: int,
        frame: Frame,
        raw: bytes,
        tag: Tag | None,
        name: str,
    ) -> Transmission:
        report = read_message(armoured, fill_bits, raw)
        flags: tuple[str, ...] = () if report.flag is None else (report.flag,)
        time = report.time
        if time is not None:
            time, doubt = corrected(time, frame.heard_at, live=self._live)
            if doubt is not None:
                flags = (*flags, doubt)
        if tag is not None and not tag.intact:
            flags = (*flags, "bad_tag_checksum")
        if name[2:] == "VDO":
            report.facts["own_ship"] = True
        position = None
        lon, lat = report.lon, report.lat
        if lon is not None and lat is not None:
            position = Position(
                lon=lon,
                lat=lat,
                altitude_m=report.altitude_m,
                accuracy_m=report.accuracy_m,
                speed_mps=report.speed_mps,
                course_deg=report.course_deg,
                heading_deg=report.heading_deg,
            )
        return Transmission(
            protocol="ais",
            kind=report.kind,
            heard_at=frame.heard_at,
            device=report.mmsi,
            position=position,
            fix=report.fix,
            device_time=time,
            passed_on_at=None if tag is None else tag.time,
            distress=report.distress,
            text=report.text,
            status=report.status,
            flags=flags if len(flags) < 2 else tuple(sorted(flags)),
            facts=report.facts,
            signal=None if tag is None else tag.signal,
            raw=raw,
            duplicate_key=armoured.decode(),
            duplicate_window_s=DUPLICATE_WINDOW_S,
            resent=frame.resent,
        )


_FILL_BITS = frozenset("012345")
_TOTALS = frozenset("23456789")
_NUMBERS = frozenset("123456789")
