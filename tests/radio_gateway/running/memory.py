"""How many bytes an object keeps alive, for what promises to stay bounded."""

from __future__ import annotations

import asyncio
import gc
import sys
from types import FunctionType, ModuleType
from typing import Final

_LEFT_OUT: Final = type | ModuleType | FunctionType | asyncio.AbstractEventLoop


def kept_bytes(root: object) -> int:
    """Return the bytes of `root` and of all that it leads to, code and event loops left out."""
    seen: dict[int, object] = {}
    todo = [root]
    while todo:
        each = todo.pop()
        if id(each) in seen or isinstance(each, _LEFT_OUT):
            continue
        seen[id(each)] = each
        todo += gc.get_referents(each)
    return sum(sys.getsizeof(each) for each in seen.values())
