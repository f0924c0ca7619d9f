"""Listen address: the socket that a node listens on, and the address that people type."""

from __future__ import annotations

import errno
import socket

from maps.settings.settings_tables import WebSettings


def listen(
    web: WebSettings, *, setting: str = "--port (0 takes a free one) or web.port"
) -> socket.socket:
    """Return a socket bound where `web` says; port 0 takes a free one.

    Args:
        web: Where.
        setting: What says the port, for who has to choose another.

    Raises:
        OSError: If it cannot be bound.
    """
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    # The protocol is named: asyncio leaves Nagle's algorithm on for a socket of protocol 0, and
    # then each answer on a kept connection waits 40 ms for the acknowledgement of the one before.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((web.host, web.port))
    except OSError as error:
        bound.close()
        fault = f"cannot listen on {web.host} port {web.port}: {error.strerror}"
        if error.errno == errno.EADDRINUSE:
            fault += f"; choose another with {setting}"
        raise OSError(error.errno, fault) from None
    return bound


def address_of(web: WebSettings, bound: socket.socket) -> str:
    """Return the address people type, without a slash at the end."""
    return address_with(web, bound.getsockname()[1])


def address_with(web: WebSettings, port: int) -> str:
    """Return the address people type to reach `port`, without a slash at the end."""
    host = web.host if web.loopback or not web.allowed_hosts else web.allowed_hosts[0]
    shown_host = f"[{host}]" if ":" in host else host
    return f"{'https' if web.tls else 'http'}://{shown_host}:{port}"
