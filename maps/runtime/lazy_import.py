"""Lazy import: modules that are loaded when first needed, beside the event loop."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Final

_loaded: Final[set[str]] = set()


async def load(name: str) -> None:
    """Load a module on another thread: on a small computer it takes tenths of a second.

    Args:
        name: Full name. It is loaded once; after that this costs nothing.
    """
    # `sys.modules` has one from its first line on: whoever took that for loaded would wait for the
    # rest of it on the event loop.
    if name not in _loaded:
        await asyncio.to_thread(import_module, name)
        _loaded.add(name)
