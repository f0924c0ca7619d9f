"""Results of orders wait until the node says that they are stored, however late that word comes."""

from __future__ import annotations

from datetime import UTC, datetime

from radio_gateway.orders.order_result import OrderResult
from radio_gateway.uplink.sender.order_results import ENVELOPES_KNOWN, OrderResultQueue
from radio_gateway.uplink.sender.scheduler import RECEIPT_WITHIN_S


def result(id: str) -> OrderResult:
    return OrderResult(id=id, state="sent", at=datetime(2026, 11, 29, tzinfo=UTC))


def send(out: OrderResultQueue, digest: bytes, at_s: float) -> list[OrderResult]:
    """Send what is due in an envelope, as the uplink does."""
    results = out.to_send(at_s)
    if results:
        out.mark_sent(digest, results, at_s=at_s)
    return results


def test_they_go_again_until_their_receipt_comes() -> None:
    out = OrderResultQueue()
    out.add(result("o1"))
    assert send(out, b"1", 0.0) == [result("o1")]
    assert send(out, b"2", RECEIPT_WITHIN_S - 0.1) == []
    assert out.next_due_s() == RECEIPT_WITHIN_S
    assert send(out, b"2", RECEIPT_WITHIN_S) == [result("o1")]
    assert out.note_receipt(b"2")
    assert (len(out), out.next_due_s()) == (0, None)
    assert not out.note_receipt(b"never sent")


def test_a_receipt_that_is_always_late_ends_them_all_the_same() -> None:
    out = OrderResultQueue()
    out.add(result("o1"))
    send(out, b"1", 0.0)
    out.add(result("o2"))
    assert send(out, b"2", 10.0) == [result("o1"), result("o2")]
    assert out.note_receipt(b"1")  # 12 s after it went
    assert len(out) == 1
    assert send(out, b"3", 20.0) == [result("o2")]
    assert out.note_receipt(b"2")
    assert (len(out), out.next_due_s()) == (0, None), "nobody wakes for the third"
    assert send(out, b"4", 30.0) == []
    out.restart()
    assert out.note_receipt(b"3"), "sent before the link broke"


def test_of_envelopes_without_a_receipt_no_more_are_known_than_is_good() -> None:
    out = OrderResultQueue()
    out.add(result("o1"))
    for number in range(ENVELOPES_KNOWN + 1):
        send(out, b"%d" % number, number * RECEIPT_WITHIN_S)
    assert not out.note_receipt(b"0")
    assert out.note_receipt(b"1")
