"""TLS: served by ourselves, with a cookie that only TLS carries."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from tests import needs
from tests.maps.running import running

CERTIFICATE = (
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
    "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem"
)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody signed; its key lies beside it."""
    words = [needs.program("openssl"), *CERTIFICATE.split()]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "certificate.pem"


async def test_pages_over_tls_keep_the_session_to_tls(tmp_path: Path, certificate: Path) -> None:
    web = {"port": 0, "tls_certificate": "certificate.pem", "tls_key": "key.pem"}
    async with running(tmp_path, web=web) as server:
        assert server.url.startswith("https://")
        trust = ssl.create_default_context(cafile=str(certificate))
        async with httpx.AsyncClient(base_url=server.url, verify=trust) as client:
            token = await server.token("commander")
            answer = await client.post("/api/session/link", json={"token": token})
            assert answer.status_code == 200
            assert "Secure" in answer.headers["set-cookie"]
            assert answer.headers["strict-transport-security"]
            assert (await client.get("/api/session")).json()["role"] == "commander"
