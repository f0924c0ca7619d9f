"""The server of the page benchmark: the built client, the reference layers, and a stream of units.

It speaks the live stream of `maps/api/units/live.py` (snapshot, changes, their fields, tables for
who asks for them, as our pages do) and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread
from typing import Any, NamedTuple

import msgspec
import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse, JSONResponse

from gis.catalogue.layer_catalogue import as_geojson
from gis.river.river import load_mekong
from maps.http.compressed_body import CompressedBody
from maps.web_client import built_pages as pages
from patrol.live.fix_table import fix_table
from patrol.units.wire import Change
from tests.fixtures.ports import free_port

KINDS = ("boat", "vehicle", "foot", "handheld", "fixed")
SIDES = ("LA", "TH", "MM")
KM = (2150.0, 2420.0)  #: The stretch of the Mekong that the units are spread over.
BESIDE_DEG = 0.06  #: How far beside the river, at most.
MOVES_DEG = 0.0004  #: How far a unit moves from one report to the next, at most.


class Load(NamedTuple):
    """So many units, each so often a second."""

    units: int
    hz: float

    @classmethod
    def read(cls, words: str) -> Load:
        """Read `1000x1`.

        >>> Load.read("10000x0.2")
        Load(units=10000, hz=0.2)
        """
        units, _, hz = words.partition("x")
        return cls(units=int(units), hz=float(hz))


class Fleet:
    """Units along the river that move at random, the same ones in every run.

    Args:
        load: How many, how often.
    """

    def __init__(self, load: Load) -> None:
        self.load = load
        self._dice = random.Random(6)
        kms = [self._dice.uniform(*KM) for _ in range(load.units)]
        lons, lats = load_mekong().at_kms(kms)
        self._places = [
            [float(lon) + self._beside(), float(lat) + self._beside()]
            for lon, lat in zip(lons, lats, strict=True)
        ]
        self._next, self._owed = 0, 0.0

    def _beside(self) -> float:
        return self._dice.gauss(0, BESIDE_DEG / 3)

    def snapshot(self) -> dict[str, Any]:
        """Return the whole picture."""
        units = [
            {
                "id": f"u{n}",
                "call_sign": f"Naga {n}",
                "agency": "joint",
                "kind": KINDS[n % len(KINDS)],
                "country": SIDES[n % len(SIDES)],
                "liveness": "live" if n % 50 else "late",
                "expected_interval_s": 30,
                "distress": n in (7, 77),
                "last": self._fix(n),
            }
            for n in range(self.load.units)
        ]
        return {"type": "snapshot", "stream": "bench", "seq": 0, "time": _now(), "units": units}

    def change(self, seq: int, seconds: float) -> dict[str, Any]:
        """Return what was reported in so many seconds."""
        self._owed += self.load.units * self.load.hz * seconds
        fixes = []
        while self._owed >= 1:
            self._owed -= 1
            place = self._places[self._next]
            place[0] += self._dice.uniform(-MOVES_DEG, MOVES_DEG)
            place[1] += self._dice.uniform(-MOVES_DEG, MOVES_DEG)
            fixes.append(self._fix(self._next))
            self._next = (self._next + 1) % self.load.units
        return {"type": "change", "seq": seq, "time": _now(), "fixes": fixes}

    def _fix(self, n: int) -> dict[str, Any]:
        lon, lat = self._places[n]
        course = (n * 37) % 360
        return {
            "of": f"u{n}",
            "lon": round(lon, 6),
            "lat": round(lat, 6),
            "time": _now(),
            "speed_mps": 4.0,
            "course_deg": course,
            "accuracy_m": 8,
        }


def make_app(load: Load) -> FastAPI:
    """Return an app that serves both pages and the stream."""
    app = FastAPI(openapi_url=None)
    client = pages.Pages()
    layers: dict[str, CompressedBody] = {}

    @app.get("/api/session")
    async def session() -> JSONResponse:
        agency = {"id": "joint", "name": "Bench", "country": "LA"}
        node = {"id": "bench", "name": "Bench", "time_zone": "Asia/Vientiane"}
        return JSONResponse(
            {
                "user": "bench",
                "role": "commander",
                "agency": agency,
                "node": node,
                "permissions": ["see the picture"],
                "language": None,
                "calendar": "gregorian",
            }
        )

    @app.get("/api/layers")
    async def listed() -> JSONResponse:
        return JSONResponse([])

    @app.get("/api/layers/{name}")
    async def layer(name: str, request: Request) -> Response:
        if name not in layers:
            layers[name] = CompressedBody(await asyncio.to_thread(as_geojson, name))
        return layers[name].answer(request, "application/geo+json", cache="no-cache")

    @app.get("/api/tracks")
    async def tracks() -> JSONResponse:
        return JSONResponse({"type": "FeatureCollection", "features": []})

    @app.get("/api/{rest:path}")
    async def nothing(rest: str) -> JSONResponse:
        return JSONResponse([] if rest == "agencies" else None)

    @app.websocket("/api/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        fleet = Fleet(load)
        await socket.send_text(json.dumps(fleet.snapshot()))
        seq, last = 0, time.monotonic()
        try:
            while True:
                await asyncio.sleep(max(0.0, last + 1 - time.monotonic()))
                now = time.monotonic()
                seq += 1
                change = fleet.change(seq, now - last)
                if socket.query_params.get("tables") == "true":
                    await socket.send_text(_as_table(change))
                else:
                    await socket.send_text(json.dumps(change))
                last = now
        except WebSocketDisconnect:
            return

    @app.get("/leaflet")
    async def leaflet() -> HTMLResponse:
        return HTMLResponse(LEAFLET)

    @app.get("/{name:path}")
    async def page(name: str, request: Request) -> Response:
        return await client.answer(name or "index.html", request)

    return app


@contextmanager
def serving(load: Load) -> Iterator[str]:
    """Run the server in a thread of its own; yield its address."""
    port = free_port()
    config = uvicorn.Config(make_app(load), host="127.0.0.1", port=port, log_level="critical")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=10)


def _as_table(change: dict[str, Any]) -> str:
    made = msgspec.convert(change, Change)
    tables = (fix_table(made.fixes, made.time),) if made.fixes else ()
    return msgspec.json.encode(msgspec.structs.replace(made, fixes=(), tables=tables)).decode()


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


LEAFLET = """<!doctype html>
<meta charset="utf-8"><title>Leaflet</title>
<link rel="stylesheet" href="/folium/leaflet.css"><script src="/folium/leaflet.js"></script>
<style>html, body, #map { height: 100%; margin: 0 }</style>
<div id="map"></div>
<script>
const near = new URLSearchParams(location.search).has("near");
const map = L.map("map", { preferCanvas: true, attributionControl: false });
map.setView(near ? [20.27, 100.41] : [19.9, 101.2], near ? 12 : 8);
const lands = { fillColor: "#f1f1ec", fillOpacity: 1, color: "#cfd2cb", weight: 1 };
for (const [name, style] of [["countries", lands], ["mekong", { color: "#9cc1d6", weight: 4 }]]) {
  fetch("/api/layers/" + name).then((answer) => answer.json())
    .then((found) => L.geoJSON(found, { style, interactive: false }).addTo(map).bringToBack());
}
const colours = { LA: "#0072b2", TH: "#e69f00", MM: "#009e73" };
const marks = new Map();
const socket = new WebSocket("ws://" + location.host + "/api/live");
socket.onmessage = (event) => {
  const frame = JSON.parse(event.data);
  for (const unit of frame.units ?? []) {
    const look = { radius: 5, weight: 1, color: "#16202a", fillOpacity: 1 };
    look.fillColor = colours[unit.country];
    const mark = L.circleMarker([unit.last.lat, unit.last.lon], look).bindTooltip(unit.call_sign);
    marks.set(unit.id, mark.addTo(map));
  }
  for (const fix of frame.fixes ?? []) marks.get(fix.of).setLatLng([fix.lat, fix.lon]);
};
</script>
"""
