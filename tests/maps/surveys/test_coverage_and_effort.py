"""Surveys are made one at a time, whoever calls one off."""

from __future__ import annotations

import asyncio
import threading
from typing import cast

import pytest

from maps.surveys.coverage_and_effort import Survey, SurveyGround


async def test_the_next_waits_for_one_that_was_called_off() -> None:
    survey = Survey(cast(SurveyGround, None))
    event, gate, order = threading.Event(), threading.Event(), list[str]()

    def first() -> None:
        event.set()
        gate.wait(10.0)
        order.append("first")

    called_off = asyncio.create_task(survey.in_thread(first))
    await asyncio.to_thread(event.wait)
    called_off.cancel()
    following = asyncio.create_task(survey.in_thread(lambda: order.append("next")))
    await asyncio.sleep(0.05)
    assert order == []
    gate.set()
    await following
    assert order == ["first", "next"]
    with pytest.raises(asyncio.CancelledError):
        await called_off
