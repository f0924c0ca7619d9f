"""Heads of the journal that lie outside: each day, by a press, in a folder, by mail, as QR."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maps.__main__ import app
from maps.commands.check import check
from maps.evidence.daily_head import SENT, SUBJECT, DailyHead
from maps.evidence.head_folder import HeadFolder
from maps.settings.settings_tables import NodeSettings
from patrol.audit.chain import FIRST, chained
from patrol.audit.signed_head import SignedHead, head_from, signed_head
from patrol.documents.transaction import Note
from patrol.signatures.signing_key import SigningKey, read_or_make_key
from patrol.store.engine.engine import open_engine
from patrol.store.journal import journal
from patrol.store.schema.tables import journal as journal_rows
from patrol.store.schema.tables import to_us
from tests.fixtures.databases import empty_store, store_table, store_url
from tests.maps.notifications.senders.test_mail import Mailbox, mail_server
from tests.maps.servers.running import running, wait_until
from tests.patrol.nodes.running import AGENCY, at

CONFIG = """
[node]
id = "hx"

[[agencies]]
id = "la-hx"
name = "Houay Xai border police"

[audit]
key_file = "keys/audit"
heads_folder = "outside"
"""
ROWS = 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A node with a journal of `ROWS` rows, a place for its key and one for its heads."""
    (tmp_path / "patrol.toml").write_text(CONFIG + store_table(tmp_path))
    (tmp_path / "keys").mkdir()
    (tmp_path / "outside").mkdir()
    empty_store(tmp_path / "joint-patrol.db")
    engine = open_engine(store_url(tmp_path / "joint-patrol.db"))
    with engine.begin() as connection:
        for number in range(ROWS):
            note = Note(act="sign in", actor=f"n{number}", agency="la-hx")
            journal.append(connection, [note], at(number), origin="hx")
    engine.dispose()
    return tmp_path


def audit(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["audit", *words, "--config", str(folder / "patrol.toml")])


def written_anew(folder: Path, seq: int, actor: str) -> None:
    """Change a row as who has the database can: with all hashes that follow from it."""
    engine = open_engine(store_url(folder / "joint-patrol.db"))
    with engine.begin() as connection:
        previous = FIRST
        for entry in journal.page(connection):
            note = Note(
                act=entry.act,
                actor=actor if entry.seq == seq else entry.actor,
                agency=entry.agency,
                subject=entry.subject,
                detail=json.loads(entry.detail),
            )
            new = chained(note, seq=entry.seq, previous=previous, at=entry.at, origin=entry.origin)
            connection.execute(
                journal_rows.update()
                .where(journal_rows.c.seq == entry.seq)
                .values(actor=new.actor, previous=previous, hash=new.hash, at_us=to_us(new.at))
            )
            previous = new.hash
    engine.dispose()


def test_a_journal_written_anew_is_found_by_the_head_that_lies_outside(folder: Path) -> None:
    assert audit(folder, "head").exit_code == 0
    good = audit(folder, "verify")
    assert (good.exit_code, "1 signed heads" in good.output) == (0, True), good.output
    written_anew(folder, 3, "somebody else")
    [path] = (folder / "outside").glob("*.json")
    head = path.read_bytes()
    path.unlink()
    assert audit(folder, "verify").exit_code == 0  # nobody can tell without a head
    path.write_bytes(head)
    found = audit(folder, "verify")
    assert found.exit_code == 1
    assert f"journal row {ROWS} is altered" in found.output
    assert "written anew" in found.output


def test_a_day_alone_is_proved_by_the_heads_around_it(folder: Path) -> None:
    assert audit(folder, "head").exit_code == 0
    done = audit(folder, "verify", "--day", "2026-11-24")
    assert done.exit_code == 0, done.output
    assert f"{ROWS} rows of the journal, from row 1 on" in done.output
    assert "needs" not in done.output
    written_anew(folder, 4, "mallory")
    done = audit(folder, "verify", "--day", "2026-11-24")
    assert (done.exit_code, "journal row 6 is altered" in done.output) == (1, True), done.output


def test_the_key_lies_where_the_settings_say_and_check_looks_at_it(folder: Path) -> None:
    (folder / "outside").rmdir()
    assert any("audit.heads_folder: there is no folder" in each for each in faults(folder))
    (folder / "outside").mkdir()
    assert not [each for each in faults(folder) if "audit" in each]
    public = json.loads(audit(folder, "head").stdout)["public_key"]
    assert read_or_make_key(folder / "keys" / "audit").public == public
    (folder / "keys" / "audit").chmod(0o644)
    assert any("audit.key_file" in each and "others may read" in each for each in faults(folder))
    (folder / "keys" / "audit").unlink()
    (folder / "keys").rmdir()
    assert any("audit.key_file: there is no folder" in each for each in faults(folder))
    old = (datetime.now(UTC) - timedelta(days=5)).timestamp()
    [head] = (folder / "outside").glob("*.json")
    os.utime(head, (old, old))
    warned = check(folder / "patrol.toml").warnings
    assert any("audit.heads_folder: the newest head is 5 days old" in each for each in warned)


def faults(folder: Path) -> list[str]:
    return check(folder / "patrol.toml").faults


def test_a_head_is_shown_as_a_qr_code(folder: Path) -> None:
    done = audit(folder, "head", "--qr")
    assert done.exit_code == 0, done.output
    assert "█" in done.output
    assert '"signature"' not in done.stdout


class Days:
    """A daily head on a clock that is set, into a folder."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime(2026, 11, 24, 16, 59, tzinfo=UTC)  # 23:59 in Vientiane
        self.folder = HeadFolder(folder, node="hx")
        key = SigningKey(bytes(32))

        async def sign() -> SignedHead:
            return signed_head(key, node="hx", seq=7, last=FIRST, at=self.now)

        async def nobody(_: object) -> set[str]:
            return set()

        async def note(_: Note) -> None:
            raise AssertionError

        self.daily = DailyHead(
            NodeSettings(id="hx", time_zone="Asia/Vientiane"),
            agency=AGENCY,
            sign=sign,
            folder=self.folder,
            recipients=("nobody@hx.example",),
            mailing=None,
            sent=nobody,
            note=note,
            now=lambda: self.now,
        )


async def test_a_head_goes_into_the_folder_once_a_local_day(tmp_path: Path) -> None:
    days = Days(tmp_path)
    for later in (0, 0, 60, 3600):
        days.now += timedelta(seconds=later)
        await days.daily.look()
    there = [days.folder.has(date(2026, 11, day)) for day in (23, 24, 25, 26)]
    assert there == [False, True, True, False]
    assert len(days.folder.read()) == 2


def test_nodes_whose_ids_begin_alike_share_a_folder_of_heads(tmp_path: Path) -> None:
    for node, seq in (("hx", 7), ("hx-north", 9)):
        head = signed_head(SigningKey(bytes(32)), node=node, seq=seq, last=FIRST, at=at(0))
        HeadFolder(tmp_path, node=node).put(head, date(2026, 11, 24))
        HeadFolder(tmp_path, node=node).put_more(head, at(0))
    assert [each.seq for each in HeadFolder(tmp_path, node="hx").read()] == [7, 7]
    assert [each.seq for each in HeadFolder(tmp_path, node="hx-north").read()] == [9, 9]


async def test_a_folder_that_is_not_mounted_is_not_made_and_tried_again(tmp_path: Path) -> None:
    days = Days(tmp_path / "share")
    await days.daily.look()
    assert not (tmp_path / "share").exists()
    (tmp_path / "share").mkdir()
    await days.daily.look()
    assert days.folder.read()[0].seq == 7


async def test_a_server_takes_its_head_outside_and_signs_one_when_asked(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        tables = {
            "audit": {"heads_folder": "outside", "heads_to": ["keeper@ministry.example"]},
            "mail": {
                "host": "127.0.0.1",
                "port": port,
                "sender": "patrol@hx.example",
                "security": "none",
            },
        }
        async with (
            running(tmp_path, roles=("admin",), **tables) as server,
            server.signed_in("admin") as admin,
        ):
            async for _ in wait_until("the journal tells that the head was mailed"):
                lines = (await admin.get("/api/audit", params={"subject": SUBJECT})).json()["lines"]
                if lines:
                    break
            [line] = lines
            assert (line["act"], line["detail"]["to"]) == (SENT, "keeper@ministry.example")
            folder = server.app.state.head_folder
            [head] = folder.read()
            [mail] = mailbox.mails
            assert mail["To"] == "keeper@ministry.example"
            [attached] = mail.iter_attachments()
            assert head_from(attached.get_payload(decode=True)) == head  # type: ignore[arg-type]
            answer = await admin.post("/api/audit/head")
            assert answer.status_code == 200, answer.text
            body = answer.json()
            assert body["in_folder"] is True
            assert body["qr"]["png"].startswith("data:image/png")
            assert body["head"]["seq"] in {each.seq for each in folder.read()}
            await server.office.daily_head.look()  # as after a restart: it went already
            assert len(mailbox.mails) == 1
