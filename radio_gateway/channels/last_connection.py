"""Last connections: which connection of a channel each device was last heard on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from radio_gateway.messages.transmission import Transmission

DEVICES_REMEMBERED = 10_000


class LastConnections:
    """Remembers the last connection of the devices heard last.

    >>> LastConnections().of("lima-2") is None
    True
    """

    def __init__(self) -> None:
        self._last_on: OrderedDict[str, str] = OrderedDict()

    def note(self, connection: str, transmissions: Iterable[Transmission]) -> None:
        """Note that these were heard on a connection."""
        for transmission in transmissions:
            if transmission.device is not None:
                self._last_on[transmission.device] = connection
                self._last_on.move_to_end(transmission.device)
                if len(self._last_on) > DEVICES_REMEMBERED:
                    self._last_on.popitem(last=False)

    def of(self, device: str) -> str | None:
        """Return the connection that a device was last heard on; None if that is not known."""
        return self._last_on.get(device)
