"""A store deleted or unmounted under a running node: nothing is acknowledged, and it says so."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.fixtures.databases import sqlite_only
from tests.fixtures.server import Server, wait_for

pytestmark = [sqlite_only, pytest.mark.system]


def _can_mount() -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    tried = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/tmp"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


def report(server: Server, key: str, number: int) -> int:
    """Report a position as a phone does; return the status of the answer."""
    body = {"lon": 100.4 + number / 1000, "lat": 20.27, "time": datetime.now(UTC).isoformat()}
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(
        f"{server.url}/api/positions", json=body, headers=headers, timeout=30
    ).status_code


@pytest.mark.parametrize("how", ["deleted", "unmounted"])
def test_a_node_whose_store_went_acknowledges_nothing_and_says_why(
    tmp_path: Path, how: str
) -> None:
    server = Server(tmp_path, channels="")
    (key,) = server.add_devices(["phone"]).values()
    wrapper: tuple[str, ...] = ()
    if how == "unmounted":
        if not _can_mount():
            pytest.skip("needs root, to mount")
        disk = tmp_path / "disk"
        disk.mkdir()
        text = server.config.read_text().replace(str(server.database), str(disk / "patrol.db"))
        server.config.write_text(text)
        mount = f'mount -t tmpfs none {disk} && cp {server.database} {disk}/ && exec "$@"'
        wrapper = ("unshare", "--mount", "sh", "-c", mount, "sh")
        server.database = disk / "patrol.db"
    server.start(wrapper=wrapper)
    try:
        assert report(server, key, 0) == 200
        if how == "deleted":
            server.database.unlink()
        else:
            inside = ["nsenter", f"--target={server.pid}", "--mount", "umount", "-l", str(disk)]
            subprocess.run(inside, check=True)
        assert report(server, key, 1) == 503
        wait_for(
            "health", lambda: httpx.get(f"{server.url}/api/health").status_code == 503, seconds=60
        )
        assert [report(server, key, number) for number in range(2, 12)] == [503] * 10
        log = server.log.read_text(encoding="utf-8")
        assert f"{server.database} is gone" in log
    finally:
        server.stop()
    assert not server.database.exists()  # it made no other
    server.log.write_text("")
    with pytest.raises(AssertionError, match=r"there is no store .*patrol\.db"):
        server.start()
