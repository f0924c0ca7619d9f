"""Recent proof: that somebody has shown password or code a short while ago, not only a session.

Whoever takes over a session, a stolen cookie or a page left open, could make it last: set a
password, remove a second factor, make a token, a device, an administrator. So such acts ask for the
password or a code again where the last was shown more than five minutes ago (OWASP ASVS 4.0.3,
2.2.4 and 3.7.1). That it was is a mark of this node in a cookie, good for its session and until
then: every process of a node knows it, and the store is not asked.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import Response
from starlette.requests import HTTPConnection

from maps.accounts.credentials.sealer import Sealer
from maps.accounts.sessions.cookies import cookie_of, set_cookie

COOKIE: Final = "jp_proof"
RECENT: Final = timedelta(minutes=5)

SENSITIVE: Final = frozenset(
    {
        ("POST", "/api/users"),
        ("PATCH", "/api/users/{name}"),
        ("POST", "/api/users/{name}/link"),
        ("DELETE", "/api/users/{name}/second-factor"),
        ("POST", "/api/devices"),
        ("POST", "/api/devices/enrolments"),
        ("POST", "/api/tokens"),
        ("POST", "/api/session/reading-token"),
        ("POST", "/api/session/second-factor"),
        ("POST", "/api/session/passkeys"),
        ("DELETE", "/api/session/passkeys/{passkey}"),
        ("PUT", "/api/agreements/{agreement}/terms"),
        ("POST", "/api/agreements/{agreement}/propose"),
        ("POST", "/api/agreements/{agreement}/sign"),
        ("POST", "/api/agreements/{agreement}/resume"),
        ("POST", "/api/agreements/{agreement}/backfill"),
        ("GET", "/api/replay/evidence/originals"),
        ("POST", "/api/holdings"),
        ("POST", "/api/counterparts/{counterpart}/compare"),
        ("POST", "/api/counterparts/{counterpart}/confirm"),
        ("POST", "/api/counterparts/{counterpart}/statements/restart"),
        ("POST", "/api/legal-holds/{hold}/release"),
        ("POST", "/api/protected/{kind}/{paper}/reading"),
        ("POST", "/api/protected/{kind}/{paper}/{entry}/redaction"),
        ("PUT", "/api/protected/{kind}/{paper}/readers/{reader}"),
    }
)
"""Method and route of the acts that ask. The own password is changed with the present one; what
takes away (a session, a token, a device, an agreement suspended or ended) may be needed in a hurry.
"""


def is_sensitive(method: str, route: str) -> bool:
    """Return whether an act asks for a recent proof.

    Args:
        method: HTTP method.
        route: The route as it is declared.
    """
    return (method, route.replace(":path}", "}")) in SENSITIVE


class RecentProof:
    """Says who has shown password or code of late.

    Args:
        seal: Marks the cookie.
        now: Clock, aware UTC.

    Attributes:
        now: See there.
    """

    def __init__(
        self, seal: Sealer, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._seal, self.now = seal, now

    def give(self, response: Response, connection: HTTPConnection, session: str) -> None:
        """Note in `response`'s cookie that who has a session showed password or code now.

        Args:
            response: Where the cookie goes.
            connection: What showed it.
            session: The session's id.
        """
        at = str(int(self.now().timestamp()))
        mark = self._seal.mark("recent proof", session, at)
        set_cookie(
            response,
            connection,
            COOKIE,
            f"{at}.{mark}",
            max_age_s=RECENT.total_seconds(),
            path="/api",
        )

    def is_recent(
        self, connection: HTTPConnection, session: str, began_at: datetime | None
    ) -> bool:
        """Return whether who has a session showed password, code or link of late.

        Args:
            connection: What asks.
            session: The session's id.
            began_at: When it was signed in, aware UTC.
        """
        now = self.now()
        if began_at is not None and now - began_at <= RECENT:
            return True
        at, _, mark = cookie_of(connection, COOKIE).partition(".")
        if not (at.isascii() and at.isdecimal() and len(at) < 12 and mark.isascii()):
            return False
        if not timedelta() <= now - datetime.fromtimestamp(int(at), UTC) <= RECENT:
            return False
        return secrets.compare_digest(mark, self._seal.mark("recent proof", session, at))
