"""What a web process answers by itself: it has no picture and no records, and needs none."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Route

from maps.accounts.account_services import AccountServices, open_account_services
from maps.cluster import messages as words
from maps.cluster.web_app import create_web_app
from maps.settings.settings import settings_of
from tests.fixtures.databases import empty_store

_URL = "http://127.0.0.1:8080"


async def test_it_answers_every_page_and_route_with_nothing_but_the_accounts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_of(
        {
            "node": {"id": "hx", "name": "Houay Xai", "time_zone": "Asia/Vientiane"},
            "agencies": [{"id": "joint", "name": "Joint patrol"}],
            "store": {"url": empty_store(tmp_path / "joint-patrol.db")},
            "web": {"port": 8080},
            "access": {"second_factor": []},
        },
        source="patrol.toml",
        folder=tmp_path,
    )

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[AccountServices]:
        app.state.is_well = lambda: True
        async with open_account_services(settings) as accounts:
            yield accounts

    async def pass_on(_request: words.Request) -> words.Response:
        return words.Response(status=200, headers=[], body=b"by the Watch")

    app = create_web_app(settings, opened=opened, pass_on=pass_on, metrics_text=lambda: b"")
    async with app.router.lifespan_context(app):
        people = app.state.people
        user = await people.add_user("noy", "commander", "joint", None)
        token = await people.link_for(user, minutes=5)
        asks: Any = httpx.ASGITransport(app)  # raises what a route fails with
        async with httpx.AsyncClient(
            transport=asks, base_url=_URL, headers={"origin": _URL}
        ) as client:
            signed = await client.post("/api/session/link", json={"token": token})
            assert signed.status_code == 200, signed.text
            body = {"host": "localhost:8080", "origin": "http://localhost:8080"}
            response = await client.post("/api/session/passkey/challenge", headers=body)
            assert response.json()["options"]["rpId"] == "localhost", response.text
            answers = {}
            for route in app.routes:
                if isinstance(route, Route) and "GET" in (route.methods or ()):
                    path = re.sub(r"{[^}]*}", "0", route.path)
                    answers[path] = await client.get(path)
            monkeypatch.setattr("maps.accounts.sessions.recent_proof.RECENT", timedelta())
            response = await client.post("/api/agreements/a/sign", json={"version": 1})
            assert response.json()["error"] == "proof_needed", "the Watch does not see the cookies"
    failed = {
        path: answer.text
        for path, answer in answers.items()
        if answer.status_code >= 500 and "not_built" not in answer.text
    }
    assert not failed
    assert answers["/api/basemap"].text == "null"
    assert answers["/basemap/0/0/0"].json()["error"] == "not_found"
    assert answers["/api/units"].text == "by the Watch"
