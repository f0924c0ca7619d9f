"""How long the disk of the store lasts, and the alert days before it is full."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from patrol.alarms.disk_room import DiskGauge, DiskRoom
from patrol.alarms.rules import RULES
from tests.patrol.nodes.scenes import scene

GB = 10**9
HOUR = 3600.0


class Disk:
    """A disk that fills as a test says."""

    def __init__(self, file: Path) -> None:
        self.now_s, self.free = 1000.0, 100 * GB
        self.is_gone = False
        self.gauge = DiskGauge(
            file,
            now_s=lambda: self.now_s,
            usage=self.usage,
        )

    def usage(self, _path: Path) -> tuple[int, int, int]:
        if self.is_gone:
            raise FileNotFoundError
        return 200 * GB, 200 * GB - self.free, self.free

    def fill(self, gb_an_hour: float, hours: int) -> DiskRoom | None:
        for _ in range(hours * 6):
            self.now_s += HOUR / 6
            self.free -= int(gb_an_hour * GB / 6)
            self.gauge.look()
        return self.gauge.room


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """A disk with a store on it."""
    file = tmp_path / "p.db"
    file.write_bytes(bytes(1000))
    file.with_name("p.db-wal").write_bytes(bytes(500))
    return Disk(file)


def test_days_left_are_those_at_the_rate_of_the_last_three_days(disk: Disk) -> None:
    disk.gauge.look()
    room = disk.gauge.room
    assert room is not None
    assert (room.store_bytes, room.free_bytes, room.days_left) == (1500, 100 * GB, None)
    room = disk.fill(0.1, hours=10)
    assert room is not None
    assert room.days_left == pytest.approx(99 / 2.4, rel=0.01)
    room = disk.fill(0.0, hours=100)  # quiet since longer than it looks back
    assert room is not None
    assert room.days_left is None
    room = disk.fill(-1.0, hours=5)  # something was deleted
    assert room is not None
    assert room.days_left is None


def test_a_disk_that_cannot_be_measured_is_not_known(disk: Disk) -> None:
    disk.gauge.look()
    disk.is_gone = True
    disk.gauge.look()
    assert disk.gauge.room is None
    alert = RULES["disk_nearly_full"]
    assert alert.unsure(scene(), None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("free", "days", "severity"),
    [
        (100 * GB, None, None),
        (100 * GB, 30.0, None),
        (100 * GB, 6.4, "medium"),
        (90 * GB, 0.9, "high"),
        (110 * GB, 0.9, "medium"),  # one large file in the first hour may be all of the rate
        (GB, None, "medium"),
        (GB // 5, 900.0, "high"),
    ],
)
def test_it_is_reported_days_before_it_is_full(
    free: int, days: float | None, severity: str | None
) -> None:
    room = DiskRoom(free_bytes=free, total_bytes=200 * GB, store_bytes=0, days_left=days)
    found = list(RULES["disk_nearly_full"].find(msgspec.structs.replace(scene(), disk=room)))
    assert [each.severity for each in found] == ([] if severity is None else [severity])
    if days == 6.4:
        assert found[0].facts == {"free_mb": 100_000, "days": 6}


def test_a_small_disk_that_is_a_third_free_is_no_alert() -> None:
    room = DiskRoom(free_bytes=GB, total_bytes=3 * GB, store_bytes=0)
    assert not list(RULES["disk_nearly_full"].find(msgspec.structs.replace(scene(), disk=room)))
