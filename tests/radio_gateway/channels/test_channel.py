"""Channels: alone and beside each other, with real and with ill-behaved decoders."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from radio_gateway.channels import connection as connection_module
from radio_gateway.channels import ingest as hearing
from radio_gateway.channels.channel import Channel
from radio_gateway.channels.channel_settings import ChannelSettings, load_channels
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.transport import Chunk
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import PROTOCOLS
from radio_gateway.transports.udp import UdpTransport
from tests.radio_gateway.running.running import hear, make, rmc, running, until

AT = datetime(2026, 1, 1, tzinfo=UTC)


class Odd:
    """A protocol whose decoder does what its messages tell it to."""

    FRAMING = MessageFramer

    def __init__(self, waits: bool = False) -> None:
        self.waits = waits
        self.held: list[Transmission] = []

    def speaks(self, frame: Frame) -> bool:
        return not frame.payload.startswith(b"$")

    def decoder(self, settings: DecoderSettings) -> Odd:
        return Odd()

    def decode(self, frame: Frame) -> list[Transmission]:
        order, _, text = frame.payload.decode().partition(" ")
        if order == "fail":
            raise RuntimeError(text)
        if order == "reject":
            raise FrameError(text, frame.payload, "told to")
        said = [
            Transmission(
                protocol="odd", kind="text", device="d", heard_at=frame.heard_at, text=word
            )
            for word in text.split()
        ]
        if order == "hold":
            self.held += said
            return []
        return said

    def flush(self, now: datetime | None) -> list[Transmission]:
        if now is None or (self.held and now - self.held[0].heard_at > timedelta(seconds=0.5)):
            said, self.held = self.held, []
            return said
        return []

    def waiting(self) -> bool:
        return bool(self.held)

    def rejected(self) -> list[FrameError]:
        return []


def odd_channel(inbox: Inbox, **protocols: Any) -> Channel:
    (settings,) = load_channels(
        [{"name": "odd", "url": "http:", "protocols": ["ais"]}], "test: channels"
    )
    names = tuple(protocols) or ("odd",)
    settings = ChannelSettings(name="odd", url="http:", protocols=names, link=settings.link)
    return Channel(settings, inbox, gateway="gw", boot="b", protocols=protocols or {"odd": Odd()})


class Answers:
    """Notes who was told that its message is stored."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def chunk(self, text: str, heard_at: datetime | None = None, **fields: Any) -> Chunk:
        return Chunk(
            text.encode(),
            heard_at or datetime.now(UTC),
            whole=True,
            stored=lambda: self.told.append(text),
            **fields,
        )


@pytest.fixture
def answers() -> Answers:
    return Answers()


async def test_a_message_is_answered_once_everything_in_it_is_stored(answers: Answers) -> None:
    inbox = Inbox()
    odd_channel(inbox)._hearing.hear([answers.chunk("say a b c")])
    deliveries = await inbox.take()
    for delivery in deliveries:
        assert delivery.stored is not None
        assert answers.told == []
        delivery.stored()
    assert answers.told == ["say a b c"]


async def test_a_message_that_says_nothing_or_is_rejected_is_answered_at_once(
    answers: Answers,
) -> None:
    channel = odd_channel(Inbox())
    channel._hearing.hear([answers.chunk("say"), answers.chunk("reject bad_word")])
    assert answers.told == ["say", "reject bad_word"]
    assert channel.health().errors == {"bad_word": 1}
    assert [r.payload for r in channel.rejected()] == [b"reject bad_word"]


async def test_a_decoder_that_fails_costs_one_frame_and_the_sender_is_answered(
    answers: Answers,
) -> None:
    inbox = Inbox()
    channel = odd_channel(inbox)
    channel._hearing.hear([answers.chunk("fail on purpose"), answers.chunk("say a")])
    assert answers.told == ["fail on purpose"]
    assert channel.health().errors == {"decoder_failed": 1}
    assert "on purpose" in channel.rejected()[0].detail
    assert [d.transmission.text for d in await inbox.take()] == ["a"]


async def test_a_decoder_that_fails_at_every_frame_does_not_drown_the_log(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "_log_again_s", 0.0)
    channel = odd_channel(Inbox())
    with capture_logs() as logs:
        for number in range(1000):
            channel._hearing.hear([answers.chunk(f"fail {number}")])
    assert len(logs) == 1
    assert channel.health().errors == {"decoder_failed": 1000}


async def test_a_device_that_stays_absent_is_logged_once(tmp_path: Path) -> None:
    channel = make(f"serial://{tmp_path}/absent")
    with capture_logs() as logs:
        async with running(channel):
            await until(lambda: channel.health().reconnects >= 2)
    assert [log["event"] for log in logs] == ["link_broke"]


async def test_a_device_that_stays_absent_is_down_since_it_first_was(tmp_path: Path) -> None:
    channel = make(f"serial://{tmp_path}/absent")
    async with running(channel):
        await until(lambda: channel.health().state == "down")
        first = channel.health().since
        await until(lambda: channel.health().reconnects >= 2)
        assert channel.health().since == first
        await until(lambda: channel.health().state == "down")
        assert channel.health().since == first
    assert (channel.health().state, channel.health().since > first) == ("stopped", True)


async def test_half_a_message_is_answered_only_with_its_rest(answers: Answers) -> None:
    inbox = Inbox()
    channel = odd_channel(inbox)
    channel._hearing.hear([answers.chunk("hold a")])
    assert answers.told == []
    assert len(inbox) == 0
    (delivery,) = await hear(inbox, 1)  # the decoder gave up waiting
    assert answers.told == []
    assert delivery.stored is not None
    delivery.stored()
    assert answers.told == ["hold a"]


async def test_the_end_of_a_session_hands_on_what_was_held(answers: Answers) -> None:
    inbox = Inbox()
    channel = odd_channel(inbox)
    channel._hearing.hear([answers.chunk("hold a"), answers.chunk("hold b", connection="other")])
    channel._hearing.end()
    deliveries = await inbox.take()
    for delivery in deliveries:
        assert delivery.stored is not None
        delivery.stored()
    assert [d.transmission.text for d in deliveries] == ["a", "b"]
    assert answers.told == ["hold a", "hold b"]


async def test_a_sender_does_not_wait_for_ever_behind_a_decoder_that_always_waits(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "HOLD_S", 0.0)
    inbox = Inbox()
    channel = odd_channel(inbox)
    late = datetime.now(UTC) + timedelta(hours=1)  # never given up
    channel._hearing.hear([answers.chunk("hold a", late)])
    channel._hearing.hear([answers.chunk("say b", late)])
    (delivery,) = await inbox.take()
    assert delivery.stored is not None
    delivery.stored()
    assert "hold a" in answers.told
    channel._hearing.end()


async def test_the_first_protocol_that_recognises_a_frame_gets_it(answers: Answers) -> None:
    inbox = Inbox()
    channel = odd_channel(inbox, odd=Odd(), nmea0183=PROTOCOLS["nmea0183"])
    lines = rmc(1).decode() + rmc(2).decode()
    channel._hearing.hear([answers.chunk(lines), answers.chunk("say a")])
    channel._hearing.end()
    said = [d.transmission.protocol for d in await inbox.take()]
    assert sorted(said) == ["nmea0183", "nmea0183", "odd"]


async def test_what_no_protocol_recognises_is_rejected(answers: Answers) -> None:
    channel = odd_channel(Inbox(), nmea0183=PROTOCOLS["nmea0183"], ais=PROTOCOLS["ais"])
    channel._hearing.hear([answers.chunk("what is this")])
    assert channel.health().errors == {"unknown_protocol": 1}
    assert answers.told == ["what is this"]


async def test_only_the_newest_50_rejected_frames_are_kept(answers: Answers) -> None:
    channel = odd_channel(Inbox())
    for number in range(60):
        channel._hearing.hear([answers.chunk(f"reject r{number}" + "x" * 3000)])
    rejected = channel.rejected()
    assert [r.reason[:3] for r in (rejected[0], rejected[-1])] == ["r10", "r59"]
    assert max(len(r.payload) for r in rejected) == 1024


async def test_reasons_are_counted_in_bounded_memory(answers: Answers) -> None:
    channel = odd_channel(Inbox())
    for number in range(300):
        channel._hearing.hear([answers.chunk(f"reject r{number}")])
    errors = channel.health().errors
    assert len(errors) <= 101
    assert sum(errors.values()) == 300


async def test_connections_are_bounded_and_the_quietest_makes_room(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "KEPT", 3)
    inbox = Inbox()
    channel = odd_channel(inbox)
    late = datetime.now(UTC) + timedelta(hours=1)
    for name in "abc":
        channel._hearing.hear([answers.chunk(f"hold {name}", late, connection=name)])
    channel._hearing.hear([answers.chunk("say x", connection="a")])
    channel._hearing.hear([answers.chunk("say y", connection="d")])
    assert set(channel._hearing._connections.keys()) == {"a", "c", "d"}
    assert [d.transmission.text for d in await inbox.take()] == ["x", "y", "b"]
    assert channel.health().frames == 5
    channel._hearing.end()


async def test_reception_ids_are_unique_across_the_channels_of_a_process(
    answers: Answers,
) -> None:
    inbox = Inbox()
    for channel in (odd_channel(inbox), odd_channel(inbox)):
        channel._hearing.hear([answers.chunk("say a b")])
    ids = [d.transmission.reception_id for d in await inbox.take()]
    assert ids == ["gw/b/1", "gw/b/2", "gw/b/3", "gw/b/4"]


async def test_a_channel_that_breaks_never_disturbs_another(tmp_path: Path) -> None:
    inbox = Inbox()
    good = make("udp://127.0.0.1:0", inbox=inbox, name="good")
    absent = make(f"serial://{tmp_path}/absent", inbox=inbox, name="absent")
    broken = make(f"serial://{tmp_path}/broken", inbox=inbox, name="broken")

    async def no_session() -> None:
        raise RuntimeError("a fault of ours")

    broken._session = no_session  # type: ignore[method-assign]
    async with running(good, absent, broken):
        transport = good.transport
        assert isinstance(transport, UdpTransport)
        await until(lambda: transport.port)
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            for minute in range(8):
                sender.sendto(rmc(minute), ("127.0.0.1", transport.port))
                await asyncio.sleep(0.2)
        await hear(inbox, 8)
        assert good.health().state == "open"
        assert {absent.health().state, broken.health().state} <= {"down", "opening"}
        assert min(absent.health().reconnects, broken.health().reconnects) >= 1
        assert broken.health().fault == "RuntimeError: a fault of ours"


async def test_each_channel_is_a_task_with_its_name() -> None:
    channel = make("udp://127.0.0.1:0")
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        assert "channel link" in {task.get_name() for task in asyncio.all_tasks()}


async def test_counters_tell_what_came_and_what_became_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.nmea"
    wrong = rmc(3)[:-4] + b"00\r\n"
    path.write_bytes(rmc(1) + wrong + b"\x00\x01\x02" + rmc(2))
    channel = make(f"replay://{path}?speed=1000")
    await channel.run()
    health = channel.health()
    assert (health.bytes_read, health.frames) == (path.stat().st_size, 3)
    assert (health.transmissions, health.junk_bytes) == (2, 3)
    assert sum(health.errors.values()) == 1
    assert health.last_heard_at is not None


def test_what_came_in_one_read_keeps_its_order_in_time() -> None:
    sender = connection_module.Connection({"ais": PROTOCOLS["ais"]}, DecoderSettings())
    sentence = b"!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0*5C\r\n"
    rejected: list[str] = []

    def reject(_frame: Frame, reason: str, _detail: str) -> None:
        rejected.append(reason)

    heard = [
        transmission.heard_at
        for _ in range(2)  # two reads in one turn of the loop have the same time
        for transmission in sender.hear(Chunk(data=sentence * 3, heard_at=AT), reject)
    ]
    assert rejected == []
    assert heard == [AT + timedelta(microseconds=number) for number in range(6)]
    earlier = AT - timedelta(hours=1)
    (after,) = sender.hear(Chunk(data=sentence, heard_at=earlier), reject)
    assert after.heard_at == earlier, "a clock that was set back is not held up"


async def test_what_comes_while_the_inbox_rests_is_heard_at_once_with_its_own_time() -> None:
    channel = make("tcp-listen://127.0.0.1:0")
    inbox = channel._inbox
    async with running(channel):
        await until(lambda: channel.transport.port)  # type: ignore[attr-defined]
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            channel.transport.port,  # type: ignore[attr-defined]
        )
        writer.write(rmc(0) + rmc(1))
        await hear(inbox, 1)
        inbox.rest(0.4)
        writer.write(rmc(2))  # the channel waits for something, and rests after that
        await until(lambda: len(inbox))
        for minute in range(3, 7):
            writer.write(rmc(minute))
            await asyncio.sleep(0.02)
        assert len(inbox) == 1
        heard = await hear(inbox, 5)
        writer.close()
        del reader
    times = [delivery.transmission.heard_at for delivery in heard]
    assert times == sorted(times)
    assert (times[-1] - times[1]).total_seconds() > 0.03
