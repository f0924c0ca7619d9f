"""Pages of others: no route is open to them, whatever a browser lets through; nor to frames."""

from __future__ import annotations

from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from maps.http.session_cookie import COOKIE
from tests.maps.accounts.test_access_phones import as_user, phone
from tests.maps.permissions.test_who_may import HERE, filled, two_agencies
from tests.maps.permissions.who_may import DEVICES_ONLY, WHO_MAY
from tests.maps.servers.running import Live, Running

FOREIGN = "https://evil.example"


async def test_no_change_is_taken_from_a_page_of_another_server(tmp_path: Path) -> None:
    """Every unsafe route of the table, with the session and without the right origin."""
    async with two_agencies(tmp_path) as (server, _), as_user(server, f"{HERE}-admin") as client:
        for method, path in WHO_MAY | DEVICES_ONLY:
            if method == "GET":
                continue
            for headers in ({"origin": FOREIGN}, {"sec-fetch-site": "same-site"}):
                answer = await client.request(method, filled(path), headers=headers)
                text = f"{method} {path}: {answer.status_code} {answer.text[:100]}"
                assert (answer.status_code, answer.json()["error"]) == (403, "wrong_origin"), text
        assert (await client.get("/api/session")).status_code == 200, "and nobody was signed out"


async def test_no_answer_lets_a_page_of_another_server_read_it(tmp_path: Path) -> None:
    async with two_agencies(tmp_path) as (server, _), as_user(server, f"{HERE}-admin") as client:
        body = {
            "origin": FOREIGN,
            "access-control-request-method": "GET",
            "access-control-request-headers": "authorization",
        }
        for method, path in WHO_MAY:
            if method != "GET" or path == "/api/live":
                continue
            for preflight in (False, True):
                answer = await client.request(
                    "OPTIONS" if preflight else "GET", filled(path), headers=body
                )
                assert not [each for each in answer.headers if "access-control" in each], path
                assert answer.headers["cross-origin-resource-policy"] == "same-origin"
                assert answer.headers["x-frame-options"] == "DENY"
                assert answer.headers["x-content-type-options"] == "nosniff"
                if path.startswith("/api/") and not preflight:
                    assert "no-store" in answer.headers["cache-control"] or "private" in str(
                        answer.headers["cache-control"]
                    ), f"{path}: {answer.headers['cache-control']}"


@pytest.mark.parametrize("origin", [FOREIGN, "null", "http://127.0.0.1:1", "https://127.0.0.1"])
async def test_no_stream_is_opened_by_a_page_of_another_server(
    server: Running, origin: str
) -> None:
    """A person's cookie or a phone's: a WebSocket takes cookies along whatever page opens it."""
    async with server.signed_in() as client, phone(server, client) as browser:
        for session in (client.cookies[COOKIE], browser.cookies[COOKIE]):
            with pytest.raises((ConnectionClosed, InvalidStatus)):
                async with Live(server.url, session, origin=origin) as live:
                    await live.frame()
            async with Live(server.url, session, origin=server.url) as live:
                assert (await live.frame())["type"] == "snapshot"


async def test_every_cookie_is_kept_from_scripts_and_strange_sites(server: Running) -> None:
    await server.office.people.add_user("somchai", "commander", "joint", "a long pass phrase")
    async with server.signed_in() as client, server.stranger() as other:
        body = {"name": "somchai", "password": "a long pass phrase"}
        answers = [await other.post("/api/session", json=body)]
        made = await client.post("/api/devices/enrolments", json={"device": "x"})
        answers.append(await other.post("/api/enrolment", json={"code": made.json()["code"]}))
        answers.append(await other.delete("/api/session"))
        cookies = [each for answer in answers for each in answer.headers.get_list("set-cookie")]
    assert len(cookies) == 4
    for cookie in cookies:
        assert "httponly" in cookie.lower(), cookie
        assert "samesite=strict" in cookie.lower(), cookie
        assert "domain" not in cookie.lower(), cookie
