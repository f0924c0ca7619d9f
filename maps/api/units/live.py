"""Live: the WebSocket that carries the picture: a snapshot, then changes, and a beat when quiet.

Frames come encoded from the desk, the same bytes for all viewers who may see the same, and are
sent as they are. A viewer that was cut off names its stream and the last change it has
(`?stream=S&since=N`) and goes on from there without a gap while that is still kept. Our pages ask
for tables (`?tables=true`); who does not, as a page that was loaded before there were any, is told
all positions one by one.

Whoever loses the way in (signed out, disabled, another role, a device revoked; by this process or
the command line) is cut off within three seconds: a second for the account epoch, two for a beat.

Of one account so many streams are open at once (`maps.http.stream_limit`).

Close codes: 4401 not signed in (any more), 4403 not allowed, 4409 fell too far behind, 1013 try
again later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from maps.accounts.sessions.access import Access, Caller
from maps.errors.errors import NoAnswer, NotSignedIn, TooManyTries, WatchUnreachable
from maps.http.shared_websocket import EXTENSION
from maps.http.stream_limit import StreamSlots
from patrol.errors.errors import Forbidden, StoreError
from patrol.live.feeds import Subscription
from patrol.live.fix_table import without_tables
from patrol.units.accounts import User

router = APIRouter()

BEAT_S = 2.0
CHECK_S = 5.0  # how long closing a stream may take
LOOK_S = 30.0  # how long a session is believed while no account has changed
ENTER_S = 8.0  # how long the store may take to tell who comes; a page gives up after 9 s
STORE_S = 1.0  # how long a viewer waits for a store that is asked whether it may look still
STUCK_S = 20.0  # a peer that takes nothing for so long is gone

_LONGEST_NUMBER = 18  # digits; what is longer is no number of a process to another

NOT_SIGNED_IN, NOT_ALLOWED, FELL_BEHIND = 4401, 4403, 4409
TRY_AGAIN = 1013
_REPLACED = "too many streams of this account are open"


@router.websocket("/api/live")
async def live(
    socket: WebSocket,
    stream: str | None = None,
    since: str | None = None,
    tables: str | None = None,
) -> None:
    """Carry the live stream until either side ends it."""
    await socket.accept()
    disconnected = asyncio.create_task(_until_gone(socket), name="live-gone")
    try:
        await _carry(socket, disconnected, stream, since, tables=tables == "true")
    finally:
        disconnected.cancel()
        await asyncio.gather(disconnected, return_exceptions=True)


async def _carry(
    socket: WebSocket,
    disconnected: asyncio.Task[None],
    stream: str | None,
    since: str | None,
    *,
    tables: bool,
) -> None:
    access: Access = socket.app.state.access
    places: StreamSlots = socket.app.state.live_places
    replaced: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    with ExitStack() as held:
        try:
            async with asyncio.timeout(ENTER_S):
                epoch = await access.epoch()  # before: what changes meanwhile is looked at again
                caller = await access.caller(socket)
            held.enter_context(
                places.slot(caller.user.name, caller.session or "", partial(_replace, replaced))
            )
            subscription = await _entered(
                socket, {disconnected, replaced}, caller.user, stream, _number(since)
            )
        except (NotSignedIn, TooManyTries):
            await _refuse(socket, NOT_SIGNED_IN, "sign in first")
            return
        except (StoreError, TimeoutError):
            await _refuse(socket, TRY_AGAIN, "the store cannot be used at the moment")
            return
        except (WatchUnreachable, NoAnswer):
            await _refuse(socket, TRY_AGAIN, "the picture cannot be followed at the moment")
            return
        except Forbidden as error:
            await _refuse(socket, NOT_ALLOWED, str(error))
            return
        if subscription is not None:
            until = caller.expires_at
            viewer = _Viewer(socket, subscription, access, epoch, until=until, tables=tables)
            await _show(socket, viewer, subscription, caller, disconnected, replaced)
        elif not disconnected.done():
            await _refuse(socket, TRY_AGAIN, _REPLACED)


async def _entered(
    socket: WebSocket,
    ends: set[asyncio.Future[None]],
    user: User,
    stream: str | None,
    since: int | None,
) -> Subscription | None:
    """Return a viewer's place in the stream; None if one of `ends` comes before."""
    entering: asyncio.Future[Subscription] = asyncio.ensure_future(
        socket.app.state.watching(user, stream, since)
    )
    try:  # it may take a while: until there is a Watch again
        ways: set[asyncio.Future[Any]] = {*ends, entering}
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        entering.add_done_callback(_leave)  # it may have got in in this very turn
        raise
    finally:
        entering.cancel()  # no effect once done
    return entering.result() if entering.done() else None


async def _show(
    socket: WebSocket,
    viewer: _Viewer,
    subscription: Subscription,
    caller: Caller,
    disconnected: asyncio.Task[None],
    replaced: asyncio.Future[None],
) -> None:
    """Show what comes until either side ends it, or it is to make room."""
    sending = asyncio.create_task(viewer.send(caller), name="live-send")
    stuck = asyncio.create_task(viewer.until_stuck(caller), name="live-stuck")
    try:
        ends: set[asyncio.Future[Any]] = {disconnected, replaced, sending, stuck}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not disconnected.done():
            code, reason = TRY_AGAIN, _REPLACED
            if sending.done() or stuck.done():
                code, reason = (sending if sending.done() else stuck).result()
            sending.cancel()
            await asyncio.wait({sending})
            async with asyncio.timeout(CHECK_S):
                await socket.close(code, reason)
    except TimeoutError:
        viewer.abort()  # it takes nothing any more: its socket would stay for as long as it likes
    except (WebSocketDisconnect, RuntimeError):
        pass  # the peer went while we were closing
    finally:
        subscription.close()
        ending = [sending, stuck, *viewer.looking]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        subscription.let_go()


def _replace(replaced: asyncio.Future[None]) -> None:
    """End a stream, since another of its account takes its place."""
    if not replaced.done():
        replaced.set_result(None)


def _number(since: str | None) -> int | None:
    """Return the number of a change that somebody names; None where there can be no such."""
    if since is None or not since.isdecimal() or len(since) > _LONGEST_NUMBER:
        return None
    return int(since)


async def _refuse(socket: WebSocket, code: int, reason: str) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # the peer went in the same moment
        await socket.close(code, reason)


def _leave(entering: asyncio.Future[Subscription]) -> None:
    """Give back the place of a viewer for whom nobody will take anything."""
    if not entering.cancelled() and entering.exception() is None:
        entering.result().close()


class _Viewer:
    """One viewer: what is sent to it, and since when it has taken nothing.

    Attributes:
        looking: A look at whether it may look still that is under way; none or one.
    """

    __slots__ = (
        "_abort",
        "_access",
        "_bytes_taken",
        "_epoch",
        "_give",
        "_looked",
        "_sending_since",
        "_socket",
        "_subscription",
        "_tables",
        "_until",
        "looking",
    )

    def __init__(
        self,
        socket: WebSocket,
        subscription: Subscription,
        access: Access,
        epoch: int,
        *,
        until: datetime | None,
        tables: bool,
    ) -> None:
        self._until = until
        self._socket, self._subscription, self._tables = socket, subscription, tables
        self._access, self._epoch = access, epoch
        extension = socket.scope.get("extensions", {}).get(EXTENSION, {})
        self._give: Callable[[bytes], bool] | None = extension.get("give")
        self._abort: Callable[[], None] | None = extension.get("abort")
        self._bytes_taken: Callable[[], int] = extension.get("taken", lambda: 0)
        if self._give is not None:
            subscription.go_straight(self._straight)
        self._sending_since: float | None = None
        self._looked = monotonic()
        self.looking: list[asyncio.Task[str | None]] = []

    async def send(self, caller: Caller) -> tuple[int, str]:
        """Send frames until the session ends; return why."""
        take = self._subscription.take
        while True:
            try:
                frames = await take(BEAT_S)
            except (WatchUnreachable, NoAnswer):
                return TRY_AGAIN, "the picture cannot be followed at the moment"
            if self._subscription.closed:
                return TRY_AGAIN, "the picture cannot be followed any more"
            lost = await self._end_reason(caller)
            if lost is not None:
                return NOT_SIGNED_IN, lost
            await self._send_each(frames)
            frames = []  # nor held here while nothing comes: they may be the whole picture

    async def _send_each(self, frames: list[bytes]) -> None:
        for place in range(len(frames)):
            self._sending_since = monotonic()
            # Looked up once it can go: what may not pass any more is replaced in the list.
            late = partial(self._worded, frames, place)
            if self._give is not None:
                await self._socket.send({"type": "websocket.send", "frame": late})
            else:
                await self._socket.send_text(late().decode())
        self._sending_since = None

    async def _end_reason(self, caller: Caller) -> str | None:
        """Return why the viewer may look no longer; None if it may, or the store says nothing:
        what it says later is heeded then. Nobody can sign in meanwhile; who is in stays in.
        """
        if self.looking:
            wait_s = 0.0  # it was waited for before
        elif (
            self._access.epoch_now() == self._epoch
            and monotonic() - self._looked <= LOOK_S
            and not self._is_over()
        ):
            return None
        else:
            wait_s = STORE_S
            self.looking = [asyncio.create_task(self._look(caller), name="live-look")]
        (look,) = self.looking
        await asyncio.wait({look}, timeout=wait_s)
        if not look.done():
            return None
        if self.looking == [look]:
            self.looking = []
        return look.result()

    async def _look(self, caller: Caller) -> str | None:
        try:
            epoch = await self._access.epoch()
            if epoch != self._epoch or monotonic() - self._looked > LOOK_S or self._is_over():
                today = await self._access.caller(self._socket)
                if _permissions_of(today) != _permissions_of(caller):
                    return "the account has changed"
                self._epoch, self._looked = epoch, monotonic()
                self._until = today.expires_at
        except (NotSignedIn, TooManyTries, Forbidden):
            return "the session has ended"
        except StoreError:
            pass
        return None

    def _is_over(self) -> bool:
        return self._until is not None and self._until <= datetime.now(UTC)

    def _straight(self, frame: bytes) -> bool:
        """Send a frame at once if its viewer takes it and no account has changed since a look at
        the viewer's own. With the next beat it is looked at again.
        """
        give = self._give
        if give is None or self._access.epoch_now() != self._epoch:
            return False
        return give(frame if self._tables else without_tables(frame))

    def _worded(self, frames: list[bytes], place: int) -> bytes:
        return frames[place] if self._tables else without_tables(frames[place])

    def abort(self) -> None:
        """End the connection at once; what the peer has not taken is lost."""
        if self._abort is not None:
            self._abort()

    async def until_stuck(self, caller: Caller) -> tuple[int, str]:
        """Return once the peer has taken nothing for too long, or may look no longer while it takes
        little; a look now and then costs less than a timeout for every frame.

        Who takes little of a large picture is not stuck: cut off, it would begin with another.
        """
        taken = self._bytes_taken()
        while True:
            await asyncio.sleep(CHECK_S)
            before, taken = taken, self._bytes_taken()
            if self._sending_since is None:
                continue
            if taken > before:
                self._sending_since = monotonic()
            elif monotonic() - self._sending_since > STUCK_S:
                return FELL_BEHIND, "fell too far behind"
            lost = await self._end_reason(caller)
            if lost is not None:
                return NOT_SIGNED_IN, lost


def _permissions_of(caller: Caller) -> tuple[str | None, ...]:
    """Return what a stream depends on; in which language its viewer reads is none of it."""
    user = caller.user
    return user.name, user.role, user.agency, caller.session, caller.device, caller.unit


async def _until_gone(socket: WebSocket) -> None:
    """Read, and ignore, what the peer sends, until it goes."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
