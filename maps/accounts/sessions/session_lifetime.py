"""Session lifetime: how long a sign-in lasts, in all and without use (OWASP ASVS 4.0.3, 3.3.2).

A session that is used is prolonged, now and then and not with each request; an open page that
follows the picture uses it. Crews are asked less: a phone may be out of reach for a whole shift,
and what it reports then, a call for help among it, must be let in.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from patrol.units.accounts import Session, User

NOTED_EVERY: Final = timedelta(minutes=1)
"""How much later a session must end for it to be written down."""


class SessionLifetime:
    """When sessions end.

    Args:
        hours: After how many hours in all.
        idle_minutes: After how many minutes without use; 0: not for that.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        *,
        hours: float,
        idle_minutes: float = 0.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._longest, self._idle = timedelta(hours=hours), timedelta(minutes=idle_minutes)
        self._now = now
        self._step = min(NOTED_EVERY, self._idle / 4)

    @property
    def longest_s(self) -> float:
        """How long a sign-in lasts in all, seconds."""
        return self._longest.total_seconds()

    def at_first(self, user: User, now: datetime) -> datetime:
        """Return when a session ends that begins now, should nobody use it."""
        return now + (min(self._idle, self._longest) if self._counts(user) else self._longest)

    def prolonged(self, session: Session) -> datetime | None:
        """Return when a session ends that is used now; None where that need not be noted."""
        if session.kind != "page" or session.created_at is None or not self._counts(session.user):
            return None
        until = min(self._now() + self._idle, session.created_at + self._longest)
        return until if until - session.expires_at >= self._step else None

    def _counts(self, user: User) -> bool:
        return bool(self._idle) and user.role != "crew"
