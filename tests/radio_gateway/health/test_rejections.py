"""What a channel keeps of what it rejects, however much of it there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from radio_gateway.decoding.framing import Frame
from radio_gateway.health.rejections import KEPT, KEPT_AWAY, Rejections

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def frame(second: float, source: str | None = None) -> Frame:
    return Frame(b"x" * 5000, AT + timedelta(seconds=second), source=source)


def test_who_tries_keys_under_any_number_of_names_pushes_nothing_else_out() -> None:
    rejections = Rejections("phones")
    for second in range(KEPT):
        rejections.add(frame(second), "bad_checksum", "says 6A, is 6B")
    rejections.turn_away(frame(60, "10.0.0.9:1"), "wrong_key", "calls itself boat-7")
    for number in range(2000):
        source = f"10.6.6.6:{number}"
        rejections.turn_away(frame(61 + number, source), "wrong_key", f"calls itself b{number}")
    rejected_frames = rejections.newest()
    assert [each.reason for each in rejected_frames[:KEPT]] == ["bad_checksum"] * KEPT
    assert rejected_frames[KEPT].detail == "calls itself boat-7"
    assert len(rejected_frames) == KEPT + KEPT_AWAY
    assert rejected_frames[-1].detail == "calls itself b1999"
    assert rejections.counts == {"bad_checksum": KEPT, "wrong_key": 2001}
    assert len(rejections.recent) == KEPT  # nobody asks for these, and they do not pile up
    untold = [each.reason for each in rejections.unreported()]
    assert untold == ["bad_checksum"] * 5 + ["wrong_key"] * 3
    assert rejections.unreported() == []


def test_of_a_long_reason_the_beginning_is_stored() -> None:
    rejections = Rejections("phones")
    rejections.add(frame(1), "decoder_failed", "x" * 100_000)
    assert len(rejections.newest()[0].detail) == 500


def test_of_one_that_tries_again_and_again_the_newest_is_stored() -> None:
    rejections = Rejections("phones")
    for second in range(100):
        rejections.turn_away(frame(second, f"10.0.0.9:{second}"), "no_key", "calls itself boat-7")
    (rejected_frame,) = rejections.newest()
    assert rejected_frame.heard_at == AT + timedelta(seconds=99)


def test_stored_messages_are_reported_in_the_order_of_their_reception() -> None:
    rejections = Rejections("phones")
    rejections.add(frame(1), "bad_json", "")
    rejections.turn_away(frame(2, "h:1"), "no_key", "calls itself boat-7")
    rejections.add(frame(3), "bad_json", "")
    assert [each.reason for each in rejections.newest()] == ["bad_json", "no_key", "bad_json"]
