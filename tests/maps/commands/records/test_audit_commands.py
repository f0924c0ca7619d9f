"""`joint-patrol audit` as its user runs it: exit codes, words, beside a server, and without one."""

from __future__ import annotations

import asyncio
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maps.__main__ import app
from patrol.documents.transaction import Note
from patrol.store.engine.engine import open_engine
from patrol.store.journal import journal
from patrol.store.store import open_store
from tests.fixtures.databases import POSTGRES, empty_store, reading, store_table, store_url
from tests.fixtures.server import Server
from tests.patrol.nodes.running import at

CONFIG = """
[node]
id = "hx"
name = "BLO Houay Xai"
time_zone = "Asia/Vientiane"

[[agencies]]
id = "la-hx"
name = "Houay Xai border police"
"""
ROWS = 12
AUDIT_KEY = "joint-patrol.audit-key" if POSTGRES else "joint-patrol.db.audit-key"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A node that has never run, with a journal of `ROWS` rows."""
    (tmp_path / "patrol.toml").write_text(CONFIG + store_table(tmp_path))
    asyncio.run(open_store(empty_store(tmp_path / "joint-patrol.db")).close())
    append(tmp_path, ROWS)
    return tmp_path


def append(folder: Path, count: int) -> None:
    engine = open_engine(store_url(folder / "joint-patrol.db"))
    note = Note(act="sign in", actor="ຄຳ", agency="la-hx", detail={"from": "10.0.0.7"})
    with engine.begin() as connection:
        for number in range(count):
            journal.append(connection, [note], at(number), origin="hx")
    engine.dispose()


def audit(folder: Path, *words: str) -> Result:
    config = [] if "--export" in words else ["--config", str(folder / "patrol.toml")]
    return CliRunner().invoke(app, ["audit", *words, *config])


def do(folder: Path, statement: str) -> None:
    with reading(folder / "joint-patrol.db") as connection:
        connection.execute(statement)


def test_a_journal_as_it_was_written_is_proved(folder: Path) -> None:
    done = audit(folder, "verify")
    assert done.exit_code == 0, done.output
    assert f"{ROWS} rows of the journal" in done.output
    assert "nothing was altered" in done.output
    assert "needs --head" in done.output  # it says what it cannot find


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE journal SET actor = 'x' WHERE seq = 5", "journal row 5 is altered"),
        ("DELETE FROM journal WHERE seq = 5", "journal row 5 is missing"),
        ("DELETE FROM journal WHERE seq = 1", "journal row 1 is missing"),
    ],
)
def test_the_first_row_that_is_not_as_written_is_named(
    folder: Path, statement: str, said: str
) -> None:
    do(folder, statement)
    done = audit(folder, "verify")
    assert done.exit_code == 1
    assert said in done.output
    assert "nothing was altered" not in done.output
    for word in ("head", "export"):
        words = [word, str(folder / "e.jsonl")] if word == "export" else [word]
        signed = audit(folder, *words)
        if word == "export":
            assert signed.exit_code == 1
            assert "nothing was signed" in signed.output
            assert not (folder / "e.jsonl").exists()


def test_a_head_is_signed_and_finds_a_tail_cut_off(folder: Path) -> None:
    head = folder / "head.json"
    done = audit(folder, "head", "--to", str(head))
    assert done.exit_code == 0, done.output
    append(folder, 3)
    good = audit(folder, "verify", "--head", str(head))
    assert good.exit_code == 0, good.output
    assert f"the head is row {ROWS}" in good.output
    do(folder, f"DELETE FROM journal WHERE seq >= {ROWS}")
    assert audit(folder, "verify").exit_code == 0  # nobody knows without the head
    cut = audit(folder, "verify", "--head", str(head))
    assert cut.exit_code == 1
    assert f"journal row {ROWS} is missing" in cut.output
    assert "the tail was cut off" in cut.output


def test_the_last_row_is_looked_at_before_it_is_signed(folder: Path) -> None:
    do(folder, f"UPDATE journal SET act = 'x' WHERE seq = {ROWS}")
    done = audit(folder, "head")
    assert done.exit_code == 1
    assert f"nothing was signed: journal row {ROWS} is altered" in done.output


def test_a_head_that_was_altered_or_is_of_another_key_is_refused(folder: Path) -> None:
    head = folder / "head.json"
    audit(folder, "head", "--to", str(head))
    text = head.read_text()
    head.write_text(text.replace(f'"seq":{ROWS}', f'"seq":{ROWS - 1}'))
    done = audit(folder, "verify", "--head", str(head))
    assert (done.exit_code, "altered after it was signed" in done.output) == (1, True)
    head.write_text(text)
    (folder / AUDIT_KEY).unlink()
    other = audit(folder, "head")  # somebody made a new key
    assert other.exit_code == 0
    done = audit(folder, "verify", "--head", str(head))
    assert (done.exit_code, "signed by another key" in done.output) == (1, True)


def test_the_key_is_made_on_first_use_and_shown_to_nobody(folder: Path) -> None:
    file = folder / AUDIT_KEY
    assert not file.exists()
    first = audit(folder, "head")
    second = audit(folder, "head")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = file.read_text().strip()
    for done in (first, second, audit(folder, "export", str(folder / "e.jsonl"))):
        assert secret not in done.output
    assert secret not in (folder / "e.jsonl").read_text()
    key = re.search(r'"public_key":"([^"]+)"', first.output)
    assert key
    assert key[1] in second.output


def test_an_export_is_checked_without_store_and_configuration(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = folder / "audit.jsonl"
    done = audit(folder, "export", str(file))
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    copy = elsewhere / "audit.jsonl"
    copy.write_bytes(file.read_bytes())
    checked = audit(elsewhere, "verify", "--export", str(copy))
    assert checked.exit_code == 0, checked.output
    # That it was exported is its own last row.
    assert f"node hx: rows 1 to {ROWS + 1} are as they were written" in checked.output
    assert '"act":"export journal"' in copy.read_text().splitlines()[-2]
    # It is a head as well.
    assert audit(folder, "verify", "--head", str(file)).exit_code == 0
    copy.write_bytes(file.read_bytes().replace("ຄຳ".encode(), "ຄບ".encode(), 1))
    found = audit(elsewhere, "verify", "--export", str(copy))
    assert (found.exit_code, "journal row 1 is altered" in found.output) == (1, True)
    wrong = audit(elsewhere, "verify", "--export", str(file), "--key", "A" * 43 + "=")
    assert (wrong.exit_code, "signed by another key" in wrong.output) == (1, True)


def test_an_export_may_begin_where_the_last_one_ended(folder: Path) -> None:
    file = folder / "rest.jsonl"
    assert audit(folder, "export", str(file), "--after", "7").exit_code == 0
    checked = audit(folder, "verify", "--export", str(file))
    assert checked.exit_code == 0, checked.output
    assert f"rows 8 to {ROWS + 1}" in checked.output
    beyond = audit(folder, "export", str(folder / "x"), "--after", "99")
    assert (beyond.exit_code, "no row 99" in beyond.output) == (1, True)
    assert not (folder / "x").exists()
    again = audit(folder, "export", str(file))
    assert (again.exit_code, "File exists" in again.output) == (1, True)


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "patrol.toml").write_text(CONFIG)
    for words in (["verify"], ["head"], ["export", str(tmp_path / "e")]):
        done = audit(tmp_path, *words)
        assert (done.exit_code, "there is no store" in done.output) == (1, True)
    assert [each.name for each in tmp_path.iterdir()] == ["patrol.toml"]


DOCUMENT = Path(__file__).parents[4] / "docs" / "reference" / "audit.md"


def test_the_program_in_the_documentation_checks_an_export(folder: Path) -> None:
    """It must hold with the standard library and `cryptography` alone."""
    program = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert program
    script = folder / "check.py"
    script.write_text(program[1])
    file = folder / "audit.jsonl"
    audit(folder, "export", str(file))

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", str(script), str(file)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={"PYTHONIOENCODING": "utf-8"},
        )

    good = run()
    assert (good.returncode, f"{ROWS + 1} rows" in good.stdout) == (0, True), good.stderr
    whole = file.read_text()
    file.write_text(whole.replace('"seq":4', '"seq":5', 1))
    assert run().returncode != 0
    lines = whole.splitlines(keepends=True)
    file.write_text("".join([*lines[:-2], lines[-1]]))
    assert run().returncode != 0


def test_it_is_proved_beside_a_running_server(tmp_path: Path) -> None:
    server = Server(tmp_path, channels="")
    server.start()
    try:
        with server.client("admin") as client:
            for number in range(5):
                body = {"call_sign": f"Naga {number}", "kind": "boat"}
                assert client.post("/api/units", json=body).status_code == 201
                if number == 2:
                    head = tmp_path / "head.json"
                    server.command("audit", "head", "--to", str(head))
            assert "nothing was altered" in server.command("audit", "verify", "--head", str(head))
            server.command("audit", "export", str(tmp_path / "audit.jsonl"))  # a row of its own
            assert client.post("/api/units", json=body | {"call_sign": "x"}).status_code == 201
            assert "nothing was altered" in server.command("audit", "verify", "--head", str(head))
    finally:
        server.kill()
    # After a power cut it is whole, too.
    assert "nothing was altered" in server.command("audit", "verify", "--head", str(head))
    export = str(tmp_path / "audit.jsonl")
    assert "add unit" in Path(export).read_text()
    done = CliRunner().invoke(app, ["audit", "verify", "--export", export])
    assert done.exit_code == 0, done.output
