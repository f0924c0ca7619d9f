"""HttpAnswer: what another server answered to a post, and whether that means that it took it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from maps.notifications.errors.errors import TemporaryFailure, Undeliverable
from maps.notifications.outbound_http.retry_after import retry_after_s

FOR_GOOD: Final = frozenset({413, 415, 422})
"""Answers that will be the same next time: it cannot take this."""


class HttpAnswer(NamedTuple):
    """What was answered.

    Attributes:
        status_code: The status of HTTP.
        headers: By name, in any case.
        body: The beginning of the body, as far as it was asked for.
    """

    status_code: int
    headers: Mapping[str, str]
    body: bytes = b""


def check_taken(answer: HttpAnswer) -> None:
    """Raise unless an answer's status says that what was posted is taken.

    Raises:
        Undeliverable: If it never will be.
        TemporaryFailure: If it may be later.

    >>> check_taken(HttpAnswer(202, {}))
    >>> check_taken(HttpAnswer(503, {"retry-after": "20"}))
    Traceback (most recent call last):
    maps.notifications.errors.errors.TemporaryFailure: answered 503
    """
    status = answer.status_code
    if 200 <= status < 300:
        return
    if status == 410:
        raise Undeliverable("answered 410: it wants no more")
    if status in FOR_GOOD:
        raise Undeliverable(f"answered {status}")
    raise TemporaryFailure(
        f"answered {status}", wait_s=retry_after_s(answer.headers.get("retry-after"))
    )
