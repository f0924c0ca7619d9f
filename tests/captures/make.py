"""Makes the captures that come from tools: `python -m tests.captures.make`.

`river.nmea` is written by pynmea2 and played by gpsfake into gpsd; what a client of gpsd then
reads is `gpsd.nmea`, banner and all. `river.aivdm` is encoded by pyais.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyais
import pynmea2

FOLDER = Path(__file__).parent
WATCH = '?WATCH={"enable":true,"nmea":true}'


def river_nmea() -> str:
    """Return 16 s of a boat going downstream from Houay Xai, across midnight UTC."""
    start = datetime(2026, 11, 24, 23, 59, 52, tzinfo=UTC)
    lines = []
    for second in range(16):
        now = start + timedelta(seconds=second)
        clock = now.strftime("%H%M%S.00")
        north = _minutes(20.2730 - second * 3.6e-5, 2)
        east = _minutes(100.4120 + second * 1.2e-5, 3)
        place = f"{north},N,{east},E"
        bodies = (
            f"GPGGA,{clock},{place},1,09,0.9,352.4,M,-31.0,M,,",
            "GPGSA,A,3,04,05,09,12,,,,,,,,,1.8,0.9,1.5",
            f"GPRMC,{clock},A,{place},9.72,162.6,{now:%d%m%y},,,A",
            "GPVTG,162.6,T,,M,9.72,N,18.0,K,A",
        )
        lines += [f"{pynmea2.parse('$' + body)}\r\n" for body in bodies]
    return "".join(lines)


def river_aivdm() -> str:
    """Return one message of each sort that we read."""
    boat: dict[str, Any] = {"mmsi": 574123456, "lat": 20.273, "lon": 100.412, "course": 162.6}
    messages: list[dict[str, Any]] = [
        {"type": 1, **boat, "speed": 9.7, "heading": 163, "second": 10, "status": 0},
        {"type": 18, **boat, "speed": 9.7, "heading": 163, "second": 20},
        {
            "type": 5,
            "mmsi": 567000112,
            "shipname": "NAGA 2",
            "callsign": "HSAB",
            "imo": 9074729,
            "ship_type": 55,
            "destination": "CHIANG SAEN",
            "to_bow": 12,
            "to_stern": 6,
            "to_port": 2,
            "to_starboard": 2,
            "draught": 0.8,
        },
        {"type": 24, "mmsi": 574123456, "partno": 0, "shipname": "SAO 3"},
        {"type": 24, "mmsi": 574123456, "partno": 1, "ship_type": 55, "callsign": "XW3"},
        {"type": 1, **boat, "mmsi": 972567001, "status": 14, "speed": 1.1, "second": 40},
        {"type": 14, "mmsi": 972567001, "text": "MOB ACTIVE"},
        {"type": 1, **boat, "mmsi": 970567001, "status": 15, "speed": 1.1, "second": 40},
        {"type": 14, "mmsi": 970567001, "text": "SART TEST"},
        {"type": 9, **boat, "mmsi": 111567001, "alt": 303, "speed": 42, "second": 15},
        {
            "type": 4,
            "mmsi": 5670001,
            "lat": 20.274,
            "lon": 100.409,
            "year": 2026,
            "month": 11,
            "day": 25,
            "hour": 0,
            "minute": 0,
            "second": 5,
        },
        {
            "type": 21,
            "mmsi": 995671234,
            "aid_type": 14,
            "name": "ROCK KM 2350",
            "lat": 20.25,
            "lon": 100.42,
            "second": 61,
            "virtual_aid": 1,
        },
        {
            "type": 19,
            **boat,
            "mmsi": 574123457,
            "speed": 3.2,
            "second": 30,
            "shipname": "LAO FERRY",
        },
        {"type": 27, **boat, "mmsi": 574123458, "speed": 9, "status": 0},
    ]
    lines = []
    for number, message in enumerate(messages):
        lines += pyais.encode_dict(message, sentence_type="VDM", seq_id=number % 10)
    return "".join(f"{line}\r\n" for line in lines)


def through_gpsd(log: Path) -> bytes:
    """Return what a client of gpsd reads while gpsfake plays `log`."""
    gpsfake = shutil.which("gpsfake")
    if gpsfake is None:
        raise SystemExit("gpsfake is not on this machine (apt-get install gpsd-clients gpsd-tools)")
    sentences = log.read_bytes().count(b"$")
    command = [gpsfake, "-1", "-q", "-p", "-c", "0.02", "-r", WATCH, str(log)]
    read = b""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        for line in process.stdout:
            read += line
            if read.count(b"$") == sentences:
                break
        process.send_signal(signal.SIGINT)  # it stays; this makes it end its gpsd too
    return read


def _minutes(degrees: float, digits: int) -> str:
    whole = int(degrees)
    return f"{whole:0{digits}}{(degrees - whole) * 60:07.4f}"


if __name__ == "__main__":
    (FOLDER / "river.nmea").write_text(river_nmea(), "ascii", newline="")
    (FOLDER / "river.aivdm").write_text(river_aivdm(), "ascii", newline="")
    (FOLDER / "gpsd.nmea").write_bytes(through_gpsd(FOLDER / "river.nmea"))
