"""Feed checks: faults of a feed's settings, found by trying; nothing is sent."""

from __future__ import annotations

import socket

from maps.feeds.settings import FeedSettings


def faults_of(feed: FeedSettings) -> list[str]:
    """Return what keeps a feed from working, one line each, the field first; but not its port."""
    try:
        feed.tls()
    except OSError as error:  # ssl.SSLError is one
        return [f"ca_file: cannot be used: {error.strerror or error}"]
    return []


def warnings_of(feed: FeedSettings, *, wait_s: float) -> list[str]:
    """Return what may mend itself or is worth a second thought, one line each, the field first.

    Args:
        feed: The feed.
        wait_s: How long a server may take to answer.
    """
    link, found = feed.link, []
    picture = f"what a {feed.role} of {feed.agency} sees"
    if not feed.is_local:
        if link.scheme == "tcp-listen":
            found.append(f"url: whoever reaches {link.host} port {link.port} gets {picture}")
        elif feed.ca_file is None:
            found.append(f"url: {picture} crosses the network in the clear")
    if link.scheme == "tcp":
        try:
            socket.create_connection((link.host, link.port or 0), wait_s).close()
        except OSError as error:
            fault = error.strerror or error
            found.append(f"url: {link.host} port {link.port} does not answer now: {fault}")
    return found
