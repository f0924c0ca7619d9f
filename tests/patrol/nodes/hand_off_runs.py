"""Random hand-offs with crashes and refusals, in one node and between two: never two custodians.

People act at random, links drop, repeat and reorder, nodes crash between any two commits, stores
refuse, agreements are suspended on one side before the other hears of it. After every commit
anywhere the journals are read from the files, past our own code, and must prove one custodian.

`python -m tests.patrol.nodes.hand_off_runs --runs 1000` runs both kinds and says what happened.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, event

from patrol.agreements.agreement import Agreement, Terms
from patrol.agreements.lifecycle import Party, draft, propose, resume, sign, suspend
from patrol.audit.chain import Entry
from patrol.desks.desk import Desk
from patrol.documents.document import Document
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict, NotFound, StoreError
from patrol.exchange.messages import HandOffMessage, HandOffReceipt, decode, encode
from patrol.sharing.offer_permission import hand_off_refusal
from patrol.store.engine.engine import open_engine
from patrol.store.store import Store, open_store
from patrol.targets.custody import BEGUN, CustodyState, Ledger, contradictions, standing
from patrol.targets.hand_off import HandOff
from patrol.targets.sightings import Sighting
from patrol.targets.target import HAD
from patrol.units.accounts import User
from patrol.units.units import Agency
from patrol.watch.watch import Watch
from tests.fixtures.databases import POSTGRES, empty_store, reading, store_url
from tests.fixtures.set_clock import SetClock
from tests.patrol.nodes.chains import first_fault
from tests.patrol.nodes.counterparts import counterpart
from tests.patrol.nodes.mailbox import NodeMailbox

LAO, THAI = "la-hx", "th-ck"
AGENCIES = {LAO: Agency(id=LAO, name="Lao", country="LA"), THAI: Agency(id=THAI, name="Thai")}
START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LINK_IS_BAD = 60
"""Steps of one run, after which the link and the stores are well again."""


class Clock:
    """The time of the whole world."""

    def __init__(self) -> None:
        self.now = START


class Node:
    """One node: a real file, and everything else made anew after each crash.

    Args:
        name: Its id.
        agencies: Those that are in it.
        folder: Where its file goes.
        clock: The world's.
        committed: Told after each commit of documents.
    """

    def __init__(
        self,
        name: str,
        agencies: Iterable[str],
        folder: Path,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self.name, self.agencies = name, frozenset(agencies)
        self.file = folder / f"{name}.db"
        self.clock, self._committed = clock, committed
        self.ledger = Ledger()
        self._read_up_to = 0
        self._outside = ExitStack()

    async def create(self) -> None:
        """Make the file."""
        await open_store(empty_store(self.file)).close()
        # Closed with each store, it has no connection left; what it keeps is how statements are
        # put into words, for which a new one takes longer than for all else that comes up.
        self._engine = open_engine(store_url(self.file))
        self._reader = self._outside.enter_context(reading(self.file))

    async def start(self) -> None:
        """Come up on what is in the file."""
        self.store = Store(self._engine)
        self.watch = Watch(
            self.store,
            node=self.name,
            agency=min(self.agencies),
            agencies={id: AGENCIES[id] for id in self.agencies},
            clock=SetClock(lambda: self.clock.now),
        )
        self.watch.document_service.listeners.append(lambda _documents: self._committed())
        await self.watch.start()
        self.watch.document_service.open_documents.put(
            counterpart(node, {id for id in AGENCIES if OF[id] == node}, of=self.name)
            for node in {OF[id] for id in AGENCIES if id not in self.agencies}
        )
        self.post = NodeMailbox(
            self.watch.document_service,
            self.store,
            node=self.name,
            here=self.agencies,
            refusal_of=partial(hand_off_refusal, self.watch.sharing),
        )

    async def crash(self) -> None:
        """Lose everything that is not in the file, and come up again."""
        await self.store.close()
        await self.start()

    async def close(self) -> None:
        """End."""
        await self.store.close()
        self._outside.close()

    async def refuse(self, refuses: bool) -> None:
        """Have the database itself refuse every write, or take them again."""

        def change(connection: Connection) -> None:
            if not POSTGRES:
                connection.exec_driver_sql(f"PRAGMA query_only={'ON' if refuses else 'OFF'}")
            elif refuses:
                event.listen(connection.engine, "begin", only_reads)
            elif event.contains(connection.engine, "begin", only_reads):
                event.remove(connection.engine, "begin", only_reads)

        await self.store.write(change)

    def desk(self, agency: str) -> Desk:
        """Return a commander's desk."""
        return Desk(self.watch, User(name=f"{agency}-c", role="commander", agency=agency))

    async def tick(self) -> None:
        """Do what the watch does once a second."""
        async with self.watch.turn as turn:
            await self.watch.document_service.tick(turn)

    def read_on(self) -> None:
        """Read what the journal says since the last time, from the file itself."""
        entries = self.entries(after=self._read_up_to)
        if entries:
            self._read_up_to = entries[-1].seq
            self.ledger.add(entries)

    def last_line(self) -> int:
        """Return the number of the journal's newest line, from the file itself."""
        [(seq,)] = self._reader.execute("SELECT MAX(seq) FROM journal").fetchall()
        return int(seq or 0)

    def entries(self, after: int = 0) -> list[Entry]:
        """Return lines of the journal, from the file itself."""
        rows = self._reader.execute("SELECT * FROM journal WHERE seq > ? ORDER BY seq", (after,))
        return [
            Entry(
                seq=row["seq"],
                at=datetime.fromtimestamp(0, UTC) + timedelta(microseconds=row["at_us"]),
                act=row["act"],
                actor=row["actor"],
                agency=row["agency"],
                subject=row["subject"],
                detail=row["detail"],
                origin=row["origin"],
                previous=row["previous"],
                hash=row["hash"],
            )
            for row in rows.fetchall()
        ]

    def having(self, case: str) -> list[str]:
        """Return the agencies whose newest document, in the file, says that it has the target."""
        rows = self._reader.execute(
            "SELECT body FROM papers WHERE kind = 'target' AND newest = 1 AND closed = 0"
        )
        found = [msgspec.json.decode(row["body"]) for row in rows.fetchall()]
        return [
            each["agency"]
            for each in found
            if each["case"] == case and each.get("state", "followed") in HAD
        ]


def only_reads(connection: Connection) -> None:
    """Have PostgreSQL refuse what this transaction writes.

    A setting of the session does not: the driver begins by READ WRITE on a connection that somebody
    has once read by.
    """
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")


OF: dict[str, str] = {}


class World:
    """One or two nodes, the link between them, and what people do.

    Args:
        folder: Where the files go.
        seed: Of everything that is random.
        homes: Agencies of each node.
    """

    def __init__(self, folder: Path, seed: int, homes: dict[str, frozenset[str]]) -> None:
        self.random = random.Random(seed)
        self.clock = Clock()
        self.homes = homes
        OF.clear()
        OF.update({agency: node for node, some in homes.items() for agency in some})
        self.nodes = {
            name: Node(name, some, folder, self.clock, self.prove) for name, some in homes.items()
        }
        self.link: list[bytes] = []
        self.case = ""
        self.did: Counter[str] = Counter()
        self.proofs = 0
        self.well = False

    async def create(self) -> None:
        for node in self.nodes.values():
            await node.create()
        for node in self.nodes.values():
            await node.start()
            await node.watch.document_service.file(signed_by_both)

    async def close(self) -> None:
        for node in self.nodes.values():
            await node.close()

    # -- the proof

    def prove(self) -> None:
        """Read the journals from the files, and see that they prove one custodian."""
        for node in self.nodes.values():
            node.read_on()
        if not self.case:
            return
        found = self.standing()
        self.proofs += 1
        assert found.is_sound, f"{self.case}: {found}"
        having = [agency for node in self.nodes.values() for agency in node.having(self.case)]
        assert len(having) <= 1, f"{self.case}: {having} have it by their papers"

    def standing(self) -> CustodyState:
        ledgers = {name: node.ledger for name, node in self.nodes.items()}
        return standing(self.case, ledgers, self.homes)

    @property
    def ended(self) -> bool:
        return any(node.ledger.ended(self.case) for node in self.nodes.values())

    # -- one run

    async def run(self) -> None:
        """Open a target, let happen what may, then heal everything and see where it is."""
        self.link.clear()
        self.well = False
        opener = self.random.choice([LAO, THAI])
        desk = self.nodes[OF[opener]].desk(opener)
        opened = await desk.targets.open(what="vessel", name="grey boat", sighting=self.sighting())
        self.case = opened.case
        self.prove()
        for _ in range(self.random.randint(10, LINK_IS_BAD)):
            await self.step()
        await self.heal()
        self.prove()
        having = [agency for node in self.nodes.values() for agency in node.having(self.case)]
        found = self.standing()
        assert found.believing, f"{self.case}: nobody knows after all is well: {found}"
        assert having == ([] if self.ended else [found.custodian]), f"{having} but {found}"
        self.did["moved"] += found.term > 1 and found.custodian != opener
        self.did["ended"] += self.ended
        if not self.ended:
            await self.finish()
        self.case = ""

    async def step(self) -> None:
        acts: list[tuple[float, Callable[[], Awaitable[None]]]] = [
            (4, self.people),
            (3, self.carry),
            (1, self.wait),
            (0.25, self.crash),
            (0.25, self.refusing),
            (0.2, self.consent),
        ]
        weights, some = zip(*acts, strict=True)
        await self.random.choices(some, weights)[0]()

    async def people(self) -> None:
        """Somebody does something, sensible or not, and may click twice or on something old."""
        agency = self.random.choice([LAO, THAI])
        node = self.nodes[OF[agency]]
        desk = node.desk(agency)
        mine = [each for each in desk.targets.all() if each.agency == agency]
        offers = [each for each in desk.hand_offs.all() if each.case == self.case]
        to_me = [each for each in offers if each.to_agency == agency]
        mine = [each for each in mine if each.case == self.case]
        act = self.random.choices(
            ["offer", "accept", "decline", "withdraw", "sight", "close"], [4, 6, 1, 1, 1, 0.15]
        )[0]
        if act in ("accept", "decline") and to_me:
            offer = self.random.choice(to_me)
            term = offer.term - (self.random.random() < 0.1)
            ask = desk.hand_offs.accept if act == "accept" else desk.hand_offs.decline
            for _ in range(1 + (self.random.random() < 0.2)):
                await self.asked(act, ask(offer.id, term=term))
        elif act == "withdraw" and offers:
            await self.asked(act, desk.hand_offs.withdraw(self.random.choice(offers).id))
        elif act in ("offer", "sight", "close") and mine:
            target = mine[0]
            if act == "offer":
                to = THAI if agency == LAO else LAO
                await self.asked(act, desk.hand_offs.offer(target.id, to=to))
            elif act == "sight":
                await self.asked(act, desk.targets.add_sighting(target.id, self.sighting()))
            else:
                await self.asked(act, desk.targets.close(target.id, outcome="lost"))

    async def carry(self) -> None:
        """Put what is due on the link; deliver one thing, in any order, sometimes twice or never;
        the node may crash once it has filed it, before its receipt is on the way.
        """
        for node in self.nodes.values():
            self.link += [encode(message) for message in node.post.due(self.clock.now)]
        if not self.link:
            return
        body = self.link.pop(self.random.randrange(len(self.link)))
        if not self.well:
            chance = self.random.random()
            if chance < 0.25:
                self.did["dropped"] += 1
                return
            if chance < 0.45:
                self.did["repeated"] += 1
                self.link.append(body)
        told = decode(body)
        node = self.nodes[told.to_node]
        if isinstance(told, HandOffReceipt):
            await self.asked("receipt", node.post.take_receipt(told))
            return
        receipt = await self.asked(told.what, self.taken(node, told))
        if receipt is not None:
            if not self.well and self.random.random() < 0.05:
                await node.crash()
                self.did["crashed before a receipt"] += 1
                return
            self.link.append(encode(receipt))

    async def taken(self, node: Node, message: HandOffMessage) -> HandOffReceipt:
        return await node.post.take(message)

    async def wait(self) -> None:
        self.clock.now += timedelta(seconds=self.random.choice([1, 5, 6, 30, 100, 400]))
        for node in self.nodes.values():
            await node.tick()

    async def crash(self) -> None:
        await self.random.choice(list(self.nodes.values())).crash()
        self.did["crashed"] += 1

    async def refusing(self) -> None:
        """Have the database of a node refuse for one step."""
        node = self.random.choice(list(self.nodes.values()))
        await node.refuse(True)
        await self.random.choice([self.people, self.carry, self.wait])()
        try:
            await node.refuse(False)
        except StoreError:
            await node.crash()

    async def consent(self) -> None:
        """A node hears that a party suspends or resumes; the other may hear later, or never."""
        for node in self.nodes.values():
            if self.random.random() < 0.6:
                await self.asked("consent changed", node.watch.document_service.file(toggled))

    async def heal(self) -> None:
        """Let the link, the stores and the agreement be well until nothing more happens."""
        self.well = True
        for node in self.nodes.values():
            if not in_force(node.watch.document_service.open_documents):
                await node.watch.document_service.file(toggled)
        for _ in range(400):
            before = [node.last_line() for node in self.nodes.values()]
            self.clock.now += timedelta(seconds=60)
            for node in self.nodes.values():
                await node.tick()
            await self.carry()
            while self.link:
                await self.carry()
            if [node.last_line() for node in self.nodes.values()] == before:
                owed = [m for node in self.nodes.values() for m in node.post.due(self.clock.now)]
                open_ = [h for node in self.nodes.values() for h in offers_of(node)]
                if not owed and not open_:
                    return
        raise AssertionError(f"{self.case}: it never comes to rest")

    async def finish(self) -> None:
        """Close what is left of the case, so that books stay small."""
        for agency, node_name in OF.items():
            desk = self.nodes[node_name].desk(agency)
            for each in desk.targets.all():
                if each.case == self.case and each.agency == agency:
                    await desk.targets.close(each.id, outcome="other")

    def sighting(self) -> Sighting:
        return Sighting(
            at=self.clock.now,
            lon=100.41 + self.random.uniform(-0.01, 0.01),
            lat=20.27,
            speed_mps=self.random.uniform(0, 12),
        )

    async def asked(self, what: str, asking: Any) -> Any:
        try:
            answer = await asking
        except (Conflict, NotFound, StoreError) as error:
            self.did[f"{what}: {type(error).__name__}"] += 1
            return None
        self.did[what] += 1
        return answer


def offers_of(node: Node) -> list[Document]:
    return list(node.watch.document_service.open_documents.all(HandOff))


def agreement() -> Agreement:
    """Return one in force between both agencies, for targets."""
    terms = Terms(
        name="Joint patrols",
        purposes=("drugs",),
        classes=("targets",),
        valid_from=START - timedelta(days=1),
        valid_until=START + timedelta(days=3650),
    )
    at = START - timedelta(hours=1)
    lao, thai = Party(agency=LAO), Party(agency=THAI)
    made = draft(terms, [LAO, THAI], at=at, who=lao, origin="test")
    made = propose(made, at=at, who=lao)
    return sign(sign(made, at=at, who=lao), at=at, who=thai)


def signed_by_both(_open_documents: OpenDocuments, _now: datetime) -> Filing:
    """Bring the agreement into force; an act for the document service."""
    made = msgspec.structs.replace(agreement(), version=1)
    return Filing(documents=(made,), act="sign agreement")


def in_force(open_documents: OpenDocuments) -> bool:
    return next(open_documents.all(Agreement)).state == "active"


def toggled(open_documents: OpenDocuments, now: datetime) -> Filing:
    """Suspend the agreement, or resume it; an act for the document service."""
    [known] = open_documents.all(Agreement)
    if known.state == "active":
        made = suspend(known, at=now, who=Party(agency=THAI), reason="a row")
    else:
        made = resume(known, at=now, who=Party(agency=THAI))
        # A thousand suspensions in one agreement would only slow the runs down.
        made = msgspec.structs.replace(made, windows=agreement().windows)
    return Filing(documents=(made,), act="consent", actor="malee", agency=THAI)


ONE: dict[str, frozenset[str]] = {"hx": frozenset({LAO, THAI})}
TWO: dict[str, frozenset[str]] = {"hx": frozenset({LAO}), "ck": frozenset({THAI})}


async def runs(
    homes: dict[str, frozenset[str]],
    count: int,
    folder: Path,
    seed: int,
    *,
    until: Callable[[Counter[str]], bool] = lambda _did: False,
) -> World:
    """Do so many runs and return the world; an AssertionError tells the seed.

    Args:
        homes: Which node has which agencies.
        count: Runs at most.
        folder: Where the stores are.
        seed: Of everything that is random.
        until: Told what was done how often; once it is true, no further run is made.
    """
    world = World(folder, seed, homes)
    await world.create()
    try:
        for number in range(count):
            if until(world.did):
                break
            try:
                await world.run()
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, run {number}: {error}") from error
        for node in world.nodes.values():
            assert first_fault(node.entries()) is None
        lines = [line for node in world.nodes.values() for line in Ledger(node.entries()).lines]
        assert not contradictions(lines)
        assert {line.case for line in lines if line.act == BEGUN} == {line.case for line in lines}
    finally:
        await world.close()
    return world


def quick_folder() -> Path | None:
    """Return a folder in memory, where there is one: the same files, without waiting for disks."""
    shm = Path("/dev/shm")
    return shm if shm.is_dir() else None


def main() -> None:
    """Run and say what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for what, homes in (("one node", ONE), ("two nodes", TWO)):
        with tempfile.TemporaryDirectory(dir=quick_folder()) as folder:
            began = time.monotonic()
            world = asyncio.run(runs(homes, given.runs, Path(folder), given.seed))
            took = time.monotonic() - began
            print(f"{what}: {given.runs} runs in {took:.0f} s, {world.proofs} proofs")
            for act, count in sorted(world.did.items()):
                print(f"    {count:7} {act}")


if __name__ == "__main__":
    main()
