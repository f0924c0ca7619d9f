"""Threads of a server take short turns: a commit does not wait for whoever reckons for long."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from maps.app.uvicorn_server import take_short_turns


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def test_a_turn_is_a_millisecond() -> None:
    sys.setswitchinterval(0.005)  # as Python begins
    take_short_turns()
    assert sys.getswitchinterval() == pytest.approx(0.001)
