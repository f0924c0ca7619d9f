"""How what we decode is held against what a test vector expects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

# Vectors that are wrong: published samples whose checksum does not fit their text, for which a
# position is expected all the same. No position is taken from a frame with a bad checksum.
WRONG = {
    "ken-012": "an example in comments of radiolog; computed 45, printed 4C; ken-020 is refused so",
    "taip-010": "the manual's example with another time; computed 79, printed 7F",
    "raveon-001": "the manual's example, its text changed later; computed 52, printed 66",
}

# Vectors that contradict others, which are met: the frames are of one clone without any checksum.
CONTRADICTED = {
    "gt06-bad-001": "expects bad_crc; gt06-013 and gt06-stream-002 a place from such frames",
}

# Facts of the vectors that describe the input rather than a field of the transmission.
_NOT_OURS = {"pending_dropped", "duplicates"}

_TOLERANCE = {
    "lat": 1e-5,
    "lon": 1e-5,
    "speed_mps": 0.01,
    "course_deg": 0.1,
    "altitude_m": 0.1,
    "accuracy_m": 0.1,
}


def disagreements(expected: dict[str, Any], decoded: dict[str, Any]) -> list[str]:
    """Return in words where a decoded vector differs from what is expected; empty when nowhere.

    Args:
        expected: The vector's `expect`.
        decoded: `{"transmissions": [...], "errors": n}`.
    """
    answer = decoded["transmissions"]
    if expected.get("error"):
        if answer or decoded["errors"] < 1:
            return [f"expected a rejected frame, got {len(answer)} transmissions"]
        return []
    reports = expected.get("reports", [expected])
    found = []
    if decoded["errors"] != expected.get("errors", 0):
        found.append(f"{decoded['errors']} errors, expected {expected.get('errors', 0)}")
    if len(answer) != len(reports):
        return [*found, f"{len(answer)} transmissions, expected {len(reports)}"]
    for number, (report, transmission) in enumerate(zip(reports, answer, strict=True)):
        found += [f"{number}: {each}" for each in _differences(report, transmission)]
    return found


def _differences(report: dict[str, Any], transmission: dict[str, Any]) -> list[str]:
    return [
        f"{key} {transmission.get(key)!r}, expected {value!r}"
        for key, value in report.items()
        if key not in _NOT_OURS and not _agrees(key, value, transmission)
    ]


def _agrees(key: str, expected: Any, transmission: dict[str, Any]) -> bool:
    value = transmission.get(key)
    if expected is None or value is None:
        return bool(value is expected)
    if key == "flags":
        return sorted(value) == sorted(expected)
    if key == "time_utc":
        return datetime.fromisoformat(value) == datetime.fromisoformat(expected)
    if isinstance(expected, float) and isinstance(value, int | float):
        tolerance = _TOLERANCE.get(key, 1e-6)
        if transmission.get("msg_type") == 27 and key in ("lat", "lon"):
            tolerance = 1e-3
        return abs(value - expected) <= tolerance
    return bool(value == expected)
