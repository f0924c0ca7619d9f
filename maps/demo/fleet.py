"""Fleet: units of the demo's joint patrol, their radios, and the incidents in its script.

Two border liaison offices face each other at river kilometre 2,356: Houay Xai (Lao PDR, left bank)
and Chiang Khong (Thailand, right bank). Names and numbers are made up; MMSI begin with the real
country codes (531 Lao PDR, 567 Thailand), so that they look as they would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from maps.demo.voyage import FixedPost, Voyage
from patrol.units.units import UnitKind

Radio = Literal["serial", "ais", "owntracks", "json"]

TIME_ZONE = "Asia/Vientiane"
"""Of both offices: what people do suits the time of day there."""

HOUAY_XAI = "houay-xai"
CHIANG_KHONG = "chiang-khong"
AGENCIES: tuple[dict[str, object], ...] = (
    {"id": HOUAY_XAI, "name": "BLO Houay Xai", "country": "LA", "blos": ["LA-HXI"]},
    {"id": CHIANG_KHONG, "name": "BLO Chiang Khong", "country": "TH", "blos": ["TH-CKG"]},
)
"""The two offices, on one node for the demo; real ones would have one each."""

CHIANG_KHONG_PREFIX = "ck-"
"""What the names of its people begin with."""

SERIAL_CHANNEL = "pier-radio"
AIS_CHANNEL = "ais-receiver"
PHONES_CHANNEL = "phones"
TRACKERS_CHANNEL = "trackers"
BASE_CHANNEL = "base-radio"
"""The office's voice radio, which also carries texts to the handsets on the boats."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One boat, truck, team or post.

    Attributes:
        device: What its radio calls itself.
        radio: Over which radio it is heard.
        path: Where it goes.
        interval_s: Seconds between two reports.
        call_sign: Name on the radio; None for someone nobody has registered.
        kind: What it is.
        country: Side.
        ship_name: Name its AIS transponder sends.
        silent_s: From when to when its radio is silent, seconds after the start of the demo.
        jump_s: When one report is far off, seconds.
        distress_s: When it calls for help, seconds.
        handset: FleetSync number (fleet and unit) of the radio on board that takes texts.
    """

    device: str
    radio: Radio
    path: Voyage | FixedPost
    interval_s: float
    call_sign: str | None = None
    kind: UnitKind = "boat"
    country: str | None = None
    ship_name: str | None = None
    silent_s: tuple[float, float] | None = None
    jump_s: float | None = None
    distress_s: float | None = None
    handset: str | None = None

    @property
    def agency(self) -> str:
        """Whose it is; civil traffic is nobody's, and heard by the office at Houay Xai."""
        return CHIANG_KHONG if self.country == "TH" else HOUAY_XAI

    @property
    def address(self) -> str:
        """Its radio address."""
        if self.radio == "serial":
            return f"nmea0183:@{SERIAL_CHANNEL}"
        return f"{'position_json' if self.radio == 'json' else self.radio}:{self.device}"

    @property
    def channel(self) -> str:
        """The channel that hears it."""
        return {
            "serial": SERIAL_CHANNEL,
            "ais": AIS_CHANNEL,
            "owntracks": PHONES_CHANNEL,
            "json": TRACKERS_CHANNEL,
        }[self.radio]


def _boat(
    seed: int, from_km: float, to_km: float, start_km: float, speed_mps: float, side_m: float
) -> Voyage:
    return Voyage(
        from_km=from_km,
        to_km=to_km,
        start_km=start_km,
        speed_mps=speed_mps,
        side_m=side_m,
        seed=seed,
    )


CAST: tuple[Actor, ...] = (
    Actor(
        device=SERIAL_CHANNEL,
        radio="serial",
        path=_boat(1, 2350.0, 2378.0, 2357.0, 9.0, -70.0),
        interval_s=1,
        call_sign="Naga 1",
        country="LA",
        handset="100:1001",
    ),
    Actor(
        device="bokeo/naga-2",
        radio="owntracks",
        path=_boat(2, 2362.0, 2338.0, 2354.5, 7.5, -60.0),
        interval_s=5,
        call_sign="Naga 2",
        country="LA",
        handset="100:1002",
        jump_s=100,
    ),
    Actor(
        device="naga-3",
        radio="json",
        path=_boat(3, 2372.0, 2392.0, 2376.0, 11.0, -50.0),
        interval_s=5,
        call_sign="Naga 3",
        country="LA",
        silent_s=(60, 240),
    ),
    Actor(
        device="khong-1",
        radio="json",
        path=_boat(4, 2358.0, 2336.0, 2351.0, 8.0, 60.0),
        interval_s=5,
        call_sign="Khong 1",
        country="TH",
        handset="200:2001",
        distress_s=180,
    ),
    Actor(
        device="567000142",
        radio="ais",
        path=_boat(5, 2352.0, 2386.0, 2363.0, 10.0, 55.0),
        interval_s=5,
        call_sign="Khong 2",
        country="TH",
        ship_name="KHONG 2",
        handset="200:2002",
    ),
    Actor(
        device="chiangkhong/foot-7",
        radio="owntracks",
        path=Voyage(
            from_km=2353.5,
            to_km=2357.0,
            start_km=2355.0,
            speed_mps=1.2,
            side_m=330.0,
            rest_s=300,
            sway_m=20,
            seed=6,
        ),
        interval_s=15,
        call_sign="Foot 7",
        kind="foot",
        country="TH",
    ),
    Actor(
        device="truck-4",
        radio="json",
        path=Voyage(
            from_km=2347.0,
            to_km=2361.0,
            start_km=2352.0,
            speed_mps=8.0,
            side_m=-620.0,
            rest_s=180,
            sway_m=25,
            seed=7,
        ),
        interval_s=10,
        call_sign="Truck 4",
        kind="vehicle",
        country="LA",
    ),
    Actor(
        device="blo-houayxai",
        radio="json",
        path=FixedPost(lon=100.4178, lat=20.27),
        interval_s=30,
        call_sign="BLO Houay Xai",
        kind="fixed",
        country="LA",
    ),
    Actor(
        device="blo-chiangkhong",
        radio="json",
        path=FixedPost(lon=100.40461, lat=20.26125),
        interval_s=30,
        call_sign="BLO Chiang Khong",
        kind="fixed",
        country="TH",
    ),
    # Civil traffic: heard by the AIS receiver, registered by nobody.
    Actor(
        device="567000871",
        radio="ais",
        path=_boat(8, 2400.0, 2330.0, 2369.0, 4.5, 20.0),
        interval_s=10,
        ship_name="MEKONG TRADER",
    ),
    Actor(
        device="531000215",
        radio="ais",
        path=_boat(9, 2332.0, 2398.0, 2343.0, 3.5, -25.0),
        interval_s=10,
        ship_name="PAKBENG SLOWBOAT",
    ),
    Actor(
        device="413770122",
        radio="ais",
        path=_boat(10, 2410.0, 2330.0, 2391.0, 5.0, 10.0),
        interval_s=10,
        ship_name="HONG DA 6",
    ),
)
