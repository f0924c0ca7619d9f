"""Metrics of what viewers are shown, and which version shows it, in the words of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from maps.web_client.build_id import build_id
from patrol.live.lag import BOUNDS_S, LagHistogram


def live_metrics(viewers: int, lag: LagHistogram) -> bytes:
    """Return who looks on and how late, and the version, as Prometheus reads it.

    Args:
        viewers: How many viewers are connected to this process.
        lag: How late positions reach them.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_MetricsCollector(viewers, lag))
    return generate_latest(registry)


def version_metric() -> Metric:
    """Return the version of this software and the build of its pages, as labels of a 1."""
    info = GaugeMetricFamily(
        "joint_patrol_version_info", "Which version this is", labels=("version", "pages")
    )
    info.add_metric((metadata.version("joint-patrol"), build_id()), 1)
    return info


class _MetricsCollector(Collector):
    def __init__(self, viewers: int, lag: LagHistogram) -> None:
        self._viewers, self._lag = viewers, lag

    def collect(self) -> Iterable[Metric]:
        """Return all of it."""
        yield version_metric()
        yield GaugeMetricFamily(
            "joint_patrol_viewers", "Viewers connected to this process", value=self._viewers
        )
        buckets = zip(
            [*map(floatToGoString, BOUNDS_S), "+Inf"], accumulate(self._lag.counts), strict=True
        )
        words = "From a link's reading a position to its being handed to viewers"
        yield HistogramMetricFamily(
            "joint_patrol_lag_seconds",
            words,
            buckets=list(buckets),
            sum_value=self._lag.sum_s,
        )
