"""A real TAK server: what a feed tells it reaches another TAK client, as do calls and deletions.

taky (MIT) runs from an environment of its own, made once and kept in the temporary folder. The
other client is a socket and Python's XML reader, so that nothing of ours judges what we write.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from patrol.units.accounts import User
from tests.end_to_end.test_taky import client, port
from tests.endurance import echoes
from tests.maps.servers.running import AGENCY, running, wait_until

pytestmark = pytest.mark.system

__all__ = ["port"]  # the fixture: a running taky


async def test_another_client_sees_our_boats_their_calls_and_that_one_is_taken_back(
    port: int,
    tmp_path: Path,
) -> None:
    feeds = [
        {
            "name": "tak",
            "url": f"tcp://127.0.0.1:{port}",
            "speaks": "cot",
            "agency": AGENCY,
            "role": "crew",
        }
    ]
    async with client(port, "ANDROID-9") as them, running(tmp_path, feeds=feeds) as server:
        commander = server.office.desk_of(User(name="c", role="commander", agency=AGENCY))
        async with server.signed_in("technician") as technician:
            async for _ in wait_until("the feed to be open"):
                (fares,) = (await technician.get("/api/feeds")).json()
                if fares["state"] == "open":
                    break
        boat = await commander.registry.add_unit(call_sign='HX "1" & co', kind="boat")
        await commander.registry.assign(address="position_json:boat-3", unit=boat.id)
        key = await server.device("boat-3")
        body = {
            "lon": 100.4102,
            "lat": 20.2741,
            "speed_mps": 5.5,
            "course_deg": 44.5,
            "accuracy_m": 12,
            "time": datetime.now(UTC).isoformat(),
        }
        async with server.stranger(authorization=f"Bearer {key}") as phone:
            assert (await phone.post("/api/positions", json=body)).status_code == 200
            event = await them.hears("a-f-S")
            body |= {"distress": True, "time": datetime.now(UTC).isoformat()}
            assert (await phone.post("/api/positions", json=body)).status_code == 200
            call = await them.hears("b-a-o-tbl")
        await commander.registry.clear_distress(boat.id)
        over = await them.hears("b-a-o-can")
        await commander.registry.change_unit(boat.id, {"retired": True})
        deleted = await them.hears("t-x-d-d")
    uid = f"joint-patrol.{boat.id}"
    assert event.get("uid") == uid
    point, contact, track = (
        event.find("point"),
        event.find("detail/contact"),
        event.find(".//track"),
    )
    assert point is not None
    assert contact is not None
    assert track is not None
    place = [float(point.get(name, "nan")) for name in ("lon", "lat", "ce")]
    assert place == [100.4102, 20.2741, 12.0]
    assert contact.get("callsign") == 'HX "1" & co'
    assert (track.get("speed"), track.get("course")) == ("5.5", "44.5")
    assert call.get("uid") == over.get("uid") == f"{uid}-9-1-1"
    link = deleted.find("detail/link")
    assert link is not None
    assert link.get("uid") == uid


def test_what_a_server_brings_back_keeps_nobody_alive_and_rings_once(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(echoes, "EVERY_S", 1.0)
    result = echoes.run(tmp_path, minutes=0.3, tak_port=port)
    assert result.passed, result
