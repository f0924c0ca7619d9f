"""Secrets: after a full round of every way in, none stands in the log, the journal or the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from websockets.sync.client import connect

from maps.accounts.sessions.sign_in import KNOWN
from maps.http.session_cookie import COOKIE
from patrol.store.schema.tables import metadata
from tests.fixtures.databases import POSTGRES, reading
from tests.fixtures.server import PASSWORD, Server

WRONG = "a pass phrase in the wrong field"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A real server in a process of its own."""
    server = Server(tmp_path, channels="", roles=("commander", "admin"))
    server.start()
    yield server
    server.stop()


def full_round(server: Server) -> list[str]:
    """Use every way in, right and wrong; return every secret that was shown or typed."""
    secrets = [PASSWORD, WRONG]

    def client() -> httpx.Client:
        return httpx.Client(base_url=server.url, timeout=20)

    with client() as page, client() as phone, client() as other:
        body = {"name": "commander", "password": PASSWORD}
        assert page.post("/api/session", json=body).status_code == 200
        secrets += [page.cookies[COOKIE], page.cookies[KNOWN].partition(".")[2]]
        # a pass phrase typed as name, and as a field there is not
        assert page.post("/api/session", json={"name": WRONG, "password": "x"}).status_code == 401
        assert page.post("/api/session", json={"pasword": WRONG}).status_code == 422
        answer = page.post("/api/session/second-factor").json()
        secrets += [answer["secret"], answer["address"]]
        code = pyotp.TOTP(answer["secret"]).now()
        bad = page.post("/api/session/second-factor/confirm", json={"code": "x" + WRONG})
        assert bad.status_code == 401
        codes = page.post("/api/session/second-factor/confirm", json={"code": code}).json()["codes"]
        secrets += codes
        assert other.post("/api/session", json={**body, "code": codes[0]}).status_code == 200
        assert other.post("/api/session", json={**body, "code": codes[0]}).status_code == 401
        wish = {"label": "wall", "scopes": ["read:picture"]}
        token = page.post("/api/tokens", json=wish).json()["token"]
        reading = page.post("/api/session/reading-token", json={}).json()["token"]
        secrets += [token, reading]
        for key in (token, reading, "api_guess-of-mine"):
            page.get("/api/units", headers={"authorization": f"Bearer {key}"})
            page.get(f"/api/units?token={key}")
        enrolment = page.post("/api/devices/enrolments", json={"device": "naga-phone"}).json()
        secrets.append(enrolment["code"])
        key = phone.post("/api/enrolment", json={"code": enrolment["code"]}).json()["key"]
        assert phone.post("/api/enrolment", json={"code": enrolment["code"]}).status_code == 401
        secrets.append(key)
        assert phone.post("/api/positions", json={"lon": 100.4, "lat": 20.2}).status_code == 200
        address = server.url.replace("http", "ws", 1) + "/api/live"
        with connect(address, additional_headers={"Cookie": f"{COOKIE}={key}"}) as live:
            live.recv(timeout=10)
        with client() as admin:
            admin.post("/api/session", json={"name": "admin", "password": PASSWORD})
            secrets.append(admin.cookies[COOKIE])
            device = admin.post("/api/devices", json={"name": "boat-3"}).json()["key"]
            secrets.append(device)
            new = {"name": "noi", "role": "crew", "password": WRONG}
            assert admin.post("/api/users", json=new).status_code == 201
            change = {"password": WRONG + " again"}
            assert admin.patch("/api/users/noi", json=change).status_code == 200
            assert admin.post("/api/users", json={**new, "role": WRONG}).status_code == 422
            assert admin.delete("/api/devices/naga-phone").status_code == 204
        link = server.command("user", "link", "noi").rpartition("#link=")[2].strip()
        secrets.append(link)
        assert other.post("/api/session/link", json={"token": link}).status_code == 200
        assert other.post("/api/session/link", json={"token": link}).status_code == 401
        page.request("POST", "/api/session", content=b'{"password": "' + WRONG.encode() + b'"')
        page.delete("/api/session")
    return secrets


def dumped(file: Any) -> Iterator[str]:
    """Yield all that is in a store as text."""
    for table in metadata.sorted_tables:
        for row in file.execute(f"SELECT * FROM {table.name}"):
            yield str(tuple(row))
    if not POSTGRES:
        yield from file.iterdump()


def test_no_secret_stands_in_log_journal_or_store(server: Server) -> None:
    secrets = full_round(server)
    with reading(server.database) as file:
        acts = {row[0] for row in file.execute("SELECT act FROM journal")}
        journal = "\n".join(str(tuple(row)) for row in file.execute("SELECT * FROM journal"))
        everything = "\n".join(dumped(file))
    server.stop()
    assert {
        "sign in",
        "sign-in refused",
        "sign out",
        "set up second factor",
        "make token",
        "make enrolment code",
        "enrol phone",
        "add device",
        "revoke device",
        "add user",
        "change user",
        "make sign-in link",
    } <= acts
    log = server.log.read_text(encoding="utf-8")
    raw = b"".join(each.read_bytes() for each in sorted(server.folder.glob("patrol.db*")))
    for secret in secrets:
        assert len(secret) > 8
        for where, text in (("log", log), ("journal", journal), ("store", everything)):
            assert secret not in text, f"{secret!r} stands in the {where}"
        assert secret.encode() not in raw
    key = (server.folder / "joint-patrol.key").read_text().strip()
    assert key not in log
    assert key.encode() not in raw
