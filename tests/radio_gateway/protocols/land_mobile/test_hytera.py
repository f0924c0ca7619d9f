"""Hytera over UDP and serial: published samples, and packets made here."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.hytera import hytera
from radio_gateway.protocols.hytera.hdap import LP, RRS, TMP, read_hdap, write_hdap
from radio_gateway.protocols.hytera.hstrp_hrnp import (
    HRNP_CONNECT,
    HRNP_DATA,
    MAX_FRAME,
    HyteraFramer,
    hrnp_checksum,
    read_hrnp,
    write_hrnp,
    write_hstrp,
)
from tests.fixtures.memory import kept_bytes
from tests.fixtures.patience import until
from tests.radio_gateway.protocols.sentences import frame
from tests.radio_gateway.running.running import hear, make, running

ADDRESS = bytes((10, 33, 16, 221))
NUL = bytes(40)


def gps(
    *,
    status: bytes = b"A",
    time: bytes = b"115958251126",
    lat: bytes = b"N2016.2000",
    lon: bytes = b"E10024.6000",
    motion: bytes = b"0.1121",
) -> bytes:
    """Return a GPS block."""
    return status + time + lat + lon + motion


def report(block: bytes, *, opcode: int = 0xA002, result: int = 0) -> bytes:
    """Return a location report."""
    head = bytes((0, 0, 0, 9)) + ADDRESS
    return write_hdap(LP, opcode, head + result.to_bytes(2, "big") + block)


def text(
    words: str = "come in",
    *,
    what: int = 0xA1,
    flags: int = 0,
    request: int = 7,
    option: bytes | None = None,
) -> bytes:
    """Return a text message from our radio to 10.0.0.1, or to group 1 of its kind."""
    payload = request.to_bytes(4) + bytes((10, 0, 0, 1)) + ADDRESS + words.encode("utf-16-le")
    if option is not None:
        payload = len(option).to_bytes(2) + payload + option
        flags |= 0x40
    return write_hdap(TMP, flags << 8 | what, payload)


def said(payload: bytes) -> Transmission:
    """Return the one transmission of a packet."""
    (transmission,) = hytera.decoder(DecoderSettings()).decode(frame(payload))
    return transmission


def reason(payload: bytes) -> str:
    """Return why a packet is refused."""
    with pytest.raises(FrameError) as error:
        said(payload)
    return error.value.reason


def test_report_gives_place_time_and_motion() -> None:
    unit = said(report(gps()))
    place = unit.position
    assert place is not None
    assert place.lon == pytest.approx(100.41)
    assert place.lat == pytest.approx(20.27)
    assert place.speed_mps == pytest.approx(0.05144, abs=1e-4)
    assert place.course_deg == 121.0
    assert unit.device_time == datetime(2026, 11, 25, 11, 59, 58, tzinfo=UTC)
    assert (unit.device, unit.fix, unit.flags) == ("10.33.16.221", True, ())
    assert unit.facts == {"request_id": 9, "radio_id": 33 << 16 | 16 << 8 | 221}
    assert unit.duplicate_window_s is None


def test_outdated_place_is_stale() -> None:
    unit = said(report(gps(status=b"V")))
    assert unit.position is not None
    assert (unit.fix, unit.flags) == (False, ("stale_position",))


def test_nul_bytes_are_absent() -> None:
    block = b"A" + bytes(12) + b"N5003.8771E01426.5302" + bytes(6)
    unit = said(report(block))
    assert unit.position is not None
    assert (unit.device_time, unit.position.speed_mps, unit.position.course_deg) == (None,) * 3
    nowhere = said(report(NUL))
    assert (nowhere.kind, nowhere.position, nowhere.flags) == ("position", None, ("no_fix",))


def test_south_and_west_are_negative() -> None:
    unit = said(report(gps(lat=b"S0016.2000", lon=b"W10024.6000")))
    assert unit.position is not None
    assert unit.position.lat == pytest.approx(-0.27)
    assert unit.position.lon == pytest.approx(-100.41)


def test_odd_time_or_motion_costs_only_itself() -> None:
    unit = said(report(gps(time=b"256158251126", motion=b"x.1121")))
    assert unit.position is not None
    assert (unit.device_time, unit.position.speed_mps, unit.flags) == (None, None, ("bad_field",))


@pytest.mark.parametrize(("opcode", "skip"), [(0xD003, 8), (0xC003, 14)])
def test_other_reports_have_their_block_elsewhere(opcode: int, skip: int) -> None:
    head = (bytes((0, 0, 0, 9)) + ADDRESS).ljust(skip, b"0")
    unit = said(write_hdap(LP, opcode, head + gps()))
    assert unit.position is not None
    assert unit.position.lat == pytest.approx(20.27)


def test_report_with_signal_strength_keeps_it_raw() -> None:
    unit = said(write_hdap(LP, 0xA004, bytes(4) + ADDRESS + bytes(2) + gps() + b"\xaa\x55"))
    assert unit.position is not None
    assert unit.facts["signal_raw"] == "aa55"


@pytest.mark.parametrize(
    "payload",
    [
        bytes((0, 0, 0, 9)) + ADDRESS + bytes(2) + gps(),
        ADDRESS + b"\x02" + gps(),
    ],
)
def test_emergency_is_decoded_in_both_layouts(payload: bytes) -> None:
    call = said(write_hdap(LP, 0xB003, payload))
    assert call.position is not None
    assert (call.device, call.distress, call.kind) == ("10.33.16.221", True, "position")
    assert call.position.lat == pytest.approx(20.27)


@pytest.mark.parametrize(
    ("payload", "flag"),
    [
        (ADDRESS + b"\x02" + NUL, "no_fix"),
        (ADDRESS + b"\x02" + gps(lat=b"N9916.2000"), "lat_range"),
        (ADDRESS, "layout_unknown"),
    ],
)
def test_emergency_without_a_place_is_still_one(payload: bytes, flag: str) -> None:
    call = said(write_hdap(LP, 0xB003, payload))
    assert (call.kind, call.distress, call.position) == ("distress", True, None)
    assert call.flags == (flag,)


def test_emergency_without_a_current_fix_may_be_called_anew_from_the_same_place() -> None:
    windows = [
        said(write_hdap(LP, 0xB003, ADDRESS + b"\x02" + gps(status=status))).duplicate_window_s
        for status in (b"A", b"V")
    ]
    assert windows == [None, 3.0]


def test_report_that_failed_is_a_refusal() -> None:
    answer = said(report(NUL, result=6))
    assert (answer.kind, answer.status, answer.position) == ("answer", "refused", None)
    assert (answer.facts["result_code"], answer.facts["answers"]) == (6, "9")
    stopped = said(write_hdap(LP, 0xC005, bytes((0, 0, 0, 9)) + ADDRESS + bytes(2)))
    assert stopped.status == "acknowledged"


def test_request_received_is_a_command() -> None:
    assert said(write_hdap(LP, 0xA001, bytes((0, 0, 0, 9)) + ADDRESS)).kind == "command"


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (report(gps())[:30], "truncated"),
        (report(gps())[:-2] + b"\0\3", "bad_checksum"),
        (report(gps())[:-1] + b"\4", "bad_end"),
        (report(gps()) + b"\0", "bad_length"),
        (report(gps()[:20]), "truncated"),
        (report(gps(status=b"X")), "bad_status"),
        (report(gps(lat=b"N9916.2000")), "lat_range"),
        (report(gps(lat=b"N2060.0000")), "lat_range"),
        (report(gps(lon=b"E18160.0000")), "lon_range"),
        (report(gps(lat=b"X2016.2000")), "bad_hemisphere"),
        (report(gps(lat=b"N20a6.2000")), "bad_number"),
        (report(gps(lat=b"N0000.0000", lon=b"E00000.0000")), "null_island"),
        (b"\x55\x00\x00\x00\x00\x00\x03", "unknown_service"),
        (b"", "truncated"),
        (write_hdap(RRS, 3, b"\x0a"), "truncated"),
        (b"2B\0\x20", "truncated"),
        (b"2B\0\x20\0\1\x83\x09\0", "truncated"),
        (b"\x7e\x04\0\xfe\x20\x10", "truncated"),
        (b"\x7e\x04\0\x77\x20\x10\0\0\0\x0c\0\0", "unknown_opcode"),
    ],
)
def test_refused_packet_names_why(payload: bytes, why: str) -> None:
    assert reason(payload) == why


# --- registration and links


def test_registration_over_hstrp_is_acknowledged_and_accepted() -> None:
    decoder = hytera.decoder(DecoderSettings())
    sample = "32420020000183040001869f04010211000300040a000064bd03"  # ok-dmrlib's tests
    (unit,) = decoder.decode(frame(bytes.fromhex(sample)))
    assert (unit.kind, unit.device) == ("status", "10.0.0.100")
    assert unit.facts == {"kind": "register", "device_id": 99999, "slot": 2, "radio_id": 100}
    acknowledgement, accepted = decoder.answers()
    assert acknowledgement == bytes.fromhex("32420021000183040001869f040102")
    assert accepted[:15] == bytes.fromhex("32420020000183040001869f040102")
    answer = read_hdap(accepted[15:], b"")
    assert (answer.service, answer.opcode) == (RRS, 0x80)
    assert answer.payload == bytes.fromhex("0a00006400") + hytera.RENEW_S.to_bytes(4, "big")
    assert decoder.answers() == []


def test_registration_over_bare_hdap_and_hrnp_is_accepted() -> None:
    hello = write_hdap(RRS, 3, ADDRESS)
    decoder = hytera.decoder(DecoderSettings())
    decoder.decode(frame(hello))
    (accepted,) = decoder.answers()
    assert read_hdap(accepted, b"").payload[:5] == ADDRESS + b"\0"
    decoder.decode(frame(write_hrnp(HRNP_DATA, 7, hello, source=0x10, destination=0x20)))
    acknowledgement, packet = decoder.answers()
    assert acknowledgement == write_hrnp(0x10, 7)
    assert read_hdap(read_hrnp(packet).data, b"").payload[:5] == ADDRESS + b"\0"


@pytest.mark.parametrize(
    ("sent", "owed", "word"),
    [
        ("324200040000", ["324200050000"], "hstrp_connect"),
        ("324200020000", ["324200030000"], "heartbeat"),
        ("324200080000", ["324200090000"], "hstrp_close"),
        ("324200010007", [], "hstrp_ack"),
        ("324200030000", [], "heartbeat"),
        ("324200100007", [], "hstrp_reject"),
        ("7e0400fe20100000000c60e1", ["7e0400fd10200000000c70d2"], "hrnp_connect"),
        ("7e0400fd10200000000c70d2", [], "hrnp_accept"),
    ],
)
def test_link_is_kept_up(sent: str, owed: list[str], word: str) -> None:
    decoder = hytera.decoder(DecoderSettings())
    (transmission,) = decoder.decode(frame(bytes.fromhex(sent)))
    assert (transmission.kind, transmission.facts["kind"], transmission.device) == (
        "status",
        word,
        None,
    )
    assert [answer.hex() for answer in decoder.answers()] == owed


def test_refused_packet_is_not_acknowledged() -> None:
    decoder = hytera.decoder(DecoderSettings())
    bad = report(gps())[:-2] + b"\0\3"
    for payload in (write_hstrp(0x20, 1, b"\4\1\2", bad), write_hrnp(HRNP_DATA, 1, bad)):
        with pytest.raises(FrameError):
            decoder.decode(frame(payload))
    assert decoder.answers() == []


def test_report_over_either_link_is_the_same() -> None:
    over_hstrp = said(write_hstrp(0x20, 5, b"\4\1\2", report(gps())))
    over_hrnp = said(write_hrnp(HRNP_DATA, 5, report(gps())))
    assert over_hstrp.position == over_hrnp.position == said(report(gps())).position
    assert over_hstrp.duplicate_key == over_hrnp.duplicate_key


@pytest.mark.parametrize(
    "sample",
    [  # ok-dmrlib's tests, checksums as the radios sent them
        "7e0300fe20100000000c60e2",
        "7e0400002010000100189b6002040005006400000001c403",
        "7e040000102000010019d6240204800600000f690600012903",
        "7e030000201000000018fefe02c910050002000101014f03",
        "7e04000020100000001873890241080500006f0000007503",
    ],
)
def test_checksum_of_real_packets_is_that_of_ip(sample: str) -> None:
    packet = bytes.fromhex(sample)
    assert hrnp_checksum(packet) == int.from_bytes(packet[10:12], "big")
    assert said(packet).kind in ("other", "status")


def test_greeting_asks_the_radio_to_connect() -> None:
    assert read_hrnp(hytera.greeting(DecoderSettings())).opcode == HRNP_CONNECT


async def test_radio_on_a_network_is_received_and_its_registration_answered() -> None:
    channel = make("udp://127.0.0.1:0", "hytera")
    inbox = channel.inbox
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as radio:
        radio.bind(("127.0.0.1", 0))
        radio.settimeout(5)
        async with running(channel):
            await until(lambda: channel.health().state == "open")
            port = channel.transport.port  # type: ignore[attr-defined]
            hello = write_hstrp(0x20, 1, b"\4\1\2", write_hdap(RRS, 3, ADDRESS))
            radio.sendto(hello, ("127.0.0.1", port))
            (delivery,) = await hear(inbox, 1)
            assert delivery.transmission.facts["kind"] == "register"
            assert delivery.stored is not None
            delivery.stored()
            assert await asyncio.to_thread(radio.recv, 100) == bytes.fromhex("324200210001040102")
            accepted = await asyncio.to_thread(radio.recv, 100)
            assert read_hdap(accepted[9:], b"").opcode == 0x80


# --- framer


def cut(*reads: bytes) -> tuple[list[bytes], int]:
    """Return the payloads of a stream and its junk."""
    framer = HyteraFramer()
    payloads = [payload for read in reads for payload in framer.feed(read)]
    return payloads + framer.close(), framer.junk_bytes


PACKET = write_hrnp(HRNP_DATA, 1, report(gps()))
CONNECT = write_hrnp(HRNP_CONNECT, 0)


def test_packets_are_cut_out_of_noise() -> None:
    assert cut(b"\x00\x7e\x7e\x55" + PACKET + b"noise" + CONNECT) == ([PACKET, CONNECT], 9)


def test_damaged_packet_is_handed_on_and_costs_no_other() -> None:
    damaged = PACKET[:20] + b"\0" + PACKET[21:]
    assert cut(damaged + CONNECT)[0] == [damaged, CONNECT]
    header_only = PACKET[:12]  # the rest was lost
    payloads, _ = cut(header_only + PACKET + CONNECT)
    assert payloads[-2:] == [PACKET, CONNECT]


def test_datagram_is_taken_whole() -> None:
    hello = write_hstrp(0x04, 0, b"")
    for datagram in (hello, report(gps()), report(gps())[:30], b"2B\0", b"?!"):
        assert cut(datagram)[0] == [datagram]


def test_memory_is_bounded() -> None:
    framer = HyteraFramer()
    empty = kept_bytes(framer)
    for _ in range(50):
        framer.feed(b"2B\0" + b"\x7e\x04\x00\x00" * 300)
        assert kept_bytes(framer) <= empty + 2 * MAX_FRAME


@given(
    parts=st.lists(
        st.one_of(
            st.sampled_from([PACKET, CONNECT, PACKET[:30], b"\x7e\x04\0\0\x10\x20", b"2B\0\4\0\0"]),
            st.binary(max_size=20),
        ),
        max_size=6,
    ),
    splits=st.lists(st.integers(1, 40), max_size=30),
)
def test_split_of_the_stream_makes_no_difference(parts: list[bytes], splits: list[int]) -> None:
    stream = b"".join(parts)
    reads, at = [], 0
    for size in splits:
        reads.append(stream[at : at + size])
        at += size
    reads.append(stream[at:])
    assert cut(*reads) == cut(stream)
    assert cut(*[bytes([byte]) for byte in stream]) == cut(stream)


def test_noise_full_of_headers_comes_out_once_and_hides_no_good_packet() -> None:
    """Each header says that its packet is 200 bytes long; 16 bytes on stands the next."""
    header = b"\x7e\x04\x00\x00\x20\x10\x00\x00\x00\xc8\x12\x34\0\0\0\0"
    noise = header * 60
    stream = noise + PACKET + bytes(200)
    payloads, _ = cut(stream)
    assert sum(map(len, payloads)) <= 2 * len(stream)
    assert PACKET in payloads


@given(at=st.integers(1, len(PACKET) - 1), bit=st.integers(0, 7))
def test_one_flipped_bit_gives_no_position(at: int, bit: int) -> None:
    damaged = bytearray(PACKET)
    damaged[at] ^= 1 << bit
    for payload in cut(bytes(damaged))[0]:
        try:
            transmission = said(payload)
        except FrameError:
            continue
        assert transmission.position is None


_anything = st.one_of(
    st.binary(max_size=80),
    st.builds(lambda body: write_hdap(LP, 0xA002, body), st.binary(max_size=60)),
    st.builds(
        lambda opcode, body: write_hdap(RRS, opcode, body),
        st.integers(0, 255),
        st.binary(max_size=12),
    ),
    st.builds(
        lambda type_, body: b"2B\0" + bytes((type_, 0, 1)) + body,
        st.integers(0, 255),
        st.binary(max_size=40),
    ),
    st.builds(lambda body: write_hrnp(HRNP_DATA, 1, body), st.binary(max_size=60)),
)


@given(_anything)
def test_any_bytes_are_decoded_or_refused(payload: bytes) -> None:
    decoder = hytera.decoder(DecoderSettings())
    hytera.speaks(frame(payload))
    try:
        transmissions = decoder.decode(frame(payload))
    except FrameError:
        return
    for transmission in transmissions:
        if transmission.position is not None:
            assert -90 <= transmission.position.lat <= 90
    decoder.answers()


def answered(payload: bytes) -> list[bytes]:
    decoder = hytera.decoder(DecoderSettings())
    decoder.decode(frame(payload))
    return decoder.answers()


def test_private_text_is_the_radios_words_and_is_acknowledged() -> None:
    words = said(text("ເຮືອ 3 ພ້ອມ\n✓"))
    assert (words.kind, words.text) == ("text", "ເຮືອ 3 ພ້ອມ\n✓")
    assert words.address == said(report(gps())).address
    assert (words.facts["to"], words.facts["request_id"]) == (1, 7)
    (answer,) = answered(text())
    acknowledgement = read_hdap(answer, answer)
    assert (acknowledgement.service, acknowledgement.opcode) == (TMP, 0xA2)
    assert acknowledgement.payload == bytes((0, 0, 0, 7)) + ADDRESS + bytes((10, 0, 0, 1, 0))


def test_text_to_a_group_or_that_wants_no_answer_gets_none() -> None:
    group = said(text(what=0xB1))
    assert (group.text, group.facts["group"]) == ("come in", 1)
    assert answered(text(what=0xB1)) == []
    assert answered(text(flags=0x80)) == []


def test_text_ends_at_its_zero_and_before_its_option() -> None:
    assert said(text("all well\0\0rubbish")).text == "all well"
    assert said(text("all well", option=b"ab")).text == "all well"


def test_text_in_hstrp_is_acknowledged_twice_over() -> None:
    packet = write_hstrp(0x00, 5, b"", text())
    first, second = answered(packet)
    assert first == write_hstrp(0x01, 5, b"")
    assert second[6] == TMP


def test_text_sent_again_is_one() -> None:
    first, again, other = said(text()), said(text()), said(text(request=8))
    assert first.duplicate_key == again.duplicate_key != other.duplicate_key
    assert first.duplicate_window_s == 60.0


def test_answer_to_a_text_says_which_and_how_it_went() -> None:
    payload = bytes((0, 0, 0, 7)) + bytes((10, 0, 0, 1)) + ADDRESS
    good = said(write_hdap(TMP, 0xA2, payload + b"\0"))
    assert (good.kind, good.status, good.facts["answers"]) == ("answer", "acknowledged", "7")
    bad = said(write_hdap(TMP, 0xA2, payload + b"\x04"))
    assert (bad.status, bad.facts["result_code"]) == ("refused", 4)
    group = said(write_hdap(TMP, 0xB2, payload[:8] + b"\0"))
    assert (group.status, group.device) == ("acknowledged", None)
    assert said(write_hdap(TMP, 0xAE, payload + b"\1\2")).kind == "other"


def test_text_that_is_cut_is_refused() -> None:
    assert reason(write_hdap(TMP, 0xA1, bytes(11))) == "truncated"
    assert reason(write_hdap(TMP, 0xA2, bytes(12))) == "truncated"
    assert reason(write_hdap(TMP, 0x40A1, b"\xff\xff" + bytes(14))) == "truncated"
    assert reason(write_hdap(TMP, 0xA1, bytes(12) + b"\x00\xd8")) == "bad_text"
