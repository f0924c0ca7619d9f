"""NMEA 0183: what a GNSS receiver or a boat's bus says, one Transmission an epoch.

Any talker. RMC GGA GLL GNS VTG ZDA of one moment become one transmission; AIS sentences (VDM, VDO)
go to the AIS decoder, the calls that a marine VHF hears (DSC, DSE) to the DSC decoder; of any other
sentence type one transmission of kind `other` a minute says that the bus carries it, except for the
receiver's own housekeeping (satellites and the like), which is left out. `nmea_fields` has the
layouts, `sentence` the envelope, `nmea_epoch` the gathering.

Sentences about a named place (WPL, PKWDWPL, PMGNWPL; `waypoint`) are what the channel's setting
`waypoints` says: `stations`, reports of the stations of those names; `marks`, places that somebody
marked.

NMEA names no sender: the link stands for it (`device` is None), unless a tracker writes its name
before the sentence (`PREFIX$GPRMC…` or `PREFIX,$GPRMC…`).

Source: NMEA 0183 v4.11; IEC 61162-1.
"""

from __future__ import annotations

import functools
from datetime import datetime, timedelta

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame, LineFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_clock import corrected, nearest_day
from radio_gateway.formats.nmea.epoch import Epoch, EpochGatherer
from radio_gateway.formats.nmea.fields import READERS, Facts, SentencePart, read_part
from radio_gateway.formats.nmea.sentence import Sentence, read_sentence
from radio_gateway.formats.nmea.waypoint import is_waypoint, mark_report, station_report
from radio_gateway.formats.number_parsing import show_place
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.protocols.ais import ais
from radio_gateway.protocols.ais.fast_position import read_fix
from radio_gateway.protocols.dsc import dsc

FRAMING = LineFramer

MAX_SOURCES = 4096  # senders behind one connection; the one silent longest gives way
OTHER_EVERY = timedelta(seconds=60)
MAX_OTHERS = 64  # sentence types of one source

_Key = tuple[str | None, str | None, str | None]  # peer, device, station
_CALLS = frozenset({"DSC,", "DSE,"})
# Satellites, errors, residuals, datum, texts of the receiver; proprietary ones start with P.
_HOUSEKEEPING = frozenset({"GSA", "GSV", "GST", "GBS", "GRS", "DTM", "TXT", "ALM"})


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a sentence: `$`, `!` or a tag block near its start."""
    payload = frame.payload
    return payload[:1] in (b"$", b"!", b"\\") or b"$" in payload[:48]


def decoder(settings: DecoderSettings) -> NmeaDecoder:
    """Return a decoder for one connection."""
    return NmeaDecoder(settings)


class NmeaDecoder(PlainDecoder):
    """Decodes the sentences of one connection; keeps each source's open epoch."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._settings = settings
        # made when they are needed: of the senders of a broker each has a decoder of its own
        self._ais: ais.AisDecoder | None = None
        self._dsc: dsc.DscDecoder | None = None
        self._sources: dict[_Key, _Source] = {}
        self._open: dict[_Source, None] = {}  # whose epoch waits for more, in order
        self._evicted: list[Transmission] = []  # of sources that gave way, not yet returned

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one sentence.

        Returns:
            The epochs that are complete with it, oldest first; mostly none or one.

        Raises:
            FrameError: If envelope, checksum or a field is wrong, or a checksum is missing that
                this source used to send.
        """
        ship = read_fix(frame)
        if ship is not None:
            return [ship]
        sentence = read_sentence(frame.payload)
        if sentence.start == "!":
            if self._ais is None:
                self._ais = ais.decoder(self._settings)
            return self._ais.decode_sentence(sentence, frame)
        tag = sentence.tag
        station = None if tag is None else tag.station
        source = self._source((frame.source, sentence.device, station))
        if not sentence.checked and (source.checksum_seen or self._settings.checksum_required):
            detail = "this source sends checksums; one is missing"
            raise FrameError("no_checksum", frame.payload, detail)
        text = sentence.text
        if self._settings.waypoints is not None and is_waypoint(sentence):
            source.checksum_seen |= sentence.checked
            source.gatherer.note_alive(frame.heard_at)
            report = station_report if self._settings.waypoints == "stations" else mark_report
            return self._with_evicted([report(sentence, frame, "nmea0183")])
        if text[2:5] not in READERS or text[5:6] != ",":
            source.checksum_seen |= sentence.checked
            source.gatherer.note_alive(frame.heard_at)
            if text[2:6] in _CALLS:
                if self._dsc is None:
                    self._dsc = dsc.decoder(self._settings)
                return self._with_evicted(self._dsc.decode_sentence(sentence, frame))
            return self._with_evicted(source.other(sentence, frame))
        part = read_part(text[2:5], text, frame.payload, checked=sentence.checked)
        source.checksum_seen |= sentence.checked
        return self._gathered(source, part, sentence, frame)

    def _gathered(
        self, source: _Source, part: SentencePart, sentence: Sentence, frame: Frame
    ) -> list[Transmission]:
        """Return the epochs of a source that are complete with this part of one."""
        epochs = source.gatherer.add(part, sentence, frame)
        if source.gatherer.waiting():
            self._open[source] = None
        elif self._open:
            self._open.pop(source, None)
        if len(epochs) == 1 and not self._evicted:  # nearly always, and twice as fast
            return [source.transmission(epochs[0])]
        return self._with_evicted([source.transmission(epoch) for epoch in epochs])

    def flush(self, now: datetime | None) -> list[Transmission]:
        """Return the epochs that were followed by silence; all when `now` is None."""
        out = self._with_evicted([] if self._ais is None else self._ais.flush(now))
        if self._dsc is not None:
            out += self._dsc.flush(now)
        for source in list(self._open):
            epoch = source.gatherer.flush(now)
            if epoch is not None:
                out.append(source.transmission(epoch))
            if not source.gatherer.waiting():
                self._open.pop(source, None)
        return out

    def waiting(self) -> bool:
        """Return whether an epoch is open, or an AIS message or a DSC call incomplete."""
        return (
            bool(self._open)
            or (self._ais is not None and self._ais.waiting())
            or (self._dsc is not None and self._dsc.waiting())
        )

    def _source(self, key: _Key) -> _Source:
        """Return the sender of a sentence, a new one if need be."""
        source = self._sources.pop(key, None)
        if source is not None:
            self._sources[key] = source  # last again: the first is the one silent longest
        else:
            if len(self._sources) >= MAX_SOURCES:
                old = self._sources.pop(next(iter(self._sources)))
                self._open.pop(old, None)
                epoch = old.gatherer.flush(None)
                if epoch is not None:
                    self._evicted.append(old.transmission(epoch))
            source = self._sources[key] = _Source(key[1], live=self._settings.live)
        return source

    def _with_evicted(self, out: list[Transmission]) -> list[Transmission]:
        evicted, self._evicted = self._evicted, []
        return evicted + out


class _Source:
    """One sender: what its sentences have said so far about themselves."""

    def __init__(self, device: str | None, *, live: bool) -> None:
        self.gatherer = EpochGatherer()
        self.checksum_seen = False
        self._device = device
        self._live = live
        self._others: dict[str, datetime] = {}

    def transmission(self, epoch: Epoch) -> Transmission:
        """Return one transmission for all that an epoch's sentences said."""
        whole, sentence, heard_at = epoch.whole, epoch.sentence, epoch.frame.heard_at
        flag, tag = whole.flag, sentence.tag
        flags: tuple[str, ...] = () if flag is None else (flag,)
        facts: Facts = {"talker": sentence.text[:2]}
        if whole.facts is not None:
            facts |= whole.facts
        time: datetime | None = None
        if whole.time_of_day is not None:
            if whole.date is not None:
                moment = _moment(whole.date, whole.time_of_day)
                time, doubt = corrected(moment, heard_at, live=self._live)
                if doubt is not None:
                    flags = (*flags, doubt)
            elif whole.clock_is_wrong:
                facts["time_of_day"] = _clock_face(whole.time_of_day)
                flags = (*flags, "bad_date")
            else:
                facts["time_of_day"] = _clock_face(whole.time_of_day)
                near = heard_at if self._live else None
                if tag is not None and tag.time is not None:
                    near = tag.time
                time = None if near is None else nearest_day(whole.time_of_day, near)
        lat, lon = whole.lat, whole.lon
        position: Position | None = None
        kind: Kind = "position"
        key: str | None = None
        if lat is not None and lon is not None:
            # A receiver's motion is as old as its place; a tracker repeats the last it knew.
            moving = flag != "stale_position" or self._device is not None
            position = Position(
                lon=lon,
                lat=lat,
                altitude_m=whole.altitude_m,
                speed_mps=whole.speed_mps if moving else None,
                course_deg=whole.course_deg if moving else None,
            )
            if self._device is not None and whole.date is not None:
                key = f"{_as_text(time)}|{show_place(lon, lat)}"
        else:
            kind = _kind_without_place(epoch)
            if kind == "motion":
                facts |= _motion(whole)
        if not sentence.checked:
            flags = (*flags, "no_checksum")
        if tag is not None and not tag.intact:
            flags = (*flags, "bad_tag_checksum")
        return Transmission(
            protocol="nmea0183",
            kind=kind,
            heard_at=heard_at,
            device=self._device,
            position=position,
            fix=whole.fix,
            device_time=time,
            passed_on_at=None if tag is None else tag.time,
            flags=flags if len(flags) < 2 else tuple(sorted(flags)),
            facts=facts,
            signal=None if tag is None else tag.signal,
            raw=epoch.raw,
            duplicate_key=key,
            duplicate_window_s=None,
            resent=epoch.frame.resent,
        )

    def other(self, sentence: Sentence, frame: Frame) -> list[Transmission]:
        """Return that this sentence type is on the bus, at most once a minute."""
        name, _, _ = sentence.text.partition(",")
        if name[2:] in _HOUSEKEEPING or name[:1] == "P" or not name.isalnum():
            return []
        last = self._others.get(name)
        if last is not None and frame.heard_at - last < OTHER_EVERY:
            return []
        if last is None and len(self._others) >= MAX_OTHERS:
            return []
        self._others[name] = frame.heard_at
        tag = sentence.tag
        return [
            Transmission(
                protocol="nmea0183",
                kind="other",
                heard_at=frame.heard_at,
                device=self._device,
                passed_on_at=None if tag is None else tag.time,
                facts={"talker": name[:2], "sentence": name[2:]},
                signal=None if tag is None else tag.signal,
                raw=frame.payload,
                resent=frame.resent,
            )
        ]


@functools.lru_cache(maxsize=256)
def _moment(date: datetime, time_of_day: timedelta) -> datetime:
    """Return a moment: a fleet says the same one many times over."""
    return date + time_of_day


@functools.lru_cache(maxsize=256)
def _as_text(moment: datetime | None) -> str:
    return str(moment)


def _kind_without_place(epoch: Epoch) -> Kind:
    if epoch.whole.empty:
        return "empty"
    if epoch.names == ("ZDA",):
        return "time"
    return "motion" if _NO_PLACE.issuperset(epoch.names) else "position"


_NO_PLACE = frozenset({"VTG", "ZDA"})


def _motion(part: SentencePart) -> Facts:
    facts: Facts = {}
    if part.speed_mps is not None:
        facts["speed_mps"] = part.speed_mps
    if part.course_deg is not None:
        facts["course_deg"] = part.course_deg
    return facts


def _clock_face(time_of_day: timedelta) -> str:
    """Return hh:mm:ss, with milliseconds where there are any."""
    seconds = time_of_day.seconds
    face = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    rest = time_of_day.microseconds // 1000
    return f"{face}.{rest:03}" if rest else face
