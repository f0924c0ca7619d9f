"""Time limit: breaks off a call that takes too long, in the one thread there is.

An alarm of the system (SIGALRM) raises an exception inside the call. That ends a loop that never
ends, a sleep and a regular expression; it ends no function of a C extension that neither returns
nor looks for signals. Only the main thread can be interrupted so: in any other a call takes as
long as it takes.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class TimeLimitExceeded(Exception):
    """A call was broken off."""


class _Alarm(BaseException):
    """Raised inside the call; `except Exception` there does not catch it."""


_inside = False


def call_within(
    limit_s: float, function: Callable[P, R], *arguments: P.args, **named: P.kwargs
) -> R:
    """Return what `function` returns, if it does so within `limit_s`.

    Raises:
        TimeLimitExceeded: If it took longer and was broken off; whatever it raises, otherwise.

    >>> call_within(1.0, max, 2, 3)
    3
    """
    global _inside
    if _inside or threading.current_thread() is not threading.main_thread():
        return function(*arguments, **named)
    handler_before = signal.signal(signal.SIGALRM, _ring)
    timer_before = signal.setitimer(signal.ITIMER_REAL, limit_s, limit_s)
    try:
        try:
            _inside = True
            return function(*arguments, **named)
        finally:
            _inside = False  # from here on the alarm raises nothing
    except _Alarm:
        raise TimeLimitExceeded from None
    finally:
        _inside = False  # the alarm may have come right before it was set above
        signal.setitimer(signal.ITIMER_REAL, *timer_before)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if handler_before is None else handler_before)


def _ring(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    if _inside:
        raise _Alarm
