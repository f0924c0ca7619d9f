"""How much memory an object holds, with all that only it leads to."""

from __future__ import annotations

import gc
import sys
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import msgspec

_SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)


def footprint(root: object) -> int:
    """Return the bytes that `root` holds; classes, modules and functions not counted.

    >>> footprint([b"x" * 1000]) > 1000
    True
    """
    seen: set[int] = set()
    todo: list[Any] = [root]
    total = 0
    while todo:
        each = todo.pop()
        if id(each) in seen or isinstance(each, _SHARED):
            continue
        seen.add(id(each))
        total += sys.getsizeof(each)
        if isinstance(each, msgspec.Struct):  # the collector does not look into all of them
            todo += [getattr(each, name) for name in each.__struct_fields__]
        else:
            todo += gc.get_referents(each)
    return total
