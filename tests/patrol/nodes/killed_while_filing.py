"""A process that is killed while it files documents: inside one act, or right after."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from patrol.documents.transaction import Filing
from patrol.messages.phrases import Phrase
from patrol.store.journal import journal
from tests.patrol.nodes.running import AGENCY, Node, at


def die(*_: object, **__: object) -> NoReturn:
    """End at once, as a power failure does."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _phrase(id: str) -> Phrase:
    return Phrase(id=id, agency=AGENCY, at=at(0), language="en", text=id)


async def _run(file: Path, moment: str, url: str) -> None:
    node = Node(file, url=url)
    await node.start()
    document_service = node.watch.document_service
    await document_service.file(lambda _b, _n: Filing(documents=(_phrase("before"),), act="write"))
    if moment == "between":
        journal.append = die  # both documents are written by then, and no line is
    else:
        document_service.listeners.append(die)  # all is committed, and nobody has seen it
    both = (_phrase("killed-1"), _phrase("killed-2"))
    await document_service.file(lambda _b, _n: Filing(documents=both, act="write"))


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
