"""Running server: what a command asks of the server of this node that runs on this computer."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Final, NamedTuple

import msgspec

from maps.errors.errors import CodeNeeded, ServerRefused
from maps.settings.settings_tables import WebSettings
from radio_gateway.parsing.msgspec_decoders import json_decoder

_SESSION: Final = "/api/session"


class ServerAnswer(NamedTuple):
    """An answer.

    Attributes:
        status: HTTP status.
        body: What it says.
        cookies: What it sets, as a client sends it back.
    """

    status: int
    body: bytes
    cookies: str


class RunningServer:
    """The server of this node, asked where it listens.

    Args:
        web: Where that is.
        within_s: How long an answer may take.
    """

    def __init__(self, web: WebSettings, *, within_s: float) -> None:
        self._web, self._within_s = web, within_s

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ServerAnswer:
        """Return its answer, whatever that is.

        Raises:
            OSError, http.client.HTTPException: If it cannot be reached.
        """
        web, host = self._web, _EVERY.get(self._web.host, self._web.host)
        connection: http.client.HTTPConnection
        if web.tls:
            context = ssl.create_default_context(cafile=web.tls_authority or web.tls_certificate)
            context.check_hostname = False  # it is asked by its address
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            connection = http.client.HTTPSConnection(
                host, web.port, timeout=self._within_s, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, web.port, timeout=self._within_s)
        try:
            connection.request(
                method, path, body=body, headers={"Host": web.hosts[0], **(headers or {})}
            )
            answer = connection.getresponse()
            cookies: SimpleCookie = SimpleCookie()
            for each in answer.headers.get_all("set-cookie") or ():
                cookies.load(each)
            pairs = "; ".join(f"{name}={each.value}" for name, each in cookies.items())
            return ServerAnswer(answer.status, answer.read(), pairs)
        finally:
            connection.close()

    @contextmanager
    def signed_in(
        self, name: str, password: str, code: str | None = None
    ) -> Iterator[SignedInServer]:
        """Sign an officer in while inside.

        Raises:
            CodeNeeded: If the officer has an authenticator, and no code was given.
            ServerRefused: If the server does not take password or code, or is not reached.
        """
        scheme = "https" if self._web.tls else "http"
        headers = {"Origin": f"{scheme}://{self._web.hosts[0]}", "Content-Type": _JSON}
        form = {"name": name, "password": password} | ({} if code is None else {"code": code})
        try:
            answer = self.ask("POST", _SESSION, body=msgspec.json.encode(form), headers=headers)
        except (OSError, http.client.HTTPException) as error:
            raise ServerRefused(f"the running server is not reached: {error}") from None
        if answer.status == 401 and code is None and _slug(answer) == "code_needed":
            raise CodeNeeded
        _check(answer)
        headers["Cookie"] = answer.cookies
        server = SignedInServer(self, headers)
        try:
            yield server
        finally:
            server.end()


class SignedInServer:
    """The running server, asked by an officer.

    Args:
        server: As given.
        headers: Those that say who asks.
    """

    def __init__(self, server: RunningServer, headers: Mapping[str, str]) -> None:
        self._server, self._headers = server, headers

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, media_type: str = ""
    ) -> bytes:
        """Return the body of its answer.

        Raises:
            ServerRefused: If it refuses, with its words, or is not reached.
        """
        headers = {**self._headers} | ({"Content-Type": media_type} if media_type else {})
        try:
            answer = self._server.ask(method, path, body=body, headers=headers)
        except (OSError, http.client.HTTPException) as error:
            raise ServerRefused(f"the running server is not reached: {error}") from None
        _check(answer)
        return answer.body

    def end(self) -> None:
        """Sign out; a session that stays ends by itself."""
        try:
            self._server.ask("DELETE", _SESSION, headers=self._headers)
        except (OSError, http.client.HTTPException):
            return


def _check(answer: ServerAnswer) -> None:
    if answer.status >= 400:
        raise ServerRefused(_problem(answer).get("message") or f"the server said {answer.status}")


def _slug(answer: ServerAnswer) -> str:
    return _problem(answer).get("error", "")


def _problem(answer: ServerAnswer) -> dict[str, str]:
    try:
        found = json_decoder(dict[str, object]).decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)}


_JSON: Final = "application/json"
_EVERY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not bound
