"""Any schedule of orders, answers, faults and clocks: one is out, none is late, none is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.examples import examples
from tests.radio_gateway.running.order_bench import Bench

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


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(ACTS, max_size=60), st.integers(1, 5))
def test_whatever_happens_one_is_out_none_is_late_and_none_is_forgotten(
    acts: list[tuple[Any, ...]], per_minute: int
) -> None:
    bench = Bench(per_minute)
    queue = bench.queue
    handed: str | None = None  # begun, and the link has not said yet
    waiting_for: str | None = None  # sent, and an answer may come
    expires_s: dict[str, float] = {}
    answers: dict[str, str | None] = {}
    begun_s: list[float] = []
    kinds: dict[str, str] = {}

    def closed(id: str) -> bool:
        return bench.last(id).final

    for act, *more in acts:
        if act == "give":
            id = f"o{len(expires_s)}"
            kind, for_s, answer = more
            answers[id] = id if answer == "own" else answer
            expires_s[id], kinds[id] = bench.now_s + for_s, kind
            bench.give(id, kind, for_s=for_s, answer=answers[id])
        elif act == "wait":
            bench.wait(more[0])
        elif act == "set clock":
            bench.now += timedelta(seconds=more[0])
        elif act == "begin" and handed is None:
            queued_order = queue.begin()
            if queued_order is not None:
                id = queued_order.order.id
                assert (
                    waiting_for is None
                    or waiting_for == id
                    or closed(waiting_for)
                    or (bench.last(waiting_for).state == "sent")
                )
                assert bench.now_s < expires_s[id], "sent after its time"
                assert not closed(id)
                if kinds[id] != "distress":
                    lately = [s for s in begun_s if s > bench.now_s - 60.0]
                    assert len(lately) < per_minute
                handed = id
                begun_s.append(bench.now_s)
        elif act == "sent" and handed is not None:
            queue.mark_sent()
            waiting_for = handed if not closed(handed) else None
            answered_by_s = bench.now_s + 10.0
            handed = None
        elif act == "not sent" and handed is not None:
            queue.not_sent("gone", in_time=len(begun_s) % 2 == 0)
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
        assert len(queue) == sum(not closed(id) for id in expires_s)
    # in the end every order comes to an end
    if handed is not None:
        queue.mark_sent()
    for _ in range(400):
        bench.wait(10)
        if queue.begin() is not None:
            queue.mark_sent()
    assert [id for id in expires_s if not closed(id)] == []
    assert len(queue) == 0
