"""Whatever is sent again, and whenever the process dies, a message has one effect."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from patrol.units.wire import Change
from radio_gateway.messages.transmission import Transmission
from tests.fixtures.databases import empty_store
from tests.patrol.nodes.running import Node, Viewer, address, running, said

OWN: dict[str, Any] = {"duplicate_key": "id-1", "duplicate_window_s": None}


async def test_a_reception_sent_again_after_a_restart_is_stored_once(tmp_path: Path) -> None:
    message = said("a", 1, text="hello")
    async with running(tmp_path / "p.db") as node:
        await node.hear(message)
    async with running(tmp_path / "p.db") as node:
        await node.hear(message)  # and is answered
        assert len(node.rows("SELECT * FROM transmissions")) == 1
        assert len(node.rows("SELECT * FROM also_heard")) == 0


async def test_a_message_the_broker_delivers_again_is_no_second_receiver(
    node: Node,
) -> None:
    await node.hear(said("a", 1, **OWN), said("b", 1, duplicate_key="k", duplicate_window_s=3.0))
    again = await node.again()
    await again.hear(
        said("a", 1, heard=90, resent=True, **OWN),
        said("b", 1, heard=90, resent=True, duplicate_key="k", duplicate_window_s=3.0),
    )
    assert len(again.rows("SELECT * FROM transmissions")) == 2
    assert again.rows("SELECT * FROM also_heard") == []
    await again.stop()


async def test_it_is_shown_once(node: Node) -> None:
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    message = said("a", 1, **OWN)
    await node.hear(message, message)
    await node.hear(message)
    changes = [each for each in await viewer.look() if isinstance(each, Change)]
    assert [len(change.fixes) for change in changes] == [1]


async def test_another_message_of_the_same_device_and_time_is_stored(node: Node) -> None:
    await node.hear(said("a", 1), said("a", 1))
    assert len(node.rows("SELECT * FROM transmissions")) == 2


@pytest.mark.parametrize("own", [True, False])
async def test_killed_between_commit_and_answer_it_is_there_once_when_it_comes_again(
    tmp_path: Path, own: bool
) -> None:
    file = tmp_path / "p.db"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.patrol.nodes.killed_before_answer"),
        *(str(file), str(own), empty_store(file)),
        cwd=Path(__file__).parents[3],
    )
    assert await process.wait() == -signal.SIGKILL
    async with running(file) as node:
        assert len(node.rows("SELECT * FROM transmissions")) == 3  # on disk, unanswered
        await node.hear(*messages(own))
        assert len(node.rows("SELECT * FROM transmissions")) == 3
        assert node.state(address("b")).distress


def messages(own: bool) -> list[Transmission]:
    """Return the same three messages each time."""
    more: dict[str, Any] = OWN if own else {}
    return [
        said("a", 1, reception_id="gw/boot/a", **more),
        said("b", 1, reception_id="gw/boot/b", distress=True, **more),
        said("c", 1, reception_id="gw/boot/c", **more),
    ]


def die() -> None:
    """End as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)
