"""A module that is needed late is loaded beside the event loop, once."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from maps.later import load


async def test_it_is_loaded_on_another_thread_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needed_late.py").write_text(
        "import threading\nTHREAD = threading.get_ident()\nTIMES = []\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    await load("needed_late")
    made = sys.modules.pop("needed_late")
    assert threading.get_ident() != made.THREAD
    sys.modules["needed_late"] = made
    made.TIMES.append(1)
    await load("needed_late")
    assert sys.modules["needed_late"].TIMES == [1]
    del sys.modules["needed_late"]


async def test_one_that_cannot_be_loaded_says_so() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        await load("no_such_module")
