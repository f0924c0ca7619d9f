"""How long a sign-in lasts: in all, and without use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maps.accounts.credentials.passwords import digest
from maps.accounts.sessions.session_lifetime import SessionLifetime
from maps.http.session_cookie import COOKIE
from patrol.units.accounts import Session, User
from patrol.units.units import Role
from tests.maps.servers.running import running, wait_until

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


def session(*, role: Role = "commander", began_h: float, ends_min: float) -> Session:
    return Session(
        id="s",
        user=User(name="somchai", role=role, agency="joint"),
        created_at=NOW - timedelta(hours=began_h),
        expires_at=NOW + timedelta(minutes=ends_min),
    )


@pytest.mark.parametrize(
    ("used", "minutes"),
    [
        (session(began_h=1, ends_min=60), 120),
        (session(began_h=1, ends_min=119.5), None),  # noted a moment ago
        (session(began_h=11, ends_min=30), 60),  # twelve hours in all
        (session(began_h=12, ends_min=0), None),
        (session(role="crew", began_h=1, ends_min=660), None),
    ],
)
def test_a_session_that_is_used_holds_longer_but_not_for_ever(
    used: Session, minutes: float | None
) -> None:
    lifetime = SessionLifetime(hours=12, idle_minutes=120, now=lambda: NOW)
    until = None if minutes is None else NOW + timedelta(minutes=minutes)
    assert lifetime.prolonged(used) == until


@pytest.mark.parametrize(
    ("role", "idle_minutes", "hours"),
    [("commander", 120, 2), ("crew", 120, 12), ("commander", 0, 12), ("admin", 1440, 12)],
)
def test_a_session_that_nobody_uses_ends_early_but_not_a_crews(
    role: Role, idle_minutes: float, hours: float
) -> None:
    lifetime = SessionLifetime(hours=12, idle_minutes=idle_minutes)
    user = User(name="somchai", role=role, agency="joint")
    assert lifetime.at_first(user, NOW) - NOW == timedelta(hours=hours)


async def test_a_request_prolongs_its_session(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.signed_in("commander") as client:
        key = digest(client.cookies[COOKIE])
        people = server.office.people
        first = await people.session(key)
        assert first is not None
        assert first.expires_at - datetime.now(UTC) < timedelta(hours=2)
        soon = datetime.now(UTC) + timedelta(minutes=10)
        await people.prolong(first.id, soon)
        assert (await client.get("/api/session")).status_code == 200
        async for _ in wait_until("its end is noted anew"):
            known = await people.session(key)
            if known is not None and known.expires_at > soon + timedelta(hours=1):
                break
