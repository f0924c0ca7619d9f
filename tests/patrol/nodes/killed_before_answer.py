"""A process that is killed once its batch is committed and before anybody is answered."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from radio_gateway.messages.transmission import Delivery
from tests.patrol.intake.test_idempotence import die, messages
from tests.patrol.nodes.running import Node


async def _run(file: Path, own: bool, url: str) -> None:
    node = Node(file, url=url)
    await node.start()
    node.inbox.offer([Delivery(message, die) for message in messages(own)], can_wait=True)
    await asyncio.sleep(30)


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), sys.argv[2] == "True", sys.argv[3]))
