"""A radio at a pseudo-terminal that speaks `plain_radio` and answers what it is told."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tests.radio_gateway.transports.test_serial_port import Radio


class AnsweringRadio(Radio):
    """A radio at a pseudo-terminal that reads what it is told.

    Args:
        name: As for `Radio`.
        deaf_to: How many first tellings it does not answer.
    """

    def __init__(self, name: Path, *, deaf_to: int = 0) -> None:
        super().__init__(name)
        self.heard: list[str] = []
        self._deaf_to = deaf_to
        self._rest = b""

    def plug_in(self) -> None:
        super().plug_in()
        os.set_blocking(self.master, False)
        self._reading = asyncio.create_task(self._read())

    def unplug(self) -> None:
        self._reading.cancel()
        super().unplug()

    async def _read(self) -> None:
        while True:  # a pseudo-terminal that nobody has open is readable all the time
            await asyncio.sleep(0.01)
            try:
                data = os.read(self.master, 4096)
            except OSError:
                continue
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self.heard.append(line.decode())
                if len(self.heard) > self._deaf_to:
                    _, number, kind, device, _ = line.decode().split(" ", 4)
                    if kind == "poll":
                        self.say(f"HERE {device} 100.41 20.27\n".encode())
                    else:
                        self.say(f"ACK {number}\n".encode())
