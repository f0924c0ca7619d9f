"""Pending distress: calls for help in an inbox from sources that cannot wait, by caller."""

from __future__ import annotations

from collections.abc import Iterable

from radio_gateway.messages.transmission import Transmission


class PendingDistress:
    """Which of them may give way when there are too many: never the first of a sender, nor its
    newest.

    Attributes:
        waiting: How many calls wait.
    """

    def __init__(self) -> None:
        self._by_sender: dict[tuple[str, str], list[int]] = {}
        self._sender_of: dict[int, tuple[str, str]] = {}
        self.waiting = 0

    @property
    def senders(self) -> int:
        """How many senders there are."""
        return len(self._by_sender)

    def calls(self, transmission: Transmission) -> bool:
        """Return whether a call of this sender waits."""
        return _sender(transmission) in self._by_sender

    def add(self, key: int, transmission: Transmission) -> None:
        """Note a call, the newest of its sender."""
        self._sender_of[key] = sender = _sender(transmission)
        self._by_sender.setdefault(sender, []).append(key)
        self.waiting += 1

    def repeated(self, transmission: Transmission) -> int | None:
        """Return, and forget, the call that gives way to a newer one; None where none may."""
        keys = self._by_sender.get(_sender(transmission), ())
        if len(keys) < 2:
            return None
        key = self._by_sender[_sender(transmission)].pop()
        del self._sender_of[key]
        self.waiting -= 1
        return key

    def remove(self, keys: Iterable[int]) -> None:
        """Forget what waits no more."""
        for key in keys:
            sender = self._sender_of.pop(key, None)
            if sender is not None:
                self.waiting -= 1
                left = self._by_sender[sender]
                left.remove(key)
                if not left:
                    del self._by_sender[sender]

    def clear(self) -> None:
        """Forget all."""
        self._by_sender.clear()
        self._sender_of.clear()
        self.waiting = 0


def _sender(transmission: Transmission) -> tuple[str, str]:
    return transmission.channel, transmission.address
