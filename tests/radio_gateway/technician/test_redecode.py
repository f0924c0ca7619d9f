"""A capture that is decoded again gives what the channel made of it, to the microsecond."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from radio_gateway.channels.channel import Channel
from radio_gateway.channels.channel_settings import load_channels
from radio_gateway.errors.errors import FrameError, GatewayError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.transport import Chunk
from radio_gateway.messages.transmission import Transmission
from radio_gateway.recording.capture import CaptureWriter, read_capture
from radio_gateway.recording.journal import Journal
from radio_gateway.technician.redecode import decode_captures
from radio_gateway.transports.tcp_listen import TcpListenTransport
from tests.fixtures.broker import mosquitto
from tests.fixtures.command_process import forked_run
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import hear, rmc, running
from tests.radio_gateway.transports.test_mqtt import POSITIONS, publish

AT = datetime(2024, 6, 10, 8, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CAPTURES = Path(__file__).parents[2] / "captures"


def journaled(url: str, *protocols: str, inbox: Inbox, journal: Journal, **more: str) -> Channel:
    table = {"name": "link", "url": url, "protocols": list(protocols)} | more
    (settings,) = load_channels([table], "test.toml: channels")
    return Channel(settings, inbox, gateway="gw", boot="b", journal=journal)


def again(*paths: Path) -> list[Transmission]:
    return [said for said in decode_captures(paths) if isinstance(said, Transmission)]


def unnumbered(transmissions: list[Transmission]) -> list[Transmission]:
    """Return them without the number of their reception, which a capture does not hold."""
    return [replace(each, reception_id="") for each in transmissions]


async def test_a_stream_of_many_connections_is_decoded_again_as_it_was(tmp_path: Path) -> None:
    inbox, journal = Inbox(), Journal(tmp_path / "journal")
    channel = journaled("tcp-listen://127.0.0.1:0", "nmea0183", "ais", inbox=inbox, journal=journal)
    transport = channel.transport
    assert isinstance(transport, TcpListenTransport)
    said = (CAPTURES / "gpsd.nmea").read_bytes()[:8000]
    chance = random.Random(5)

    async def speak(ending: bytes) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", transport.port)
        data = said + ending
        while data:
            count = chance.randrange(1, 400)
            writer.write(data[:count])
            data = data[count:]
            # some pauses end an epoch: the decoders then give up waiting
            await asyncio.sleep(chance.choice([0, 0.001, 0.02, 0.02, 0.7]))
        writer.close()

    made: list[Transmission] = []
    channel.listen(made.extend)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        endings = [rmc(1) + rmc(2)[:30], b"$GPGGA,1", b"\xff\x00!AIVDM,2,1,3"]
        await asyncio.gather(*(speak(ending) for ending in endings))
        await asyncio.sleep(0.2)
    journal.close()
    (path,) = (tmp_path / "journal").glob("*.jsonl.gz")
    decoded = again(path)
    assert len(made) > 20
    assert {each.heard_at for each in decoded} == {each.heard_at for each in made}
    assert decoded == unnumbered(made)
    rejected = [each for each in decode_captures([path]) if isinstance(each, FrameError)]
    assert len(rejected) == sum(channel.health().errors.values())


@pytest.mark.broker
async def test_mqtt_is_decoded_again_as_it_was(tmp_path: Path) -> None:
    inbox, journal = Inbox(), Journal(tmp_path / "journal")
    with mosquitto(tmp_path) as broker:
        channel = journaled(
            f"mqtt://127.0.0.1:{broker.port}?topic={POSITIONS}/+",
            "position_json",
            inbox=inbox,
            journal=journal,
            username="node",
            password=broker.passwords["node"],
        )
        made: list[Transmission] = []
        channel.listen(made.extend)
        async with running(channel):
            await until(lambda: channel.health().state == "open")
            await asyncio.to_thread(publish, broker, 1, 2, 3)
            await hear(inbox, 3)
    journal.close()
    assert len(made) == 3
    assert made[0].device == "boat-3"  # from the topic
    assert again(tmp_path / "journal") == unnumbered(made)


async def test_a_capture_that_is_rotated_is_decoded_again_as_one(tmp_path: Path) -> None:
    inbox = Inbox()
    journal = Journal(tmp_path / "journal", max_bytes=1_000_000, keep_bytes=2_000_000)
    for number in range(6):  # channels share the room: each file ends at 70 kB
        journal.of(f"silent-{number}", ())
    channel = journaled("tcp-listen://127.0.0.1:0", "nmea0183", inbox=inbox, journal=journal)
    transport = channel.transport
    assert isinstance(transport, TcpListenTransport)
    made: list[Transmission] = []
    channel.listen(made.extend)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        _, writer = await asyncio.open_connection("127.0.0.1", transport.port)
        sent = 0
        for number in range(600):
            sentence = rmc(number % 60, speed_kn=number / 10)
            writer.write(sentence[:40])
            await asyncio.sleep(0)
            writer.write(sentence[40:] * 3)
            await writer.drain()
            sent += 3 * len(sentence) - 80
        writer.close()
        await until(lambda: channel.health().bytes_read == sent)
        await asyncio.sleep(0.8)
    journal.close()
    assert len(list((tmp_path / "journal").glob("*.gz"))) > 2
    assert again(tmp_path / "journal") == unnumbered(made)


def write(path: Path, chunks: list[Chunk], *protocols: str) -> Path:
    with CaptureWriter(path, channel="pier", protocols=protocols) as writer:
        for chunk in chunks:
            writer.write(chunk)
    return path


def test_a_capture_keeps_who_signed_in_and_what_may_have_come_before(tmp_path: Path) -> None:
    body = json.dumps({"device": "boat-4", "lon": 100.4, "lat": 20.2}).encode()
    forged = Chunk(body, AT, whole=True, ended=True, speaks_for=("boat-3",))
    good = replace(forged, speaks_for=("boat-4",), resent=True)
    path = write(tmp_path / "a.jsonl", [forged, good], "position_json")
    assert [each.resent for each in again(path)] == [True]


def test_a_capture_that_says_no_protocol_needs_one_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [Chunk(rmc(1), AT), Chunk(rmc(2), AT + 5 * SECOND)])
    with pytest.raises(GatewayError, match="name a protocol"):
        again(path)
    with pytest.raises(GatewayError, match="no protocol semaphore"):
        list(decode_captures([path], protocols=("semaphore",)))
    said = list(decode_captures([path], protocols=("nmea0183",)))
    assert [each.heard_at for each in said if isinstance(each, Transmission)] == [
        AT,
        AT + 5 * SECOND,
    ]


def test_a_compressed_capture_is_read_and_one_cut_short_to_where_it_is_good(
    tmp_path: Path,
) -> None:
    chunks = [Chunk(rmc(number), AT + number * SECOND) for number in range(50)]
    plain = write(tmp_path / "a.jsonl", chunks, "nmea0183").read_bytes()
    zipped = tmp_path / "a.jsonl.gz"
    zipped.write_bytes(gzip.compress(plain))
    assert list(read_capture(zipped)) == chunks
    zipped.write_bytes(gzip.compress(plain)[:-40])
    assert list(read_capture(zipped)) == chunks[: len(list(read_capture(zipped)))]
    zipped.write_bytes(gzip.compress(plain)[:20] + b"\xff" * 100)
    with pytest.raises(GatewayError):
        list(read_capture(zipped))


def test_the_command_prints_what_the_channel_made_and_when(tmp_path: Path) -> None:
    chunks = [Chunk(rmc(number), AT + number * SECOND) for number in (1, 2)]
    path = write(tmp_path / "a.jsonl", [*chunks, Chunk(b"$GPRMC,1*00\r\n", AT)], "nmea0183")
    words = ["decode", "--capture", str(path)]
    code, out, faults = forked_run(words, Path.cwd(), package="radio_gateway")
    assert code == 0, faults
    printed = [json.loads(line) for line in out.splitlines()]
    assert [datetime.fromisoformat(each["heard_at"]) for each in printed] == [
        chunk.heard_at for chunk in chunks
    ]
    assert {each["channel"] for each in printed} == {"pier"}
    assert printed[0]["lat"] == pytest.approx(20.2668333)
    assert "bad_checksum" in faults


def test_the_settings_of_the_channel_count_where_they_are_given(tmp_path: Path) -> None:
    """A fleet's sentences without a checksum are good unless its channel says otherwise."""
    bare = rmc(1)[:-5] + b"\r\n"
    path = write(tmp_path / "a.jsonl", [Chunk(bare, AT)], "nmea0183")
    assert len(again(path)) == 1
    (tmp_path / "gateway.toml").write_text(
        '[[channels]]\nname = "pier"\nurl = "udp://127.0.0.1:0"\nprotocols = ["nmea0183"]\n'
        "checksum_required = true\n"
    )
    words = ["decode", "--capture", str(path)]
    words += ["--config", str(tmp_path / "gateway.toml")]
    code, out, faults = forked_run(words, Path.cwd(), package="radio_gateway")
    assert code == 0, faults
    assert out == ""
    assert "no_checksum" in faults


def test_the_command_says_what_is_wrong_with_a_capture(tmp_path: Path) -> None:
    words = ["decode", "--capture", str(tmp_path / "no")]
    code, _, faults = forked_run(words, Path.cwd(), package="radio_gateway")
    assert code == 1
    assert "No such file" in faults
