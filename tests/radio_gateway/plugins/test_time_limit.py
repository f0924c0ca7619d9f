"""A call that takes too long is broken off in the main thread; nothing of the alarm stays."""

from __future__ import annotations

import asyncio
import re
import signal
import threading
import time

import pytest

from radio_gateway.plugins.time_limit import TimeLimitExceeded, call_within

LIMIT_S = 0.05


def _loop() -> None:
    while True:
        pass


def _swallow() -> None:
    for _ in range(3):
        try:
            _loop()
        except BaseException:  # noqa: BLE001
            pass


def _backtrack() -> None:
    re.match(r"(a+)+$", "a" * 40 + "b")


@pytest.mark.parametrize("call", [_loop, lambda: time.sleep(30), _backtrack])
def test_what_never_ends_is_broken_off(call: object) -> None:
    began_s = time.monotonic()
    with pytest.raises(TimeLimitExceeded):
        call_within(LIMIT_S, call)  # type: ignore[arg-type]
    assert time.monotonic() - began_s < 5


def test_one_that_catches_everything_is_broken_off_again_and_ends() -> None:
    began_s = time.monotonic()
    call_within(LIMIT_S, _swallow)
    assert time.monotonic() - began_s < 5


def test_handler_and_timer_are_as_they_were() -> None:
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert call_within(LIMIT_S, int, "7") == 7
    with pytest.raises(ValueError, match="invalid literal"):
        call_within(LIMIT_S, int, "x")
    with pytest.raises(TimeLimitExceeded):
        call_within(LIMIT_S, _loop)
    after = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert after == before


async def test_an_event_loop_goes_on() -> None:
    ticks: list[int] = []
    asyncio.get_running_loop().call_later(0.001, ticks.append, 1)
    with pytest.raises(TimeLimitExceeded):
        call_within(LIMIT_S, _loop)
    await asyncio.sleep(0.01)
    assert ticks == [1]


def test_another_thread_calls_without_a_limit() -> None:
    told: list[int] = []
    thread = threading.Thread(target=lambda: told.append(call_within(0.001, _slow_seven)))
    thread.start()
    thread.join()
    assert told == [7]


def _slow_seven() -> int:
    time.sleep(0.02)
    return 7
