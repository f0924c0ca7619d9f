"""Body kinds: what counterparts tell each other, by kind: who takes it, who has some to send.

A carrier moves bodies and knows none. What it is handed leaves by lane, and may be lost on the way:
a kind goes on having a body due until the other node's own word says that it is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol


class BodyKind(Protocol):
    """One kind of body."""

    @property
    def name(self) -> str:
        """What envelopes call it."""

    @property
    def lane(self) -> int:
        """Where it leaves, what is lower first: 1 distress and consent, 2 statements, 3 what is
        live, 4 what is large.
        """

    async def take(self, node: str, body: bytes, message: bytes) -> None:
        """Take what came from a counterpart; stored when this returns.

        Args:
            node: The counterpart.
            body: What it says.
            message: The envelope that it came in, with its signature.

        Raises:
            PatrolError: If it cannot be taken: the counterpart is told why.
            StoreError: If the store refuses now: it is to be sent again.
        """

    async def due(self, node: str, room: int) -> Sequence[bytes]:
        """Return what is to leave for a counterpart now, some dozens at most; none if nothing is.

        Args:
            node: The counterpart.
            room: Most bytes in all.
        """

    def begin(self, node: str) -> None:
        """Begin a session with a counterpart: what it has not receipted is due again."""


class BodyKinds:
    """The kinds of a node, in the order of their lanes.

    Attributes:
        on_wake: Called with a counterpart for which something is due now, or None for all.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, BodyKind] = {}
        self.on_wake: Callable[[str | None], None] = lambda node: None  # noqa: ARG005 - nobody yet

    def __iter__(self) -> Iterator[BodyKind]:
        """Yield the kinds, what leaves first first."""
        yield from self._kinds.values()

    @property
    def names(self) -> tuple[str, ...]:
        """What is understood."""
        return tuple(self._kinds)

    def add(self, kind: BodyKind) -> None:
        """Add a kind."""
        kinds = {**self._kinds, kind.name: kind}
        self._kinds = dict(sorted(kinds.items(), key=lambda each: each[1].lane))

    def find(self, name: str) -> BodyKind | None:
        """Return a kind; None if there is none of that name."""
        return self._kinds.get(name)

    def wake(self, node: str | None = None) -> None:
        """Say that something is due: it leaves at once; for all counterparts where none is named.

        Only on the thread of the event loop.
        """
        self.on_wake(node)
