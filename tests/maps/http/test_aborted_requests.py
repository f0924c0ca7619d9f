"""A request whose sender goes before it is whole: a line for who looks closely, and no trace."""

from __future__ import annotations

import logging
import socket
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from tests.fixtures.patience import until
from tests.maps.servers.running import AGENCY, Running


async def test_a_post_that_breaks_off_is_one_debug_line(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    where = urlsplit(server.url)
    key = await server.office.people.add_device("boat-3", AGENCY)
    head = (
        f"POST /api/positions HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    )
    with capture_logs() as logs, caplog.at_level(logging.WARNING):
        with socket.create_connection((str(where.hostname), where.port or 0)) as boat:
            boat.sendall(head.encode() + b'{"lon": ')
        await until(lambda: logs)
        async with server.stranger() as other:
            assert (await other.get("/api/health")).status_code == 200
    assert [(each["log_level"], each["event"], each["path"]) for each in logs] == [
        ("debug", "broken_off", "/api/positions")
    ]
    assert caplog.records == []
