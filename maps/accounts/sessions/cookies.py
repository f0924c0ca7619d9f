"""Cookies of this node: under TLS with the prefix `__Host-`, which nobody else can set.

A browser takes a cookie of that prefix only over TLS, for the whole host, and from this host
itself: neither a page without TLS, nor another name of the same domain, can put one in its place
(RFC 6265bis, 4.1.3.2). So under TLS only those count.
"""

from __future__ import annotations

from typing import Final, Literal

from fastapi import Response
from starlette.requests import HTTPConnection

HOST: Final = "__Host-"


def over_tls(connection: HTTPConnection) -> bool:
    """Return whether a request came over TLS; a proxy we trust may have ended it."""
    return connection.url.scheme in ("https", "wss")


def cookie_of(connection: HTTPConnection, name: str) -> str:
    """Return a cookie of ours that a request came with; empty without.

    Args:
        connection: What asks.
        name: Without prefix.
    """
    return connection.cookies.get(HOST + name if over_tls(connection) else name, "")


def set_cookie(
    response: Response,
    connection: HTTPConnection,
    name: str,
    value: str,
    *,
    max_age_s: float,
    path: str = "/",
    samesite: Literal["strict", "lax"] = "strict",
) -> None:
    """Give a browser a cookie that no script can read.

    Args:
        response: Where it goes.
        connection: What asked.
        name: Without prefix.
        value: What it holds.
        max_age_s: How long it is kept, seconds.
        path: Where it is sent, where there is no TLS; with the prefix it is everywhere.
        samesite: Whether it comes with what another site links to.
    """
    tls = over_tls(connection)
    response.set_cookie(
        HOST + name if tls else name,
        value,
        max_age=round(max_age_s),
        path="/" if tls else path,
        httponly=True,
        secure=tls,
        samesite=samesite,
    )


def take_cookie_away(
    response: Response, connection: HTTPConnection, name: str, *, path: str = "/"
) -> None:
    """Have a browser forget a cookie.

    Args:
        response: Where that is said.
        connection: What asked.
        name: Without prefix.
        path: As it was set.
    """
    set_cookie(response, connection, name, "", max_age_s=0, path=path)
