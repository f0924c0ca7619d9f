"""Health of a feed, in words for a technician."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

FeedState = Literal["opening", "open", "down", "stopped"]


class FeedHealth(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename={"echoes": "heard_back", "unnumbered": "untold"},
):
    """How one feed fares now. Counters run from the start of the process.

    Attributes:
        name: The feed's name.
        url: Its URL.
        speaks: Its words.
        agency: Whose picture goes out.
        role: As which role sees it.
        state: `opening`, `open`, `down` (waiting to try again) or `stopped`.
        since: When it entered this state, aware UTC.
        fault: Why it is down; None when it is well.
        clients: Who is connected now; None by datagrams, which nobody confirms.
        units: Units and radios whose position is told now.
        unnumbered: Units that have no number left (`nmea` has 100 of them).
        sent: Messages told, each once however many clients took it; without what a newcomer alone
            is told.
        cut_off: Clients cut off because they did not take what was sent, or were too many.
        reconnects: Times the link was opened again.
        echoes: Messages that a channel of this node heard, and that were known as ours.
    """

    name: str
    url: str
    speaks: str
    agency: str
    role: str
    state: FeedState
    since: datetime
    fault: str | None = None
    clients: int | None = None
    units: int = 0
    unnumbered: int = 0
    sent: int = 0
    cut_off: int = 0
    reconnects: int = 0
    echoes: int = 0
