"""A fault: how it begins and ends, and what it needs of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from tests.endurance.rig import Rig


class Fault(Protocol):
    """One fault.

    Attributes:
        name: In the table and behind `--only`.
        loses_by_broker: What only a broker acknowledged may be lost: its word is no storage.
    """

    name: str
    loses_by_broker: bool

    def why_not(self, rig: Rig) -> str | None:
        """Return why it cannot be shown here; None when it can."""

    def prepared(self, rig: Rig) -> AbstractContextManager[None]:
        """Make ready, and afterwards put everything back; neither is part of the fault."""

    def begin(self, rig: Rig) -> None:
        """Begin the fault."""

    def end(self, rig: Rig) -> None:
        """End it: whatever comes after is recovery."""


@dataclass
class Plain:
    """What most faults are like: they need nothing, and nothing is to be made ready."""

    name: str
    loses_by_broker: bool = False

    def why_not(self, rig: Rig) -> str | None:
        """Return None: it can be shown anywhere."""
        return None

    @contextmanager
    def prepared(self, rig: Rig) -> Iterator[None]:
        """Do nothing."""
        yield
