"""A module that is needed late is loaded beside the event loop, once."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

import pytest

from maps.runtime.lazy_import import load
from tests.fixtures.patience import loop_turns, until


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


async def test_who_comes_while_it_is_being_loaded_waits_beside_the_event_loop_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needed_by_two.py").write_text(
        "import threading\nGATE = threading.Event()\nGATE.wait(10.0)\nWHOLE = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    first = asyncio.create_task(load("needed_by_two"))
    await until(lambda: hasattr(sys.modules.get("needed_by_two"), "GATE"))
    second = asyncio.create_task(load("needed_by_two"))
    await loop_turns()
    assert not second.done()
    made = sys.modules["needed_by_two"]
    made.GATE.set()
    await asyncio.gather(first, second)
    assert made.WHOLE
    del sys.modules["needed_by_two"]


async def test_one_that_cannot_be_loaded_says_so() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        await load("no_such_module")
