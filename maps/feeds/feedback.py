"""Feedback: channels that would receive what a feed of the same node sends.

AIS tells no time, so that a boat heard back would be where it was, now: told again, heard again,
and live for ever.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from maps.feeds.settings import FeedSettings
from radio_gateway.channels.channel_settings import ChannelSettings

_EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - read, not bound
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def feedback_channel(feed: FeedSettings, channels: Iterable[ChannelSettings]) -> str | None:
    """Return the name of a channel that would hear the feed; None if none would.

    Args:
        feed: The feed.
        channels: The channels of the same node.
    """
    link = feed.link
    listens = {"udp": "udp", "tcp": "tcp-listen", "tcp-listen": "tcp"}[link.scheme]
    for channel in channels:
        other = channel.link
        if other.scheme != listens or other.port != link.port or not other.port:
            continue
        if other.host == link.host or _to_many(link.host):
            return channel.name
        if feed.is_local and other.host in (*_EVERY_ADDRESS, *_THIS_MACHINE):
            return channel.name
        if link.host in _EVERY_ADDRESS and other.host in _THIS_MACHINE:
            return channel.name
    return None


def shares_server(feed: FeedSettings, channels: Iterable[ChannelSettings]) -> bool:
    """Return whether a channel is by its address on the server that the feed writes to. One that
    is there by another name or port shows by what it hears (`patrol.intake.own_messages`).
    """
    mine = feed.link
    return any(
        (other.scheme, other.port) == (mine.scheme, mine.port)
        and (other.host == mine.host or {other.host, mine.host} <= {*_THIS_MACHINE})
        for other in (each.link for each in channels)
    )


def may_share_server(feed: FeedSettings, channels: Iterable[ChannelSettings]) -> bool:
    """Return whether a channel may be on the TAK server that the feed writes to, under another name
    or at another port.
    """
    speaks = {"cot", "tak"}
    return (
        feed.link.scheme == "tcp"
        and feed.speaks in speaks
        and any(each.link.scheme == "tcp" and speaks & {*each.protocols} for each in channels)
    )


def _to_many(host: str) -> bool:
    """Whether datagrams to this address reach a group, or by its look all of a network."""
    try:
        return ipaddress.ip_address(host).is_multicast or host.endswith(".255")
    except ValueError:
        return False
