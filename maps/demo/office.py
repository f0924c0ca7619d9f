"""DemoOffice: one node that the demo plays: whose people and radios it has, and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from maps.demo import fleet
from maps.demo.fleet import CAST, Actor
from maps.settings.settings import Settings, settings_of


@dataclass(frozen=True, kw_only=True)
class DemoOffice:
    """A node of the demo.

    Attributes:
        node: Its id.
        name: Its name for people.
        host: Name under which browsers have it; `{port}` stands for the port of its pages.
        agencies: Ids of its agencies.
        listens: Whether the other office's node dials this one.
    """

    node: str
    name: str
    host: str
    agencies: tuple[str, ...]
    listens: bool = False

    @property
    def prefix(self) -> str:
        """What the names of the people begin with that its first agency has."""
        return fleet.CHIANG_KHONG_PREFIX if self.agencies[0] == fleet.CHIANG_KHONG else ""

    @property
    def cast(self) -> tuple[Actor, ...]:
        """Whose radios it hears."""
        return tuple(actor for actor in CAST if actor.agency in self.agencies)

    def settings(
        self, folder: Path, *, port: int, link_port: int | None, serial: str, base: str
    ) -> Settings:
        """Return its settings, all on loopback.

        Args:
            folder: Where it keeps its store.
            port: Port of the pages.
            link_port: Port at which the other office's node reaches it; None where it does not.
            serial: Device of the serial radio.
            base: Device of the base radio.
        """
        heard = {actor.channel for actor in self.cast} | {fleet.BASE_CHANNEL}
        tables: dict[str, Any] = {
            "node": {"id": self.node, "name": self.name, "time_zone": fleet.TIME_ZONE},
            "store": {"url": "sqlite:///joint-patrol.db"},
            # A name of its own: browsers make passkeys for no number, and keep cookies by name
            # alone.
            "web": {
                "host": "127.0.0.1",
                "port": port,
                "allowed_hosts": [self.host.format(port=port)],
            },
            "broker": {"enabled": True, "port": 0},
            "access": {"second_factor": []},  # everybody comes in by a link that is shown
            "agencies": [each for each in fleet.AGENCIES if each["id"] in self.agencies],
            "channels": [each for each in _channels(serial, base) if each["name"] in heard],
        }
        if link_port is not None:
            tables["counterparts"] = {"networks": ["127.0.0.0/8"]}
            if self.listens:
                tables["counterparts"] |= {
                    "listen": f"127.0.0.1:{link_port}",
                    "addresses": [f"https://127.0.0.1:{link_port}"],
                }
        return settings_of(tables, source="demo", folder=folder)


JOINT: Final = DemoOffice(
    node="demo",
    name="BLO Houay Xai (demo)",
    host="demo-{port}.localhost",
    agencies=(fleet.HOUAY_XAI, fleet.CHIANG_KHONG),
)
"""Both offices in one node."""

OFFICES: Final[Mapping[str, DemoOffice]] = MappingProxyType(
    {
        "hx": DemoOffice(
            node="hx",
            name="BLO Houay Xai (demo)",
            host="hx.localhost",
            agencies=(fleet.HOUAY_XAI,),
            listens=True,
        ),
        "ck": DemoOffice(
            node="ck",
            name="BLO Chiang Khong (demo)",
            host="ck.localhost",
            agencies=(fleet.CHIANG_KHONG,),
        ),
    }
)
"""The two offices where each has a node of its own, by its id."""


def _channels(serial: str, base: str) -> tuple[dict[str, Any], ...]:
    return (
        {
            "name": fleet.SERIAL_CHANNEL,
            "url": f"serial://{serial}?baud=4800",
            "protocols": ["nmea0183"],
            "expected_interval_s": 5,
        },
        {
            "name": fleet.BASE_CHANNEL,
            "url": f"serial://{base}?baud=9600",
            "protocols": ["kenwood"],
            "expected_interval_s": 60,
            "listen_only": False,  # so that one can write to a boat
        },
        {
            "name": fleet.AIS_CHANNEL,
            "url": "udp://127.0.0.1:0",
            "protocols": ["ais"],
            "expected_interval_s": 20,
        },
        {
            "name": fleet.PHONES_CHANNEL,
            "url": "mqtt://embedded?topic=owntracks/%23",
            "protocols": ["owntracks"],
            "expected_interval_s": 60,
            "listen_only": False,  # so that a phone can be asked where it is
        },
        {
            "name": fleet.TRACKERS_CHANNEL,
            "url": "mqtt://embedded?topic=joint-patrol/v1/position/%23",
            "protocols": ["position_json"],
            "expected_interval_s": 60,
        },
    )
