"""Two `joint-patrol serve`, paired: they meet, and meet again after either is killed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from maps.node.node import open_office
from maps.settings.settings import read_settings
from tests.fixtures.databases import sqlite_only
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, wait_for
from tests.maps.node.paired_nodes import confirm

pytestmark = [pytest.mark.system, sqlite_only]


def office(folder: Path, node: str, agency: str, table: str) -> Server:
    """Return one of the two nodes, which does not run yet."""
    folder.mkdir()
    server = Server(folder, channels=f"[counterparts]\n{table}", roles=())
    text = server.config.read_text("utf-8")
    text = text.replace('"test-node"', f'"{node}"').replace('"joint"', f'"{agency}"')
    server.config.write_text(text, "utf-8")
    server.add_users([("commander", "commander", agency)])
    return server


async def _pair(hx: Server, ck: Server) -> None:
    async with (
        open_office(read_settings(hx.config)) as one,
        open_office(read_settings(ck.config)) as other,
    ):
        await confirm(one, other)
        await confirm(other, one)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two paired nodes that run: the one that dials, and the one that listens."""
    port = free_port()
    listen = f'listen = "127.0.0.1:{port}"\naddresses = ["https://127.0.0.1:{port}"]'
    hx = office(tmp_path / "hx", "hx", "la-hx", 'networks = ["127.0.0.0/8"]')
    ck = office(tmp_path / "ck", "ck", "th-ck", listen)
    with ThreadPoolExecutor(1) as thread:  # a browser's tests keep an event loop in this one
        thread.submit(asyncio.run, _pair(hx, ck)).result()
    try:
        for each in (ck, hx):
            each.start()
        yield hx, ck
    finally:
        for each in (hx, ck):
            each.stop()


def link(server: Server) -> dict[str, Any]:
    """Return how the only link of a node fares."""
    session = {"jp_session": server.session("commander")}
    (found,) = httpx.get(f"{server.url}/api/counterpart-links", cookies=session).json()
    return dict(found)


def opened(server: Server) -> dict[str, Any]:
    """Return the link of a node once it is open and the clocks are compared."""
    return dict(
        wait_for(
            "the link to be open",
            lambda: found if (found := link(server))["is_open"] and found["clock"] else None,
            every=0.3,
        )
    )


def test_they_meet_and_meet_again(nodes: tuple[Server, Server]) -> None:
    hx, ck = nodes
    for here in nodes:
        seen = opened(here)
        assert abs(seen["clock"]["difference_s"]) <= seen["clock"]["error_s"] + 0.01
        assert seen["refused"] == 0
    ck.kill()
    wait_for("it to be missed", lambda: "refused" in (link(hx)["fault"] or ""), every=0.3)
    assert not link(hx)["is_open"]
    began = time.monotonic()
    ck.start()
    opened(hx)
    opened(ck)
    print("met again after", round(time.monotonic() - began, 1), "s")
    hx.kill()
    hx.start()
    opened(hx)
    assert opened(ck)["direction"] == "listening"
