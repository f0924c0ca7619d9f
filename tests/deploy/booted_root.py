"""A Debian in a folder, booted: systemd as its first process, in a container without a network."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BOOTS_WITHIN_S = 60.0


class BootedRoot:
    """A booted root.

    Args:
        first_process: The process id, out here, of its systemd.
    """

    def __init__(self, first_process: int) -> None:
        self._namespaces = ("nsenter", "--target", str(first_process), "--all")

    def run(self, command: str) -> str:
        """Run a command of bash as root in it, and return what it says, whether it succeeds."""
        done = subprocess.run(
            [*self._namespaces, "bash", "-c", command],
            env={"PATH": os.defpath + ":/usr/sbin:/sbin", "DEBIAN_FRONTEND": "noninteractive"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout.strip()

    def process_of(self, unit: str) -> str:
        """Return the main process of a unit; `0` while it has none."""
        return self.run(f"systemctl show --property MainPID --value {unit}")

    def wait_for(self, what: str, probe: str, *, seconds: float) -> float:
        """Wait until a command says exactly `what`; return how long that took, seconds."""
        start = time.monotonic()
        while (said := self.run(probe)) != what:
            assert time.monotonic() - start < seconds, f"{probe}: {said}"
            time.sleep(0.5)
        return time.monotonic() - start


@contextmanager
def booted(folder: Path) -> Iterator[BootedRoot]:
    """Boot the Debian in `folder` while inside. It needs `systemd-sysv` and `dbus`."""
    container = subprocess.Popen(
        ["systemd-nspawn", "--quiet", "--directory", str(folder), "--private-network",
         "--register=no", "--keep-unit", "--boot"],
        env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        children = Path(f"/proc/{container.pid}/task/{container.pid}/children")
        end = time.monotonic() + BOOTS_WITHIN_S
        while not (found := children.read_text().split()):
            assert container.poll() is None, "systemd-nspawn ended"
            assert time.monotonic() < end, "it does not boot"
            time.sleep(0.1)
        root = BootedRoot(int(found[0]))
        root.wait_for("running", "systemctl is-system-running", seconds=BOOTS_WITHIN_S)
        yield root
    finally:
        container.terminate()
        container.wait(60)
