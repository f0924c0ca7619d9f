"""Which order goes when, and what becomes of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.position import Position
from radio_gateway.order import Order, OrderKind, Outgoing
from radio_gateway.order_queue import AT_MOST, OrderQueue
from radio_gateway.order_result import OrderResult
from radio_gateway.transmission import Transmission

START = datetime(2026, 6, 10, 8, tzinfo=UTC)


class Bench:
    """A queue with clocks in the hand."""

    def __init__(self, per_minute: int = 600) -> None:
        self.now, self.now_s = START, 1000.0
        self.steps: list[OrderResult] = []
        self.queue = OrderQueue(
            messages_per_minute=per_minute,
            tell=lambda _order, result: self.steps.append(result),
            now=lambda: self.now,
            now_s=lambda: self.now_s,
        )

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.now_s += seconds

    def give(self, id: str, kind: OrderKind = "text", *, for_s: float = 300.0, **more: Any) -> None:
        answer = more.pop("answer", id)
        order = Order(
            id=id,
            kind=kind,
            channel="link",
            operator="somchai",
            created_at=self.now,
            expires_at=self.now + timedelta(seconds=for_s),
            device=more.pop("device", "101"),
        )
        self.queue.add(order, Outgoing(data=id.encode(), answer=answer, **more))

    def send(self) -> str | None:
        begun = self.queue.begin()
        if begun is None:
            return None
        self.queue.sent()
        return begun.order.id

    def hear(self, answers: str, status: str = "acknowledged", text: str | None = None) -> None:
        self.queue.heard(
            Transmission(
                protocol="plain",
                kind="answer",
                heard_at=self.now,
                status=status,
                text=text,
                facts={"answers": answers},
            )
        )

    def see(self, device: str, *, fix: bool = True, at: datetime | None = None) -> None:
        self.queue.heard(
            Transmission(
                protocol="plain",
                kind="position",
                heard_at=self.now,
                device_time=at,
                device=device,
                position=Position(lon=100.4, lat=20.2),
                fix=fix,
            )
        )

    def states(self, id: str) -> list[str]:
        return [step.state for step in self.steps if step.id == id]

    def last(self, id: str) -> OrderResult:
        return [step for step in self.steps if step.id == id][-1]


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
        begun = bench.queue.begin()
        if begun is not None:
            datas.append(begun.outgoing.data)
            bench.queue.sent()
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


def test_an_answer_that_comes_when_nobody_waits_any_more_is_told_all_the_same() -> None:
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
    bench.queue.sent()
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
    begun = bench.queue.begin()
    assert begun is not None
    bench.queue.not_sent("no such connection")
    assert bench.last("a").detail == "no such connection"
    assert bench.last("a").attempts == 0
    assert bench.send() == "b"
    bench.hear("b")
    bench.wait(2)
    assert bench.send() == "a"


def test_a_link_that_takes_nothing_is_told_once_and_not_at_every_try() -> None:
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


def test_the_queue_is_bounded_and_keeps_room_for_distress() -> None:
    bench = Bench()
    for number in range(AT_MOST):
        bench.give(f"t{number}")
    assert bench.queue.is_full_for("alert")
    assert not bench.queue.is_full_for("distress")


KINDS = st.sampled_from(["distress", "alert", "poll", "text"])
ACTS = st.one_of(
    st.tuples(st.just("give"), KINDS, st.floats(0.5, 120), st.sampled_from([None, "", "own"])),
    st.tuples(st.just("wait"), st.floats(0.1, 40)),
    st.tuples(st.just("set clock"), st.floats(-300, 300)),
    st.tuples(st.just("begin")),
    st.tuples(st.just("sent")),
    st.tuples(st.just("not sent")),
    st.tuples(st.just("answer"), st.integers(0, 8), st.sampled_from(["acknowledged", "refused"])),
    st.tuples(st.just("position")),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ACTS, max_size=60), st.integers(1, 5))
def test_whatever_happens_one_is_out_none_is_late_and_none_is_forgotten(
    acts: list[tuple[Any, ...]], per_minute: int
) -> None:
    bench = Bench(per_minute)
    queue = bench.queue
    handed: str | None = None  # begun, and the link has not said yet
    waiting_for: str | None = None  # sent, and an answer may come
    expires: dict[str, datetime] = {}
    answers: dict[str, str | None] = {}
    begun_s: list[float] = []
    kinds: dict[str, str] = {}

    def closed(id: str) -> bool:
        return bench.last(id).final

    for act, *more in acts:
        if act == "give":
            id = f"o{len(expires)}"
            kind, for_s, answer = more
            answers[id] = id if answer == "own" else answer
            expires[id], kinds[id] = bench.now + timedelta(seconds=for_s), kind
            bench.give(id, kind, for_s=for_s, answer=answers[id])
        elif act == "wait":
            bench.wait(more[0])
        elif act == "set clock":
            bench.now += timedelta(seconds=more[0])
        elif act == "begin" and handed is None:
            begun = queue.begin()
            if begun is not None:
                id = begun.order.id
                assert (
                    waiting_for is None
                    or waiting_for == id
                    or closed(waiting_for)
                    or (bench.last(waiting_for).state == "sent")
                )
                assert bench.now < expires[id], "sent after its time"
                assert not closed(id)
                if kinds[id] != "distress":
                    lately = [s for s in begun_s if s > bench.now_s - 60.0]
                    assert len(lately) < per_minute
                handed = id
                begun_s.append(bench.now_s)
        elif act == "sent" and handed is not None:
            queue.sent()
            waiting_for = handed if not closed(handed) else None
            answered_by_s = bench.now_s + 10.0
            handed = None
        elif act == "not sent" and handed is not None:
            queue.not_sent("gone")
            begun_s.pop()
            handed = None
        elif act == "answer":
            bench.hear(f"o{more[0]}", more[1])
        elif act == "position":
            bench.see("101")
        # while one waits for its answer, none is begun
        if handed is None and waiting_for is not None and not closed(waiting_for):
            if bench.now_s < answered_by_s:
                assert queue.begin() is None
        elif handed is not None:
            assert queue.begin() is None, "two are out"
        assert len(queue) == sum(not closed(id) for id in expires)
    # in the end every order comes to an end
    if handed is not None:
        queue.sent()
    for _ in range(400):
        bench.wait(10)
        if queue.begin() is not None:
            queue.sent()
    assert [id for id in expires if not closed(id)] == []
    assert len(queue) == 0
