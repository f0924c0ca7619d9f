"""A service manager is told when a server answers, and then each second that it lives."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from tests.fixtures.patience import PATIENCE_S
from tests.maps.servers.running import running


async def test_readiness_is_notified_once_requests_are_answered_and_then_the_loops_liveness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        async def told(word: str) -> list[str]:
            """Return what is told until `word` comes."""
            words: list[str] = []
            async with asyncio.timeout(PATIENCE_S):
                while word not in words:
                    words.append((await asyncio.get_running_loop().sock_recv(manager, 99)).decode())
            return words

        async with running(tmp_path) as server:
            await told("READY=1")
            assert await told("WATCHDOG=1") == ["WATCHDOG=1"]
            async with server.stranger() as anybody:
                assert (await anybody.get("/api/health")).status_code == 200
