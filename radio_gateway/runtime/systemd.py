"""systemd: reports the state of the process to the service manager (`Type=notify`).

Source: sd_notify(3), the protocol of `NOTIFY_SOCKET`.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Final

ALIVE_EVERY_S: Final = 1.0


def notify(state: str) -> None:
    """Send `state` (`READY=1`, `WATCHDOG=1`, `STOPPING=1`) to the service manager, if there is one.

    Never raises: without a manager, or with one that does not listen, work goes on.
    """
    name = os.environ.get("NOTIFY_SOCKET", "")
    if not name:
        return
    address = "\0" + name[1:] if name.startswith("@") else name
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            channel.sendto(state.encode(), address)
    except OSError:
        return


async def notify_watchdog() -> None:
    """Tell the service manager that the event loop turns (`WatchdogSec=`), until cancelled."""
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(ALIVE_EVERY_S)
