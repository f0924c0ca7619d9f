"""Messages of many senders that came together say what each says by itself."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radio_gateway.channels.batch_decode import read_ahead
from radio_gateway.channels.channel_settings import ChannelSettings, make_transport
from radio_gateway.channels.connection import MANY, TOGETHER
from radio_gateway.channels.inactivity import InactivityTimer
from radio_gateway.channels.ingest import Ingest
from radio_gateway.formats.nmea.fast_rmc import EverydayRmc, read_everyday
from radio_gateway.health.health import RejectedFrame
from radio_gateway.health.rejections import Rejections
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.link_url import parse_link
from radio_gateway.links.transport import Chunk
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import PROTOCOLS, nmea0183
from radio_gateway.recording.channel_recording import Recordings
from tests.radio_gateway.protocols.heard import NOW, sentence
from tests.radio_gateway.protocols.nmea.test_nmea_many import ODD, everyday

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
    hearing.hear([Chunk(b"\r\n", NOW, connection="boats/first", topic="boats/first", whole=True)])
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
        hearing.hear(chunks)
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
    return Heard([each.transmission for each in deliveries], answered, rejections.kept(), counts)


@given(messages)
@example([(0, False, each) for each in WHOLE])
@example([(n % 4, n % 2 == 0, each) for n, each in enumerate(WHOLE)])
async def test_what_came_together_is_heard_as_one_by_one(
    came: list[tuple[int, bool, bytes]],
) -> None:
    many = came * (MANY // max(1, len(came)) + 1)
    together = await hear([many])
    assert together == await hear([[each] for each in many])
    assert sorted(together.answered) == list(range(len(many)))


async def test_it_is_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "GPRMC,1159{:02},A,2016.38{:02},N,10024.7200,E,9.72,162.6,251126,,,A"
    many = [
        (n % 4, False, f"R-{n % 4:04},".encode() + sentence(body.format(n // 9, n % 100)) + b"\r\n")
        for n in range(500)
    ]
    many[TOGETHER + 7] = (1, False, GOOD[:-2] + b"00\r\n")
    whole = await hear([many])
    assert [each.reason for each in whole.rejected] == ["bad_checksum"]
    assert len(whole.said) > 100
    one_by_one = await hear([many], "nmea0183", "owntracks")
    assert one_by_one.said == whole.said
    one_by_one = await hear([many[at : at + MANY - 1] for at in range(0, 500, MANY - 1)])
    assert one_by_one.said == whole.said
    one: list[bytes] = []

    def noted(payload: bytes) -> EverydayRmc | None:
        one.append(payload)
        return read_everyday(payload)

    monkeypatch.setattr("radio_gateway.protocols.nmea0183.read_everyday", noted)
    assert (await hear([many])).said == whole.said
    assert one == [GOOD[:-2] + b"00"]


async def test_a_fault_in_reading_ahead_costs_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [(n % 4, False, GOOD) for n in range(MANY)]
    whole = await hear([many])

    def fails(_messages: object) -> object:
        raise RuntimeError("a fault")

    monkeypatch.setattr(nmea0183.NmeaDecoder, "read_whole", staticmethod(fails))
    assert await hear([many]) == whole


async def test_a_fault_over_what_was_read_costs_that_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = [(n % 4, False, GOOD) for n in range(MANY)]
    decode = nmea0183.NmeaDecoder.decode_read
    left = [3]

    def fails(self: nmea0183.NmeaDecoder, read: object, frame: object) -> object:
        left[0] -= 1
        if not left[0]:
            raise RuntimeError("a fault")
        return decode(self, read, frame)  # type: ignore[arg-type]

    monkeypatch.setattr(nmea0183.NmeaDecoder, "decode_read", fails)
    heard = await hear([many])
    assert [each.reason for each in heard.rejected] == ["decoder_failed"]
    assert sorted(heard.answered) == list(range(MANY))


def test_parts_of_a_stream_and_few_messages_are_not_read_ahead() -> None:
    read_whole = nmea0183.NmeaDecoder.read_whole
    whole = [Chunk(GOOD + b"\r\n", NOW, whole=True)] * MANY
    assert None not in read_ahead(read_whole, whole)
    assert set(read_ahead(None, whole)) == {None}
    assert set(read_ahead(read_whole, whole[1:])) == {None}
    assert set(read_ahead(read_whole, [*whole, Chunk(GOOD, NOW)])) == {None}
