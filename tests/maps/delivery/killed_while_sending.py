"""A node that is killed while it posts an alert: `python -m … FOLDER PORT`, run by a test."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.maps.delivery.running import delivers, hook, rule


async def deliver(folder: Path, port: int) -> None:
    """File an alert and deliver it, until killed."""
    async with delivers(folder, webhooks=[hook(port)], delivery=[rule()]) as it:
        await it.raise_alert()
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(deliver(Path(sys.argv[1]), int(sys.argv[2])))
