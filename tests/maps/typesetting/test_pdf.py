"""A worker that a signal ended is followed by one more; one that ended by itself is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from maps.errors.errors import ReportFailed
from maps.typesetting.pdf import pdf_of

PAGE = "<!doctype html><title>Naga 1</title><p>Naga 1"

ENDS = """
import os, pathlib, resource, signal

ran = pathlib.Path(__file__).with_name("ran")
number = len(ran.read_bytes()) if ran.exists() else 0
ran.write_bytes(b"." * (number + 1))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
"""
"""What every Python of these tests runs first: it counts the workers."""


def first(folder: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> Path:
    """Let workers begin with `end`; return the file that has a byte for each."""
    (folder / "sitecustomize.py").write_text(ENDS + end)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder / "ran"


@pytest.mark.system
async def test_the_worker_after_one_that_a_signal_ended_makes_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = "if number == 0: os.kill(os.getpid(), signal.SIGSEGV)"
    ran = first(tmp_path, monkeypatch, crash)
    assert (await pdf_of(PAGE)).startswith(b"%PDF")
    assert len(ran.read_bytes()) == 2


@pytest.mark.parametrize(
    ("end", "workers"),
    [("os.kill(os.getpid(), signal.SIGSEGV)", 2), ("os._exit(1)", 1)],
    ids=["signal", "by itself"],
)
async def test_a_page_that_no_worker_can_make_fails(
    end: str, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = first(tmp_path, monkeypatch, end)
    with pytest.raises(ReportFailed, match="could not be made"):
        await pdf_of(PAGE)
    assert len(ran.read_bytes()) == workers
