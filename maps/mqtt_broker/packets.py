"""Packets: whole MQTT control packets off a connection, none longer than this server takes.

Source: MQTT 3.1.1 (OASIS, 2014) 2.2.3 "Remaining Length".
"""

from __future__ import annotations

import asyncio

from amqtt.adapters import ReaderAdapter
from amqtt.errors import NoDataError

LONGEST_PACKET = 256 * 1024


class PacketReader(ReaderAdapter):  # type: ignore[misc]
    """Reads packet by packet and hands amqtt their bytes as it asks for them.

    A packet that is too long, or whose length cannot be read, ends the connection: what follows is
    then as good as a closed link.

    Args:
        reader: The connection.
        longest: Most bytes after a packet's fixed header.
    """

    def __init__(self, reader: asyncio.StreamReader, *, longest: int = LONGEST_PACKET) -> None:
        self._reader, self._longest = reader, longest
        self._packet, self._at = b"", 0
        self._ended = False

    async def packet(self) -> bytes:
        """Read the next packet and return it, fixed header and all.

        Raises:
            NoDataError: If the connection ended, or the packet cannot be taken.
        """
        try:
            if not self._ended:
                self._packet, self._at = await self._next(), 0
                return self._packet
        except (asyncio.IncompleteReadError, OSError):
            pass
        self._ended = True
        raise NoDataError("no more data")

    def rewind(self) -> None:
        """Hand the packet that was read last to amqtt from its start."""
        self._at = 0

    def give_back(self, packet: bytes) -> None:
        """Hand `packet` to amqtt in place of the one that was read last."""
        self._packet, self._at = packet, 0

    async def read(self, n: int = -1) -> bytes:
        """Return the next `n` bytes, of this packet or the ones that follow; all of it for -1.

        Raises:
            NoDataError: If the connection ended.
        """
        if n == 0:
            return b""
        if self._at >= len(self._packet):
            await self.packet()
        end = len(self._packet) if n < 0 else self._at + n
        taken = self._packet[self._at : end]
        self._at += len(taken)
        # A packet whose inner lengths say more than its own length gets no more: it is malformed.
        return taken

    def feed_eof(self) -> None:
        """Take nothing more."""
        self._ended = True
        self._reader.feed_eof()

    async def _next(self) -> bytes:
        header = bytearray(await self._reader.readexactly(1))
        length = 0
        for shift in (0, 7, 14, 21):
            byte = (await self._reader.readexactly(1))[0]
            header.append(byte)
            length |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
        else:
            raise NoDataError("no Remaining Length")
        if length > self._longest:
            raise NoDataError(f"a packet of {length} bytes")
        return bytes(header) + await self._reader.readexactly(length)
