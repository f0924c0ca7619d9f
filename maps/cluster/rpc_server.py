"""RPC server: a Watch carries out web processes' requests and answers after the commit.

A request arrives with who is calling; what that caller may do is judged here as it is in one
process. What comes twice, because an answer was lost on the way, is done once: whatever changes
something keeps its answer for a while, and a number that was used does nothing more for as long as
this process lives. It is asked under this process's own id, so what was meant for one that went
before does nothing here. Nor is done what comes so late that who asked was told long ago that there
is no answer: an order of an hour ago would go to a radio now.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, Final

import msgspec
import structlog
from starlette.types import ASGIApp, Message, Scope

from maps.accounts.sessions.access import VERIFIED
from maps.cluster.frame_publisher import FramePublisher
from maps.cluster.messages import (
    LONGEST_ANSWER,
    ChangesRequest,
    OpenView,
    Request,
    RequestRefusal,
    Response,
    RpcRequest,
    RpcResponse,
    ViewsInUse,
)
from maps.http.security_headers import SAFE_METHODS

KEPT_S: Final = 180.0
"""How long the answer to what changed something is kept; web processes ask again for 120 s."""

KEPT_BYTES: Final = 64 * 1024 * 1024

NEVER_KEPT: Final = "/api/protected/"
"""What is answered there is opened for the one answer; one that is lost is asked for anew."""

NUMBERS_KEPT: Final = 10_000
"""Of one web process; what comes so much too late is not done."""

MOST_AT_ONCE: Final = 256
MOST_READS: Final = 192
"""Of those: whatever takes long to read, a report and a call for help find a place."""

MOST_OF_USER: Final = 64
"""Of those: whoever asks for much that takes long keeps nobody else's orders and viewers out."""

MOST_READS_OF_USER: Final = 48
"""Of those: nor the own calls for help; a crew may share one name."""

Say = Callable[[str, RpcResponse], None]
"""Called with the id of a web process and an answer to it."""

_log = structlog.get_logger(__name__)


class _RpcClientState:
    """A web process: which of its numbers are being worked on, answered, or used up."""

    def __init__(self) -> None:
        self.working: set[int] = set()
        self.answers: dict[int, RpcResponse] = {}
        self.done: set[int] = set()  # numbers above `floor`
        self.floor = 0

    def is_used(self, number: int) -> bool:
        return number <= self.floor or number in self.done

    def use(self, number: int) -> None:
        self.done.add(number)
        if len(self.done) > 2 * NUMBERS_KEPT:
            self.floor = sorted(self.done)[NUMBERS_KEPT]
            self.done = {each for each in self.done if each > self.floor}


class RpcServer:
    """What a Watch does for web processes.

    Args:
        app: Its routers.
        showing: Its views.
        by: Its id.
        send: Sends an answer.
        is_late: Returns whether that beat of ours is so old that nobody waits any more for what
            was asked when it was the last.
        now: A clock that only goes forward, seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        showing: FramePublisher,
        *,
        by: str,
        send: Say,
        is_late: Callable[[int], bool] = lambda _heard: False,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._app, self._showing, self._by, self._send, self._now = app, showing, by, send, now
        self._is_late = is_late
        self._askers: dict[str, _RpcClientState] = {}
        self._answer_cache: OrderedDict[tuple[str, int], tuple[float, int]] = OrderedDict()
        self._cached_bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._of_user = Counter[str]()  # how many of those are whose
        self._reads_of = Counter[str]()  # of which so many change nothing
        self._reads = 0
        self.requests = 0

    def take(self, web: str, call: RpcRequest) -> None:
        """Do what is asked, unless it was done."""
        if call.web != web or call.watch_id != self._by:
            return
        if self._is_late(call.heartbeat_count):  # it lay in some queue while the broker was away
            _log.warning("asked_too_late", web=web, what=type(call.payload).__name__)
            return
        asker = self._askers.setdefault(web, _RpcClientState())
        if call.number in asker.working:
            return
        if call.number in asker.answers:
            self._send(web, asker.answers[call.number])
            return
        what = call.payload
        if isinstance(what, Request):
            self._begin(asker, call, what)
        elif isinstance(what, ViewsInUse):
            self._showing.keep_alive(what.views)
        elif isinstance(what, OpenView):
            self._answer(call, self._showing.open(what))
        elif isinstance(what, ChangesRequest):
            self._answer(call, self._showing.changes(what))

    def tick(self) -> None:
        """Forget answers that nobody will ask for again."""
        while self._answer_cache:
            (web, number), (at, size) = next(iter(self._answer_cache.items()))
            if self._now() - at < KEPT_S and self._cached_bytes <= KEPT_BYTES:
                return
            del self._answer_cache[web, number]
            self._cached_bytes -= size
            del self._askers[web].answers[number]

    async def close(self) -> None:
        """End what is being worked on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, client: _RpcClientState, call: RpcRequest, request: Request) -> None:
        changes = request.method not in SAFE_METHODS
        if changes and client.is_used(call.number):
            return
        user = "" if request.caller is None else request.caller.user.name
        if (
            len(self._tasks) >= MOST_AT_ONCE
            or self._of_user[user] >= MOST_OF_USER
            or (not changes and self._reads >= MOST_READS)
            or (not changes and self._reads_of[user] >= MOST_READS_OF_USER)
        ):
            refused = RequestRefusal(fault="too much is asked at once")
            answer = RpcResponse(watch_id=self._by, number=call.number, payload=refused)
            if changes:  # the second copy of it may come when there is room: it was not done
                client.use(call.number)
                self._keep(client, call, answer)
            self._send(call.web, answer)
            return
        client.working.add(call.number)
        client.use(call.number)
        task = asyncio.create_task(self._work(client, call, request), name="asked")
        self._tasks.add(task)
        self._of_user[user] += 1
        self._reads_of[user] += not changes
        self._reads += not changes
        task.add_done_callback(partial(self._ended, user, changes))

    def _ended(self, user: str, changes: bool, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._reads -= not changes
        self._reads_of[user] -= not changes
        self._of_user[user] -= 1
        if not self._of_user[user]:
            del self._of_user[user], self._reads_of[user]

    async def _work(self, client: _RpcClientState, call: RpcRequest, request: Request) -> None:
        self.requests += 1
        try:
            answer = RpcResponse(
                watch_id=self._by, number=call.number, payload=await self._http_response(request)
            )
        finally:
            client.working.discard(call.number)
        if request.method not in SAFE_METHODS and not request.path.startswith(NEVER_KEPT):
            self._keep(client, call, answer)
        self._send(call.web, answer)

    def _keep(self, client: _RpcClientState, call: RpcRequest, answer: RpcResponse) -> None:
        client.answers[call.number] = answer
        size = 500 + (len(answer.payload.body) if isinstance(answer.payload, Response) else 0)
        self._answer_cache[call.web, call.number] = (self._now(), size)
        self._cached_bytes += size
        self.tick()

    def _answer(self, call: RpcRequest, what: Any) -> None:
        self._send(call.web, RpcResponse(watch_id=self._by, number=call.number, payload=what))

    async def _http_response(self, request: Request) -> Response:
        """Let the routers answer, as if the request had come to this process."""
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.scheme,
            "path": request.path,
            "query_string": request.query,
            "root_path": "",
            "headers": request.headers,
            "client": request.client,
            "server": None,
            "state": {},
        }
        if request.caller is not None:
            scope[VERIFIED] = request.caller
        given = _AsgiCall(request.body)
        try:
            await self._app(scope, given.receive, given.send)
        except Exception:  # noqa: BLE001 - answered with 500, as a server would
            _log.exception("asked_failed", path=request.path)
        return given.answer()


class _AsgiCall:
    """The two ends of one call of an ASGI app."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._status = 500
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._size = 0

    async def receive(self) -> Message:
        if self._body is None:
            await asyncio.Event().wait()  # the caller stays: whoever waits for its going is ended
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [(bytes(name), bytes(value)) for name, value in message["headers"]]
        elif message["type"] == "http.response.body":
            part = bytes(message.get("body", b""))
            self._size += len(part)
            if self._size <= LONGEST_ANSWER:
                self._parts.append(part)

    def answer(self) -> Response:
        if self._size > LONGEST_ANSWER:
            fields = {
                "error": "answer_too_long",
                "message": f"the answer has {self._size} bytes, at most {LONGEST_ANSWER} pass;"
                " ask for less at once",
            }
            headers = [(b"content-type", b"application/json")]
            return Response(status=503, headers=headers, body=msgspec.json.encode(fields))
        return Response(status=self._status, headers=self._headers, body=b"".join(self._parts))
