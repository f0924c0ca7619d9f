"""What the description promises: made-up requests of every route find no 5xx and nothing unsaid.

Requests are made by schemathesis from the OpenAPI document of a real server with two agencies and
something of everything in it; half of them name things that are there. Seeds are fixed, and time is
bounded: a first round goes through every route, further ones while there is time.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from patrol.units.permissions import may
from patrol.units.units import ROLES
from tests.maps.accounts.test_access_phones import as_user
from tests.maps.permissions.test_who_may import HERE, made_things, two_agencies
from tests.maps.permissions.who_may import ANYONE, PUBLIC, WHO_MAY
from tests.maps.servers.running import Running

pytestmark = pytest.mark.system

SECONDS = 15.0
EXAMPLES = 4  # of a route and round
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ENDS_SESSIONS = ("/api/session", "/sessions", "second-factor")


class Prober:
    """Sends made-up requests to one route after the other, as somebody who may call it.

    Args:
        url: The server.
        spec: Its description.
        sessions: A session cookie for each role.
        ids: Things that are there, by the name of the path's parameter.
    """

    def __init__(
        self, url: str, spec: dict[str, Any], sessions: dict[str, str], ids: dict[str, str]
    ) -> None:
        self._url, self._sessions, self._ids = url, sessions, ids
        schema = schemathesis.openapi.from_dict(spec)
        self._operations = [
            found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)
        ]
        self.faults: dict[str, str] = {}
        self.told: Counter[int] = Counter()

    def probe(self) -> None:
        """Go through all routes, again and again until the time is over."""
        end, turn = time.monotonic() + SECONDS, 0
        while turn == 0 or time.monotonic() < end:
            for operation in self._operations:
                if turn and time.monotonic() > end:
                    break
                self._one(operation, turn)
            turn += 1

    def _one(self, operation: Any, turn: int) -> None:
        method, path = operation.method.upper(), operation.path.replace(":path}", "}")
        name = f"{method} {path}"
        if name in self.faults or any(path.endswith(each) for each in ENDS_SESSIONS):
            return
        act = WHO_MAY.get((method, path), ANYONE)
        # Who guesses a secret is told to wait, and rightly: that says nothing of the session.
        guesses = path.startswith(("/api/session/second-factor", "/api/session/password"))
        role = next((role for role in ROLES if act in (PUBLIC, ANYONE) or may(role, act)), "admin")
        cookies = {"jp_session": self._sessions[role]}

        @seed(turn)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def send(case: Any) -> None:
            if turn % 2:
                for parameter in case.path_parameters or {}:
                    known = self._ids.get(f"{{{parameter}}}")
                    if known is not None:
                        case.path_parameters[parameter] = known
            answer = case.call(base_url=self._url, cookies=cookies, timeout=20)
            self.told[answer.status_code] += act != PUBLIC and not guesses
            case.validate_response(answer, checks=CHECKS)

        try:
            send()
        except BaseExceptionGroup as error:
            self.faults[name] = str(error.exceptions[0])[:600]
        except Exception as error:  # noqa: BLE001 - all faults are told together
            self.faults[name] = f"{type(error).__name__}: {error}"[:600]


async def sessions_of(server: Running) -> dict[str, str]:
    """Return a session of each role."""
    found: dict[str, str] = {}
    for role in ROLES:
        async with as_user(server, f"{HERE}-{role}") as client:
            found[role] = client.cookies["jp_session"]
    return found


async def test_no_made_up_request_is_answered_by_anything_but_what_is_described(
    tmp_path: Path,
) -> None:
    access = {"writes_per_s": 10_000, "writes_burst": 100_000}
    async with two_agencies(tmp_path, access=access) as (server, walk):
        ids = await made_things(server, walk, HERE)
        async with as_user(server, f"{HERE}-admin") as admin:
            spec = (await admin.get("/api/openapi.json")).json()
        for item in spec["paths"].values():
            for route in item.values():
                route.pop("security")  # else made-up keys would take the place of the session
        prober = Prober(server.url, spec, await sessions_of(server), ids)
        await asyncio.to_thread(prober.probe)
        print(prober.told)
        assert prober.told.total() > len(WHO_MAY), "every route was asked"
        assert prober.told[401] + prober.told[429] < 0.02 * prober.told.total(), prober.told
        assert prober.told[200] + prober.told[201] > 0.1 * prober.told.total(), prober.told
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.get("/api/health")).status_code == 200
    text = "\n\n".join(f"{name}\n{fault}" for name, fault in prober.faults.items())
    assert not prober.faults, text
