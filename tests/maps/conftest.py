"""Fixtures of the server's tests."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests import needs
from tests.maps.running import Running, running

CERTIFICATE = (
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
    "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem"
)


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    """A running server with a user for each role and no channel."""
    async with running(tmp_path) as started:
        yield started


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody signed; its key lies beside it."""
    words = [needs.program("openssl"), *CERTIFICATE.split()]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "certificate.pem"
