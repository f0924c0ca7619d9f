"""A small OpenID Connect provider on a real port of loopback, with real keys; made to misbehave."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.fixtures.patience import until
from tests.fixtures.ports import free_port

CLIENT, SECRET = "joint-patrol", "a secret of the client"


@dataclass
class Provider:
    """A provider that lets everybody in as `account`.

    Attributes:
        issuer: Its address.
        account: Claims of whoever signs in.
        key: Signs its tokens.
        spoil: Changes the claims of the next tokens, their header, and the key they are signed by.
        discovery: Laid over the discovery document.
        asked: Paths that were asked, in order.
    """

    issuer: str
    account: dict[str, Any]
    key: RSAKey | ECKey | OctKey
    spoil: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    header: dict[str, Any] = field(default_factory=dict)
    signing: RSAKey | ECKey | OctKey | None = None
    raw_token: str | None = None
    discovery: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def token(self, nonce: str) -> str:
        """Return an ID token."""
        if self.raw_token is not None:
            return self.raw_token
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.account,
        }
        header = {"alg": "ES256" if isinstance(self.key, ECKey) else "RS256", "kid": self.key.kid}
        return jwt.encode(
            header | self.header,
            self.spoil(claims),
            self.signing or self.key,
            algorithms=["RS256", "ES256", "HS256"],
        )


def app_of(provider: Provider) -> FastAPI:
    """Return the provider's server."""
    app = FastAPI()

    @app.middleware("http")
    async def note(request: Request, call_next: Any) -> Any:
        provider.asked.append(request.url.path)
        return await call_next(request)

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": provider.issuer,
            "authorization_endpoint": f"{provider.issuer}/authorize",
            "token_endpoint": f"{provider.issuer}/token",
            "jwks_uri": f"{provider.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
            **provider.discovery,
        }

    @app.get("/keys")
    async def keys() -> dict[str, Any]:
        return {"keys": [provider.key.as_dict(private=False, use="sig")]}

    @app.get("/authorize")
    async def authorize(request: Request) -> Response:
        body = dict(request.query_params)
        assert body["response_type"] == "code"
        assert body["client_id"] == CLIENT
        assert body["code_challenge_method"] == "S256"
        assert "openid" in body["scope"].split()
        code = secrets.token_urlsafe(16)
        provider.codes[code] = body
        back = f"{body['redirect_uri']}?code={code}&state={body['state']}&iss={provider.issuer}"
        return RedirectResponse(back, 302)

    @app.post("/token")
    async def token(request: Request) -> Response:
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        body = provider.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(
            hashlib.sha256(form["code_verifier"].encode()).digest()
        ).rstrip(b"=")
        if (
            body is None
            or body["code_challenge"].encode() != challenge
            or body["redirect_uri"] != form["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(
            {
                "access_token": "unused",
                "token_type": "Bearer",
                "id_token": provider.token(body["nonce"]),
            }
        )

    return app


@asynccontextmanager
async def providing(account: dict[str, Any], key: RSAKey | ECKey | None = None) -> Any:
    """Yield a running provider."""
    port = free_port()
    made = key or RSAKey.generate_key(2048, {"kid": "one"})
    provider = Provider(issuer=f"http://127.0.0.1:{port}", account=account, key=made)
    server = uvicorn.Server(
        uvicorn.Config(app_of(provider), host="127.0.0.1", port=port, log_level="error")
    )
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started or serving.done())
    assert not serving.done()
    try:
        yield provider
    finally:
        server.should_exit = True
        await serving


def query_of(address: str) -> dict[str, str]:
    """Return the query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
