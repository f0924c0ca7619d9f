"""A process that is killed once a call for help is committed and before its alert is filed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from radio_gateway.messages.transmission import Delivery
from tests.patrol.intake.test_idempotence import die
from tests.patrol.nodes.running import Node, said


async def _run(file: Path, url: str) -> None:
    node = Node(file, url=url)
    await node.start()
    node.inbox.offer([Delivery(said("a", 0, distress=True), die)], can_wait=True)
    await asyncio.sleep(30)


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), sys.argv[2]))
