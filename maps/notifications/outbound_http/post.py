"""OutboundHttp: one POST to a stranger's server: no redirect or proxy, bounded in time and size."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from maps.notifications.errors.errors import TemporaryFailure, Undeliverable
from maps.notifications.outbound_http.allowed_addresses import Network, literal, resolve
from maps.notifications.outbound_http.http_answer import HttpAnswer
from radio_gateway.tls.client_context import trusting

if TYPE_CHECKING:
    import httpx

WITHIN_S: Final = 10.0
LONGEST_URL: Final = 2000


def url_fault(url: str, *, clear: bool) -> str | None:
    """Return what is wrong with a URL that something is to be posted to; None if nothing is.

    Args:
        url: As given.
        clear: Whether `http:`, in the clear, will do.

    >>> url_fault("https://push.example/x", clear=False) is None
    True
    >>> url_fault("http://push.example/x", clear=False)
    'must begin with https://'
    >>> url_fault("https://user:word@push.example/x", clear=False)
    'must hold no user and no password'
    """
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return f"must be a URL of at most {LONGEST_URL} ASCII characters"
    import httpx  # twelve megabytes: for who has something to post

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        return "is no URL"
    if parts.scheme != "https" and not (clear and parts.scheme == "http"):
        return "must begin with https://"
    if not host or port == 0 or "\\" in url:
        return "names no server"
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        return "must hold no user and no password"
    if parts.fragment:
        return "must have no #fragment"
    return None


class OutboundHttp:
    """Posts to servers whose addresses are checked.

    Args:
        allowed: Private networks that are permitted.
        within_s: How long all of it may take, seconds.
        tls: What to trust; the machine's own certificates when None.
    """

    def __init__(
        self,
        *,
        allowed: Iterable[Network] = (),
        within_s: float = WITHIN_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.allowed = tuple(allowed)
        self._within_s = within_s
        self._tls = tls

    def _tls_context(self) -> ssl.SSLContext:
        """Return what to trust; the machine's certificates are read at the first post."""
        if self._tls is None:
            self._tls = trusting(None)
        return self._tls

    def may_be_clear(self, url: str) -> bool:
        """Return whether `url` names an address of a listed network, where TLS can be spared."""
        try:
            address = literal(urlsplit(url).hostname or "")
        except ValueError:
            return False
        return address is not None and any(
            address.version == each.version and address in each for each in self.allowed
        )

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        check: Callable[[], None] = lambda: None,
        answer_bytes: int = 0,
    ) -> HttpAnswer:
        """Post `body` and return status and headers of the answer.

        Args:
            url: Where.
            body: What.
            headers: And with which headers, besides its length.
            check: Called when the other side has been reached, before the body leaves; what it
                raises ends the post.
            answer_bytes: How much of the answer's body is read; what follows is left.

        Raises:
            Undeliverable: If this server may not be sent there, or is sent elsewhere.
            TemporaryFailure: If it cannot be reached in time.
        """
        import httpx

        try:
            async with asyncio.timeout(self._within_s):
                return await self._post(httpx.URL(url), body, headers, check, answer_bytes)
        except TimeoutError:
            raise TemporaryFailure(f"no answer within {self._within_s:g} s") from None
        except httpx.InvalidURL:
            raise Undeliverable("is no URL") from None
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            # What httpx says of itself may hold the URL, which may be a secret.
            raise TemporaryFailure(f"cannot be reached: {_fault_of(error)}") from None

    async def _post(
        self,
        url: httpx.URL,
        body: bytes,
        headers: Mapping[str, str],
        check: Callable[[], None],
        answer_bytes: int,
    ) -> HttpAnswer:
        import httpx

        host = url.host
        address = await resolve(
            host, url.port or (443 if url.scheme == "https" else 80), self.allowed
        )
        # The address stands in the URL, so nothing resolves the name once more; the name is what
        # the certificate must hold and what the server is told.
        pinned = url.copy_with(host=str(address))
        headers_sent = {
            **headers,
            "Host": url.netloc.decode("ascii"),
            "Content-Length": str(len(body)),
        }
        if answer_bytes:
            headers_sent["Accept-Encoding"] = "identity"  # few bytes cannot become many

        async def checked() -> AsyncIterator[bytes]:
            check()
            yield body

        async with (
            httpx.AsyncClient(
                verify=self._tls_context(),
                trust_env=False,
                follow_redirects=False,
                timeout=self._within_s,
                limits=httpx.Limits(max_keepalive_connections=0),
            ) as client,
            client.stream(
                "POST",
                pinned,
                content=checked(),
                headers=headers_sent,
                extensions={"sni_hostname": host},
            ) as answer,
        ):
            if answer.is_redirect or 300 <= answer.status_code < 400:
                raise Undeliverable(
                    f"answered {answer.status_code}, which sends elsewhere; that is not followed"
                )
            read = bytearray()
            if answer_bytes:
                reading = cast(AsyncGenerator[bytes, None], answer.aiter_raw())
                async with aclosing(reading) as parts:
                    async for part in parts:
                        read += part
                        if len(read) >= answer_bytes:
                            break
            return HttpAnswer(answer.status_code, answer.headers, bytes(read[:answer_bytes]))


def _fault_of(error: Exception) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        inner = cause.__cause__ or cause.__context__
        assert inner is not None
        cause = inner
    if isinstance(cause, ssl.SSLError | OSError) and cause.strerror:
        return cause.strerror
    return type(error).__name__
