"""Texts of MOTOTRBO radios, made here as the description of TMS has them."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.messages.address_family import families_of
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import tms
from radio_gateway.protocols.tms import acknowledgement
from radio_gateway.transports.udp import UdpTransport
from tests.fixtures.patience import until
from tests.radio_gateway.protocols.land_mobile import test_lrrp
from tests.radio_gateway.protocols.sentences import NOW, frame
from tests.radio_gateway.running.running import hear, make, running

RADIO = "12.0.4.210:4007"


def text(
    words: str = "come in", *, number: int = 8, header: int = 0xE0, address: bytes = b""
) -> bytes:
    """Return a text with its number, the high bits beside the encoding."""
    body = bytes((header, len(address))) + address
    body += bytes((0x80 | number & 0x1F, number & 0x60 | 4))
    body += f"\r\n{words}".encode("utf-16-le")
    return len(body).to_bytes(2) + body


AVAILABLE = bytes.fromhex("0003d00001")
SAMPLES = (text(), text("ເຮືອ 3", number=53), AVAILABLE, acknowledgement(53), text(header=0xA0))


def said(payload: bytes, source: str | None = RADIO) -> Transmission:
    (transmission,) = tms.decoder(DecoderSettings()).decode(Frame(payload, NOW, None, source))
    return transmission


def answered(payload: bytes) -> list[bytes]:
    decoder = tms.decoder(DecoderSettings())
    decoder.decode(Frame(payload, NOW, None, RADIO))
    return decoder.answers()


def test_text_comes_from_the_radio_that_says_where_it_is() -> None:
    words = said(text("ເຮືອ 3 ພ້ອມ"))
    assert (words.kind, words.text) == ("text", "ເຮືອ 3 ພ້ອມ")
    assert words.address == test_lrrp.said(test_lrrp.document(7, test_lrrp.POINT)).address
    assert words.facts == {"number": 8, "radio_id": 4 << 8 | 210}
    assert families_of("tms") == ("lrrp",)


@pytest.mark.parametrize("number", [0, 8, 31, 32, 53, 127])
def test_text_is_acknowledged_by_its_number(number: int) -> None:
    (answer,) = answered(text(number=number))
    assert answer == acknowledgement(number)
    said_ = said(answer)
    assert (said_.kind, said_.status) == ("answer", "acknowledged")
    assert said_.facts["answers"] == str(number)


def test_text_that_wants_no_answer_gets_none() -> None:
    assert answered(text(header=0xA0)) == []
    assert said(text(header=0xA0)).text == "come in"


def test_radio_that_asks_for_the_service_is_answered() -> None:
    assert answered(AVAILABLE) == [bytes.fromhex("00021f00")]
    assert (said(AVAILABLE).kind, said(AVAILABLE).status) == ("status", "text_service")


def test_text_sent_again_is_one_and_the_same_words_later_another() -> None:
    first, again, next_ = said(text()), said(text()), said(text(number=9))
    assert first.duplicate_key == again.duplicate_key != next_.duplicate_key
    assert first.duplicate_window_s == 60.0


def test_address_inside_a_text_is_a_fact() -> None:
    assert said(text(address=b"\x0c\0\0\1")).facts["to"] == "0c000001"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (b"\0\1\xe0", "truncated"),
        (text() + b"\0", "bad_length"),
        (bytes.fromhex("0003e0ff00"), "truncated"),
        (bytes.fromhex("0002e000"), "truncated"),
        (bytes.fromhex("0003e00088"), "truncated"),
        (bytes.fromhex("00022500"), "unknown_type"),
        (bytes.fromhex("0006e000880400d8"), "bad_text"),
        (b"\x0f\xff" + bytes(4095), "too_long"),
    ],
)
def test_bad_message_is_refused_and_not_answered(payload: bytes, reason: str) -> None:
    decoder = tms.decoder(DecoderSettings())
    with pytest.raises(FrameError) as caught:
        decoder.decode(frame(payload))
    assert (caught.value.reason, decoder.answers()) == (reason, [])


@given(payload=st.binary(max_size=60))
def test_any_datagram_is_survived(payload: bytes) -> None:
    for data in (payload, len(payload).to_bytes(2) + payload):
        tms.speaks(frame(data))
        try:
            said(data, source="nobody")
        except FrameError:
            continue


def test_what_it_is_is_seen_in_it() -> None:
    assert all(tms.speaks(frame(each)) for each in SAMPLES)
    assert not tms.speaks(frame(test_lrrp.document(7, test_lrrp.POINT)))


async def test_text_is_acknowledged_only_after_it_is_stored() -> None:
    inbox = Inbox()
    channel = make("udp://127.0.0.1:0", "tms", inbox=inbox)
    assert isinstance(channel.transport, UdpTransport)
    async with running(channel):
        await until(lambda: channel.transport.port)  # type: ignore[attr-defined]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as radio:
            radio.setblocking(False)
            radio.connect(("127.0.0.1", channel.transport.port))
            radio.send(text())
            (delivery,) = await hear(inbox, 1)
            assert delivery.transmission.text == "come in"
            with pytest.raises(BlockingIOError):
                radio.recv(100)
            assert delivery.stored is not None
            delivery.stored()
            loop = asyncio.get_running_loop()
            assert await asyncio.wait_for(loop.sock_recv(radio, 100), 5) == acknowledgement(8)
