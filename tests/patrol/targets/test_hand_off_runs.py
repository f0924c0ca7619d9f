"""Random hand-offs with crashes and refusals: never two custodians, never none.

`python -m tests.patrol.nodes.hand_off_runs --runs 1000` does the full number; here are fewer, with
another seed each day, and the same kinds of things must have happened.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from patrol.documents.transaction import Filing
from patrol.exchange import messages as exchange
from patrol.targets.custody import (
    BEGUN,
    ENDED,
    GRANTED,
    HEARD,
    TAKEN,
    CustodyLine,
    Ledger,
    contradictions,
)
from tests.patrol.nodes.hand_off_runs import LAO, ONE, THAI, TWO, quick_folder, runs

LEAST, MOST = 30, 500
"""Runs. They go on until each kind of step was made; on most days some hundred do."""

STEPS = {"offer", "accept", "decline", "withdraw", "close", "crashed", "moved"}
STEPS_OF_TWO = {"grant", "lapse", "receipt", "dropped", "repeated", "crashed before a receipt"}


@pytest.mark.system
@pytest.mark.timeout(600)
@pytest.mark.parametrize("homes", [ONE, TWO], ids=["one node", "two nodes"])
async def test_there_is_one_custodian_at_every_moment(homes: dict[str, frozenset[str]]) -> None:
    steps = STEPS | (STEPS_OF_TWO if len(homes) == 2 else set()) | {"accept: IllegalStep"}

    def is_enough(did: Counter[str]) -> bool:
        happened = {act for act, count in did.items() if count}
        refused = any(act.endswith("StoreError") for act in happened)
        return did["offer"] >= LEAST and refused and steps <= happened

    seed = datetime.now(UTC).toordinal()
    with tempfile.TemporaryDirectory(dir=quick_folder()) as folder:
        world = await runs(homes, MOST, Path(folder), seed, until=is_enough)
    assert is_enough(world.did), f"seed {seed}: {steps - set(world.did)} never happened"
    assert world.proofs > 5 * LEAST


def broken(filing: Filing, what: str) -> Filing:
    """Return a filing with one thing wrong in it."""
    made, *rest = filing.documents
    if what == "no line":
        return msgspec.structs.replace(filing, notes=())
    if what == "keeps it":
        return msgspec.structs.replace(filing, documents=(made,))
    return msgspec.structs.replace(
        filing, documents=(msgspec.structs.replace(made, owed_messages=()), *rest)
    )


@pytest.mark.parametrize(
    ("step", "what", "found"),
    [
        ("grant", "keeps it", "have it by their papers"),
        ("grant", "no line", r"believing=\('hx', 'ck'\)"),
        ("grant", "never told", "never comes to rest"),
        ("take_over", "no line", r"believing=\(\)"),
    ],
)
async def test_the_runs_find_a_step_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, step: str, what: str, found: str
) -> None:
    right = getattr(exchange, step)
    monkeypatch.setattr(exchange, step, lambda *a, **k: broken(right(*a, **k), what))
    folder = tempfile.TemporaryDirectory(dir=quick_folder())
    with folder as there, pytest.raises(AssertionError, match=found):
        await runs(TWO, 60, Path(there), seed=3)


def line(act: str, term: int, holder: str, agency: str) -> CustodyLine:
    return CustodyLine(act=act, case="c", term=term, holder=holder, agency=agency)


SOUND = [
    line(BEGUN, 1, LAO, LAO),
    line(GRANTED, 3, THAI, LAO),
    line(TAKEN, 3, THAI, THAI),
    line(HEARD, 3, THAI, LAO),
    line(ENDED, 4, THAI, THAI),
]


def test_journals_that_agree_contradict_nothing() -> None:
    assert contradictions(SOUND) == []
    assert contradictions(reversed(SOUND)) == []


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        (line(TAKEN, 3, LAO, LAO), "term 3 names la-hx, th-ck"),
        (line(GRANTED, 5, LAO, LAO), "la-hx did grant custody at term 5 without it"),
        (line(ENDED, 5, THAI, LAO), "la-hx did end custody at term 5 without it"),
        (line(TAKEN, 5, LAO, LAO), "term 5 comes from nowhere"),
    ],
)
def test_the_proof_finds_what_cannot_be_true(odd: CustodyLine, told: str) -> None:
    assert any(told in each for each in contradictions([*SOUND, odd]))


def test_a_ledger_that_knows_nothing_says_so() -> None:
    assert Ledger().newest("c") is None
    assert not Ledger().answers("c")
