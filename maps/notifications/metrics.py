"""Metrics of deliveries, in the words of Prometheus; names begin with joint_patrol_."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from maps.notifications.deliveries import RuleHealth

_LABELS: Final = ("agency", "rule", "way")


def delivery_metrics(rules: Sequence[RuleHealth]) -> bytes:
    """Return how the rules fare, as Prometheus reads it; nothing without rules."""
    if not rules:
        return b""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_MetricsCollector(rules))
    return generate_latest(registry)


class _MetricsCollector(Collector):
    def __init__(self, rules: Sequence[RuleHealth]) -> None:
        self._rules = rules

    def collect(self) -> Iterable[Metric]:
        """Return all of it."""
        settled = CounterMetricFamily(
            "joint_patrol_deliveries", "Deliveries by outcome", labels=(*_LABELS, "state")
        )
        waiting = GaugeMetricFamily(
            "joint_patrol_deliveries_waiting", "Deliveries that wait", labels=_LABELS
        )
        failing = GaugeMetricFamily(
            "joint_patrol_delivery_failing",
            "Receivers that were not reached at the last try",
            labels=_LABELS,
        )
        for each in self._rules:
            labels = (each.agency, each.rule, each.way)
            for state, count in each.settled.items():
                settled.add_metric((*labels, state), count)
            waiting.add_metric(labels, each.waiting)
            failing.add_metric(labels, len(each.failing))
        yield from (settled, waiting, failing)
