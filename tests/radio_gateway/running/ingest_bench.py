"""The ingest of one link without its channel, for what is read to be given by hand."""

from __future__ import annotations

from typing import Any

from radio_gateway.channels.inactivity import InactivityTimer
from radio_gateway.channels.ingest import Ingest
from radio_gateway.health.rejections import Rejections
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.transport import Chunk
from radio_gateway.recording.channel_recording import Recordings
from tests.radio_gateway.running.running import make


class IngestBench:
    """An ingest.

    Args:
        url: The link.
        inbox: Where what is heard goes.
        protocols: What is spoken, by name.

    Attributes:
        ingest: The ingest.
        rejections: What it did not understand.
    """

    def __init__(self, url: str, inbox: Inbox, **protocols: Any) -> None:
        channel = make(url, "ais", inbox=inbox)
        self.rejections = Rejections("link")
        self.ingest = Ingest(
            channel.settings,
            channel.transport,
            inbox,
            receptions="gw/b/",
            protocols=protocols,
            recordings=Recordings("link", tuple(protocols), None),
            rejections=self.rejections,
            silence=InactivityTimer(None),
        )

    def hear(self, *chunks: Chunk) -> None:
        """Have the ingest hear what was read at once."""
        self.ingest.take(list(chunks))
