"""A mark from the API to the air: through a real Dire Wolf, and to a Meshtastic radio on a wire.

Dire Wolf's own decoder reads the object; the radio is Google's protobuf with the published numbers.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from radio_gateway.protocols.meshtastic.meshtastic_serial import SerialFramer
from tests.end_to_end.test_direwolf import direwolf, wire
from tests.fixtures import needs
from tests.fixtures.patience import until
from tests.fixtures.ports import free_port
from tests.maps.servers.running import running, wait_until
from tests.radio_gateway.protocols.meshtastic import meshtastic_messages as mesh

pytestmark = pytest.mark.system

BARGE = {
    "name": "Sunken barge",
    "use": "hazard",
    "lon": 100.41022,
    "lat": 20.27411,
    "remarks": "2 m under water",
}


async def shown(client: httpx.AsyncClient, channel: str) -> dict[str, Any]:
    """Mark a place, show it over a channel once that may, and return the mark."""
    made: dict[str, Any] = (await client.post("/api/marks", json=BARGE)).json()
    url = f"/api/on-air/marks/{made['id']}"
    async for _ in wait_until("the channel", seconds=30):
        if (await client.get(url)).json()["channels"] == [channel]:
            break
    sent = await client.post(url, json={"channel": channel, "reason": "flood"})
    assert sent.status_code == 201, sent.text
    return made


async def test_stations_see_an_object_until_the_mark_ends(tmp_path: Path) -> None:
    port = free_port()
    channel = {
        "name": "tnc",
        "url": f"tcp://127.0.0.1:{port}",
        "protocols": ["aprs_kiss"],
        "station": "XW1PAT-7",
        "listen_only": False,
    }
    with direwolf(tmp_path, f"KISSPORT {port}") as tnc:
        folder = tmp_path / "server"
        folder.mkdir()
        async with (
            running(folder, channels=[channel]) as server,
            server.signed_in("commander") as client,
        ):
            mark = await shown(client, "tnc")
            await until(lambda: ":;SUNKEN" in tnc.printed(), within_s=30)
            url, on_air = f"/api/marks/{mark['id']}", f"/api/on-air/marks/{mark['id']}"
            async for _ in wait_until("it to be sent", seconds=30):
                [order] = (await client.get(on_air)).json()["orders"]
                if order["state"] == "sent":
                    break
            assert (await client.post(f"{url}/end")).status_code == 200
            await until(lambda: tnc.printed().count(":;SUNKEN") == 2, within_s=30)
            body = (await client.get(on_air)).json()
    assert [each["mark"].get("deleted", False) for each in body["orders"]] == [True, False]
    assert body["channels"] == []
    packets = re.findall(r"XW1PAT-7>APZJPR,WIDE1-1,WIDE2-1:;[^\n]*", tnc.printed())
    read = _read_by_direwolf(packets)
    assert [("Object," in each, "Killed Object," in each) for each in read] == [
        (True, False),
        (True, True),
    ], read
    assert "N 20 16.4500, E 100 24.6100" in read[0]
    assert "Sunken barge: 2 m under water" in read[0]


def _read_by_direwolf(packets: list[str]) -> list[str]:
    program = needs.program("decode_aprs", hint="direwolf")
    return [
        subprocess.run(
            [program], input=f"{each}\n".encode(), capture_output=True, timeout=20, check=True
        ).stdout.decode(errors="replace")
        for each in packets
    ]


async def test_nodes_of_a_mesh_see_a_waypoint_until_the_mark_ends(tmp_path: Path) -> None:
    async with wire(tmp_path) as (theirs, ours):
        channel = {
            "name": "mesh",
            "url": f"serial://{ours}?baud=115200",
            "protocols": ["meshtastic_serial"],
            "listen_only": False,
        }
        folder = tmp_path / "server"
        folder.mkdir()
        waypoints: list[Any] = []
        async with (
            running(folder, channels=[channel]) as server,
            server.signed_in("commander") as client,
        ):
            radio = asyncio.create_task(_hear_waypoints(theirs, waypoints))
            try:
                mark = await shown(client, "mesh")
                await until(lambda: len(waypoints) == 1, within_s=30)
                url, on_air = f"/api/marks/{mark['id']}", f"/api/on-air/marks/{mark['id']}"
                async for _ in wait_until("it to be sent", seconds=30):
                    [order] = (await client.get(on_air)).json()["orders"]
                    if order["state"] == "sent":
                        break
                assert (await client.post(f"{url}/end")).status_code == 200
                await until(lambda: len(waypoints) == 2, within_s=30)
            finally:
                radio.cancel()
                await asyncio.gather(radio, return_exceptions=True)
    first, last = waypoints
    assert (first.longitude_i, first.latitude_i) == (1004102200, 202741100)
    assert (first.name, first.description) == (BARGE["name"], BARGE["remarks"])
    assert (last.id, last.expire) == (first.id, 1)


async def _hear_waypoints(port: Path, answers: list[Any]) -> None:
    """Be the radio on the serial port: note the waypoints that it is to send."""
    framer, loop = SerialFramer(), asyncio.get_running_loop()
    with port.open("rb", buffering=0) as wire:
        while True:
            for payload in framer.feed(await loop.run_in_executor(None, wire.read, 512) or b""):
                packet = mesh.parsed("ToRadio", payload).packet
                if packet.decoded.portnum == 8:
                    answers.append(mesh.parsed("Waypoint", packet.decoded.payload))
