"""Logs: what happened, never a secret."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator

import pytest
import structlog

from maps.runtime.logs import set_up_logging


class Screen(io.StringIO):
    """Standard error that says whether it is a terminal."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def _fail(password: str) -> None:
    text = password.upper()
    raise RuntimeError(f"of {len(text)} characters")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_failure_is_reported_without_the_variables_it_had(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen(terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    set_up_logging()
    spoken = "-".join(["hush"] * 3)
    try:
        _fail(spoken)
    except RuntimeError:
        structlog.get_logger("test").exception("failed", key="a secret")
    text = screen.getvalue()
    assert "of 14 characters" in text
    assert "_fail" in text
    for secret in (spoken, spoken.upper(), "a secret"):
        assert secret not in text
    if not terminal:
        assert json.loads(text)["event"] == "failed"
