"""Link health: state of a node's links: its channels, its gateways and the ways alerts leave by.

Told to viewers as it changes, to a technician who looks, and to Prometheus.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from maps.node.backups import Backups
from maps.notifications.deliveries import Deliveries
from patrol.alarms.disk_room import DiskRoom
from patrol.errors.errors import NotFound
from patrol.exchange.link_health import CounterpartLinkHealth
from patrol.live.lag import LagHistogram
from radio_gateway.channels.channel import Channel
from radio_gateway.clock.clock import CLOCK, utc_now
from radio_gateway.health.health import ChannelHealth, GatewayHealth, GatewayReport, RejectedFrame
from radio_gateway.inbox.inbox import Inbox

if TYPE_CHECKING:
    from radio_gateway.uplink.receiver.receiver import Receiver

HEALTH_EVERY_S: Final = 1.0
COUNTERS_EVERY: Final = 5  # looks at the channels between two that also tell the counters


class LinkHealth:
    """How the links of one node fare.

    Args:
        channels: Its own channels, by name; more may come.
        inbox: Where they hand in what they hear.
        delivering: How alerts leave.
        receiver: Takes in what remote gateways report; None without any.
        gateway: Short name of the gateway in this process.
        agency: The node's own.
        news: Called with those of which viewers are to be told.
        stored: Returns whether the store takes records, and what is left on its disk.
        viewer_lag: Returns how many viewers are connected, and how late positions reach them.
        counterparts: Returns how the links to counterparts fare.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        inbox: Inbox,
        delivering: Deliveries,
        receiver: Receiver | None,
        *,
        gateway: str,
        agency: str,
        news: Callable[[Sequence[ChannelHealth]], None],
        stored: Callable[[], tuple[bool, DiskRoom | None, Backups | None]],
        viewer_lag: Callable[[], tuple[int, LagHistogram]],
        counterparts: Callable[[], Sequence[CounterpartLinkHealth]],
    ) -> None:
        self._channels, self._inbox = channels, inbox
        self._delivering, self._receiver = delivering, receiver
        self._gateway, self._agency, self._publish = gateway, agency, news
        self._stored, self._viewer_lag, self._counterparts = stored, viewer_lag, counterparts

    async def run(self) -> None:
        """Tell viewers how the channels fare: a new state at once, counters now and then."""
        states: dict[str, tuple[str, str | None]] = {}
        look = 0
        while True:
            news: list[ChannelHealth] = []
            for health in self._fares():
                state = (health.state, health.fault)
                if states.get(health.name) != state or look % COUNTERS_EVERY == 0:
                    states[health.name] = state
                    news.append(health)
            if news:
                self._publish(news)
            look += 1
            await asyncio.sleep(HEALTH_EVERY_S)

    def report(self, agency: str | None = None) -> GatewayReport:
        """Return how every channel fares now, with the last rejected frames of our own.

        Args:
            agency: Whose technician reads it: frames, which nobody can say whose they are, are
                told as unknown radios are, to the node's own; None: the node itself.
        """
        channels = self._channels.items() if agency in (None, self._agency) else ()
        return GatewayReport(
            health=GatewayHealth(
                gateway=self._gateway,
                reported_at=utc_now(),
                channels=tuple(self._fares()),
                clock=CLOCK.doubt,
                inbox=self._inbox.unstored,
            ),
            rejected={name: channel.rejected() for name, channel in channels},
        )

    def metrics(self, agency: str | None = None) -> bytes:
        """Return all that can be counted of this node and its gateways, as Prometheus reads it.

        Args:
            agency: Whose technician reads it: of deliveries only those to it; None: the node
                itself, which reads all.
        """
        # What writes the words of Prometheus takes three megabytes: only where somebody reads them.
        from maps.carriers.link_metrics import counterpart_metrics
        from maps.node.health.live_metrics import live_metrics
        from maps.node.health.store_metrics import store_metrics
        from maps.notifications.metrics import delivery_metrics

        found = self._gateway_metrics()
        if agency is None:
            found += store_metrics(*self._stored()) + live_metrics(*self._viewer_lag())
            found += counterpart_metrics(self._counterparts())
        return found + delivery_metrics(self._delivering.health(agency))

    def _gateway_metrics(self) -> bytes:
        own, remote = self._own_fares(), self._receiver
        if remote is None:
            return self._metrics_text(own, ())
        channels: dict[str, list[ChannelHealth]] = {}
        for each in remote.health():
            gateway, _, channel = each.name.partition("/")
            if channel:
                channels.setdefault(gateway, []).append(replace(each, name=channel))
            else:
                own.append(each)  # the way from it is ours
        gateways = [
            replace(each, channels=tuple(channels.get(each.gateway, ())))
            for each in remote.gateways()
        ]
        return self._metrics_text(own, gateways)

    def _metrics_text(
        self, own: Sequence[ChannelHealth], gateways: Sequence[GatewayHealth]
    ) -> bytes:
        from radio_gateway.health.metrics import metrics_text

        return metrics_text(
            own,
            gateways=gateways,
            own=self._gateway,
            inbox=self._inbox.unstored,
            clock=CLOCK.doubt,
            now=utc_now(),
        )

    def _fares(self) -> list[ChannelHealth]:
        fares = self._own_fares() + self._delivering.channels()
        return fares if self._receiver is None else fares + self._receiver.health()

    def _own_fares(self) -> list[ChannelHealth]:
        inbox = self._inbox.unstored_by_channel()
        fares = [
            replace(channel.health(), inbox=inbox[name]) for name, channel in self._channels.items()
        ]
        return fares if self._receiver is None else [*fares, self._receiver.broker()]

    def rejected(self, name: str) -> list[RejectedFrame]:
        """Return the last frames that a channel, here or of a gateway, rejected, oldest first.

        Raises:
            NotFound: If there is no such channel.
        """
        if self._receiver is not None and "/" in name:
            return self._receiver.rejected(name)
        if name not in self._channels:
            raise NotFound("channel", name)
        return self._channels[name].rejected()
