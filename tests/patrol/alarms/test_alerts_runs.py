"""Random runs of one boat: calls, no-go sectors, people, restarts; never two alerts, never none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Never

from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.alerts.alert import HOLDING, Alert
from patrol.errors.errors import PatrolError, StoreError
from tests.fixtures.examples import examples
from tests.patrol.nodes.alerting import IN, OUT, alerts, hear, hear_in_turn, put, sector, tick, unit
from tests.patrol.nodes.running import Node, at, said

STEPS = ("in", "out", "call", "clear", "acknowledge", "resolve", "shelve", "restart", "crash")


class Run:
    """One boat, and what must be known of it.

    Args:
        node: Where.
        number: Of the run.
    """

    def __init__(self, node: Node, number: int) -> None:
        self.node, self.device = node, f"boat{number}"
        self.second = (node.time - at(0)).total_seconds()
        self.unit, self.inside, self.calls = "", False, False

    async def do(self, step: str) -> None:
        """Do one thing, whether or not it is possible."""
        node = self.node
        if step in ("in", "out"):
            self.inside = step == "in"
            await self._be(IN if self.inside else OUT)
        elif step == "call":
            self.calls = True
            self.second += 1
            await hear(node, said(self.device, self.second, lon=None, distress=True))
        elif step == "clear":
            self.calls = False
            self.second += 1
            node.time = at(self.second)
            await node.desk().registry.clear_distress(self.unit)
        elif step == "restart":
            await node.again()
        elif step == "crash":  # the alerts were not filed; the messages were
            node.watch.document_service.file_in_turn = _lose  # type: ignore[assignment]
            await self.do("in" if not self.inside else "out")
            await self.do("call")
            await node.again()
        else:
            await self._people(step)

    async def _be(self, lon: float) -> None:
        messages = []
        for _ in range(3):
            self.second += 10
            messages.append(said(self.device, self.second, lon=lon))
        await hear_in_turn(self.node, *messages)

    async def _people(self, step: str) -> None:
        desk = self.node.desk().alerts
        for alert in self.mine():
            try:
                if step == "acknowledge":
                    await desk.acknowledge(alert.id)
                elif step == "shelve":
                    await desk.shelve(alert.id, for_s=3600)
                else:
                    if alert.rule == "sos":
                        self.calls = False
                    await desk.resolve(alert.id, note="seen to")
            except PatrolError:
                pass  # the table says so; another test asks whether rightly

    def mine(self) -> list[Alert]:
        """Return the boat's open alerts."""
        return [each for each in alerts(self.node) if each.unit == self.unit]

    async def check(self) -> None:
        """Compare what is open with what is so."""
        await tick(self.node)
        mine = self.mine()
        assert len({each.key for each in mine}) == len(mine)
        assert [each.rule for each in mine if each.rule == "sos"] == ["sos"] * self.calls
        holding = [each for each in mine if each.rule == "no_go" and each.state in HOLDING]
        assert len(holding) == self.inside
        assert self.node.state(self.unit).distress is self.calls


async def _lose(*_: object) -> Never:
    raise StoreError("killed before it was stored", transient=True)


def test_never_two_alerts_of_one_condition_and_never_none(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        node = Node(tmp_path / "patrol.db")
        runner.run(node.start())
        runner.run(put(node, sector()))
        numbers = iter(range(10_000))

        async def go(steps: list[str]) -> None:
            run = Run(node, next(numbers))
            run.unit = await unit(node, run.device, expected_interval_s=86_400)
            await run.do("out")
            await run.check()
            for step in steps:
                await run.do(step)
                await run.check()

        @settings(max_examples=examples(40), deadline=None)
        @given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=8))
        def runs(steps: list[str]) -> None:
            runner.run(go(steps))

        try:
            runs()
        finally:
            runner.run(node.stop())
