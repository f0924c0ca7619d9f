"""Sentences that came together say what each says by itself."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from radio_gateway.channels.connection import MANY, TOGETHER, Connection
from radio_gateway.decoding.decoder import DecoderSettings, ManyDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.fast_rmc import EverydayRmc, read_everyday
from radio_gateway.formats.nmea.fast_rmc_batch import read_everyday_many
from radio_gateway.formats.number_parsing import show_place
from radio_gateway.links.transport import Chunk
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import nmea0183
from tests.radio_gateway.protocols.heard import NOW, frame, sentence

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


streams = st.lists(st.one_of(everyday(), everyday(), everyday(), st.sampled_from(ODD)), min_size=1)


@given(st.lists(st.one_of(everyday(), everyday(), everyday(), st.sampled_from(ODD))))
@example([])
@example([*ODD])
@example([sentence("GPRMC,115958,A,2016.3800,N,10024.7200,E,9.72,162.6,251126,,,A"), *ODD])
def test_many_are_read_as_one_by_one(payloads: list[bytes]) -> None:
    alone = [read_everyday(each) for each in payloads]
    together = read_everyday_many(payloads)
    assert [_without_place(each) for each in together] == alone
    for each in together:
        if each is not None and each.place is not None:
            assert each.place == show_place(each.lon, each.lat)


@given(streams)
def test_many_are_decoded_as_one_after_the_other(payloads: list[bytes]) -> None:
    frames = [frame(each, after_s=n / 1000.0) for n, each in enumerate(payloads)]
    one, many = (nmea0183.decoder(DecoderSettings()) for _ in range(2))
    assert isinstance(many, ManyDecoder)
    said: list[Transmission] = []
    why: list[tuple[bytes, str]] = []
    for each in frames:
        try:
            said += one.decode(each)
        except FrameError as error:
            why.append((each.payload, error.reason))
    refused: list[tuple[bytes, str]] = []

    def refuse(of: Frame, error: Exception) -> None:
        assert isinstance(error, FrameError)
        refused.append((of.payload, error.reason))

    assert many.decode_many(frames, refuse) == said
    assert refused == why
    assert many.flush(None) == one.flush(None)


def test_how_a_stream_is_split_into_reads_makes_no_difference() -> None:
    body = "GPRMC,1159{:02},A,2016.38{:02},N,10024.7200,E,9.72,162.6,251126,,,A"
    lines = [
        ODD[n // 7 % len(ODD)]
        if n % 7 == 3
        else f"R-{n % 5},".encode() + sentence(body.format(n // 20 % 60, n % 100))
        for n in range(2 * (TOGETHER + 2 * MANY))
    ]
    stream = b"".join(line + b"\r\n" for line in lines)

    def read(size: int) -> tuple[list[Transmission], list[tuple[bytes, str]], int]:
        connection = Connection({"nmea0183": nmea0183}, DecoderSettings())
        said: list[Transmission] = []
        refused: list[tuple[bytes, str]] = []
        for at in range(0, len(stream), size):
            said += connection.hear(
                Chunk(stream[at : at + size], NOW),
                lambda of, reason, _: refused.append((of.payload, reason)),
            )
        return said, refused, connection.frames

    whole = read(len(stream))
    assert read(len(stream) // 2) == whole
    assert read(100) == whole
    assert len(whole[0]) > TOGETHER
    assert len(whole[1]) > MANY


def test_a_fault_of_the_decoder_costs_one_of_many_sentences(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = sentence("GPRMC,115958,A,2016.3800,N,10024.7200,E,9.72,162.6,251126,,,A")
    lines = [good] * MANY + [ODD[9]] + [good] * MANY
    monkeypatch.setattr(nmea0183.NmeaDecoder, "_any", _fails)
    connection = Connection({"nmea0183": nmea0183}, DecoderSettings())
    refused: list[tuple[bytes, str]] = []
    said = connection.hear(
        Chunk(b"\r\n".join([*lines, b""]), NOW),
        lambda of, reason, _: refused.append((of.payload, reason)),
    )
    said += connection.flush(None, lambda *_: None)
    one = nmea0183.decoder(DecoderSettings())
    alone = [each for line in lines if line != ODD[9] for each in one.decode(frame(line))]
    assert refused == [(ODD[9], "decoder_failed")]
    assert [each.raw for each in said] == [each.raw for each in alone + one.flush(None)]


def test_a_fault_over_many_sentences_costs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "GPRMC,1159{:02},A,2016.38{:02},N,10024.7200,E,9.72,162.6,251126,,,A"
    lines = [b"R-1," + sentence(body.format(n // 20 % 60, n % 100)) for n in range(TOGETHER + 50)]
    stream = b"\r\n".join([*lines, b""])

    def read() -> list[Transmission]:
        connection = Connection({"nmea0183": nmea0183}, DecoderSettings())
        return connection.hear(Chunk(stream, NOW), lambda *_: pytest.fail("one is rejected"))

    whole = read()
    assert len(whole) > 10
    monkeypatch.setattr(nmea0183.NmeaDecoder, "decode_many", _fails)
    assert read() == whole


def _without_place(said: EverydayRmc | None) -> EverydayRmc | None:
    return None if said is None else replace(said, place=None)


def _fails(*_: object) -> list[Transmission]:
    """Fail as a decoder does that has a fault of its own."""
    raise RuntimeError("a fault")
