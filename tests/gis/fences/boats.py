"""Made-up boats on the real Mekong: where each truly was, and the fixes its radio told of it.

The way is that of the shipped centreline, smoothed, with the boat somewhere across it. What the
radio tells is that way with errors: white noise, correlated noise as of multipath that is worse at
times without saying so in full, silences, fixes kept and sent late, fixes twice, and outliers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from gis.geodesy import Floats, destinations
from gis.position import Position
from gis.river import load_mekong

LOW_KM, HIGH_KM = 2330.0, 2425.0
STEP_S = 2.0  # of the truth
START = datetime(2026, 6, 10, tzinfo=UTC).timestamp()
KINDS = ("patrol", "fast", "moored", "ferry", "loiterer")
SHARES = (0.35, 0.2, 0.25, 0.1, 0.1)


class Boat(NamedTuple):
    """One boat: its truth, and what was heard.

    Attributes:
        unit: Its id.
        kind: How it moves.
        interval_s: Between its fixes.
        accuracy_m: Of a fix in common times: 68 % are nearer to the truth.
        told_m: The accuracy that it tells in common times; 15 m is taken where it tells none.
        t, lon, lat: The truth, every two seconds.
        fixes: (when it arrived, fix), in order of fix time.
        silences: From when to when nothing was heard for longer than three minutes.
    """

    unit: str
    kind: str
    interval_s: float
    accuracy_m: float
    told_m: float
    t: Floats
    lon: Floats
    lat: Floats
    fixes: list[tuple[float, Position]]
    silences: list[tuple[float, float]]


class Water:
    """The smoothed middle of the river, to place boats by kilometre and offset."""

    def __init__(self) -> None:
        """Read the shipped centreline."""
        self.km = np.arange(LOW_KM - 3.0, HIGH_KM + 3.0, 0.1)
        lon, lat = load_mekong().at_kms(self.km)
        kernel = np.ones(11) / 11.0
        self.lon = np.convolve(np.pad(lon, 5, mode="edge"), kernel, "valid")
        self.lat = np.convolve(np.pad(lat, 5, mode="edge"), kernel, "valid")
        east = np.gradient(self.lon) * np.cos(np.radians(self.lat))
        self.course = np.unwrap(np.arctan2(east, np.gradient(self.lat)))

    def place(self, km: Floats, across_m: Floats) -> tuple[Floats, Floats]:
        """Return (lon, lat) at kilometres and metres to the side."""
        lon, lat = np.interp(km, self.km, self.lon), np.interp(km, self.km, self.lat)
        course = np.degrees(np.interp(km, self.km, self.course))
        return destinations(lon=lon, lat=lat, bearing_deg=course + 90.0, distance_m=across_m)


def boat(number: int, *, hours: float, seed: int, water: Water, edges_km: Floats) -> Boat:
    """Return boat `number` of a seed; `edges_km` is where boats like to moor: on an edge."""
    rng = np.random.default_rng([seed, number])
    kind = str(rng.choice(KINDS, p=SHARES))
    t = START + rng.uniform(0.0, 3600.0) + np.arange(0.0, hours * 3600.0, STEP_S)
    km, across = _WAYS[kind](rng, t, edges_km)
    lon, lat = water.place(km, across)
    # A foot of driftwood and current: slow, a few metres.
    drift = _wander(rng, len(t), tau=300.0 / STEP_S, size=2.0)
    lon, lat = destinations(lon=lon, lat=lat, bearing_deg=90.0, distance_m=drift)
    interval = float(rng.choice([5.0, 10.0, 15.0, 30.0, 60.0], p=[0.1, 0.3, 0.3, 0.2, 0.1]))
    accuracy = float(rng.choice([4.0, 8.0, 15.0]))
    fixes, silences = _heard(rng, t, lon, lat, interval, accuracy)
    told = 15.0 if fixes[0][1].accuracy_m is None else accuracy
    return Boat(f"boat-{number:04}", kind, interval, accuracy, told, t, lon, lat, fixes, silences)


def _patrol(rng: np.random.Generator, t: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Up and down, changing speed, with stops, weaving across half of the river."""
    speed = _steps(rng, t, 900.0, lambda: rng.choice([0.0, rng.uniform(2.0, 12.0)], p=[0.2, 0.8]))
    turn = _steps(rng, t, 3600.0, lambda: rng.choice([-1.0, 1.0]))
    return _along(rng, t, speed * turn), _across(rng, t, 120.0)


def _fast(rng: np.random.Generator, t: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Fast runs of half an hour, and long waits."""
    runs = _steps(rng, t, 1800.0, lambda: rng.choice([0.0, rng.uniform(14.0, 24.0)], p=[0.6, 0.4]))
    turn = _steps(rng, t, 2400.0, lambda: rng.choice([-1.0, 1.0]))
    return _along(rng, t, runs * turn), _across(rng, t, 60.0)


def _moored(rng: np.random.Generator, t: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """In one place; every second one right on an edge."""
    km = rng.choice(edges) if rng.random() < 0.5 else rng.uniform(LOW_KM, HIGH_KM)
    side = 0.0 if rng.random() < 0.5 else rng.uniform(-250.0, 250.0)
    swing = _wander(rng, len(t), tau=600.0 / STEP_S, size=3.0)
    return np.full(len(t), km) + swing / 1000.0, np.full(len(t), side) + swing


def _ferry(rng: np.random.Generator, t: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """From bank to bank, three minutes across and a wait of ten."""
    km = rng.uniform(LOW_KM, HIGH_KM)
    phase = (t + rng.uniform(0.0, 1560.0)) % 1560.0
    share = np.interp(phase, [0.0, 180.0, 780.0, 960.0, 1560.0], [-1.0, 1.0, 1.0, -1.0, -1.0])
    return np.full(len(t), km), 280.0 * share + _wander(rng, len(t), tau=150.0, size=2.0)


def _loiterer(rng: np.random.Generator, t: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Slowly about one place, often an edge."""
    km = rng.choice(edges) if rng.random() < 0.5 else rng.uniform(LOW_KM, HIGH_KM)
    away = _wander(rng, len(t), tau=1200.0 / STEP_S, size=0.4)
    return km + away, _across(rng, t, 100.0)


_WAYS = {
    "patrol": _patrol,
    "fast": _fast,
    "moored": _moored,
    "ferry": _ferry,
    "loiterer": _loiterer,
}


def _steps(rng: np.random.Generator, t: Floats, mean_s: float, draw: object) -> Floats:
    """A value that changes after exponential times, each change taking a minute."""
    assert callable(draw)
    at, values, now = [t[0]], [float(draw())], t[0]
    while now < t[-1]:
        now += max(120.0, rng.exponential(mean_s))
        at += [now, now + 60.0]
        values += [values[-1], float(draw())]
        now += 60.0
    return np.interp(t, at, values)


def _along(rng: np.random.Generator, t: Floats, speed_mps: Floats) -> Floats:
    """Kilometres of a boat that turns round at the ends of the stretch."""
    span = HIGH_KM - LOW_KM
    km = rng.uniform(0.0, span) + np.cumsum(speed_mps) * STEP_S / 1000.0
    return LOW_KM + span - np.abs(km % (2.0 * span) - span)


def _across(rng: np.random.Generator, t: Floats, size_m: float) -> Floats:
    return np.clip(_wander(rng, len(t), tau=600.0 / STEP_S, size=size_m), -300.0, 300.0)


def _wander(rng: np.random.Generator, count: int, *, tau: float, size: float) -> Floats:
    """Smooth noise of a standard deviation, correlated over `tau` steps."""
    knots = int(count / tau) + 8
    values = rng.normal(0.0, size * 1.2, knots)
    at = (np.arange(knots) - 3.0) * tau
    x = np.arange(count) / 1.0
    cell = np.clip(np.searchsorted(at, x) - 1, 1, knots - 3)
    u = (x - at[cell]) / tau
    a, b, c, d = values[cell - 1], values[cell], values[cell + 1], values[cell + 2]
    # A cubic B-spline: no kinks, so that speeds stay those of a boat.
    return ((1 - u) ** 3 * a + (3 * u**3 - 6 * u**2 + 4) * b
            + (-3 * u**3 + 3 * u**2 + 3 * u + 1) * c + u**3 * d) / 6.0  # fmt: skip


def _heard(
    rng: np.random.Generator, t: Floats, lon: Floats, lat: Floats, interval: float, accuracy: float
) -> tuple[list[tuple[float, Position]], list[tuple[float, float]]]:
    """Return what the radio told, by fix time, and its silences."""
    count = int((t[-1] - t[0]) / interval)
    when = np.round(t[0] + np.arange(count) * interval + rng.uniform(-0.3, 0.3, count), 3)
    when = when[(when >= t[0]) & (when <= t[-1])]
    count = len(when)
    at = np.stack([np.interp(when, t, lon), np.interp(when, t, lat)])
    # 68 % within `accuracy` means a standard deviation of it / 1.51 on each axis, of both parts.
    sigma = accuracy / 1.51
    bad = np.zeros(count, dtype=bool)
    for begin in rng.uniform(t[0], t[-1], rng.poisson((t[-1] - t[0]) / 7200.0)):
        bad |= (when >= begin) & (when < begin + rng.uniform(60.0, 300.0))
    size = sigma * np.where(bad, 3.0, 1.0)
    slow = np.exp(-interval / 90.0)
    multipath = np.zeros((2, count))
    steps = rng.normal(0.0, 1.0, (2, count)) * np.sqrt(1.0 - slow**2)
    for n in range(count):
        multipath[:, n] = slow * multipath[:, n - 1] + steps[:, n]
    error = (0.8 * multipath + 0.6 * rng.normal(0.0, 1.0, (2, count))) * size
    wild = rng.random(count) < 0.001
    wild |= np.append(False, wild[:-1]) & (rng.random(count) < 0.2)
    reach = 10.0 ** rng.uniform(2.3, 4.7, count)  # 200 m to 50 km
    angle = rng.uniform(0.0, 2.0 * np.pi, count)
    error += np.where(wild, reach * np.stack([np.sin(angle), np.cos(angle)]), 0.0)
    away, bearing = np.hypot(*error), np.degrees(np.arctan2(error[0], error[1]))
    told_lon, told_lat = destinations(lon=at[0], lat=at[1], bearing_deg=bearing, distance_m=away)
    told = accuracy * np.exp(rng.normal(0.0, 0.25, count)) * np.where(bad, 2.0, 1.0)
    tells_accuracy, tells_speed = rng.random() < 0.8, rng.random() < 0.7
    speed = np.hypot(
        np.gradient(lon) * np.cos(np.radians(lat)), np.gradient(lat)
    ) * 111_195.0 / STEP_S  # fmt: skip
    speeds = np.abs(np.interp(when, t, speed) + rng.normal(0.0, 0.3, count))
    arrival = when + rng.exponential(2.0, count)
    kept = np.ones(count, dtype=bool)
    for begin in rng.uniform(t[0], t[-1], rng.poisson((t[-1] - t[0]) / 7200.0)):
        end = begin + rng.uniform(240.0, 2400.0)
        silent = (when >= begin) & (when < end)
        if rng.random() < 0.5:
            kept &= ~silent  # lost for good
        else:
            arrival[silent] = end + rng.uniform(0.0, 3600.0) + rng.exponential(5.0, silent.sum())
    fixes = [
        (
            float(arrival[n]),
            Position(
                lon=float(told_lon[n]),
                lat=float(told_lat[n]),
                time=datetime.fromtimestamp(float(when[n]), UTC),
                accuracy_m=float(told[n]) if tells_accuracy else None,
                speed_mps=float(speeds[n]) if tells_speed else None,
            ),
        )
        for n in np.flatnonzero(kept)
    ]
    fixes += [(when + 60.0, fix) for when, fix in fixes if rng.random() < 0.01]
    fixes.sort(key=lambda fix: fix[1].time or START)
    times = when[kept]
    long = np.flatnonzero(np.diff(times) > 180.0)
    return fixes, [(float(times[n]), float(times[n + 1])) for n in long]
