"""A page that is sent damaged frames among true ones shows every call for help: a short run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.endurance import stream_fuzz
from tests.endurance.stream_fuzz import fuzz
from tests.fixtures.server import Server, serving

pytestmark = [pytest.mark.browser]

FRAMES = 90


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    with serving(folder, channels="", roles=("commander",)) as running:
        yield running


@pytest.mark.parametrize("path", ["/", "/planner"])
def test_no_call_for_help_is_missed_among_damaged_frames(
    browser: Browser, server: Server, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_fuzz, "BETWEEN", FRAMES // 3)
    result = fuzz(browser, server, frames=FRAMES, path=path)
    assert result.damaged >= FRAMES
    assert result.begun > 1, "nothing was damaged so that it had to begin anew"
    assert result.passed, result
