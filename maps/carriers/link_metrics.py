"""Metrics of the links to counterparts, in the words of Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from patrol.exchange.link_health import CounterpartLinkHealth

_GAUGES: Final[tuple[tuple[str, str, Callable[[CounterpartLinkHealth], float | None]], ...]] = (
    ("open", "Whether the link to a counterpart is open", lambda each: float(each.is_open)),
    (
        "last_word_timestamp_seconds",
        "When its newest signed envelope came, by our clock",
        lambda each: None if each.last_word_at is None else each.last_word_at.timestamp(),
    ),
    (
        "clock_difference_seconds",
        "What its clock shows more than ours",
        lambda each: None if each.clock is None else each.clock.difference_s,
    ),
    (
        "clock_error_seconds",
        "How far that may be off",
        lambda each: None if each.clock is None else each.clock.error_s,
    ),
)


def counterpart_metrics(links: Sequence[CounterpartLinkHealth]) -> bytes:
    """Return how the links fare, as Prometheus reads it; nothing where there are none."""
    if not links:
        return b""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_MetricsCollector(links))
    return generate_latest(registry)


class _MetricsCollector(Collector):
    def __init__(self, links: Sequence[CounterpartLinkHealth]) -> None:
        self._links = links

    def collect(self) -> Iterable[Metric]:
        """Return all of it."""
        for name, words, value_of in _GAUGES:
            gauge = GaugeMetricFamily(
                f"joint_patrol_counterpart_{name}", words, labels=("counterpart",)
            )
            for each in self._links:
                value = value_of(each)
                if value is not None:
                    gauge.add_metric((each.node,), value)
            yield gauge
        refused = CounterMetricFamily(
            "joint_patrol_counterpart_refused",
            "What came of a counterpart and was not taken",
            labels=("counterpart",),
        )
        for each in self._links:
            refused.add_metric((each.node,), each.refused)
        yield refused
