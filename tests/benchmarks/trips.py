"""How many calls, files and moves between files four trips through the product take.

    python -m tests.benchmarks.trips [NAME …] [--files] [--moves] [--calls]

Not how fast they are: how much somebody has to read who follows one thing through the code.

| trip | from | to |
|---|---|---|
| `rmc` | an RMC sentence of a registered boat, written to a serial port | the frame for a viewer |
| `sector` | `POST /api/sectors` with a polygon | the answer |
| `crossing` | a batch in the inbox: the first position of a boat in a no-go area | the frame that tells of the alert |
| `hand-off` | `POST /api/hand-offs` of a target, to the agency on the other bank | the answer |

Each on a real node of its own: the store in a temporary folder, the channel on a pseudo-terminal,
the watch with its geography, the web server with all its routes. Requests come from an in-process
client (`httpx.ASGITransport`), so that uvicorn and the socket are not in it.

How it is counted, with `sys.setprofile` in every thread:

- A *call* is the start of a Python function that stands in one of the four packages: functions,
  methods, lambdas, generators, also where a library calls them back. A coroutine or generator is
  counted when it starts and not when it goes on after a wait. A comprehension is a part of what it
  stands in, as it is to Python since 3.12. What Python or a library makes (`__init__` of a dataclass
  or struct, C) stands in no file of ours and is not counted.
- *functions* are the different ones among them.
- *files* are those in which a call began.
- A *move* is a call that begins in another file than the call before it.

Each trip is made three times before it is counted, so that imports, caches and what is done once
are not in it, and counted five times: the least stands in the table, for what the clock brings each
second falls into some of them.
"""  # noqa: E501 - a table

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import threading
import tty
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial, reduce
from itertools import count, pairwise
from operator import xor
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple, Self

import httpx

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.messages.transmission import Delivery
from radio_gateway.protocols import PROTOCOLS
from tests.benchmarks.figures import as_text
from tests.fixtures.patience import PATIENCE_S
from tests.maps.servers.running import Running, running

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = frozenset({"gis", "radio_gateway", "patrol", "maps"})
WARM_UP, COUNTED = 3, 5

LAO, THAI = "la-hx", "th-ck"
AGENCIES: Final = [
    {"id": LAO, "name": "Houay Xai", "country": "LA", "blos": ["LA-HXI"]},
    {"id": THAI, "name": "Chiang Khong", "country": "TH", "blos": ["TH-CKG"]},
]
OFFICERS: Final[dict[str, tuple[str, Any]]] = {
    "commander": (LAO, "commander"),
    "planner": (LAO, "planner"),
    "liaison": (LAO, "liaison"),
    "admin": (LAO, "admin"),
    "neighbour": (THAI, "liaison"),
}
"""Name, agency, role."""

METRE_DEG: Final = 1.0 / 104_400.0  # of longitude, at 20.3° north
START: Final = (100.40, 20.30)
WEST, EAST, SOUTH, NORTH = 100.50, 100.52, 20.40, 20.42
RING: Final = [[WEST, SOUTH], [EAST, SOUTH], [EAST, NORTH], [WEST, NORTH], [WEST, SOUTH]]
AREA: Final = {"type": "Polygon", "coordinates": [RING]}

_COMPREHENSIONS: Final = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})

_numbers = count(1)


class Call(NamedTuple):
    """The start of a function of ours.

    Attributes:
        file: Where it stands, seen from the root of the repository.
        line: Its first line.
        function: Its name, with its class.
    """

    file: str
    line: int
    function: str


class Profiler:
    """Notes the calls of this thread and all that start after it, between `begin` and `end`."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._notes = False
        self._of_code: dict[int, tuple[CodeType, Call | None]] = {}

    def __enter__(self) -> Self:
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def begin(self) -> None:
        """Note the calls from now on."""
        self._calls = []
        self._notes = True

    def end(self) -> list[Call]:
        """Return the calls since `begin`."""
        self._notes = False
        return self._calls

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        if not self._notes or event != "call":
            return
        code = frame.f_code
        if id(code) not in self._of_code:
            self._of_code[id(code)] = code, _call(code)
        call = self._of_code[id(code)][1]
        # What goes on after a wait begins at another RESUME than the first.
        if call is not None and code.co_code[frame.f_lasti + 1] == 0:
            self._calls.append(call)


def _call(code: CodeType) -> Call | None:
    """Return the call of a function; None for one that is not ours."""
    file = Path(code.co_filename)
    if not file.is_relative_to(ROOT) or file.relative_to(ROOT).parts[0] not in PACKAGES:
        return None
    if code.co_name in _COMPREHENSIONS:
        return None
    return Call(str(file.relative_to(ROOT)), code.co_firstlineno, code.co_qualname)


class Trip(NamedTuple):
    """What one trip took.

    Attributes:
        name: Which.
        calls: In order.
    """

    name: str
    calls: Sequence[Call]

    @property
    def files(self) -> list[str]:
        """Files, in the order of the first visit."""
        return list(dict.fromkeys(call.file for call in self.calls))

    @property
    def moves(self) -> list[tuple[Call, Call]]:
        """The last call in a file and the first in the next, in order."""
        return [(last, first) for last, first in pairwise(self.calls) if last.file != first.file]


class Node:
    """A node of two agencies with a serial port, a viewer, and officers who are signed in.

    Args:
        server: The node.
        profiler: Notes what it does.
        port: Other end of its serial port.
    """

    def __init__(self, server: Running, profiler: Profiler, port: int) -> None:
        self.office = server.office
        self._server, self._profiler, self._port = server, profiler, port
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._seen: asyncio.Future[list[Call]] | None = None
        self._text = b""

    async def sign_in(self, stack: AsyncExitStack) -> None:
        """Have all officers sign in; the stack closes their clients."""
        url = self._server.url
        for name, (agency, role) in OFFICERS.items():
            user = await self.office.people.add_user(name, role, agency, None)
            token = await self.office.people.link_for(user, minutes=5)
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(self._server.app),
                base_url=url,
                headers={"origin": url},
            )
            self._clients[name] = await stack.enter_async_context(client)
            await self.post(name, "/api/session/link", token=token)

    async def post(self, officer: str, path: str, /, **body: Any) -> Any:
        """Post as an officer; return what is answered."""
        answer = await self._clients[officer].post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def boat(self) -> str:
        """Register a boat with a radio; return the radio's name."""
        device = f"R-{next(_numbers):04d}"
        made = await self.post("admin", "/api/units", call_sign=f"Naga {device}", kind="boat")
        start = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        await self.post(
            "admin",
            "/api/assignments",
            address=f"nmea0183:{device}",
            unit=made["id"],
            start=start,
        )
        return device

    def write(self, data: bytes) -> None:
        """Have the serial port bring `data`."""
        os.write(self._port, data)

    async def batch_over(self) -> None:
        """Wait until nothing is worked on."""
        async with self.office.watch.turn:
            pass

    async def until_answered(self, officer: str, path: str, /, **body: Any) -> list[Call]:
        """Return the calls from a request to its answer."""
        await self.batch_over()
        self._profiler.begin()
        answer = await self._clients[officer].post(path, json=body)
        calls = self._profiler.end()
        assert answer.is_success, answer.text
        return calls

    async def until_shown(self, begin: Callable[[], None], text: bytes) -> list[Call]:
        """Return the calls from `begin` to a viewer's next frame that has `text` in it."""
        await self.batch_over()
        self._seen = asyncio.get_running_loop().create_future()
        self._text = text
        self._profiler.begin()
        begin()
        async with asyncio.timeout(PATIENCE_S):
            return await self._seen

    async def view(self) -> None:
        """Take frames as a viewer's connection does, until cancelled."""
        found = await self.office.people.user("commander")
        assert found is not None
        place = await self.office.watching(found[0], None, None)
        place.go_straight(self._show)
        while True:
            for frame in await place.take(2.0):
                self._show(frame)

    def _show(self, frame: bytes) -> bool:
        if self._seen is not None and self._text in frame:
            self._seen.set_result(self._profiler.end())
            self._seen = None
        return True


def rmc(device: str, at: datetime, lon: float, lat: float) -> bytes:
    """Return a line of a prefixed stream: where a device was, 20 knots eastward."""
    body = (
        f"GPRMC,{at:%H%M%S}.{at.microsecond // 10_000:02d},A,"
        f"{int(lat):02d}{lat % 1 * 60:07.4f},N,{int(lon):03d}{lon % 1 * 60:07.4f},E,"
        f"20.0,90.0,{at:%d%m%y},,,A"
    ).encode()
    return b"%b,$%b*%02X\r\n" % (device.encode(), body, reduce(xor, body))


async def rmc_sentences(node: Node) -> AsyncGenerator[list[Call], None]:
    """One RMC sentence after the other, from the serial port to the viewer."""
    device = await node.boat()
    start = datetime.now(UTC) - timedelta(seconds=10 * (WARM_UP + COUNTED))  # the last is of now
    for n in count():
        at, lon = start + timedelta(seconds=10 * n), START[0] + 100 * n * METRE_DEG
        line = rmc(device, at, lon, START[1])
        yield await node.until_shown(partial(node.write, line), b'"fixes":[')


async def sectors(node: Node) -> AsyncGenerator[list[Call], None]:
    """One sector after the other that a planner draws."""
    for n in count():
        yield await node.until_answered("planner", "/api/sectors", name=f"Pier {n}", polygon=AREA)


async def crossings(node: Node) -> AsyncGenerator[list[Call], None]:
    """One boat after the other that enters a no-go area, from the inbox to the alert."""
    await node.post("planner", "/api/sectors", name="Pier", polygon=AREA, use="no_go")
    async with asyncio.timeout(PATIENCE_S):
        while not node.office.watch.alarms.geofence_tracker:  # noqa: ASYNC110 - has no event
            await asyncio.sleep(0.05)
    inbox, lat = node.office.inbox, (SOUTH + NORTH) / 2
    while True:
        device = await node.boat()
        start = datetime.now(UTC) - timedelta(minutes=1)
        decoder = PROTOCOLS["nmea0183"].decoder(DecoderSettings())
        transmissions = []
        for n in range(6):
            at, lon = start + timedelta(seconds=10 * n), WEST + (100 * n - 420) * METRE_DEG
            frame = Frame(rmc(device, at, lon, lat).rstrip(), datetime.now(UTC))
            transmissions += decoder.decode(frame)
        *outside, inside = transmissions + decoder.flush(None)
        for each in outside:
            stored = asyncio.Event()
            inbox.offer([Delivery(each, stored.set)], can_wait=True)
            await stored.wait()
            await node.batch_over()
        offer = partial(inbox.offer, [Delivery(inside)], can_wait=True)
        yield await node.until_shown(offer, b'"rule":"no_go"')


async def hand_offs(node: Node) -> AsyncGenerator[list[Call], None]:
    """One target after the other, offered to the other bank."""
    await agree(node)
    for n in count():
        target = await node.post(
            "commander",
            "/api/targets",
            what="vessel",
            name=f"grey boat {n}",
            sighting={"lon": 100.41417, "lat": 20.27053, "speed_mps": 8, "course_deg": 215},
        )
        yield await node.until_answered("commander", "/api/hand-offs", target=target["id"])


async def agree(node: Node) -> None:
    """Bring an agreement about targets into force."""
    now = datetime.now(UTC)
    terms = {
        "name": "Joint patrols",
        "purposes": ["drugs"],
        "classes": ["targets"],
        "valid_from": (now - timedelta(hours=1)).isoformat(),
        "valid_until": (now + timedelta(days=30)).isoformat(),
    }
    made = await node.post("liaison", "/api/agreements", terms=terms, agencies=[LAO, THAI])
    path = f"/api/agreements/{made['id']}"
    version = (await node.post("liaison", f"{path}/propose"))["version"]
    for name in ("liaison", "neighbour"):
        await node.post(name, f"{path}/sign", version=version)


TRIPS: Final[dict[str, Callable[[Node], AsyncGenerator[list[Call], None]]]] = {
    "rmc": rmc_sentences,
    "sector": sectors,
    "crossing": crossings,
    "hand-off": hand_offs,
}


@asynccontextmanager
async def running_node(profiler: Profiler) -> AsyncIterator[Node]:
    """Run a node in a temporary folder while inside."""
    async with AsyncExitStack() as stack:
        folder = tempfile.TemporaryDirectory(prefix="joint-patrol-trips-")
        path = Path(stack.enter_context(folder))
        ours, theirs = os.openpty()
        for end in (ours, theirs):
            tty.setraw(end)
            stack.callback(os.close, end)
        port = f"serial://{os.ttyname(theirs)}?baud=38400"
        channels = [{"name": "pier", "url": port, "protocols": ["nmea0183"]}]
        server = await stack.enter_async_context(
            running(path, roles=(), agencies=AGENCIES, channels=channels)
        )
        node = Node(server, profiler, ours)
        await node.sign_in(stack)
        viewing = asyncio.create_task(node.view())
        try:
            yield node
        finally:
            viewing.cancel()
            await asyncio.gather(viewing, return_exceptions=True)


async def take(name: str) -> Trip:
    """Make a trip some times, on a node of its own; return the shortest."""
    with Profiler() as profiler:
        async with running_node(profiler) as node, aclosing(TRIPS[name](node)) as made:
            for _ in range(WARM_UP):
                await anext(made)
            counted = [await anext(made) for _ in range(COUNTED)]
    return Trip(name, min(counted, key=len))


def main() -> None:
    """Make the trips and print what they took."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.trips")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(TRIPS)}; all")
    parser.add_argument("--files", action="store_true", help="list files by their first visit")
    parser.add_argument("--moves", action="store_true", help="list the moves between files")
    parser.add_argument("--calls", action="store_true", help="list the calls")
    options = parser.parse_args()
    unknown = set(options.names) - TRIPS.keys()
    if unknown:
        parser.error(f"no such trip: {', '.join(sorted(unknown))}")
    trips = [asyncio.run(take(name)) for name in options.names or TRIPS]
    rows = [["trip", "calls", "functions", "files", "moves"]]
    for trip in trips:
        sizes = (trip.calls, set(trip.calls), trip.files, trip.moves)
        rows.append([trip.name, *(str(len(each)) for each in sizes)])
    print(as_text(rows))
    for trip in trips:
        if options.files:
            print(f"\n{trip.name}: files", *trip.files, sep="\n  ")
        if options.moves:
            texts = [f"{_at(last)} → {_at(first)}" for last, first in trip.moves]
            print(f"\n{trip.name}: moves", *texts, sep="\n  ")
        if options.calls:
            print(f"\n{trip.name}: calls", *map(_at, trip.calls), sep="\n  ")


def _at(call: Call) -> str:
    return f"{call.file}:{call.line} {call.function}"


if __name__ == "__main__":
    main()
