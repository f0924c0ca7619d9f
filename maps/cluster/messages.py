"""Messages between the processes of one node, over the broker.

A web process sends the Watch a request (`RpcRequest`) and gets a response (`RpcResponse`). Each
second the Watch sends a heartbeat (`WatchHeartbeat`), and it sends the frames of each view that
somebody looks at (`ViewMessage`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from maps.accounts.sessions.access import Caller

LONGEST_ANSWER: Final = 64 * 1024 * 1024
"""Most bytes of one answer to a request."""

BEAT_S: Final = 1.0
"""How often a Watch says that it is there."""

GONE_AFTER_S: Final = 3.5
"""A Watch that has not been heard for so long counts as gone; viewers are told within 5 s."""

ANSWER_WITHIN_S: Final = 120.0
"""How long a web process waits for an answer, and asks again."""

LATE_AFTER_S: Final = ANSWER_WITHIN_S + 2 * GONE_AFTER_S
"""What is asked and comes later is not done: nobody waits for it any more."""

WANTED_EVERY_S: Final = 20.0
"""How often a web process says which views somebody looks at."""

WANTED_FOR_S: Final = 60.0
"""How long a view is handed out after somebody last asked for it."""


class Request(msgspec.Struct, frozen=True, kw_only=True, tag="request"):
    """A request of a person, phone or program; the web process knows who asks.

    Attributes:
        method: Of HTTP.
        path: Decoded.
        query: As it came.
        scheme: `http` or `https`.
        headers: Without what proves who is calling: that stays where it was checked.
        client: Address and port.
        caller: Who is calling; None for nobody, which few routes take.
        body: Whole.
    """

    method: str
    path: str
    query: bytes
    scheme: str
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    caller: Caller | None
    body: bytes


class OpenView(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    """Wish for a view: from now on its frames are handed out; the answer is where to begin.

    Attributes:
        agency: Whose records pass.
        role: In which role.
        stream: Stream that somebody followed before; empty for none.
        since: Number of the last change that one has.
    """

    agency: str
    role: str
    stream: str = ""
    since: int = -1


class ChangesRequest(msgspec.Struct, frozen=True, kw_only=True, tag="missed"):
    """Wish for changes of a view that went before.

    Attributes:
        agency: Whose records pass.
        role: In which role.
        stream: Their stream.
        since: Number of the change before the first.
        before: Number of the change after the last.
    """

    agency: str
    role: str
    stream: str
    since: int
    before: int


class ViewsInUse(msgspec.Struct, frozen=True, kw_only=True, tag="wanted"):
    """Which views somebody looks at still, as agency and role; not answered."""

    views: list[tuple[str, str]]


class RpcRequest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"heartbeat_count": "heard", "payload": "what", "watch_id": "to"},
):
    """What a web process asks.

    Attributes:
        web: Its id, another one at each start.
        number: Counts up; what comes twice under one number is done once.
        watch_id: Id of the Watch that is asked, another one at each start: no other does it.
        payload: What is asked.
        heartbeat_count: Count of the last beat that was heard of that Watch when this was first
            said: by that it knows, whatever any clock shows, what comes so late that nobody waits
            for it. 0: an older web process, which does not say so; it is updated after the Watch.
    """

    web: str
    number: int
    watch_id: str
    payload: Request | OpenView | ChangesRequest | ViewsInUse
    heartbeat_count: int = 0


class Response(msgspec.Struct, frozen=True, kw_only=True, tag="response"):
    """What came of a request.

    Attributes:
        status: Of HTTP.
        headers: Of HTTP.
        body: Whole.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class ViewFrame(msgspec.Struct, frozen=True, array_like=True):
    """One change of a view, encoded.

    Attributes:
        seq: Its number.
        whole: The frame as viewers get it.
        own: Its twin without what is of other agencies; None where nothing is.
    """

    seq: int
    whole: bytes
    own: bytes | None = None


class ViewStart(msgspec.Struct, frozen=True, kw_only=True, tag="begin"):
    """Where a view begins.

    Attributes:
        stream: Its stream.
        epoch: Policy epoch under which this was made.
        seq: Number of the last change that is in `snapshot` or `frames`.
        snapshot: The picture; None where `frames` lead on from what was known.
        frames: The changes after the one that was named.
    """

    stream: str
    epoch: int
    seq: int
    snapshot: ViewFrame | None = None
    frames: list[ViewFrame] = []


class RequestRefusal(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """Nothing was done; says why."""

    fault: str


class RpcResponse(
    msgspec.Struct, frozen=True, kw_only=True, rename={"payload": "what", "watch_id": "by"}
):
    """What the Watch answers.

    Attributes:
        watch_id: Its id.
        number: Of what was asked.
        payload: The answer.
    """

    watch_id: str
    number: int
    payload: Response | ViewStart | RequestRefusal


class WatchHeartbeat(msgspec.Struct, frozen=True, kw_only=True, rename={"watch_id": "by"}):
    """A Watch is there.

    Attributes:
        watch_id: Its id, another one at each start.
        epoch: Of its lease: a higher one counts.
        count: Counts up; one that was not heard tells that more was not.
        well: It works, and its store takes records.
        time: What its clock shows, by which the whole picture is timed.
        steady_s: What its steady clock shows: by that it is seen how late a beat comes.
    """

    watch_id: str
    epoch: int
    count: int
    well: bool
    time: datetime | None = None
    steady_s: float = 0.0


class ViewMessage(msgspec.Struct, frozen=True, kw_only=True, rename={"watch_id": "by"}):
    """What a Watch says of one view.

    Attributes:
        watch_id: Its id.
        stream: The view's stream.
        epoch: Its policy epoch.
        frame: The next change; None: another epoch began, and what is of others may not pass.
    """

    watch_id: str
    stream: str
    epoch: int
    frame: ViewFrame | None = None


class Topics:
    """Where the processes of a node say what.

    Args:
        node: The node's id.

    Attributes:
        beat: Where a Watch says that it is there.
        asks: Filter of all that web processes ask.
    """

    def __init__(self, node: str) -> None:
        self._start = f"joint-patrol/v1/nodes/{node}"
        self.beat = f"{self._start}/beat"
        self.asks = f"{self._start}/ask/+"

    def requests_of(self, web: str) -> str:
        """Return where a web process asks."""
        return f"{self._start}/ask/{web}"

    def answer(self, web: str) -> str:
        """Return where it is answered."""
        return f"{self._start}/answer/{web}"

    def view(self, agency: str, role: str) -> str:
        """Return where the frames of a view are handed out."""
        return f"{self._start}/view/{agency}/{role}"
