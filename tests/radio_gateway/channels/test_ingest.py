"""Ingest: what comes of chunks, with real and with ill-behaved decoders."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from radio_gateway.channels import connection as connection_module
from radio_gateway.channels import ingest as ingest_module
from radio_gateway.channels.connection import LOG_EVERY_S
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.transport import Chunk
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import PROTOCOLS
from tests.radio_gateway.running.ingest_bench import IngestBench
from tests.radio_gateway.running.running import hear, rmc

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
        transmissions = [
            Transmission(
                protocol="odd", kind="text", device="d", heard_at=frame.heard_at, text=word
            )
            for word in text.split()
        ]
        if order == "hold":
            self.held += transmissions
            return []
        return transmissions

    def flush(self, now: datetime | None) -> list[Transmission]:
        if now is None or (self.held and now - self.held[0].heard_at > timedelta(seconds=0.5)):
            transmissions, self.held = self.held, []
            return transmissions
        return []

    def waiting(self) -> bool:
        return bool(self.held)

    def rejected(self) -> list[FrameError]:
        return []


def odd(inbox: Inbox, **protocols: Any) -> IngestBench:
    return IngestBench("http:", inbox, **(protocols or {"odd": Odd()}))


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
    odd(inbox).hear(answers.chunk("say a b c"))
    deliveries = await inbox.take()
    for delivery in deliveries:
        assert delivery.stored is not None
        assert answers.told == []
        delivery.stored()
    assert answers.told == ["say a b c"]


async def test_a_message_that_says_nothing_or_is_rejected_is_answered_at_once(
    answers: Answers,
) -> None:
    link = odd(Inbox())
    link.hear(answers.chunk("say"), answers.chunk("reject bad_word"))
    assert answers.told == ["say", "reject bad_word"]
    assert link.rejections.counts == {"bad_word": 1}
    assert [r.payload for r in link.rejections.newest()] == [b"reject bad_word"]


async def test_a_decoder_that_fails_costs_one_frame_and_the_sender_is_answered(
    answers: Answers,
) -> None:
    inbox = Inbox()
    link = odd(inbox)
    link.hear(answers.chunk("fail on purpose"), answers.chunk("say a"))
    assert answers.told == ["fail on purpose"]
    assert link.rejections.counts == {"decoder_failed": 1}
    assert "on purpose" in link.rejections.newest()[0].detail
    assert [d.transmission.text for d in await inbox.take()] == ["a"]


async def test_a_decoder_that_fails_at_every_frame_does_not_drown_the_log(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = time.monotonic() + LOG_EVERY_S  # whatever another test had it log
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    link = odd(Inbox())
    with capture_logs() as logs:
        for number in range(1000):
            link.hear(answers.chunk(f"fail {number}"))
    assert len(logs) == 1
    assert link.rejections.counts == {"decoder_failed": 1000}


async def test_half_a_message_is_answered_only_with_its_rest(answers: Answers) -> None:
    inbox = Inbox()
    link = odd(inbox)
    link.hear(answers.chunk("hold a"))
    assert answers.told == []
    assert len(inbox) == 0
    (delivery,) = await hear(inbox, 1)  # the decoder gave up waiting
    assert answers.told == []
    assert delivery.stored is not None
    delivery.stored()
    assert answers.told == ["hold a"]


async def test_the_end_of_a_session_hands_on_what_was_held(answers: Answers) -> None:
    inbox = Inbox()
    link = odd(inbox)
    link.hear(answers.chunk("hold a"), answers.chunk("hold b", connection="other"))
    link.ingest.end()
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
    link = odd(inbox)
    late = datetime.now(UTC) + timedelta(hours=1)  # never given up
    link.hear(answers.chunk("hold a", late))
    link.hear(answers.chunk("say b", late))
    (delivery,) = await inbox.take()
    assert delivery.stored is not None
    delivery.stored()
    assert "hold a" in answers.told
    link.ingest.end()


async def test_the_first_protocol_that_recognises_a_frame_gets_it(answers: Answers) -> None:
    inbox = Inbox()
    link = odd(inbox, odd=Odd(), nmea0183=PROTOCOLS["nmea0183"])
    lines = rmc(1).decode() + rmc(2).decode()
    link.hear(answers.chunk(lines), answers.chunk("say a"))
    link.ingest.end()
    texts = [d.transmission.protocol for d in await inbox.take()]
    assert sorted(texts) == ["nmea0183", "nmea0183", "odd"]


async def test_what_no_protocol_recognises_is_rejected(answers: Answers) -> None:
    link = odd(Inbox(), nmea0183=PROTOCOLS["nmea0183"], ais=PROTOCOLS["ais"])
    link.hear(answers.chunk("what is this"))
    assert link.rejections.counts == {"unknown_protocol": 1}
    assert answers.told == ["what is this"]


async def test_only_the_newest_50_rejected_frames_are_kept(answers: Answers) -> None:
    link = odd(Inbox())
    for number in range(60):
        link.hear(answers.chunk(f"reject r{number}" + "x" * 3000))
    rejected = link.rejections.newest()
    assert [r.reason[:3] for r in (rejected[0], rejected[-1])] == ["r10", "r59"]
    assert max(len(r.payload) for r in rejected) == 1024


async def test_reasons_are_counted_in_bounded_memory(answers: Answers) -> None:
    link = odd(Inbox())
    for number in range(300):
        link.hear(answers.chunk(f"reject r{number}"))
    errors = link.rejections.counts
    assert len(errors) <= 101
    assert sum(errors.values()) == 300


async def test_connections_are_bounded_and_the_quietest_makes_room(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "KEPT", 3)
    inbox = Inbox()
    link = odd(inbox)
    late = datetime.now(UTC) + timedelta(hours=1)
    for name in "abc":
        link.hear(answers.chunk(f"hold {name}", late, connection=name))
    link.hear(answers.chunk("say x", connection="a"))
    link.hear(answers.chunk("say y", connection="d"))
    assert [d.transmission.text for d in await inbox.take()] == ["x", "y", "b"]
    assert link.ingest.frames == 5
    link.ingest.end()
    assert [d.transmission.text for d in await inbox.take()] == ["c", "a"]  # b was given up


async def test_reception_ids_are_unique_across_the_channels_of_a_process(
    answers: Answers,
) -> None:
    inbox = Inbox()
    for link in (odd(inbox), odd(inbox)):
        link.hear(answers.chunk("say a b"))
    ids = [d.transmission.reception_id for d in await inbox.take()]
    assert ids == ["gw/b/1", "gw/b/2", "gw/b/3", "gw/b/4"]


def test_what_came_in_one_read_keeps_its_order_in_time() -> None:
    sender = connection_module.Connection({"ais": PROTOCOLS["ais"]}, DecoderSettings())
    sentence = b"!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0*5C\r\n"
    rejected: list[str] = []

    def reject(_frame: Frame, reason: str, _detail: str) -> None:
        rejected.append(reason)

    heard = [
        transmission.heard_at
        for _ in range(2)  # two reads in one turn of the loop have the same time
        for transmission in sender.receive(Chunk(data=sentence * 3, heard_at=AT), reject)
    ]
    assert rejected == []
    assert heard == [AT + timedelta(microseconds=number) for number in range(6)]
    earlier = AT - timedelta(hours=1)
    (after,) = sender.receive(Chunk(data=sentence, heard_at=earlier), reject)
    assert after.heard_at == earlier, "a clock that was set back is not held up"
