from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.marked_place import MarkedPlace
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import Order, OrderError
from radio_gateway.protocols import GREETINGS
from radio_gateway.protocols.meshtastic import meshtastic_serial
from radio_gateway.protocols.meshtastic.meshtastic_serial import SerialFramer
from tests.fixtures.memory import kept_bytes
from tests.radio_gateway.protocols.meshtastic import meshtastic_messages as mesh
from tests.radio_gateway.protocols.sentences import NOW, frame, heard

LOG = b"DEBUG | 12:00:01 37 [Router] Received packet from 0xa1b2c3d4\r\n"


def from_radio(**fields: Any) -> bytes:
    return mesh.encoded("FromRadio", **fields)


PLACE = mesh.framed(from_radio(packet=mesh.packet(3, mesh.position()), id=1))
TEXT = mesh.framed(from_radio(packet=mesh.packet(1, b"hello", id=9), id=2))


def cut(stream: bytes, sizes: list[int] | None = None) -> tuple[list[bytes], int]:
    framer = SerialFramer()
    payloads: list[bytes] = []
    at = 0
    for size in [*(sizes or []), len(stream)]:
        payloads += framer.feed(stream[at : at + size])
        at += size
    payloads += framer.close()
    return payloads, framer.junk_bytes


def said_in(stream: bytes, sizes: list[int] | None = None) -> tuple[list[Transmission], list[str]]:
    payloads, _ = cut(stream, sizes)
    return heard(meshtastic_serial.decoder(DecoderSettings()), payloads)


def test_log_lines_between_messages_are_junk() -> None:
    payloads, junk = cut(LOG + PLACE + LOG + TEXT + LOG)
    assert [mesh.framed(payload) for payload in payloads] == [PLACE, TEXT]
    assert junk == 3 * len(LOG)


def test_message_cut_short_by_the_next_costs_only_itself() -> None:
    transmissions, reasons = said_in(PLACE[:40] + TEXT + PLACE)
    assert [each.kind for each in transmissions] == ["text", "position"]
    assert reasons == ["protobuf"]


def test_impossible_length_is_reported_and_skipped() -> None:
    transmissions, reasons = said_in(b"\x94\xc3\x02\x01" + bytes(30) + PLACE)
    assert [each.kind for each in transmissions] == ["position"]
    assert reasons == ["too_long"]
    payload = from_radio(packet=mesh.packet(1, b"a" * 460))
    assert len(payload) <= 512
    transmissions, reasons = said_in(mesh.framed(payload))
    assert (len(transmissions), reasons) == (1, [])


def test_unfinished_message_waits_and_is_junk_at_the_end() -> None:
    assert cut(PLACE[:-1]) == ([], len(PLACE) - 1)


@given(
    st.lists(
        st.sampled_from([PLACE, TEXT, LOG, b"\x94", b"\xc3", b"\x94\xc3", b"\x94\xc3\xff\xff"])
        | st.binary(max_size=20),
        max_size=8,
    ),
    st.lists(st.integers(0, 40), max_size=20),
)
def test_how_the_stream_was_split_makes_no_difference(parts: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(parts)
    assert cut(stream, sizes) == cut(stream)


@given(st.binary(max_size=3000))
def test_noise_is_bounded_and_never_raises(noise: bytes) -> None:
    framer = SerialFramer()
    empty = kept_bytes(framer)
    payloads = framer.feed(noise)
    assert all(len(payload) <= 512 for payload in payloads)
    assert kept_bytes(framer) <= empty + 516
    heard(meshtastic_serial.decoder(DecoderSettings()), payloads)


def test_radio_that_lacks_the_channel_s_key_is_helped_by_ours() -> None:
    sealed = from_radio(packet=mesh.packet(3, mesh.position(), key=bytes(range(32))))
    decoder = meshtastic_serial.decoder(DecoderSettings())
    with pytest.raises(FrameError) as caught:
        decoder.decode(frame(sealed))
    assert caught.value.reason == "decrypt_failed"
    ours = DecoderSettings(secret=mesh.b64(bytes(range(32))))
    (transmission,) = meshtastic_serial.decoder(ours).decode(frame(sealed))
    assert transmission.position is not None


def test_nodes_that_the_radio_remembers_have_names_and_old_places() -> None:
    node = mesh.message(
        "NodeInfo",
        num=mesh.BOAT,
        user=mesh.message("User", long_name="Boat 7", short_name="B7"),
        position=mesh.message("Position", **mesh.PLACE),
        last_heard=mesh.TIME_S,
    )
    transmissions, reasons = said_in(mesh.framed(from_radio(node_info=node)))
    assert reasons == []
    assert [each.kind for each in transmissions] == ["static", "position"]
    assert transmissions[0].facts["long_name"] == "Boat 7"
    assert (transmissions[1].fix, transmissions[1].flags) == (False, ("stale_position",))
    assert transmissions[1].device == "!a1b2c3d4"


def test_node_remembered_without_a_place_has_only_its_names() -> None:
    for place in (
        mesh.message("Position"),
        mesh.message("Position", latitude_i=0, longitude_i=0, time=mesh.TIME_S),
    ):
        user = mesh.message("User", long_name="Boat 7")
        node = mesh.message("NodeInfo", num=mesh.BOAT, user=user, position=place)
        transmissions, reasons = said_in(mesh.framed(from_radio(node_info=node)))
        assert ([each.kind for each in transmissions], reasons) == (["static"], [])


def test_packet_that_the_radio_did_not_take_is_refused() -> None:
    status = mesh.message("QueueStatus", res=-2, mesh_packet_id=0xAB)
    (transmission,), _ = said_in(mesh.framed(from_radio(queueStatus=status)))
    assert (transmission.kind, transmission.status, transmission.facts["answers"]) == (
        "answer",
        "refused",
        "000000ab",
    )
    taken = mesh.message("QueueStatus", res=0, mesh_packet_id=0xAB)
    assert said_in(mesh.framed(from_radio(queueStatus=taken))) == ([], [])


def test_greeting_wakes_the_radio_and_asks_for_its_configuration() -> None:
    greeting = GREETINGS["meshtastic_serial"](DecoderSettings())
    assert greeting[:32] == b"\xc3" * 32
    assert mesh.parsed("ToRadio", greeting[36:]).want_config_id > 0
    assert greeting[32:36] == b"\x94\xc3" + len(greeting[36:]).to_bytes(2, "big")


def test_radio_that_restarted_is_asked_again() -> None:
    decoder = meshtastic_serial.decoder(DecoderSettings())
    assert decoder.decode(frame(from_radio(rebooted=True))) == []
    assert decoder.answers() == [meshtastic_serial.GREETING]
    assert decoder.answers() == []


def test_radio_hears_from_us_every_five_minutes() -> None:
    decoder = meshtastic_serial.decoder(DecoderSettings())
    beats = []
    for minute in range(12):
        decoder.decode(Frame(from_radio(id=minute + 1), NOW + timedelta(minutes=minute)))
        beats.append(decoder.answers())
    assert [minute for minute, sent in enumerate(beats) if sent] == [5, 10]
    (beat,) = beats[5]
    assert mesh.parsed("ToRadio", beat[4:]).HasField("heartbeat")


def test_order_is_a_packet_that_the_radio_completes() -> None:
    order = Order(
        id="gw/2",
        kind="poll",
        channel="mesh",
        operator="jane",
        device="!a1b2c3d4",
        created_at=NOW,
        expires_at=NOW,
    )
    out = meshtastic_serial.encode(order, DecoderSettings(), number=1)
    packet = mesh.parsed("ToRadio", out.data[4:]).packet
    assert out.data == mesh.framed(out.data[4:])
    assert (packet.to, packet.decoded.portnum, packet.decoded.want_response) == (
        mesh.BOAT,
        3,
        True,
    )
    assert (getattr(packet, "from"), packet.want_ack) == (0, True)
    assert out.answer == f"{packet.id:08x}"
    assert out.topic is None


ROCK = MarkedPlace(
    id="joint-patrol.hx.m1",
    lon=100.41022,
    lat=-20.27411,
    name="Sunken barge of the ferry at เชียงของ",
    use="hazard",
    remarks="2 m under water, mid-river. " * 9,
    ends_at=NOW + timedelta(hours=3),
)


def shown(mark: MarkedPlace | None, **more: Any) -> Any:
    """Return the packet that shows a mark, as Google's protobuf reads it."""
    order = Order(
        id="gw/3",
        kind="mark",
        channel="mesh",
        operator="jane",
        created_at=NOW,
        expires_at=NOW,
        mark=mark,
        **more,
    )
    out = meshtastic_serial.encode(order, DecoderSettings(), number=1)
    assert out.answer is None or more
    return mesh.parsed("ToRadio", out.data[4:]).packet


def test_mark_is_a_waypoint_that_every_node_sees() -> None:
    packet = shown(ROCK)
    assert (packet.to, packet.decoded.portnum) == (0xFFFFFFFF, 8)
    answer = mesh.parsed("Waypoint", packet.decoded.payload)
    assert (answer.longitude_i, answer.latitude_i) == (1004102200, -202741100)
    assert answer.expire == int((NOW + timedelta(hours=3)).timestamp())
    assert (answer.icon, answer.locked_to) == (ord("⚠"), 0)
    assert ROCK.name.startswith(answer.name)
    assert 20 < len(answer.name.encode()) <= 29
    assert 90 < len(answer.description.encode()) <= 99
    other = mesh.parsed("Waypoint", shown(replace(ROCK, id="o")).decoded.payload)
    assert answer.id not in (0, other.id)


def test_mark_that_ended_is_the_same_waypoint_taken_back() -> None:
    before = mesh.parsed("Waypoint", shown(ROCK).decoded.payload)
    over = mesh.parsed("Waypoint", shown(replace(ROCK, deleted=True)).decoded.payload)
    assert (over.id, over.expire) == (before.id, 1)
    packet = mesh.packet(8, over.SerializeToString())
    (transmission,) = meshtastic_serial.decoder(DecoderSettings()).decode(
        frame(from_radio(packet=packet))
    )
    assert transmission.mark is not None
    assert (transmission.mark.id, transmission.mark.deleted) == (str(before.id), True)


def test_mark_without_a_place_is_refused() -> None:
    with pytest.raises(OrderError, match="no_place"):
        shown(None)
