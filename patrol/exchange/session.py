"""Session: which envelopes of a counterpart are new, and for us, as rules without a socket.

Each node opens a session at each start and names it by a random word. An envelope names both
sessions and has a number in its sender's. So what was recorded earlier is refused: it names a
session of the receiver that is over, or a number that has come already. A node that has just
started knows no session of the other; it may say hello, which is answered and changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from patrol.exchange.envelope import HELLO, EnvelopeRefused, NodeEnvelope

WINDOW: Final = 1024
"""So far behind the newest an envelope may come: two connections do not keep order."""

_MOST_SESSIONS: Final = 4096  # starts of the other node during one of ours


class ReplayWindow:
    """The numbers of one session of the other node that have come."""

    def __init__(self) -> None:
        self._newest = 0
        self._seen = 0  # bit n: the number `newest - n` has come

    def take(self, sequence: int) -> bool:
        """Return whether a number is new, and note that it has come.

        >>> window = ReplayWindow()
        >>> [window.take(number) for number in (1, 3, 2, 3, 5000, 4, 4999)]
        [True, True, True, False, True, False, True]
        """
        ahead = sequence - self._newest
        if ahead > 0:
            kept = (self._seen << ahead) & ((1 << WINDOW) - 1) if ahead < WINDOW else 0
            self._newest, self._seen = sequence, kept | 1
            return True
        if -ahead >= WINDOW or self._seen >> -ahead & 1:
            return False
        self._seen |= 1 << -ahead
        return True


class ExchangeSession:
    """The session of this node with one counterpart.

    Args:
        own: This node.
        other: The counterpart.
        name: A word that nobody can guess, another one at each start.

    Attributes:
        name: As given.
        other_name: The counterpart's session, as its newest proven envelope named it; empty until
            one came.
    """

    def __init__(self, own: str, other: str, name: str) -> None:
        self.name: Final = name
        self.other_name = ""
        self._own, self._other = own, other
        self._sequence = 0
        self._windows: dict[str, ReplayWindow] = {}

    def envelope(
        self, kind: str, body: bytes, now: datetime, *, to_session: str | None = None
    ) -> NodeEnvelope:
        """Return the next envelope to the counterpart.

        Args:
            kind: What the body is.
            body: What it says.
            now: Aware UTC.
            to_session: The session it answers, where that is not proven; else the known one.
        """
        self._sequence += 1
        return NodeEnvelope(
            from_node=self._own,
            to_node=self._other,
            session=self.name,
            to_session=self.other_name if to_session is None else to_session,
            sequence=self._sequence,
            sent_at=now,
            kind=kind,
            body=body,
        )

    def accept(self, envelope: NodeEnvelope) -> bool:
        """Take note of an envelope whose signature is the counterpart's.

        Returns:
            Whether it is proven to be new. Only a hello may be taken without: it is to be answered
            and to change nothing.

        Raises:
            EnvelopeRefused: If it is for another, of a session that is over, or came before.
        """
        sequence = envelope.sequence
        if (envelope.from_node, envelope.to_node) != (self._other, self._own):
            raise EnvelopeRefused(
                f"an envelope from {envelope.from_node[:64]!r} to {envelope.to_node[:64]!r} came"
                f" on the link from {self._other} to {self._own}",
                code="not_for_us",
                sequence=sequence,
            )
        if not 0 < sequence < 1 << 62 or not 8 <= len(envelope.session) <= 64:
            raise EnvelopeRefused("an envelope has no session or number", code="unreadable")
        if not envelope.to_session and envelope.kind == HELLO:
            return False
        if envelope.to_session != self.name:
            raise EnvelopeRefused(
                f"envelope {sequence} belongs to a session that is over or never was",
                code="session",
                sequence=sequence,
            )
        window = self._windows.get(envelope.session)
        if window is None:
            if len(self._windows) >= _MOST_SESSIONS:
                raise EnvelopeRefused(
                    f"{self._other} opened {_MOST_SESSIONS} sessions since {self._own} started",
                    code="sessions",
                    sequence=sequence,
                )
            window = self._windows[envelope.session] = ReplayWindow()
        if not window.take(sequence):
            raise EnvelopeRefused(
                f"envelope {sequence} came before: it is not taken twice",
                code="replay",
                sequence=sequence,
            )
        if envelope.kind == HELLO:
            self.other_name = envelope.session
        return True
