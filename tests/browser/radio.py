"""A radio for tests: AIS sentences as a receiver sends them, over UDP."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self

from pyais.encode import encode_dict

from tests.fixtures.ports import free_port


class UdpRadio:
    """Sends AIS position reports to the server's UDP channel.

    Attributes:
        table: The `[[channels]]` table of the server.
    """

    def __init__(self) -> None:
        self._port = free_port(socket.SOCK_DGRAM)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.table = (
            "[[channels]]\n"
            'name = "river"\n'
            f'url = "udp://127.0.0.1:{self._port}"\n'
            'protocols = ["nmea0183"]\n'
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def says(
        self, mmsi: int, *, lon: float, lat: float, course: float = 140.0, knots: float = 10.0
    ) -> None:
        """Send one position report (message 1) of `mmsi`."""
        report: dict[str, str | int | float | bytes | bool] = {
            "msg_type": 1,
            "mmsi": mmsi,
            "lon": lon,
            "lat": lat,
            "speed": knots,
            "course": course,
            "heading": int(course),
            "status": 0,
        }
        for sentence in encode_dict(report, radio_channel="A", talker_id="AI", sentence_type="VDM"):
            self.raw(sentence.encode() + b"\r\n")

    def raw(self, line: bytes) -> None:
        """Send one datagram as it stands."""
        self._socket.sendto(line, ("127.0.0.1", self._port))
