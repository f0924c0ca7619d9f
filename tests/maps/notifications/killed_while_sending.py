"""A node that is killed while it posts an alert: `python -m … FOLDER PORT STORE`, run by a test."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.maps.notifications.running import delivers, hook, rule
from tests.patrol.nodes.running import Node


async def deliver(folder: Path, port: int, url: str) -> None:
    """File an alert and deliver it, until killed."""
    node = Node(folder / "patrol.db", url=url)
    async with delivers(folder, node=node, webhooks=[hook(port)], delivery=[rule()]) as it:
        await it.raise_alert()
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(deliver(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
