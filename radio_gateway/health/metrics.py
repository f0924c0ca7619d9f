"""Metrics: how channels and gateway fare, in the words of Prometheus.

Every name begins with `radio_gateway_`; counters run from the start of the process. Format: the
Prometheus text exposition format, version 1.0.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import get_args

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from radio_gateway.health.health import ChannelHealth, ClockDoubt, GatewayHealth, LinkState

CONTENT_TYPE = CONTENT_TYPE_PLAIN_1_0_0
_PREFIX = "radio_gateway_"
_COUNTERS = (
    ("bytes", "bytes_read", "Bytes read"),
    ("frames", "frames", "Frames cut"),
    ("transmissions", "transmissions", "Transmissions decoded"),
    ("junk_bytes", "junk_bytes", "Bytes that belonged to no frame"),
    ("shed", "shed", "Routine positions dropped because the queue was full"),
    ("reconnects", "reconnects", "Times the link was opened again"),
    ("journal_missed", "journal_missed", "Reads that the journal does not hold"),
)


def metrics_text(
    channels: Sequence[ChannelHealth],
    *,
    gateways: Sequence[GatewayHealth] = (),
    own: str = "",
    inbox: int | None = None,
    clock: ClockDoubt | None = None,
    now: datetime,
) -> bytes:
    """Return everything that can be counted, as Prometheus reads it.

    Args:
        channels: Channels of this process.
        gateways: Gateways that report here, or the one that this process is; their channels are
            told too, with the gateway's id in the label `gateway`.
        own: Label `gateway` of `channels`.
        inbox: Transmissions that this process has received and not yet stored; None when it is one
            of `gateways`, which tell it themselves.
        clock: Why times of this process are doubtful, if they are; told with `inbox`.
        now: The present, aware UTC.
    """
    channel_health: list[tuple[str, ChannelHealth]] = [(own, each) for each in channels]
    for gateway in gateways:
        channel_health += [(gateway.gateway, each) for each in gateway.channels]
    registry = CollectorRegistry(auto_describe=False)
    processes = [(each.gateway, each.inbox, each.clock) for each in gateways]
    if inbox is not None:
        processes.insert(0, (own, inbox, clock))
    metrics = [
        *_of_channels(channel_health, now),
        *_of_processes(processes),
        *_of_gateways(gateways, now),
    ]
    registry.register(_MetricsCollector(metrics))
    return generate_latest(registry)


def _of_channels(
    channel_health: Sequence[tuple[str, ChannelHealth]], now: datetime
) -> Iterator[Metric]:
    labels = ("gateway", "channel")
    for name, field, text in _COUNTERS:
        counter = CounterMetricFamily(f"{_PREFIX}channel_{name}", text, labels=labels)
        for gateway, each in channel_health:
            counter.add_metric((gateway, each.name), getattr(each, field))
        yield counter
    errors = CounterMetricFamily(
        f"{_PREFIX}channel_rejected", "Rejected frames by reason", labels=(*labels, "reason")
    )
    state = GaugeMetricFamily(
        f"{_PREFIX}channel_state", "1 for the state that it is in", labels=(*labels, "state")
    )
    age = GaugeMetricFamily(
        f"{_PREFIX}channel_age_seconds", "Since the last good frame", labels=labels
    )
    expected = GaugeMetricFamily(
        f"{_PREFIX}channel_expected_interval_seconds", "Longest normal silence", labels=labels
    )
    journal = GaugeMetricFamily(
        f"{_PREFIX}channel_journal_ok", "0 while what is read is not kept", labels=labels
    )
    for gateway, each in channel_health:
        label = (gateway, each.name)
        for reason, count in each.errors.items():
            errors.add_metric((*label, reason), count)
        for word in get_args(LinkState):
            state.add_metric((*label, word), float(word == each.state))
        if each.last_heard_at is not None:
            age.add_metric(label, max(0.0, (now - each.last_heard_at).total_seconds()))
        if each.expected_interval_s is not None:
            expected.add_metric(label, each.expected_interval_s)
        journal.add_metric(label, float(each.journal_fault is None))
    yield from (errors, state, age, expected, journal)


def _of_processes(processes: Sequence[tuple[str, int, ClockDoubt | None]]) -> Iterator[Metric]:
    if not processes:
        return
    waiting = _gauge("inbox_waiting", "Transmissions received and not yet on disk")
    right = _gauge("clock_ok", "0 while the clock of the computer is doubtful")
    for gateway, inbox, clock in processes:
        waiting.add_metric((gateway,), inbox)
        right.add_metric((gateway,), float(clock is None))
    yield from (waiting, right)


def _of_gateways(gateways: Sequence[GatewayHealth], now: datetime) -> Iterator[Metric]:
    if not gateways:
        return
    metrics: list[tuple[Metric, str]] = []
    for name, text in (
        ("waiting", "Transmissions in the spool that the node has not receipted"),
        ("waiting_bytes", "Their size"),
        ("refused", "Transmissions kept aside because the node could not read them"),
        ("damaged", "Damaged spool files that lie beside the spool"),
    ):
        metrics.append((_gauge(f"spool_{name}", text), name))
    for name, text in (
        ("sent", "Transmissions sent, repeats counted"),
        ("receipted", "Transmissions that the node said it has stored"),
    ):
        metrics.append(
            (CounterMetricFamily(f"{_PREFIX}uplink_{name}", text, labels=("gateway",)), name)
        )
    for metric, name in metrics:
        for gateway in gateways:
            _add(metric, (gateway.gateway,), getattr(gateway, name))
        yield metric
    state = GaugeMetricFamily(
        f"{_PREFIX}uplink_state", "1 for the state that it is in", labels=("gateway", "state")
    )
    dropped = CounterMetricFamily(
        f"{_PREFIX}spool_dropped", "Dropped from the full spool", labels=("gateway", "channel")
    )
    oldest = _gauge("spool_oldest_seconds", "Age of the oldest transmission that waits")
    well = _gauge("spool_ok", "0 while the spool takes nothing or drops reports")
    way = _gauge("uplink_ok", "0 while the uplink is down or the node does not answer by it")
    answered = _gauge(
        "uplink_node_answered_seconds",
        "Since the node last said something; it does when there is something to receipt",
    )
    told_at = _gauge("told_seconds", "Since the gateway last said how it fares")
    for gateway in gateways:
        label = (gateway.gateway,)
        for word in get_args(LinkState):
            state.add_metric((*label, word), float(word == gateway.uplink))
        for channel, count in gateway.dropped.items():
            dropped.add_metric((*label, channel), count)
        if gateway.oldest_waiting_at is not None:
            oldest.add_metric(label, (now - gateway.oldest_waiting_at).total_seconds())
        well.add_metric(label, float(gateway.spool_fault is None))
        told_s = (now - gateway.reported_at).total_seconds()
        told_at.add_metric(label, told_s)
        way.add_metric(label, float(gateway.uplink_fault is None))
        if gateway.unanswered_s is not None:
            answered.add_metric(label, gateway.unanswered_s + told_s)
    yield from (state, dropped, oldest, well, way, answered, told_at)


def _gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}{name}", text, labels=("gateway",))


def _add(metric: Metric, labels: tuple[str, ...], value: float) -> None:
    if isinstance(metric, CounterMetricFamily | GaugeMetricFamily):
        metric.add_metric(labels, value)


class _MetricsCollector(Collector):
    """Hands the registry what was counted elsewhere."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        """Return all of it."""
        return self._metrics
