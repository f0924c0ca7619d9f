"""`joint-patrol statements` as its user runs it, on a store beside which no server runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maps.__main__ import app
from patrol.counterparts.counterpart import Counterpart
from tests.fixtures.databases import store_table
from tests.maps.commands.records.test_audit_commands import CONFIG
from tests.patrol.exchange.test_card_statements import file, new_card
from tests.patrol.nodes.two_logs import CK, HX, Link


async def _fill(folder: Path) -> None:
    """Have both offices know each other; what they told is not sent."""
    link = Link(folder)
    hx, ck = link
    signed = await new_card(ck)
    await file(
        hx,
        Counterpart(
            id="c",
            agency="la-hx",
            at=link.now,
            card=signed.card,
            signature=signed.signature,
            state="confirmed",
        ),
    )
    await link.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    asyncio.run(_fill(tmp_path))
    store = store_table(tmp_path).replace("joint-patrol.db", f"{HX}.db")
    url = store or f'\n[store]\nurl = "sqlite:///{tmp_path / f"{HX}.db"}"\n'
    (tmp_path / "patrol.toml").write_text(CONFIG.replace('"hx"', f'"{HX}"') + url)
    return tmp_path


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["statements", *words, "--config", str(folder / "patrol.toml")])


def test_a_head_is_told_and_the_journal_with_it_proves(folder: Path) -> None:
    done = run(folder, "head", CK)
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"statement 1 for {CK}: the journal ends at line ")
    shown = run(folder, "show", CK)
    assert "to it: 1 statements, 1 wait for a receipt, the first since " in shown.output
    verified = CliRunner().invoke(app, ["audit", "verify", "--config", str(folder / "patrol.toml")])
    assert verified.exit_code == 0, verified.output


def test_both_logs_begin_anew(folder: Path) -> None:
    done = run(folder, "restart", CK)
    assert done.output == f"epoch 2 with {CK}: statements go again once it is there, too\n"
    assert "epoch 2" in run(folder, "show", CK).output


@pytest.mark.parametrize("command", ["head", "show", "restart"])
def test_a_node_that_is_no_counterpart_is_named(folder: Path, command: str) -> None:
    done = run(folder, command, "node-x")
    assert done.exit_code == 2
    assert f"'node-x' is none of {CK}" in " ".join(done.output.split())
