"""A node for tests: a real database, a real watch that runs, a clock that tests set."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Union

import msgspec

from gis.position.position import Position
from patrol.desks.desk import Desk
from patrol.documents_registry.document_kinds import ALL
from patrol.live.feeds import Subscription
from patrol.live.fix_table import all_fixes
from patrol.store.store import Store, open_store
from patrol.units.accounts import User
from patrol.units.effective_time import AHEAD
from patrol.units.units import Role
from patrol.units.wire import Beat, Change, Snapshot, UnitState
from patrol.watch.watch import Watch
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.messages.transmission import Delivery, Transmission
from tests.fixtures.databases import empty_store
from tests.fixtures.databases import reading as reading
from tests.fixtures.field_keys import field_keys
from tests.fixtures.set_clock import SetClock

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NODE, AGENCY, OTHER = "node-hx", "la-hx", "th-ck"

_numbers = itertools.count(1)


def at(seconds: float) -> datetime:
    """Return the moment `seconds` after the tests begin."""
    return START + timedelta(seconds=seconds)


def said(
    device: str | None = "a",
    second: float = 0,
    *,
    lon: float | None = 100.4,
    lat: float = 20.27,
    heard: float | None = None,
    channel: str = "serial",
    **more: Any,
) -> Transmission:
    """Return one message: said at `second` by its device, heard then unless `heard` says else.

    `lon=None` says nothing about where; `device_time=None` has no clock.
    """
    place = None if lon is None else Position(lon=lon, lat=lat)
    values: dict[str, Any] = {
        "protocol": "test",
        "kind": "status" if lon is None else "position",
        "device": device,
        "position": place,
        "fix": None if lon is None else True,
        "device_time": at(second),
        "heard_at": at(second if heard is None else heard),
        "channel": channel,
        "reception_id": f"gw/boot/{next(_numbers)}",
        "raw": b"as heard",
    }
    return Transmission(**(values | more))


def address(device: str = "a") -> str:
    """Return the radio address of `said(device)`."""
    return f"test:{device}"


class Node:
    """One node while its watch runs.

    Args:
        file: The database, or what stands for it (`tests.fixtures.databases`).
        now: Seconds of the clock at the start.
        url: The database, where it is another one.

    Attributes:
        task: The watch at work; None while it is not.
    """

    def __init__(self, file: Path, now: float = 0, *, url: str | None = None) -> None:
        self.file, self.url = file, url
        self.time = at(now)
        self.task: asyncio.Task[None] | None = None
        self.open()

    def open(self) -> None:
        """Open the store, with a watch over it that has not started."""
        self.store: Store = open_store(self.url or empty_store(self.file))
        self.watch = Watch(
            self.store,
            node=NODE,
            agency=AGENCY,
            clock=SetClock(lambda: self.time),
            field_keys=field_keys(),
            store_returned=lambda _: self.must_end.set(),
        )
        self.must_end = asyncio.Event()
        self.inbox = Inbox()

    async def start(self) -> None:
        """Take up the picture and begin to work."""
        await self.watch.start()
        self.task = asyncio.create_task(self.watch.run(self.inbox))

    async def stop(self) -> None:
        """End as a shutdown does."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
            self.task = None
        await self.store.close()

    async def again(self) -> Node:
        """Stop, start anew on the same file, and return itself."""
        await self.stop()
        self.open()
        await self.start()
        return self

    def offer(self, *messages: Transmission) -> list[asyncio.Event]:
        """Hand messages to the inbox; each event is set once its message is answered."""
        answers = [asyncio.Event() for _ in messages]
        self.inbox.offer(
            [
                Delivery(message, answer.set)
                for message, answer in zip(messages, answers, strict=True)
            ],
            can_wait=True,
        )
        return answers

    async def hear(self, *messages: Transmission) -> None:
        """Hand messages to the inbox as one batch and wait until all are answered.

        What is heard by the same clock is not heard later than now: that moves, as far as it must.
        """
        latest = max((each.heard_at for each in messages), default=self.time)
        if latest - self.time > AHEAD:
            self.time = latest
        async with asyncio.timeout(10):
            for answer in self.offer(*messages):
                await answer.wait()

    async def hear_in_turn(self, *messages: Transmission) -> None:
        """Hand in each message once the one before it is answered."""
        for message in messages:
            await self.hear(message)

    def desk(self, role: Role = "commander", agency: str = AGENCY, name: str = "kham") -> Desk:
        """Return somebody's desk."""
        return Desk(self.watch, User(name=name, role=role, agency=agency))

    def state(self, id: str | None = None) -> UnitState:
        """Return what is known of a unit or radio."""
        return self.watch.picture.contact(address() if id is None else id).state()

    def states(self) -> dict[str, UnitState]:
        """Return what is known of everything."""
        return {id: contact.state() for id, contact in self.watch.picture.contacts.items()}

    async def boat(self, call_sign: str = "Boat 3", agency: str = AGENCY, **more: Any) -> str:
        """Register a unit and return its id."""
        desk = self.desk("admin", agency)
        return (await desk.registry.add_unit(call_sign=call_sign, kind="boat", **more)).id

    def rows(self, query: str, *values: object) -> list[Any]:
        """Read the database as anybody could, past our own code."""
        with reading(self.file) as connection:
            found: list[Any] = connection.execute(query, values).fetchall()
            return found


@asynccontextmanager
async def running(file: Path, now: float = 0) -> Any:
    """Run a node on `file` while inside."""
    node = Node(file, now)
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


async def tick(watch: Watch) -> None:
    """Have the watch file what time brings, in a turn, as it does once a second."""
    async with watch.turn as turn:
        await watch.document_service.tick(turn)


class Viewer:
    """Somebody who watches a stream and applies what comes, as the web client does."""

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.frames: list[bytes] = []
        self.units: dict[str, UnitState] = {}
        self.seqs: list[int] = []
        self.stream = ""

    async def look(self, timeout_s: float = 0.05) -> list[Change | Snapshot]:
        """Apply what waits and return it, beats left out."""
        news = []
        for frame in await self.subscription.take(timeout_s):
            self.frames.append(frame)
            found = frame_of(frame)
            if isinstance(found, Snapshot):
                self.stream = found.stream
                self.units = {unit.id: unit for unit in found.units}
            elif isinstance(found, Change):
                for unit in found.units:
                    self.units[unit.id] = unit
                for gone in found.forget:
                    self.units.pop(gone, None)
            else:
                continue
            self.seqs.append(found.seq)
            news.append(found)
        return news


_DOCUMENTS = ("documents", tuple[Union[ALL], ...], ())  # type: ignore[valid-type]  # noqa: UP007
_FRAMES = tuple(
    msgspec.defstruct(
        kind.__name__,
        [_DOCUMENTS],
        bases=(kind,),
        tag=kind.__struct_config__.tag,
        frozen=True,
        kw_only=True,
        rename={"documents": "papers"},
        omit_defaults=kind.__struct_config__.omit_defaults,
    )
    for kind in (Snapshot, Change)
)


def frame_of(frame: bytes) -> Any:
    """Decode a frame of the stream into a Snapshot, Change or Beat, with documents of all kinds and
    without tables: their positions stand among the others.
    """
    found = msgspec.json.decode(frame, type=Union[(*_FRAMES, Beat)])
    kind = next(kind for kind in (Snapshot, Change, Beat) if isinstance(found, kind))
    body = {name: getattr(found, name) for name in kind.__struct_fields__}
    if isinstance(found, Change):
        body |= {"fixes": tuple(all_fixes(found)), "tables": ()}
    return kind(**body)
