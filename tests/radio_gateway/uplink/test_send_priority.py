"""What goes to the node first, and what comes back when no receipt does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.uplink.sender.scheduler import (
    BACKLOG_OUT,
    LIVE_OUT,
    RECEIPT_WITHIN_S,
    SendQueues,
)
from radio_gateway.uplink.spool.rows import SpoolRow
from radio_gateway.uplink.spool.sqlite_file import DISTRESS, ROUTINE, WORDS


def put(
    number: int,
    address: str | None = None,
    *,
    time_ms: int = 0,
    rank: int = ROUTINE,
    heard_ms: int = 0,
) -> SpoolRow:
    return SpoolRow(number, rank, address, time_ms, heard_ms)


def test_distress_goes_first_then_the_newest_place_of_each_radio() -> None:
    lanes = SendQueues()
    lanes.enqueue([put(1, "a", time_ms=1), put(2, "b", time_ms=1), put(3, "a", time_ms=2)])
    lanes.enqueue([put(4, rank=DISTRESS)])
    assert lanes.live(10) == [4, 3, 2]


def test_a_late_fix_is_not_the_newest_place() -> None:
    lanes = SendQueues()
    lanes.enqueue([put(1, "a", time_ms=100), put(2, "a", time_ms=50)])
    assert lanes.live(10) == [1]


def test_words_for_people_go_behind_places_however_many_they_are() -> None:
    lanes = SendQueues()
    lanes.enqueue([put(number, rank=WORDS) for number in range(1, 3000)])
    lanes.enqueue([put(3000, "a", time_ms=1), put(3001, rank=DISTRESS)])
    assert lanes.live(3) == [3001, 3000, 1]


def test_a_place_of_before_the_clock_was_set_back_hides_no_later_one() -> None:
    """The gateway's clock was a day ahead, and was set right."""
    day_ms = 86_400_000
    lanes = SendQueues()
    lanes.enqueue([put(1, "a", time_ms=2 * day_ms, heard_ms=2 * day_ms)])
    lanes.mark_sent(b"x", lanes.live(10), at_s=0.0, live=True)
    lanes.mark_received(b"x", [1])
    lanes.enqueue([put(2, "a", time_ms=day_ms, heard_ms=day_ms)])
    assert lanes.live(10) == [2]
    lanes.enqueue([put(3, "a", time_ms=day_ms - 60_000, heard_ms=day_ms)])
    assert lanes.live(10) == [2]


def test_what_arrived_is_not_sent_again_while_the_disk_does_not_let_it_go() -> None:
    lanes = SendQueues()
    waiting = [put(1, "a", time_ms=1), put(2, rank=DISTRESS)]
    lanes.enqueue(waiting)
    lanes.mark_sent(b"x", lanes.live(10), at_s=0.0, live=True)
    lanes.mark_received(b"x", [1, 2])
    lanes.restart(waiting)
    assert lanes.live(10) == []
    assert lanes.is_flying(1)
    lanes.mark_removed([1, 2])
    assert not lanes.is_flying(1)


def test_what_is_on_its_way_is_not_sent_again_until_its_receipt_is_overdue() -> None:
    lanes = SendQueues()
    lanes.enqueue([put(1, "a", time_ms=1), put(2, rank=DISTRESS)])
    lanes.mark_sent(b"x", lanes.live(10), at_s=0.0, live=True)
    assert lanes.live(10) == []
    assert lanes.is_flying(1)
    assert lanes.overdue(RECEIPT_WITHIN_S - 0.1) == 0
    assert lanes.overdue(RECEIPT_WITHIN_S) == 1
    assert lanes.live(10) == [2, 1]


def test_an_overdue_place_that_a_newer_one_has_replaced_goes_with_the_backlog() -> None:
    lanes = SendQueues()
    lanes.enqueue([put(1, "a", time_ms=1)])
    lanes.mark_sent(b"x", [1], at_s=0.0, live=True)
    lanes.cursor = 1
    lanes.enqueue([put(2, "a", time_ms=2)])
    lanes.overdue(RECEIPT_WITHIN_S)
    assert lanes.live(10) == [2]
    assert lanes.cursor == 0
    assert lanes.backlog_may_go()


def test_only_so_many_envelopes_are_out_at_a_time() -> None:
    lanes = SendQueues()
    for number in range(LIVE_OUT + 1):
        lanes.enqueue([put(number + 1, f"a{number}", time_ms=1)])
        numbers = lanes.live(10)
        if number < LIVE_OUT:
            lanes.mark_sent(bytes([number]), numbers, at_s=0.0, live=True)
        else:
            assert numbers == []
    for number in range(BACKLOG_OUT):
        assert lanes.backlog_may_go()
        lanes.mark_sent(b"b%d" % number, [100 + number], at_s=0.0, live=False)
    assert not lanes.backlog_may_go()


def test_a_receipt_for_what_was_never_sent_is_worth_nothing() -> None:
    lanes = SendQueues()
    lanes.enqueue([put(1, "a", time_ms=1)])
    lanes.mark_sent(b"x", [1], at_s=0.0, live=True)
    assert lanes.receipted(b"y", at_s=1.0) is None
    assert lanes.receipted(b"x", at_s=1.0) == ((1,), 1.0, 0)


def test_a_receipt_that_comes_too_late_still_counts_once() -> None:
    lanes = SendQueues()
    lanes.enqueue([put(1, "a", time_ms=1)])
    lanes.mark_sent(b"x", [1], at_s=0.0, live=True)
    lanes.overdue(RECEIPT_WITHIN_S)
    found = lanes.receipted(b"x", at_s=20.0)
    assert found is not None
    lanes.mark_received(b"x", found[0])
    assert lanes.live(10) == []
    assert lanes.receipted(b"x", at_s=21.0) is None


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5), st.integers(0, 2)), max_size=60))
def test_whatever_happens_everything_is_sent_until_it_is_receipted(
    acts: list[tuple[int, int, int]],
) -> None:
    """A model spool: nothing is lost by time-outs, restarts and receipts in any order."""
    lanes = SendQueues()
    spool: dict[int, SpoolRow] = {}
    out: dict[bytes, list[int]] = {}
    now_s, number, name = 0.0, 0, 0

    def send() -> None:
        nonlocal name
        live = [each for each in lanes.live(5) if each in spool]
        if live:
            name += 1
            lanes.mark_sent(b"%d" % name, live, at_s=now_s, live=True)
            out[b"%d" % name] = live
        if lanes.backlog_may_go():
            found = sorted(each for each in spool if each > lanes.cursor)[:4]
            rest = [each for each in found if not lanes.is_flying(each)]
            if not found:
                lanes.more = False
                return
            lanes.cursor = rest[-1] if rest else found[-1]
            if rest:
                name += 1
                lanes.mark_sent(b"%d" % name, rest, at_s=now_s, live=False)
                out[b"%d" % name] = rest

    def receipt(digest: bytes) -> None:
        found = lanes.receipted(digest, at_s=now_s)
        assert found is not None
        assert set(found[0]) == set(out.pop(digest))
        for each in found[0]:
            spool.pop(each, None)
        lanes.mark_received(digest, found[0])

    for act, radio, rank in acts:
        if act <= 2:
            number += 1
            spool[number] = put(number, f"r{radio}", time_ms=number * 7 % 11, rank=rank)
            lanes.enqueue([spool[number]])
        elif act == 3:
            send()
        elif act == 4 and out:
            receipt(list(out)[radio % len(out)])
        elif act == 5:
            now_s += RECEIPT_WITHIN_S / 2
            lanes.overdue(now_s)
        elif act == 6 and rank:
            lanes.restart(list(spool.values()))
    for _ in range(300):
        if not spool:
            break
        send()
        if out:
            receipt(next(iter(out)))
    assert spool == {}
