"""TLS: served by ourselves, with a cookie that only TLS carries."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from maps.http.session_cookie import COOKIE
from tests.maps.servers.running import running


async def test_pages_over_tls_keep_the_session_to_tls(tmp_path: Path, certificate: Path) -> None:
    web = {"port": 0, "tls_certificate": "certificate.pem", "tls_key": "key.pem"}
    async with running(tmp_path, web=web) as server:
        assert server.url.startswith("https://")
        trust = ssl.create_default_context(cafile=str(certificate))
        async with httpx.AsyncClient(base_url=server.url, verify=trust) as client:
            token = await server.token("commander")
            answer = await client.post("/api/session/link", json={"token": token})
            assert answer.status_code == 200
            text = answer.headers["set-cookie"]
            assert text.startswith(f"__Host-{COOKIE}=")
            assert "Secure" in text
            assert "Path=/;" in text
            assert "Domain" not in text
            assert answer.headers["strict-transport-security"]
            assert (await client.get("/api/session")).json()["role"] == "commander"
            session = client.cookies[f"__Host-{COOKIE}"]
            client.cookies.clear()
            # a page without TLS, or of another name of the domain, could have set this one
            client.cookies.set(COOKIE, session)
            assert (await client.get("/api/session")).status_code == 401
