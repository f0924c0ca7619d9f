"""A server that shows maps and takes positions loads nothing that only files and reports need."""

from __future__ import annotations

import re
import socket
from datetime import UTC, datetime
from functools import reduce
from operator import xor
from pathlib import Path

from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, wait_for

HEAVY = {
    "aiohttp",
    "aiosmtplib",
    "alembic",
    "amqtt",
    "authlib",
    "branca",
    "cryptography",
    "folium",
    "geopandas",
    "h11",
    "httpx",
    "jinja2",
    "joserfc",
    "matplotlib",
    "nacl",
    "paho",
    "pandas",
    "PIL",
    "prometheus_client",
    "pyais",
    "pyarrow",
    "pyogrio",
    "pywebpush",
    "py_vapid",
    "requests",
    "segno",
    "serial",
    "weasyprint",
    "wsgiref",  # comes with prometheus_client
    "xlsxwriter",
    "xyzservices",
}
LATER = {
    "email.headerregistry",
    "maps.feeds.writers.ais_writer",
    "maps.reports.kinds.briefing",
    "maps.reports.kinds.coverage",
    "maps.reports.sections.coverage_blocks",
    "maps.reports.kinds.month_records",
    "maps.reports.kinds.monthly",
    "maps.reports.kinds.patrol_debrief",
    "maps.reports.kinds.patrol_records",
    "patrol.incidents.photo_cleaning",
    "radio_gateway.protocols.cot.cot",
    "radio_gateway.protocols.tetra.tetra",
    "radio_gateway.transports.http_listen",
    "radio_gateway.transports.mqtt",
    "radio_gateway.transports.serial_port",
    "radio_gateway.uplink.receiver.receiver",
    "sqlalchemy.dialects.postgresql",
}
_CHANNEL = """
[[channels]]
name = "boats"
url = "tcp-listen://127.0.0.1:{port}"
protocols = ["nmea0183"]
"""


def test_maps_and_positions_load_no_library_for_tables_files_and_reports(tmp_path: Path) -> None:
    port = free_port()
    server = Server(tmp_path, channels=_CHANNEL.format(port=port), roles=("commander",))
    # Makes the store, too: migrations are for what is empty or older.
    server.command("unit", "add", "Naga 1", "--address", "nmea0183:R-0001")
    server.start(wrapper=("env", "PYTHONPROFILEIMPORTTIME=1"))
    try:
        with server.client() as client, socket.create_connection(("127.0.0.1", port)) as radio:
            for layer in client.get("/api/layers").json():
                response = client.get(f"/api/layers/{layer['name']}")
                assert response.json()["type"] == "FeatureCollection"
            items = client.get("/api/ogc/collections/blos/items", params={"limit": 3})
            assert items.status_code == 200
            radio.sendall(rmc())
            wait_for(
                "the boat",
                lambda: [each for each in client.get("/api/units").json() if each.get("last")],
            )
            assert client.get("/").status_code == 200
    finally:
        server.stop()
    modules = set(
        re.findall(r"^import time:.*\|\s+(\w[.\w]*)$", server.log.read_text(), re.MULTILINE)
    )
    loaded = {module.partition(".")[0] for module in modules}
    assert {"maps", "shapely", "sqlalchemy"} <= loaded
    assert {"maps.reports.jobs.report_queue", "radio_gateway.transports"} <= modules
    assert loaded & HEAVY == set()
    assert modules & LATER == set()


def rmc() -> bytes:
    """Return where a boat is now, by Houay Xai."""
    now = datetime.now(UTC)
    body = f"GPRMC,{now:%H%M%S}.00,A,2016.000,N,10024.600,E,5.0,0.0,{now:%d%m%y},,,A".encode()
    return b"R-0001,$%b*%02X\r\n" % (body, reduce(xor, body))
