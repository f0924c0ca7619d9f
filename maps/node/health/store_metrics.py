"""Metrics of the store and its disk, in the words of Prometheus; names begin with joint_patrol_."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from maps.node.backups import Backups
from patrol.alarms.disk_room import DiskRoom
from radio_gateway.clock.clock import utc_now


def store_metrics(is_well: bool, room: DiskRoom | None, backups: Backups | None) -> bytes:
    """Return how the store fares, as Prometheus reads it.

    Args:
        is_well: Whether it takes records.
        room: What is left on its disk; None where that is not known.
        backups: Those that the node makes by itself; None where it makes none.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_MetricsCollector(is_well, room, backups))
    return generate_latest(registry)


class _MetricsCollector(Collector):
    def __init__(self, is_well: bool, room: DiskRoom | None, backups: Backups | None) -> None:
        self._is_well, self._room, self._backups = is_well, room, backups

    def collect(self) -> Iterable[Metric]:
        """Return all of it."""
        yield _gauge("store_ok", "Whether the store takes records", float(self._is_well))
        yield from self._of_backups()
        room = self._room
        if room is None:
            return
        yield _gauge("store_bytes", "Size of the store", room.store_bytes)
        yield _gauge("store_disk_bytes", "Size of its disk", room.total_bytes)
        yield _gauge("store_disk_free_bytes", "Room that is left on its disk", room.free_bytes)
        if room.days_left is not None:
            words = "Until its disk is full at the rate of the last three days"
            yield _gauge("store_disk_days_left", words, room.days_left)

    def _of_backups(self) -> Iterable[Metric]:
        if self._backups is None:
            return
        now, state = utc_now(), self._backups.state
        for name, words, last in (
            ("backup", "back-up", state.backup if state else None),
            (
                "restore_test",
                "restore that tested a back-up",
                state.restore_test if state else None,
            ),
        ):
            missing = name in self._backups.faults
            yield _gauge(f"{name}_missing", f"Whether the last {words} failed or is late", missing)
            if last is None:
                continue
            yield _gauge(f"{name}_ok", f"Whether the last {words} went well", last.fault is None)
            if last.good_at is not None:
                age_s = (now - last.good_at).total_seconds()
                yield _gauge(f"{name}_age_seconds", f"Since the last good {words}", age_s)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"joint_patrol_{name}", words, value=value)
