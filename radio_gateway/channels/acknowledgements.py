"""Answering: who is told, and in which order, once everything that was said is stored."""

from __future__ import annotations

from collections.abc import Callable

from radio_gateway.links.transport import Reply


def reply_after(
    reply: Reply, answer: bytes, stored: Callable[[], None] | None
) -> Callable[[], None]:
    """Return what to call once everything is stored: it sends `answer`, then calls `stored`."""

    def answered() -> None:
        reply(answer)
        if stored is not None:
            stored()

    return answered


def after(count: int, answers: list[Callable[[], None]]) -> Callable[[], None]:
    """Return a function that calls `answers` when it is called for the `count`-th time."""
    left = count

    def one_stored() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            for answer in answers:
                answer()

    return one_stored
