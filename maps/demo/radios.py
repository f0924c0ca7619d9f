"""Radios: the demo's real links: a serial port, an AIS feed over UDP, phones and trackers on MQTT.

They send what the script says through the same ports and broker as real ones would.
"""

from __future__ import annotations

import asyncio
import os
import socket
import tty
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from maps.demo import sentences
from maps.demo.script import ScriptReport

KEYED_EVERY_S = 5.0
ON_THE_AIR_S = 0.8  # a burst and the other set's answer
EVERYBODY = "0000000"


class SerialRadio:
    """A GNSS radio at one end of a pseudo-terminal; a channel opens the other end.

    Attributes:
        path: Device that the channel opens.
    """

    def __init__(self) -> None:
        # Our own hold on the far end keeps the device alive while nobody else has it open.
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        self.path = os.ttyname(self._far)

    async def send(self, data: bytes) -> None:
        """Write `data`, waiting while the line's buffer is full."""
        while data:
            try:
                data = data[os.write(self._near, data) :]
            except BlockingIOError:
                await asyncio.sleep(0.01)

    def close(self) -> None:
        """Pull the plug."""
        os.close(self._near)
        os.close(self._far)


class BaseRadio(SerialRadio):
    """A Kenwood base radio: what it is told to send reaches the handsets on the boats.

    Args:
        handsets: Their FleetSync numbers, fleet and unit (`100:1001`).
    """

    def __init__(self, handsets: Iterable[str]) -> None:
        super().__init__()
        self._places: dict[str, bytes | None] = {each.replace(":", ""): None for each in handsets}
        self._received = b""

    def note(self, handset: str, place: bytes) -> None:
        """Note what a handset would answer that is asked where it is."""
        self._places[handset.replace(":", "")] = place

    async def work(self) -> None:
        """Answer what it is told, and let the crews key their handsets now and then; for ever."""
        loop = asyncio.get_running_loop()
        keyed_at = loop.time() - KEYED_EVERY_S
        while True:
            await asyncio.sleep(0.1)
            if loop.time() - keyed_at >= KEYED_EVERY_S:
                keyed_at = loop.time()
                for number in self._places:
                    await self.send(b"\x02I1%b\x03" % number.encode())
            with suppress(BlockingIOError):
                self._received += os.read(self._near, 4096)
            *frames, self._received = self._received.split(b"\x03")
            for frame in frames:
                await self._answer(frame.rpartition(b"\x02")[2].decode("ascii", "replace"))

    async def _answer(self, sentence: str) -> None:
        """Answer as `radio_gateway.protocols.kenwood.order` says that the radio does."""
        is_poll = sentence.startswith("R3")
        number = sentence[2:9] if is_poll else sentence[1:8]
        if number == EVERYBODY:
            return  # nobody answers that
        await asyncio.sleep(ON_THE_AIR_S)
        await self.send(b"\x020\x03" if number in self._places else b"\x021\x03")
        place = self._places.get(number)
        if is_poll and place is not None:
            await self.send(place)


class AisFeed:
    """An AIS receiver that sends each sentence as a datagram.

    Args:
        port: Where it sends them, on loopback.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Connected: an unconnected one would be open to the network for what comes back.
        self._socket.connect(("127.0.0.1", port))

    def send(self, data: bytes) -> None:
        """Send `data` as one datagram."""
        self._socket.send(data)

    def close(self) -> None:
        """Stop."""
        self._socket.close()


class MqttRadio:
    """A phone or tracker with its own key at a broker.

    Args:
        device: Its name.
        key: Its key.
        host: The broker.
        port: The broker's port.
    """

    def __init__(self, device: str, key: str, *, host: str, port: int) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=device.replace("/", "-"))
        self._client.username_pw_set(device, key)
        self._client.max_queued_messages_set(0)
        self._client.max_inflight_messages_set(100)
        self._client.connect_async(host, port)
        self._client.loop_start()

    def send(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1; kept by the client until the broker has it."""
        self._client.publish(topic, payload, qos=1)

    def close(self) -> None:
        """Hang up and end the client's thread."""
        self._client.disconnect()
        self._client.loop_stop()


class Radios:
    """All of them, each actor at its own link.

    Args:
        serial: The serial radio.
        base: The base radio.
        ais: The AIS feed.
        mqtt: Phones and trackers, by device.
    """

    def __init__(
        self, serial: SerialRadio, base: BaseRadio, ais: AisFeed, mqtt: dict[str, MqttRadio]
    ) -> None:
        self._serial, self._base, self._ais, self._mqtt = serial, base, ais, mqtt

    async def send(self, report: ScriptReport, time: datetime) -> None:
        """Let the actor's radio send its report.

        Args:
            report: What is to be said.
            time: When it is so, aware UTC.
        """
        radio, handset = report.actor.radio, report.actor.handset
        if handset is not None:
            self._base.note(handset, sentences.kenwood(report, time))
        if radio == "serial":
            await self._serial.send(sentences.nmea(report, time))
        elif radio == "ais":
            self._ais.send(sentences.ais(report, time))
        elif radio == "owntracks":
            self._mqtt[report.actor.device].send(*sentences.owntracks(report, time))
        else:
            self._mqtt[report.actor.device].send(*sentences.position_json(report, time))

    async def garble(self, report: ScriptReport, time: datetime) -> None:
        """Let noise spoil a sentence on the serial line, as it does."""
        line = bytearray(sentences.nmea(report, time).splitlines(keepends=True)[0])
        line[20] ^= 0x01
        await self._serial.send(bytes(line))

    def close(self) -> None:
        """Switch off all but the serial ones, whose lines channels still hold."""
        for radio in self._mqtt.values():
            radio.close()
        self._ais.close()
