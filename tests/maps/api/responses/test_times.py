"""Times from outside: none is taken that could not be read back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from maps.api.responses.times import Moment
from tests.maps.servers.running import Running, running

BAD = [
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59Z",
    "1999-12-31T23:59:59Z",
]


async def test_a_time_that_could_not_be_read_back_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.signed_in() as client:
        unit = {"call_sign": "Naga 1", "kind": "boat"}
        made = (await client.post("/api/units", json=unit)).json()["id"]
        bound = {"address": "ais:1", "unit": made}
        for time in BAD:
            plot = {"lon": 100.4, "lat": 20.2, "at": time}
            refused = [
                await client.post(f"/api/units/{made}/plot", json=plot),
                await client.post("/api/assignments", json={**bound, "start": time}),
                await client.post("/api/assignments", json={**bound, "end": time}),
                await client.patch("/api/assignments/x", json={"end": time}),
                await client.get(f"/api/units/{made}/track", params={"start": time}),
                await client.get(f"/api/units/{made}/track", params={"end": time}),
                await client.get(
                    "/api/reports/debrief", params={"unit": made, "start": time, "end": time}
                ),
            ]
            assert [answer.status_code for answer in refused] == [422] * len(refused), time
        assert (await client.post("/api/assignments", json=bound)).status_code == 201
    async with running(tmp_path, roles=()) as again, again.stranger() as client:
        assert (await client.get("/api/health")).status_code == 200


async def test_a_time_without_an_offset_is_refused(server: Running) -> None:
    async with server.signed_in() as client:
        answer = await client.get("/api/units/x/track", params={"start": "2026-11-24T02:30:00"})
        assert answer.status_code == 422
        assert answer.json()["field"] == "start"


@pytest.mark.parametrize("time", BAD)
def test_the_first_and_last_days_there_are_do_no_harm(time: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_python(time)


def test_a_time_becomes_utc() -> None:
    told = TypeAdapter(Moment).validate_python("2026-11-24T09:30:00+07:00")
    assert told == datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
    assert told.tzinfo is UTC
