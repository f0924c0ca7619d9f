"""Later: modules that are loaded when they are first needed, beside the event loop."""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module


async def load(name: str) -> None:
    """Load a module on another thread: on a small computer it takes tenths of a second.

    Args:
        name: Full name. It is loaded once; after that this costs nothing.
    """
    if name not in sys.modules:
        await asyncio.to_thread(import_module, name)
