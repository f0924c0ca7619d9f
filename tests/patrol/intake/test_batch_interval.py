"""Batches are as short as their share of the processor allows; no rest is longer than a tick."""

from __future__ import annotations

import pytest

from patrol.intake.batch_interval import (
    LONGEST_TICK_S,
    SAVED_S,
    SHARE,
    SHOWING_SHARE,
    TICK_S,
    BatchInterval,
)


class Load:
    """Messages that come all the time, and batches that cost as much as is said."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.interval = BatchInterval(now_s=lambda: self.now_s)
        self.spent_s = 0.0

    def batch(self, cpu_s: float, took_s: float | None = None) -> float:
        """Run one batch and rest after it; return how long the rest is."""
        began_s = self.now_s
        self.now_s += cpu_s if took_s is None else took_s
        self.spent_s += cpu_s
        pause_s = self.interval.pause_s(cpu_s, began_s)
        self.now_s += pause_s
        return pause_s

    def spend_credit(self, cpu_s: float = 0.002) -> None:
        """Run batches until the rests are all the same."""
        for _ in range(200):
            self.batch(cpu_s)


@pytest.mark.parametrize("cpu_s", [0.0005, 0.001, 0.002])
def test_under_load_batches_take_their_share_of_the_processor(cpu_s: float) -> None:
    load = Load()
    load.spend_credit(cpu_s)
    load.spent_s, since_s = 0.0, load.now_s
    while load.now_s < since_s + 10.0:
        load.batch(cpu_s)
    assert load.spent_s / (load.now_s - since_s) == pytest.approx(SHARE, rel=0.01)


def test_the_dearer_a_batch_the_longer_messages_gather_and_no_longer_than_a_tick() -> None:
    rests = []
    for cpu_s in (0.0005, 0.001, 0.002, 0.006):
        load = Load()
        load.spend_credit(cpu_s)
        rests.append(load.batch(cpu_s) + cpu_s)
    assert rests == sorted(rests)
    assert rests[1] == pytest.approx(0.001 / SHARE)
    assert rests[-1] == pytest.approx(TICK_S)


def test_when_it_is_quiet_nothing_waits() -> None:
    load = Load()
    for _ in range(1000):
        assert load.batch(0.002) == 0.0
        assert load.interval.gather_s == 0.0
        load.now_s += 0.018  # 50 a second


def test_when_it_is_quiet_nothing_waits_whatever_showing_costs() -> None:
    load = Load()
    for _ in range(300):
        load.interval.showed(0.1)
    assert load.interval.tick_s == LONGEST_TICK_S
    for _ in range(100):
        assert load.batch(0.002) == 0.0
        load.now_s += 0.018  # 50 a second


def test_after_a_silence_some_batches_follow_each_other_at_once() -> None:
    load = Load()
    load.spend_credit()
    load.now_s += 60.0
    rests = [load.batch(0.002) for _ in range(10)]
    assert rests[:4] == [0.0] * 4
    assert sum(0.002 for rest_s in rests if not rest_s) <= SAVED_S + 0.002
    assert rests[-1] > 0.0


def test_who_cannot_keep_up_does_not_rest() -> None:
    load = Load()
    for _ in range(200):
        load.interval.showed(0.1)
        assert load.batch(0.050) == 0.0
        assert load.interval.gather_s == 0.0


def test_one_dear_batch_costs_one_tick_of_rest_and_no_more() -> None:
    load = Load()
    load.spend_credit()
    load.batch(1.0)
    assert load.batch(0.002) < TICK_S
    load.spend_credit()
    assert load.batch(0.002) == pytest.approx(0.002 / SHARE - 0.002)


@pytest.mark.parametrize(
    ("showing_s", "tick_s"),
    [(0.0, TICK_S), (0.0003, TICK_S), (0.001, 0.001 / SHOWING_SHARE), (0.1, LONGEST_TICK_S)],
)
def test_messages_gather_longer_where_showing_costs_much(showing_s: float, tick_s: float) -> None:
    load = Load()
    for _ in range(300):
        load.interval.showed(showing_s)
    load.spend_credit(0.009)
    assert load.batch(0.009) + 0.009 == pytest.approx(tick_s)


def test_one_batch_that_is_dear_to_show_does_not_stretch_the_tick_by_itself() -> None:
    load = Load()
    load.interval.showed(0.005)
    assert load.interval.tick_s == TICK_S


def test_messages_gather_unread_from_the_beginning_of_a_batch_where_batches_are_short() -> None:
    load = Load()
    load.spend_credit()
    load.batch(0.002)
    assert load.interval.gather_s == pytest.approx(0.002 / SHARE)
    load.batch(0.002, took_s=0.012)
    assert load.interval.gather_s == 0.0, "who is busy most of the time reads meanwhile"
