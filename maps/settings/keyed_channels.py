"""Keyed channels: links whose senders sign in with a device key, and what such a link may be.

The key stands for one device. That holds only where a message is read by the protocol whose topic
was made, or allowed, for that device: by any other, a body could name whom it likes.
"""

from __future__ import annotations

from radio_gateway.channels.channel_settings import ChannelSettings

EMBEDDED = "embedded"
"""Host in a channel's URL that means the embedded broker: `mqtt://embedded?topic=…`."""

# First level of the topics whose last levels say who speaks, by the protocol that reads them so.
_FIRST_LEVEL = {"owntracks": "owntracks", "position_json": "joint-patrol"}


def is_keyed(channel: ChannelSettings) -> bool:
    """Return whether the senders of a channel sign in with a device key."""
    link = channel.link
    return link.scheme == "http" or (link.scheme == "mqtt" and link.host == EMBEDDED)


def forgeable(channel: ChannelSettings) -> str | None:
    """Return the field at fault and why, where a device key could speak for another device."""
    if not is_keyed(channel):
        return None
    if len(channel.protocols) != 1 or channel.protocols[0] not in _FIRST_LEVEL:
        known = " or ".join(_FIRST_LEVEL)
        return f"protocols: a channel that device keys speak on has one protocol: {known}"
    own = _FIRST_LEVEL[channel.protocols[0]]
    for name, topic in channel.link.options:
        first = topic.partition("/")[0]
        if name == "topic" and first != own and first in ("+", "#", *_FIRST_LEVEL.values()):
            return f"url: topic={topic} must begin with {own}/ for {channel.protocols[0]}"
    return None
