"""TRANSPORTS: URL scheme -> class. A new transport is one file and one line here."""

from __future__ import annotations

from collections.abc import Callable

from radio_gateway.chunk import Transport
from radio_gateway.link import Link
from radio_gateway.transports.http import HttpTransport
from radio_gateway.transports.http_listen import HttpListenTransport
from radio_gateway.transports.mqtt import MqttTransport
from radio_gateway.transports.replay import ReplayTransport
from radio_gateway.transports.serial_port import SerialTransport
from radio_gateway.transports.tcp import TcpTransport
from radio_gateway.transports.tcp_listen import TcpListenTransport
from radio_gateway.transports.udp import UdpTransport

TRANSPORTS: dict[str, Callable[[Link], Transport]] = {
    "serial": SerialTransport,
    "mqtt": MqttTransport,
    "mqtts": MqttTransport,
    "tcp": TcpTransport,
    "tcp-listen": TcpListenTransport,
    "udp": UdpTransport,
    "http": HttpTransport,
    "http-listen": HttpListenTransport,
    "replay": ReplayTransport,
}
