"""The coverage of a month in which a dozen boats reported all day is told too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from gis.tracks.effort import Effort
from maps.errors.errors import BadRequest
from maps.language.wording import Wording
from maps.reports.kinds.month_records import position_spacing
from maps.reports.kinds.monthly import month_coverage
from maps.surveys.coverage_and_effort import Survey
from maps.surveys.track_reader import MOST_POSITIONS, read_tracks
from patrol.units.wire import Fix

START = datetime(2026, 10, 1, tzinfo=UTC)
MONTH = timedelta(days=31)


def test_positions_are_so_far_apart_that_one_look_takes_them() -> None:
    # Twelve boats, eight hours a day, a position every ten seconds.
    busy = [Effort(hours=96.0, positions=12 * 8 * 360)] * 31
    apart = position_spacing(busy)
    assert timedelta(seconds=10) < apart < timedelta(seconds=60)
    assert 31 * 96 * 3600 / apart.total_seconds() < MOST_POSITIONS
    assert position_spacing(busy[:5]) == timedelta()


async def test_a_survey_takes_more_time_of_positions_farther_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("maps.surveys.track_reader.MOST_POSITIONS", 50)
    fixes = [
        Fix(of="a", lon=100.4 + n * 1e-5, lat=20.27, time=START + timedelta(seconds=n), flags=flags)
        for n in range(200)
        for flags in [("jump",) if n == 15 else ()]
    ]

    async def pages(id: str, *, start: Any, end: Any) -> AsyncIterator[list[Fix]]:
        for first in range(0, len(fixes), 7):
            yield fixes[first : first + 7]

    state = SimpleNamespace(id="a", call_sign="Naga 1", country="LA")
    desk: Any = SimpleNamespace(
        history=SimpleNamespace(pages=pages),
        visible=SimpleNamespace(unit=lambda id, unplaced: state),
    )
    in_thread = Survey(SimpleNamespace()).in_thread
    with pytest.raises(BadRequest, match="more than 50 positions"):
        await read_tracks(desk, ["a"], START, START + MONTH, in_thread=in_thread)
    apart = timedelta(seconds=5)
    [found] = await read_tracks(desk, ["a"], START, START + MONTH, in_thread=in_thread, apart=apart)
    seconds = ((found.track.time_us - found.track.time_us[0]) / 1e6).tolist()
    assert seconds[:5] == [0, 5, 10, 16, 21], "a place that nothing could reach stands for no other"
    assert 35 <= len(seconds) <= 41


def test_what_is_too_much_is_called_so() -> None:
    answer: Any = SimpleNamespace(words=Wording())
    for units, text in (([object()], "more positions"), ([], "no coverage")):
        known: Any = SimpleNamespace(heat=None, units=units)
        (said,) = month_coverage(answer, known)
        assert text in said.text  # type: ignore[union-attr]
