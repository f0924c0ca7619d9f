"""Security headers: checks of every request before the app, and headers of every answer.

Host allow-list (against DNS rebinding), Origin check of unsafe methods and WebSockets (against
cross-site requests), a bound on request bodies, and the security headers. Plain ASGI, so that it
covers WebSockets and static files alike and costs little.

Source: OWASP HTTP Headers and Cross-Site Request Forgery Prevention cheat sheets; Content Security
Policy Level 3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALL_BODY = 64 * 1024
"""Bytes up to which a body is taken whatever else comes: a report, a call for help."""

MOST_COMING = 200_000_000
"""Most bytes of photos and files that come or are dealt with at once; of one address a quarter."""

OTHERS = 0.25
"""Part of that for all other larger bodies, beside it: who calls is asked once they are there, so
whoever sends them slowly, signed in or not, may keep others' out, but no photo.
"""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# MapLibre builds style elements and needs images from data and blob URLs; nothing is inline script.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: list[tuple[bytes, bytes]] = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(self), microphone=(), geolocation=(self), payment=(), usb=()",
    ),
]


class Guard:
    """ASGI middleware with the checks named above.

    Args:
        app: What is guarded.
        hosts: Names and addresses this server answers to, without port, lower case.
        longest_body: Most bytes of a request body.
        longer_bodies: The same for single paths that take more, or, of a path that ends in `/`, all
            right below it; each asks who is calling before it reads.
        tls: The server speaks TLS itself; browsers are told to insist on it.
        connects: Origins of other servers that its pages may ask.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str],
        longest_body: int,
        longer_bodies: Mapping[str, int] | None = None,
        tls: bool = False,
        connects: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._longest_body = longest_body
        self._longer_bodies = dict(longer_bodies or {})
        # Bytes of larger bodies, by address.
        self._files, self._others = Counter[str](), Counter[str]()
        self._headers = list(_HEADERS)
        policy = CONTENT_SECURITY_POLICY.replace(
            "connect-src 'self'", " ".join(("connect-src 'self'", *connects))
        )
        self._headers[0] = (b"content-security-policy", policy.encode())
        if tls:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then hand on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = _first_values(scope["headers"])
        fault = self._fault(scope, headers)
        if scope["type"] == "websocket":
            if fault is not None:
                await receive()
                await send({"type": "websocket.close", "code": 4403, "reason": fault[1]})
                return
            await self._app(scope, receive, send)
            return
        answer = self._with_headers(scope, send)
        if fault is not None:
            await _refuse(answer, *fault)
            return
        length = int(headers.get(b"content-length", b"0"))
        if length <= SMALL_BODY:
            await self._app(scope, receive, answer)
            return
        client = scope.get("client")
        await self._take(scope, receive, answer, length, "?" if client is None else client[0])

    async def _take(
        self, scope: Scope, receive: Receive, answer: Send, length: int, peer: str
    ) -> None:
        """Hand on what has a large body, unless too much of such has come already."""
        is_file = self._longer(scope["path"]) > 0
        coming = self._files if is_file else self._others
        most = MOST_COMING if is_file else MOST_COMING * OTHERS
        own, all_ = coming[peer], coming.total()
        if (own and own + length > most / 4) or (all_ and all_ + length > most):
            await _refuse(answer, 503, "too_busy", "too much comes at once: try again soon")
            return
        coming[peer] += length
        try:
            await self._app(scope, receive, answer)
        finally:
            coming[peer] -= length
            if not coming[peer]:
                del coming[peer]

    def _fault(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[int, str, str] | None:
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if _hostname(host) not in self._hosts:
            return 421, "wrong_host", "this server does not answer to that name"
        # PostgreSQL takes no NUL in a text, and would be told of as a store that is down.
        if "\0" in scope["path"]:
            return 404, "not_found", "nothing has an address with a NUL"
        if b"%00" in scope["query_string"]:
            return 400, "bad_request", "a query holds no NUL"
        length = headers.get(b"content-length", b"0")
        if b"transfer-encoding" in headers or not length.isdigit():
            # The server below reads no more than the length that was named, so naming it bounds it.
            return 411, "length_required", "a body must name its Content-Length"
        longest = max(self._longest_body, self._longer(scope["path"]))
        if int(length) > longest:
            return 413, "body_too_long", f"a body has at most {longest} bytes"
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return None
        # A browser always names the page's origin here; what names none is no browser, and holds
        # no cookie that a strange page could ride on.
        origin = headers.get(b"origin")
        if origin is not None and _origin_host(origin) != host:
            return 403, "wrong_origin", "the request comes from a page of another server"
        if headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
            return 403, "wrong_origin", "the request comes from a page of another server"
        return None

    def _longer(self, path: str) -> int:
        """Return how long a body may be at `path`; 0 where nothing else is said of it."""
        found = self._longer_bodies.get(path)
        if found is None:
            found = self._longer_bodies.get(path[: path.rfind("/") + 1], 0)
        return found

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        private = scope["path"].startswith(("/api/", "/in/"))

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                extra = [(name, value) for name, value in self._headers if name not in given]
                if private and b"cache-control" not in given:
                    extra.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        return with_headers


def _first_values(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    first: dict[bytes, bytes] = {}
    for name, value in headers:
        first.setdefault(name, value)
    return first


def _origin_host(origin: bytes) -> str:
    """Return host and port of an origin; nothing when it is no URL.

    >>> _origin_host(b"https://blo.local:8443"), _origin_host(b"http://[")
    ('blo.local:8443', '')
    """
    try:
        return urlsplit(origin.decode("latin-1").lower()).netloc
    except ValueError:
        return ""


def _hostname(host: str) -> str:
    """Return `host` without its port; an IPv6 address without its brackets.

    >>> _hostname("127.0.0.1:8080"), _hostname("[::1]:8080"), _hostname("blo.local")
    ('127.0.0.1', '::1', 'blo.local')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


async def _refuse(send: Send, status: int, slug: str, message: str) -> None:
    body = msgspec.json.encode({"error": slug, "message": message})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if status == 411:
        headers.append((b"connection", b"close"))  # what comes yet has no end that is known
    if status == 503:
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
