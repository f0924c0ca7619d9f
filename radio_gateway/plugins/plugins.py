"""Plugins: those that packages of this environment offer, and which of them may run.

A package offers one by an entry point in a group of `GROUPS`. Nothing of it is imported until the
settings allow the package: `[plugins] allowed = ["its-name"]`. What ran once in a process is not
taken out of it; a package that is allowed no longer is gone at the next start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, MutableMapping
from importlib.metadata import distributions
from typing import Final, TypeVar

from radio_gateway.plugins.plugin import Plugin

GROUP: Final = "joint_patrol."
KINDS: Final = ("protocols", "transports", "rules", "reports", "notifications")
"""What plug-ins can add to; the entry point's group is `joint_patrol.KIND`."""

T = TypeVar("T")


class Plugins:
    """The plug-ins of this environment."""

    def __init__(self) -> None:
        self._found: tuple[Plugin, ...] | None = None
        self._allowed: set[str] = set()
        self._tried: set[int] = set()

    def found(self) -> tuple[Plugin, ...]:
        """Return all that there are, by kind, name and package; allowed or not."""
        if self._found is None:
            self._found = _installed()
        return self._found

    def allow(self, packages: Iterable[str]) -> None:
        """Allow what these packages offer, besides what was allowed before."""
        self._allowed.update(map(package_name, packages))

    def missing(self, packages: Iterable[str]) -> list[str]:
        """Return those of some packages that offer nothing here."""
        return sorted(set(map(package_name, packages)) - {each.package for each in self.found()})

    def loaded(self, kind: str, name: str) -> Plugin | None:
        """Return the plug-in that stands in the table of a kind under `name`; None if none does."""
        for number in sorted(self._tried):
            plugin = self.found()[number]
            if (plugin.kind, plugin.name) == (kind, name) and plugin.state != "refused":
                return plugin
        return None

    def not_allowed(self, kind: str, name: str) -> str | None:
        """Return the package that offers `name` and is not allowed; None if there is none."""
        for each in self.found():
            if (each.kind, each.name) == (kind, name) and each.state == "not_allowed":
                return each.package
        return None

    def fill(
        self,
        kind: str,
        table: MutableMapping[str, T],
        make: Callable[[Plugin, object | None], T | None],
        *,
        names: re.Pattern[str],
    ) -> None:
        """Put the allowed plug-ins of a kind into a table; never in the place of another.

        Args:
            kind: One of `KINDS`.
            table: What is built in, and was put in before, by name.
            make: Makes an entry of a plug-in and what it offers, None where it cannot be imported;
                returns None for no entry.
            names: What a name must be.
        """
        if not self._allowed:  # looking takes milliseconds, and most have none
            return
        for number, plugin in enumerate(self.found()):
            mine = plugin.kind == kind and plugin.package in self._allowed
            if not mine or number in self._tried:
                continue
            self._tried.add(number)
            if not names.fullmatch(plugin.name):
                plugin.stop("refused", f"its name {plugin.name!r} is none that one can have")
            elif plugin.name in table:
                plugin.stop("refused", f"there is another {plugin.name!r}, which stays")
            else:
                try:
                    entry = make(plugin, plugin.load())
                except Exception as error:  # noqa: BLE001 - named; what it offers may raise if asked
                    plugin.stop("failed", f"cannot be used: {type(error).__name__}: {error}")
                    continue
                if entry is not None:
                    table[plugin.name] = entry


def package_name(name: str) -> str:
    """Return a package's name as package indexes compare it.

    >>> package_name("Joint_Patrol.Beacon")
    'joint-patrol-beacon'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed() -> tuple[Plugin, ...]:
    found: dict[tuple[str, str, str], Plugin] = {}
    for each in distributions():
        for entry in each.entry_points:
            if entry.group.startswith(GROUP) and entry.group.removeprefix(GROUP) in KINDS:
                package = package_name(each.metadata["Name"])
                plugin = Plugin(entry, package=package, version=each.version)
                # of two installations of one package the first on the path is imported
                found.setdefault((plugin.kind, plugin.name, package), plugin)
    return tuple(found[key] for key in sorted(found))


PLUGINS: Final = Plugins()
"""Those of this process."""
