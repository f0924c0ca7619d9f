"""No text that people are shown holds what cannot be shown, on whatever way it comes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from maps.errors.errors import SettingsFaults
from maps.forms.form import Form
from maps.settings.settings import settings_of
from tests.maps.commands.test_command_line import call, folder  # noqa: F401 - a fixture
from tests.maps.servers.running import Running

RLO = "\u202e"
HIDING = ("\0", "\x1b", "\x85", RLO, "\u200f", "\u2066", "\u2028", "\ufeff")


@pytest.mark.parametrize("char", HIDING, ids=ascii)
async def test_what_people_type_is_refused_with_its_field_and_never_the_stores_fault(
    server: Running, char: str
) -> None:
    """On PostgreSQL a NUL was answered as a store that is down."""
    name = f"Naga{char} 1"
    async with server.signed_in("admin") as client:
        for url, body, field in (
            ("/api/units", {"call_sign": name, "kind": "boat"}, "call_sign"),
            ("/api/units", {"call_sign": "N", "kind": "boat", "note": name}, "note"),
            ("/api/devices", {"name": name}, "name"),
            ("/api/users", {"name": name, "role": "crew"}, "name"),
        ):
            answer = await client.post(url, json=body)
            assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
        made = await client.post("/api/units", json={"call_sign": "Naga 1", "kind": "boat"})
        unit = f"/api/units/{made.json()['id']}"
        answer = await client.patch(unit, json={"call_sign": name})
        assert (answer.status_code, answer.json()["field"]) == (422, "call_sign")
        assert (await client.patch(unit, json={"note": "two\nlines"})).status_code == 200
    async with server.signed_in() as client:
        order = {"kind": "text", "address": "ais:574123456", "text": name}
        answer = await client.post("/api/orders", json=order)
        assert (answer.status_code, answer.json()["field"]) == (422, "text")


async def test_every_body_that_is_read_field_by_field_is_a_form(server: Running) -> None:
    read: set[type[BaseModel]] = set()
    for route in server.app.routes:
        if isinstance(route, APIRoute):
            for given in inspect.signature(route.endpoint, eval_str=True).parameters.values():
                kind = given.annotation
                if inspect.isclass(kind) and issubclass(kind, BaseModel):
                    read.add(kind)
    assert len(read) > 30
    assert {kind.__name__ for kind in read if not issubclass(kind, Form)} == set()


async def test_a_pass_phrase_may_hold_what_its_owner_types(server: Running) -> None:
    secret = f"a long pass phrase{RLO}"
    async with server.signed_in("admin") as client:
        body = {"name": "somchai", "role": "crew", "password": secret}
        assert (await client.post("/api/users", json=body)).status_code == 201
    async with server.stranger() as client:
        said = {"name": "somchai", "password": secret}
        assert (await client.post("/api/session", json=said)).status_code == 200


async def test_what_devices_and_crews_report_is_cleaned_and_not_lost(server: Running) -> None:
    key = await server.device("boat-3")
    place = {"lon": 100.4, "lat": 20.2, "text": f"all{RLO} well\0", "device": "boat-3"}
    async with server.stranger(authorization=f"Bearer {key}") as tracker:
        assert (await tracker.post("/api/positions", json=place)).status_code == 200
    async with server.signed_in("crew") as client:
        report = {"id": "1" * 32, "kind": "text", "at": "2026-11-24T02:30:00Z", "text": f"w{RLO}x"}
        answer = await client.post("/api/crew/reports", json={"reports": [report]})
        assert answer.status_code == 200, answer.text
        assert answer.json()["refused"] == []
    async with server.signed_in("technician") as client:
        [heard] = (await client.get("/api/radios/position_json:boat-3/transmissions")).json()
        assert heard["text"] == "all well\\0"
        assert "bad_text" in heard["flags"]


async def test_names_in_a_file_are_cleaned(server: Running) -> None:
    feature = {
        "type": "Feature",
        "properties": {"name": f"Pier{RLO} 3", "note": "a\u0000b"},
        "geometry": {"type": "Point", "coordinates": [100.4, 20.2]},
    }
    content = msgspec.json.encode({"type": "FeatureCollection", "features": [feature]})
    async with server.signed_in("planner") as client:
        query = {"name": "piers.geojson"}
        answer = await client.post("/api/imports", params=query, content=content)
    assert answer.status_code == 200, answer.text
    [layer] = answer.json()["layers"]
    [found] = layer["collection"]["features"]
    assert found["properties"]["name"] == "Pier 3"
    assert "\0" not in found["properties"]["note"]


def test_the_command_line_refuses_it_by_its_field(folder: Path) -> None:  # noqa: F811
    for words in (
        ("unit", "add", f"Naga{RLO}"),
        ("user", "add", f"kham{RLO}", "--role", "crew", "--link"),
        ("device", "add", f"boat{RLO}"),
    ):
        _, text = call(*words, folder=folder, good=False)
        assert "a character that cannot be shown: U+202E" in text


def test_a_setting_that_hides_something_is_a_fault_of_its_field(tmp_path: Path) -> None:
    with refused() as texts:
        settings_of({"node": {"name": f"BLO{RLO}"}}, source="patrol.toml", folder=tmp_path)
    assert "node.name" in texts[0]
    assert "U+202E" in texts[0]
    with refused() as texts:
        agency = {"id": "la-hx", "name": f"Police{RLO}"}
        settings_of({"agencies": [agency]}, source="patrol.toml", folder=tmp_path)
    assert "agencies[0].name" in texts[0]


@contextmanager
def refused() -> Iterator[list[str]]:
    """Yield the faults that are told inside."""
    texts: list[str] = []
    with pytest.raises(SettingsFaults) as found:
        yield texts
    texts += found.value.faults
