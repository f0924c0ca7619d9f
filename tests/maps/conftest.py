"""Fixtures of the server's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fixtures.certificates import self_signed
from tests.maps.servers.running import Running, running


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    """A running server with a user for each role and no channel."""
    async with running(tmp_path) as started:
        yield started


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody signed; its key lies beside it."""
    return self_signed(tmp_path, alternative="IP:127.0.0.1")
