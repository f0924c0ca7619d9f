"""What comes together says what each message, or each sentence, says by itself."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radio_gateway.channels.channel_settings import ChannelSettings, make_transport
from radio_gateway.channels.connection import Connection
from radio_gateway.channels.inactivity import InactivityTimer
from radio_gateway.channels.ingest import Ingest
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.health.health import RejectedFrame
from radio_gateway.health.rejections import Rejections
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.link_url import parse_link
from radio_gateway.links.transport import Chunk
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import PROTOCOLS, nmea0183
from radio_gateway.recording.channel_recording import Recordings
from tests.radio_gateway.protocols.sentences import NOW, frame, sentence

ODD = (
    sentence("GPRMC,115958,A,9500.0,N,10024.7200,E,9.72,162.6,251126,,,A"),  # beyond a pole
    sentence("GPRMC,115958,A,2016.3800,N,18000.1,E,9.72,162.6,251126,,,A"),
    sentence("GPRMC,115958,A,2016.3800,N,10024.7200,E,9.72,360.0,251126,,,A"),  # no course
    sentence("GPRMC,115958,A,0000.0,N,00000.0,E,0.0,0.0,251126,,,A"),  # a receiver without a place
    sentence("GPRMC,115958,A,2016.3800,N,10024.7200,E,1.2.3,0.0,251126,,,A"),  # no number
    sentence("GPRMC,245958,A,2016.3800,N,10024.7200,E,9.72,162.6,251126,,,A"),  # no such minute
    sentence("GPRMC,115958,A,2016.3800,N,10024.7200,E,9.72,162.6,310226,,,A"),  # no such day
    sentence("GPRMC,115958,A,2016.38" + "0" * 120 + ",N,10024.7200,E,,,251126,,,A"),  # too long
    sentence("GPRMC,115958,V,,,,,,,251126,,,N"),
    sentence("GPGGA,115958.00,2016.3800,N,10024.7200,E,1,09,0.9,352.4,M,-31.0,M,,"),
    sentence("GPRMC,115958,A,2016.3800,N,10024.7200,E,9.72,162.6,251126,,,A")[:-2] + b"00",
    sentence("GPRMC,115958,A,2016.3800,N,10024.7200,E,9.72,162.6,251126,,,A")[:-2] + b"\xe9\xff",
    b"\xff\xfe$GPRMC,1",
    b"radio starts",
    b"",
)


@st.composite
def everyday(draw: st.DrawFn) -> bytes:
    """Return an everyday RMC of one of some devices, with numbers as receivers write them."""
    device = draw(st.sampled_from(["", "R-0001,", "R-0001", "boat-7,"]))
    second = draw(st.integers(0, 59))
    lat = draw(st.sampled_from(["2016.3800", "0000.0001", "0000.", "0900.5", "2016.38001234567"]))
    lon = draw(st.sampled_from(["10024.7200", "00000.0004", "00000.", "00452.4423", "17959.9"]))
    knots = draw(st.sampled_from(["", "0.0", "9.72", "5.", ".5", "007.25"]))
    course = draw(st.sampled_from(["", "0.0", "359.9", "1."]))
    north, east = draw(st.sampled_from("NS")), draw(st.sampled_from("EW"))
    body = f"GPRMC,1159{second:02},A,{lat},{north},{lon},{east},{knots},{course},251126,,,A"
    return device.encode() + sentence(body)


GOOD = sentence("GPRMC,115958,A,2016.3800,N,10024.7200,E,9.72,162.6,251126,,,A")
WHOLE = (
    b"",
    b"\r\n",
    GOOD + b"\r\n" + GOOD + b"\r\n",  # two sentences
    GOOD + GOOD,
    b"\r\n" + GOOD,
    GOOD + b"\n\r\n\n",
    GOOD + b" ",
    b"R1," + GOOD,  # too short for a name
    b"-boat," + GOOD,  # begins as none does
    b"/boat," + GOOD,
    b"a:b.c_d-e" + GOOD,
    b"x" * 41 + b"," + GOOD,
    b"\\s:post*3B\\" + GOOD,  # a tag block
    GOOD + b"\n" * 2000,
    b"!AIVDM,1,1,,A,13u?etPv2;0n:dDPwUM1U1Cb069D,0*24\r\n",
    *ODD,
)
ends = st.sampled_from([b"\r\n", b"\n", b"\r", b""])
messages = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.booleans(),
        st.one_of(
            st.builds(bytes.__add__, everyday(), ends),
            st.builds(bytes.__add__, everyday(), ends),
            st.sampled_from(WHOLE),
        ),
    )
)


class Heard(NamedTuple):
    """What became of messages."""

    said: list[Transmission]
    answered: list[int]
    rejected: list[RejectedFrame]
    counts: tuple[object, ...]


async def hear(each_time: list[list[tuple[int, bool, bytes]]], *protocols: str) -> Heard:
    """Return what is heard of messages (topic, resent, payload) that come in some turns."""
    settings = ChannelSettings(
        name="broker",
        url="mqtt://broker?topic=%23",
        protocols=protocols or ("nmea0183",),
        link=parse_link("mqtt://broker?topic=%23"),
    )
    inbox, rejections = Inbox(), Rejections("broker")
    hearing = Ingest(
        settings,
        make_transport(settings, gateway="g"),
        inbox,
        receptions="g/b/",
        protocols={name: PROTOCOLS[name] for name in settings.protocols},
        recordings=Recordings("broker", settings.protocols, None),
        rejections=rejections,
        silence=InactivityTimer(None),
    )
    answered: list[int] = []
    numbers = count()
    hearing.take([Chunk(b"\r\n", NOW, connection="boats/first", topic="boats/first", whole=True)])
    for turn in each_time:
        chunks: list[Chunk] = []
        for topic, resent, payload in turn:
            number = next(numbers)
            chunks.append(
                Chunk(
                    payload,
                    NOW + timedelta(milliseconds=number // 9),  # some of a sender at one moment
                    connection=f"boats/{topic}",
                    topic=f"boats/{topic}",
                    whole=True,
                    resent=resent,
                    stored=lambda number=number: answered.append(number),  # type: ignore[misc]
                )
            )
        hearing.take(chunks)
    hearing.end()
    deliveries = await inbox.take(100_000) if len(inbox) else []
    for delivery in deliveries:
        if delivery.stored is not None:
            delivery.stored()
    counts = (
        hearing.frames,
        hearing.junk_bytes,
        hearing.bytes_read,
        hearing.transmissions,
        hearing.last_heard_at,
    )
    return Heard([each.transmission for each in deliveries], answered, rejections.newest(), counts)


@given(messages)
@example([(0, False, each) for each in WHOLE])
@example([(n % 4, n % 2 == 0, each) for n, each in enumerate(WHOLE)])
async def test_messages_that_came_together_are_received_as_if_one_by_one(
    came: list[tuple[int, bool, bytes]],
) -> None:
    many = came * (30 // max(1, len(came)) + 1)
    together = await hear([many])
    assert together == await hear([[each] for each in many])
    assert sorted(together.answered) == list(range(len(many)))


def test_how_a_stream_is_split_into_reads_makes_no_difference() -> None:
    body = "GPRMC,1159{:02},A,2016.38{:02},N,10024.7200,E,9.72,162.6,251126,,,A"
    lines = [
        ODD[n // 7 % len(ODD)]
        if n % 7 == 3
        else f"R-{n % 5},".encode() + sentence(body.format(n // 20 % 60, n % 100))
        for n in range(900)
    ]
    stream = b"".join(line + b"\r\n" for line in lines)

    def read(size: int) -> tuple[list[Transmission], list[tuple[bytes, str]], int]:
        connection = Connection({"nmea0183": nmea0183}, DecoderSettings())
        transmissions: list[Transmission] = []
        refused: list[tuple[bytes, str]] = []
        for at in range(0, len(stream), size):
            transmissions += connection.receive(
                Chunk(stream[at : at + size], NOW),
                lambda of, reason, _: refused.append((of.payload, reason)),
            )
        return transmissions, refused, connection.frames

    whole = read(len(stream))
    assert read(len(stream) // 2) == whole
    assert read(100) == whole
    assert len(whole[0]) > 400
    assert len(whole[1]) > 30


def test_a_fault_of_the_decoder_costs_one_of_many_sentences(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [GOOD] * 30 + [ODD[9]] + [GOOD] * 30
    one = nmea0183.decoder(DecoderSettings())
    alone = [each for line in lines if line != ODD[9] for each in one.decode(frame(line))]
    alone += one.flush(None)
    decode = nmea0183.NmeaDecoder.decode

    def fails(self: nmea0183.NmeaDecoder, of: Frame) -> list[Transmission]:
        if of.payload == ODD[9]:
            raise RuntimeError("a fault")
        return decode(self, of)

    monkeypatch.setattr(nmea0183.NmeaDecoder, "decode", fails)
    connection = Connection({"nmea0183": nmea0183}, DecoderSettings())
    refused: list[tuple[bytes, str]] = []
    transmissions = connection.receive(
        Chunk(b"\r\n".join([*lines, b""]), NOW),
        lambda of, reason, _: refused.append((of.payload, reason)),
    )
    transmissions += connection.flush(None, lambda *_: None)
    assert refused == [(ODD[9], "decoder_failed")]
    assert [each.raw for each in transmissions] == [each.raw for each in alone]
