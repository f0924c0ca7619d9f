"""Marine VHF digital selective calling: a DSC call, with its DSE expansion, in; one report out.

    $CDDSC,12,3380400790,12,06,00,1423108312,2019,,,S,E*6A
           1  2          3  4  5  6          7    8 9 10 11
    1  format: 02 area, 12 distress, 14 group, 16 all ships, 20 individual, 23 automatic
    2  who calls: MMSI and a zero; with format 02 the area called instead
    3  category: 00 routine, 08 safety, 10 urgency, 12 distress; empty in alerts of some sets
    4  nature of distress, else first telecommand (10 acknowledges, 12 relays, 18 test, 21 position)
    5  kind of communication wanted, or second telecommand
    6  position: quadrant (0 NE, 1 NW, 2 SE, 3 SW), ddmm, dddmm; 9999999999 unknown; or a channel
    7  hhmm UTC of the position; 8888 unknown
    8  MMSI of the boat in distress, where another station calls    9  its nature of distress
    10 R asks for an acknowledgement, B acknowledges, S neither     11 E: a DSE follows

    $CDDSE,1,1,A,3380400790,00,46504437*15      1-2 sentences, 3 A/Q/R, 4 MMSI and a zero,
                                                then pairs of code and data
    00 further digits of the minutes (4 latitude, 4 longitude)   01 source and datum of the position
    02 speed (0.1 kn)   03 course (0.1°)   04 name   05 area   06 persons on board

Fields may hold blanks. A call that announces a DSE waits one second for it, so that a position in
whole minutes (a mile) becomes one in metres; when the DSE is later, the report is told again with
the better position. The call counts as distress when its format is 12 or its category is 12;
a boat that names itself in field 8 takes its call back.

Source: IEC 61162-1, DSC and DSE; ITU-R M.493-15, tables 3 to 5, and M.821 (expansion); which field
names whom in a relay, and the second of waiting, as OpenCPN has it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame, LineFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.sentence import Sentence, read_sentence
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.dsc.call import DscCall, read_call
from radio_gateway.protocols.dsc.expansion import Expansion, read_expansion

FRAMING = LineFramer
WAIT = timedelta(seconds=1)  # for the DSE
KEPT = timedelta(seconds=30)  # a call for a DSE that comes late
MAX_CALLS = 256  # calls kept at a time; the oldest gives way


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a DSC or DSE sentence."""
    return b"DSC," in frame.payload or b"DSE," in frame.payload


def decoder(settings: DecoderSettings) -> DscDecoder:
    """Return a decoder for one connection."""
    return DscDecoder(settings)


class DscDecoder(PlainDecoder):
    """Decodes the sentences of one connection; keeps calls whose expansion may still come."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._live = settings.live
        self._required = settings.checksum_required
        self._checksum_seen = False
        self._calls: dict[tuple[str | None, str], DscCall] = {}  # by peer and caller, oldest first

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one sentence.

        Returns:
            The calls that are complete with it; nothing for a sentence of another kind.

        Raises:
            FrameError: As `decode_sentence`, and what is wrong with envelope or checksum.
        """
        sentence = read_sentence(frame.payload)
        if not sentence.checked and (self._checksum_seen or self._required):
            raise FrameError("no_checksum", frame.payload, "a DSC sentence without its checksum")
        self._checksum_seen |= sentence.checked
        return self.decode_sentence(sentence, frame)

    def decode_sentence(self, sentence: Sentence, frame: Frame) -> list[Transmission]:
        """Decode one sentence that is out of its envelope already.

        Raises:
            FrameError: `truncated`, `bad_number`, `bad_mmsi`, `bad_ack_code`, `bad_time`, or in a
                call that is no distress what is wrong with its position.
        """
        # Read before anything is given out: what cannot be read must not take a call with it.
        name = sentence.text[2:6]
        if name == "DSC,":
            call = read_call(sentence, frame)
            return [*self.flush(frame.heard_at), *self._call(call, frame)]
        if name == "DSE,":
            expansion = read_expansion(sentence, frame)
            return [*self.flush(frame.heard_at), *self._expansion(expansion, frame)]
        return self.flush(frame.heard_at)

    def flush(self, now: datetime | None) -> list[Transmission]:
        """Tell the calls that have waited a second for their expansion; all when `now` is None."""
        out: list[Transmission] = []
        for key, call in list(self._calls.items()):
            age = None if now is None else now - call.frame.heard_at
            if not call.is_reported and (age is None or age >= WAIT):
                call.is_reported = True
                out.append(call.transmission(live=self._live))
            if age is None or age >= KEPT:
                del self._calls[key]
        return out

    def waiting(self) -> bool:
        """Return whether a call waits for its expansion, untold."""
        return bool(self._calls) and any(not call.is_reported for call in self._calls.values())

    def _call(self, call: DscCall, frame: Frame) -> list[Transmission]:
        if call.caller is None:
            return [call.transmission(live=self._live)]
        out: list[Transmission] = []
        key = (frame.source, call.caller)
        if key not in self._calls and len(self._calls) >= MAX_CALLS:
            key_of_oldest = next(iter(self._calls))
            out += self._give_up(key_of_oldest)
        elif key in self._calls:
            out += self._give_up(key)
        self._calls[key] = call
        if not call.expansion_follows:  # it is kept, since some sets send one all the same
            call.is_reported = True
            out.append(call.transmission(live=self._live))
        return out

    def _give_up(self, key: tuple[str | None, str]) -> list[Transmission]:
        call = self._calls.pop(key)
        return [] if call.is_reported else [call.transmission(live=self._live)]

    def _expansion(self, expansion: Expansion, frame: Frame) -> list[Transmission]:
        call = self._calls.get((frame.source, expansion.mmsi))
        if call is None:  # a relay's expansion may name the boat in distress
            call = next(
                (
                    each
                    for (peer, _), each in self._calls.items()
                    if peer == frame.source and each.device == expansion.mmsi
                ),
                None,
            )
        if call is None or call.caller is None or expansion.is_query:
            return [expansion.transmission(frame)]
        call.add(expansion, frame)
        if not expansion.is_last:
            return []
        del self._calls[(frame.source, call.caller)]
        return [call.transmission(live=self._live)]
