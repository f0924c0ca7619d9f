"""TRANSPORTS: URL scheme -> what makes it. A new transport is one file and one line here.

Those of plug-ins come in beside them (`radio_gateway.channels.channel_plugins`).
"""

from __future__ import annotations

from collections.abc import Callable

from radio_gateway.links.link_url import Link
from radio_gateway.links.transport import Transport
from radio_gateway.transports.http import HttpTransport
from radio_gateway.transports.replay import ReplayTransport
from radio_gateway.transports.tcp import TcpTransport
from radio_gateway.transports.tcp_listen import TcpListenTransport
from radio_gateway.transports.udp import UdpTransport


def _mqtt(link: Link) -> Transport:
    from radio_gateway.transports.mqtt import MqttTransport  # paho takes two megabytes

    return MqttTransport(link)


def _serial(link: Link) -> Transport:
    from radio_gateway.transports.serial_port import SerialTransport

    return SerialTransport(link)


def _http_listen(link: Link) -> Transport:
    from radio_gateway.transports.http_listen import HttpListenTransport  # brings h11

    return HttpListenTransport(link)


def _websocket(link: Link) -> Transport:
    from radio_gateway.transports.websocket import WebSocketTransport  # brings websockets

    return WebSocketTransport(link)


TRANSPORTS: dict[str, Callable[[Link], Transport]] = {
    "serial": _serial,
    "mqtt": _mqtt,
    "mqtts": _mqtt,
    "tcp": TcpTransport,
    "tcp-listen": TcpListenTransport,
    "udp": UdpTransport,
    "http": HttpTransport,
    "http-listen": _http_listen,
    "ws": _websocket,
    "wss": _websocket,
    "replay": ReplayTransport,
}
