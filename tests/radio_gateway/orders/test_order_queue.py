"""Which order goes when, and what becomes of each."""

from __future__ import annotations

from datetime import timedelta

import pytest

from radio_gateway.orders.order_queue import AT_MOST
from radio_gateway.orders.priority import DISTRESS_BEYOND
from tests.radio_gateway.running.order_bench import Bench


def test_the_most_urgent_goes_first_and_of_equals_the_oldest() -> None:
    bench = Bench()
    for id, kind in (("t1", "text"), ("p1", "poll"), ("t2", "text"), ("a1", "alert")):
        bench.give(id, kind, answer=None)  # type: ignore[arg-type]
        bench.wait(0.1)
    bench.give("d1", "distress", answer=None)
    assert [bench.send() for _ in range(6)] == ["d1", "a1", "p1", "t1", "t2", None]


def test_one_is_out_until_it_is_answered() -> None:
    bench = Bench()
    bench.give("a")
    bench.give("b", "distress")
    bench.give("c")
    assert bench.send() == "b"
    assert bench.send() is None
    bench.hear("another")
    assert bench.send() is None
    bench.hear("b")
    assert bench.states("b") == ["queued", "sent", "acknowledged"]
    assert bench.last("b").final
    assert bench.send() == "a"


def test_no_more_than_so_many_go_within_a_minute_but_distress_does() -> None:
    bench = Bench(per_minute=3)
    for number in range(5):
        bench.give(f"t{number}", answer=None)
    sent = []
    for _ in range(59):
        sent.append(bench.send())
        bench.wait(1)
    assert [id for id in sent if id] == ["t0", "t1", "t2"]
    bench.give("d", "distress", answer=None)
    assert bench.send() == "d"
    bench.wait(2)
    assert bench.send() == "t3"  # four had gone; of those the first minute's first has aged out
    assert bench.queue.wake_in_s() is not None


def test_wake_names_the_moment_the_rate_allows_the_next() -> None:
    bench = Bench(per_minute=1)
    bench.give("a", answer=None)
    bench.give("b", answer=None)
    assert bench.send() == "a"
    bench.wait(20)
    assert bench.queue.wake_in_s() == pytest.approx(40)
    bench.wait(40)
    assert bench.send() == "b"
    assert bench.queue.wake_in_s() is None


def test_what_gets_no_answer_is_sent_three_times_the_same() -> None:
    bench = Bench()
    bench.give("a")
    datas = []
    for _ in range(5):
        queued_order = bench.queue.begin()
        if queued_order is not None:
            datas.append(queued_order.outgoing.data)
            bench.queue.mark_sent()
        bench.wait(10)
    assert datas == [b"a"] * 3
    last = bench.last("a")
    assert (last.state, last.reason, last.attempts) == ("failed", "no_answer", 3)
    assert "3 times" in last.detail
    assert last.final


def test_a_more_urgent_order_goes_between_two_tries() -> None:
    bench = Bench()
    bench.give("a")
    assert bench.send() == "a"
    bench.give("d", "distress")
    bench.wait(10)
    assert bench.send() == "d"
    bench.hear("d")
    assert bench.send() == "a"


def test_an_answer_to_an_earlier_try_still_counts() -> None:
    bench = Bench()
    bench.give("a")
    bench.send()
    bench.wait(10)
    bench.queue.look()
    bench.give("d", "distress")
    bench.send()
    bench.hear("a")
    assert bench.last("a").state == "acknowledged"
    bench.hear("d")
    assert bench.send() is None


def test_an_answer_that_comes_when_nobody_waits_any_more_is_still_reported() -> None:
    bench = Bench()
    bench.give("a")
    for _ in range(3):
        bench.send()
        bench.wait(10)
    bench.queue.look()
    assert bench.last("a").state == "failed"
    bench.hear("a")
    assert bench.last("a").state == "acknowledged"
    bench.hear("a", "delivered")
    assert bench.last("a").state == "delivered"
    bench.hear("a")
    assert bench.last("a").state == "delivered"


def test_an_answer_that_overtakes_the_link_counts_once_the_link_has_taken_it() -> None:
    bench = Bench()
    bench.give("a")
    assert bench.queue.begin() is not None
    bench.hear("a")
    assert bench.states("a") == ["queued"]
    bench.queue.mark_sent()
    assert bench.states("a") == ["queued", "sent", "acknowledged"]


def test_a_report_of_delivery_comes_beside_the_answer() -> None:
    bench = Bench()
    bench.give("a", answer="cmd", report="sds-7")
    bench.send()
    bench.hear("sds-7", "waiting")
    assert bench.last("a").state == "sent"
    bench.hear("cmd")
    assert bench.last("a").state == "acknowledged"
    bench.hear("sds-7", "waiting")
    assert bench.last("a").state == "acknowledged"
    bench.hear("sds-7")
    assert bench.last("a").state == "delivered"
    bench.hear("sds-7", "refused")
    assert bench.last("a").state == "delivered"


def test_what_was_taken_and_did_not_arrive_has_failed() -> None:
    bench = Bench()
    bench.give("a", answer="cmd", report="sds-7")
    bench.send()
    bench.hear("cmd")
    bench.hear("sds-7", "refused")
    assert (bench.last("a").state, bench.last("a").reason) == ("failed", "not_delivered")


def test_where_nothing_is_numbered_any_answer_counts() -> None:
    bench = Bench()
    bench.give("a", answer="")
    bench.send()
    bench.hear("whatever")
    assert bench.last("a").state == "acknowledged"


def test_a_refusing_radio_fails_the_order_with_its_words() -> None:
    bench = Bench()
    bench.give("a")
    bench.send()
    bench.hear("a", "refused", "out of range")
    last = bench.last("a")
    assert (last.state, last.reason, last.detail) == ("failed", "radio_refused", "out of range")
    assert bench.send() is None


def test_an_order_expires_unsent_and_is_never_begun_after() -> None:
    bench = Bench()
    bench.give("a", for_s=30)
    bench.wait(30)
    assert bench.send() is None
    assert bench.states("a") == ["queued", "expired"]
    assert bench.last("a").final


def test_an_order_that_was_sent_and_expires_is_not_tried_again_and_says_so() -> None:
    bench = Bench()
    bench.give("a", for_s=5)
    assert bench.send() == "a"
    bench.wait(10)
    assert bench.send() is None
    assert (bench.last("a").state, bench.last("a").detail) == ("failed", "sent once, no answer")


def test_a_clock_that_is_set_back_holds_nothing_up() -> None:
    bench = Bench(per_minute=1)
    bench.give("a")
    bench.send()
    bench.now -= timedelta(days=365)
    bench.now_s += 60
    assert bench.send() == "a"


def test_what_the_link_does_not_take_waits_and_lets_others_pass() -> None:
    bench = Bench()
    bench.give("a")
    bench.give("b")
    queued_order = bench.queue.begin()
    assert queued_order is not None
    bench.queue.not_sent("no such connection")
    assert bench.last("a").detail == "no such connection"
    assert bench.last("a").attempts == 0
    assert bench.send() == "b"
    bench.hear("b")
    bench.wait(2)
    assert bench.send() == "a"


def test_orders_that_wait_for_their_receivers_to_ask_take_turns() -> None:
    bench = Bench(per_minute=1)
    for id in ("a", "b", "c"):
        bench.give(id)
    held = []
    for _ in range(5):
        queued_order = bench.queue.begin()
        assert queued_order is not None
        held.append(queued_order.order.id)
        bench.wait(30)
        bench.queue.not_sent("not taken yet", in_time=False)
    assert held == ["a", "b", "c", "a", "b"]
    bench.give("d", "distress")
    assert bench.send() == "d"


def test_a_link_that_takes_nothing_is_reported_once_and_not_at_every_try() -> None:
    bench = Bench()
    bench.give("a", for_s=3600)
    tries = 0
    while bench.last("a").state == "queued":
        if bench.queue.begin() is not None:
            bench.queue.not_sent("no such connection")
            tries += 1
        bench.wait(1)
    assert 50 < tries < 80  # waits up to a minute
    assert bench.states("a") == ["queued", "queued", "expired"]
    assert "no such connection" in bench.last("a").detail


def test_a_position_answers_the_poll_of_its_radio() -> None:
    bench = Bench()
    bench.give("p", "poll", answer=None)
    bench.give("q", "poll", device="102")
    assert bench.send() == "p"
    assert (bench.last("p").state, bench.last("p").final) == ("sent", True)
    bench.see("103")
    bench.see("101", fix=False)
    bench.see("101", at=bench.now - timedelta(hours=1))
    assert bench.last("p").state == "sent"
    bench.wait(1)
    bench.see("101", at=bench.now - timedelta(seconds=5))
    assert bench.last("p").state == "delivered"
    assert bench.send() == "q"
    bench.see("102")
    assert bench.states("q") == ["queued", "sent", "delivered"]


@pytest.mark.parametrize("answer", ["p", None])
def test_a_position_that_overtakes_the_link_answers_the_poll_too(answer: str | None) -> None:
    bench = Bench()
    bench.give("p", "poll", answer=answer)
    assert bench.queue.begin() is not None
    bench.see("101")
    assert bench.states("p") == ["queued"]
    bench.queue.mark_sent()
    assert bench.states("p") == ["queued", "sent", "delivered"]
    assert bench.last("p").final
    bench.wait(20)
    assert bench.send() is None, "it was polled once"


def test_a_position_before_a_link_that_took_no_poll_does_not_answer_it() -> None:
    bench = Bench()
    bench.give("p", "poll")
    assert bench.queue.begin() is not None
    bench.see("101")
    bench.queue.not_sent("gone")
    assert bench.states("p")[-1] == "queued"
    bench.wait(5)
    assert bench.send() == "p"
    assert bench.last("p").state == "sent"
    bench.see("101")
    assert bench.last("p").state == "delivered"


def test_the_queue_is_bounded_and_keeps_room_for_distress() -> None:
    bench = Bench()
    for number in range(AT_MOST):
        bench.give(f"a{number}", "alert")
    assert bench.queue.is_full_for("alert")
    for number in range(AT_MOST + DISTRESS_BEYOND):
        assert not bench.queue.is_full_for("distress")
        bench.give(f"d{number}", "distress")
    assert bench.queue.is_full_for("distress")
    assert len(bench.queue) == AT_MOST + DISTRESS_BEYOND
    assert {step.id[0] for step in bench.steps if step.reason == "crowded_out"} == {"a"}


def test_when_too_many_wait_texts_give_way_then_polls_the_newest_first() -> None:
    bench = Bench()
    for number in range(AT_MOST - 4):
        bench.give(f"a{number}", "alert")
    for id, kind in (("t1", "text"), ("p1", "poll"), ("t2", "text"), ("p2", "poll")):
        bench.give(id, kind)  # type: ignore[arg-type]
    assert bench.queue.is_full_for("text")
    for id in ("x1", "x2", "x3", "x4"):
        assert not bench.queue.is_full_for("alert")
        bench.give(id, "alert")
    dropped = [step for step in bench.steps if step.reason == "crowded_out"]
    assert [step.id for step in dropped] == ["t2", "t1", "p2", "p1"]
    assert all(step.final and step.state == "failed" for step in dropped)
    assert "never sent" in dropped[0].detail
    assert len(bench.queue) == AT_MOST


def test_what_was_sent_once_does_not_give_way() -> None:
    bench = Bench()
    bench.give("t")
    assert bench.send() == "t"
    bench.wait(10)
    bench.queue.look()  # unanswered: it waits for its next try
    for number in range(AT_MOST - 1):
        bench.give(f"a{number}", "alert")
    assert bench.queue.is_full_for("alert")


def test_a_calendar_that_is_set_neither_ends_an_order_nor_lets_it_go_late() -> None:
    bench = Bench()
    bench.give("a", for_s=30)
    bench.now += timedelta(hours=1)
    bench.queue.look()
    assert bench.last("a").state == "queued"
    bench.now -= timedelta(hours=2)
    bench.wait(30)
    assert bench.send() is None
    assert bench.last("a").state == "expired"


def test_what_waits_and_was_never_sent_can_be_called_off() -> None:
    bench = Bench()
    bench.give("a")
    bench.give("b")
    bench.give("c")
    assert bench.send() == "a"
    assert not bench.queue.cancel("a")  # it is out
    assert bench.queue.cancel("b")
    assert not bench.queue.cancel("b")
    assert not bench.queue.cancel("never came")
    assert bench.states("b") == ["queued", "cancelled"]
    assert bench.last("b").final
    bench.wait(10)
    bench.queue.look()
    assert not bench.queue.cancel("a")  # it waits for its next try, and was sent once
    assert [bench.send(), bench.send()] == ["a", None]
    bench.hear("a")
    assert bench.send() == "c"
