"""CounterpartSettings: the table `[counterparts]`: where nodes of other offices are reached.

Who they are stands in the store: cards that officers have exchanged and compared.

[counterparts]
listen = "0.0.0.0:8490"                      # where they reach this node; absent: nowhere
addresses = ["https://hx.example:8490"]      # what stands on this node's card: where they dial it
networks = ["10.8.0.0/16"]                   # private networks where this node may dial them
poll_s = 25                                  # less where a proxy ends what is silent sooner
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from maps.notifications.outbound_http.post import url_fault
from maps.notifications.settings.settings_tables import Networks
from maps.toml_tables.table import SettingsTable


def _listen(text: str) -> str:
    host_and_port(text)
    return text


def _address(url: str) -> str:
    fault = url_fault(url, clear=False)
    if fault is not None:
        raise ValueError(f"{url!r} {fault}")
    if urlsplit(url).path.strip("/") or urlsplit(url).query:
        raise ValueError(f"{url!r} must end with the name or the port")
    return url.rstrip("/")


def host_and_port(listen: str) -> tuple[str, int]:
    """Return the address and the port of `host:port`.

    Raises:
        ValueError: If it is none.

    >>> host_and_port("0.0.0.0:8490"), host_and_port("[::]:8490")
    (('0.0.0.0', 8490), ('::', 8490))
    """
    parts = urlsplit(f"//{listen}")
    host, port = parts.hostname, parts.port
    if not host or port is None or parts.path or parts.username is not None:
        raise ValueError("must be host:port, for example 0.0.0.0:8490")
    return host, port


class CounterpartSettings(SettingsTable):
    """How this node and its counterparts reach each other.

    Attributes:
        listen: Where counterparts reach this node, `host:port`; absent: it dials them, and they
            cannot dial it.
        addresses: Where counterparts dial this node, as its card has them: `https://host:port`.
        networks: Private networks where this node may dial counterparts; public addresses it may
            dial anyway.
        poll_s: How long an answer of a counterpart may wait until it has something to say, seconds.
    """

    listen: Annotated[str, AfterValidator(_listen)] | None = None
    addresses: Annotated[
        tuple[Annotated[str, AfterValidator(_address)], ...], Field(max_length=8)
    ] = ()
    networks: Networks = ()
    poll_s: float = Field(default=25.0, ge=5.0, le=25.0)
