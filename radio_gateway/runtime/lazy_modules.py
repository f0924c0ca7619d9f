"""Modules of a package that are loaded when they are first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from importlib import import_module
from typing import TypeVar, cast

M = TypeVar("M")


class NamedModules(MutableMapping[str, M]):
    """Modules by name. Names are there from the start, and a module once it is asked for.

    Args:
        package: That they are in.
        names: Of those that there are, in order; a module in a folder has its path
            (`teltonika.teltonika`), and the last part of it is its name.

    >>> formats: NamedModules[object] = NamedModules("json", ["decoder", "encoder"])
    >>> list(formats), "decoder" in formats, "tool" in formats
    (['decoder', 'encoder'], True, False)
    >>> formats["decoder"]
    <module 'json.decoder' from ...>
    """

    def __init__(self, package: str, names: Iterable[str]) -> None:
        self._paths = {path.rpartition(".")[2]: f"{package}.{path}" for path in names}
        self._modules: dict[str, M | None] = dict.fromkeys(self._paths)

    def __getitem__(self, name: str) -> M:
        """Return a module, loaded if need be."""
        module = self._modules[name]
        if module is None:
            module = cast(M, import_module(self._paths[name]))
            self._modules[name] = module
        return module

    def __setitem__(self, name: str, module: M) -> None:
        """Put another module under a name."""
        self._modules[name] = module

    def __delitem__(self, name: str) -> None:
        """Forget a name."""
        del self._modules[name]

    def __contains__(self, name: object) -> bool:
        """Tell whether there is one of that name; loads nothing."""
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        """Go through the names; loads nothing."""
        return iter(self._modules)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._modules)
