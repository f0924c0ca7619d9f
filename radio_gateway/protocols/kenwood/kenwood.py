"""Kenwood FleetSync and NEXEDGE: what a base radio prints at its serial port of all that it hears.

`kenwood_framer` cuts frames and sentences, `kenwood_frame` and `kenwood_sentence` have the layouts,
`kenwood_burst` makes one report of the sentences of one position, `kenwood_order` writes polls and
texts. Plain NMEA sentences that belong to no radio heard go to the NMEA decoder: a mobile set has a
GPS of its own. Sentences about a named place (`waypoint`) are reports of stations that a set with
APRS hears; the name is the station.

A radio is `100:1001` (FleetSync: fleet and unit), `U00001` or `U00001205` (NEXEDGE), or a number
(dPMR and DMR). What a status code means is set by each fleet: those that mean a call for help are
told to the decoder (`distress_statuses`).

Source: see those modules.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_clock import corrected, nearest_day
from radio_gateway.formats.nmea.fields import Facts, read_part
from radio_gateway.formats.nmea.sentence import Sentence, read_sentence
from radio_gateway.formats.nmea.waypoint import is_waypoint, station_report
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.protocols import nmea0183
from radio_gateway.protocols.kenwood.frame import FrameContent, read_frame
from radio_gateway.protocols.kenwood.framer import KenwoodFramer
from radio_gateway.protocols.kenwood.order import ORDERS, encode
from radio_gateway.protocols.kenwood.sentence import KenwoodReport, read_report, status_code
from radio_gateway.protocols.kenwood.sentence_group import SILENCE, Burst, first_burst

__all__ = ["FRAMING", "ORDERS", "KenwoodDecoder", "decoder", "encode", "speaks"]

FRAMING = KenwoodFramer
MAX_NUMBERS = 4096  # radios whose number is known with all its digits
TIME_ONLY_WINDOW_S = 600.0  # the same time of day a day later is another
BURST_WINDOW_S = 2.0  # two receivers of one burst of data

_PLAIN = frozenset({"RMC", "GGA", "GLL", "GNS"})


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a frame, a status or a sentence of such a radio."""
    payload = frame.payload
    return payload[:1] in (b"\x02", b"$") or payload[:2] == b"xE" or b"$PK" in payload[:48]


def decoder(settings: DecoderSettings) -> KenwoodDecoder:
    """Return a decoder for one connection."""
    return KenwoodDecoder(settings)


class KenwoodDecoder(SessionDecoder):
    """Decodes what one radio prints; keeps the sentences of the position that comes in."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._live = settings.live
        self._required = settings.checksum_required
        self._distress = frozenset(status_code(each) for each in settings.distress_statuses)
        self._nmea = nmea0183.decoder(settings)
        self._burst: Burst | None = None
        self._numbers: dict[str, str] = {}  # last eight digits -> all nine

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one frame or sentence.

        Returns:
            What is complete with it, oldest first.

        Raises:
            FrameError: See `read_frame` and `read_report`; `no_checksum` when a checksum is
                missing that this radio used to send; what is wrong with a plain sentence.
        """
        payload = frame.payload
        if payload[:1] == b"\x02" or payload[:2] == b"xE":
            content = read_frame(payload)
            return [*self._close(), self._transmission(content, frame)]
        sentence = read_sentence(payload)
        name = sentence.text.partition(",")[0]
        if not sentence.checked and self._required and sentence.start == "$":
            raise FrameError("no_checksum", payload, "this radio sends checksums; one is missing")
        if is_waypoint(sentence):
            self._required |= sentence.checked
            return self._after_burst(lambda: [station_report(sentence, frame, "kenwood")])
        if name[:2] == "PK":
            report = read_report(sentence, payload, self._distress)
        elif name[2:] in _PLAIN:
            part = read_part(name[2:], sentence.text, payload, checked=sentence.checked)
            report = KenwoodReport(name=name[2:], device=None, part=part)
        else:
            return self._after_burst(lambda: self._nmea.decode(frame))
        self._required |= sentence.checked
        return self._gather(report, sentence, frame)

    def flush(self, now: datetime | None) -> list[Transmission]:
        """Return the position that was followed by silence; everything when `now` is None."""
        out: list[Transmission] = []
        burst = self._burst
        if burst is not None and (now is None or now - burst.frames[-1].heard_at >= SILENCE):
            out = self._close()
        return out + self._nmea.flush(now)

    def waiting(self) -> bool:
        """Return whether further sentences of a position may come."""
        return self._burst is not None or self._nmea.waiting()

    def _gather(
        self, report: KenwoodReport, sentence: Sentence, frame: Frame
    ) -> list[Transmission]:
        out: list[Transmission] = []
        burst = self._burst
        if burst is not None and burst.takes(report, frame):
            burst.add(report, frame, checked=sentence.checked)
        else:
            out = self._close()
            burst = self._burst = first_burst(report, frame, checked=sentence.checked)
        if burst.device is not None and burst.is_complete():
            out += self._close()
        return out

    def _after_burst(self, decode: Callable[[], list[Transmission]]) -> list[Transmission]:
        """Return the position that was being gathered and what another sentence says.

        That sentence may be wrong; the position is not lost with it.
        """
        out = self._close()
        try:
            return out + decode()
        except FrameError as error:
            if not out:
                raise
            self._rejected.append(error)
            return out

    def _close(self) -> list[Transmission]:
        """Return the position that was being gathered."""
        burst, self._burst = self._burst, None
        if burst is None:
            return []
        if burst.device is not None:
            return [self._report(burst, burst.device)]
        out: list[Transmission] = []
        for frame in burst.frames:
            try:
                out += self._nmea.decode(frame)
            except FrameError as error:
                self._rejected.append(error)
        return out

    def _report(self, burst: Burst, device: str) -> Transmission:
        """Return one transmission for all that the sentences of one position said."""
        if len(device) == 9 and device.isdigit():
            if len(self._numbers) >= MAX_NUMBERS and device[1:] not in self._numbers:
                self._numbers.pop(next(iter(self._numbers)))
            self._numbers[device[1:]] = device
        first, whole = burst.frames[0], burst.whole
        flags, facts = set(burst.faults), burst.facts
        distress = burst.status is not None and burst.status in self._distress
        if burst.status is not None:
            facts["status"] = int(burst.status)
        if not burst.checked:
            flags.add("no_checksum")
        kind: Kind = "position"
        position, time, key = None, None, None
        window_s: float | None = BURST_WINDOW_S
        if whole is None:
            kind = "static"
            facts["kind"] = "identity"
        else:
            if whole.flag is not None:
                flags.add(whole.flag)
            if whole.lat is not None and whole.lon is not None:
                position = Position(
                    lon=whole.lon,
                    lat=whole.lat,
                    altitude_m=whole.altitude_m,
                    speed_mps=whole.speed_mps,
                    course_deg=whole.course_deg,
                )
            elif whole.empty:
                flags.add("no_fix")
            facts |= whole.facts or {}
        stamp = ""
        if whole is not None and whole.time_of_day is not None:
            if whole.date is not None:
                time, doubt = corrected(
                    whole.date + whole.time_of_day, first.heard_at, live=self._live
                )
                if doubt is not None:
                    flags.add(doubt)
                stamp = time.isoformat()
            else:
                stamp = facts["time_of_day"] = _clock_face(whole.time_of_day.seconds)
                if whole.clock_is_wrong:
                    flags.add("bad_date")
                elif self._live:
                    time = nearest_day(whole.time_of_day, first.heard_at)
        if position is not None and stamp:
            key = f"{stamp}|{position.lon}|{position.lat}|{burst.status}"
            if whole is not None and whole.fix:  # without a fix the same is said again and again
                window_s = TIME_ONLY_WINDOW_S if whole.date is None else None
        if distress and position is None:
            kind = "distress"
            facts.pop("kind", None)
        return Transmission(
            protocol="kenwood",
            kind=kind,
            heard_at=first.heard_at,
            device=device,
            position=position,
            fix=None if whole is None else bool(whole.fix),
            device_time=time,
            distress=distress,
            status=burst.status,
            flags=tuple(sorted(flags)),
            facts=facts,
            raw=burst.raw,
            duplicate_key=key,
            duplicate_window_s=window_s,
            resent=first.resent,
        )

    def _transmission(self, content: FrameContent, frame: Frame) -> Transmission:
        """Return what a frame between STX and ETX, or a status message, said."""
        facts: Facts = {"kind": content.kind, **content.facts}
        status = None if content.status is None else status_code(content.status)
        kind: Kind = "status"
        key = None
        distress = False
        if content.kind == "ack":
            kind = "answer"
            status = "acknowledged" if content.facts["ok"] else "refused"
        else:
            key = "|".join(str(each) for each in (*facts.values(), content.status))
        device = (
            None if content.device is None else self._numbers.get(content.device, content.device)
        )
        if content.kind == "status":
            if "status_raw" not in facts and content.status is not None:
                facts["status"] = int(content.status)
            distress = status in self._distress
            if distress:
                kind = "distress"
                del facts["kind"]
        elif content.device is not None and ":" in content.device:
            fleet, _, unit = content.device.partition(":")
            facts |= {"fleet": fleet, "unit": unit}
        return Transmission(
            protocol="kenwood",
            kind=kind,
            heard_at=frame.heard_at,
            device=device,
            distress=distress,
            status=status,
            facts=facts,
            raw=frame.payload,
            duplicate_key=key,
            duplicate_window_s=BURST_WINDOW_S,
            resent=frame.resent,
        )


def _clock_face(seconds: int) -> str:
    """Return hh:mm:ss."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
