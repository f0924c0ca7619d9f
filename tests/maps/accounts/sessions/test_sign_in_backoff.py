"""Back-off: failures cost time, more each time, and are forgotten."""

from __future__ import annotations

import pytest

from maps.accounts.sessions.sign_in_backoff import SignInBackoff
from maps.errors.errors import TooManyTries


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_failures_are_free_and_then_each_doubles_the_wait() -> None:
    clock = Clock()
    backoff = SignInBackoff(free=3, longest_s=60, now=clock)
    for _ in range(2):
        backoff.note_failure("jane")
        backoff.check("jane")
    waits = []
    for _ in range(8):
        backoff.note_failure("jane")
        with pytest.raises(TooManyTries) as raised:
            backoff.check("jane")
        waits.append(raised.value.wait_s)
        clock.now += raised.value.wait_s
        backoff.check("jane")
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_success_and_time_forget_failures() -> None:
    clock = Clock()
    backoff = SignInBackoff(free=1, now=clock)
    backoff.note_failure("jane")
    backoff.forget_failures("jane")
    backoff.check("jane")
    backoff.note_failure("jane")
    clock.now += 601
    backoff.note_failure("jane")
    clock.now += 1
    backoff.check("jane")


def test_one_key_never_costs_another() -> None:
    backoff = SignInBackoff(free=1)
    backoff.note_failure("jane")
    backoff.check("somchai")
    with pytest.raises(TooManyTries):
        backoff.check("somchai", "jane")


def test_memory_is_bounded() -> None:
    backoff = SignInBackoff(free=1, remembered=10)
    for number in range(100):
        backoff.note_failure(str(number))
    backoff.check("0")
    with pytest.raises(TooManyTries):
        backoff.check("99")


def test_a_failure_can_be_taken_back() -> None:
    backoff = SignInBackoff(free=2)
    backoff.note_failure("jane")
    backoff.note_failure("jane")
    backoff.take_back("jane", "somchai")
    backoff.check("jane")
    backoff.note_failure("jane")
    with pytest.raises(TooManyTries):
        backoff.check("jane")
