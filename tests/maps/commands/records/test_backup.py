"""`joint-patrol backup` and `restore`: what is restored is what was there, and is proved."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner, Result

from maps.__main__ import app
from patrol.errors.errors import StoreError
from patrol.store.accounts import account_changes
from patrol.store.backup.backup import back_up, inventory, restore
from patrol.store.store import create_store
from patrol.units.accounts import Device, User
from tests.fixtures import databases
from tests.patrol.nodes.running import Node, address, at, said


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--config", str(folder / "patrol.toml")])


def configure(folder: Path, url: str) -> Path:
    folder.mkdir(exist_ok=True)
    agency = '[[agencies]]\nid = "la-hx"\nname = "Houay Xai"\n'
    (folder / "patrol.toml").write_text(f'[store]\nurl = "{url}"\n{agency}', encoding="utf-8")
    return folder


def names(folder: Path, start: str, *, mode: int | None = None) -> list[str]:
    """Return the files there whose names begin so, and have that mode where one is given."""
    found = folder.glob(f"{start}*")
    return [each.name for each in found if mode in (None, each.stat().st_mode & 0o777)]


def damage(file: Path) -> None:
    with file.open("rb+") as opened:
        opened.seek(4096 * 3)
        opened.write(os.urandom(4096 * 4))


@contextmanager
def urls(kind: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield a store with something in it and a place where none is yet."""
    if kind == "sqlite":
        create_store(f"sqlite:///{folder / 'old.db'}")
        yield f"sqlite:///{folder / 'old.db'}", f"sqlite:///{folder / 'new.db'}"
        return
    server = databases.server()
    old = server.name_of(folder / "old.db")
    yield server.url(old), server.url(server.create())


async def filled(url: str, folder: Path) -> Node:
    node = Node(folder / "old.db", url=url)
    await node.start()
    boat = await node.boat()
    await node.desk().registry.assign(address=address(), unit=boat, start=at(-1))
    await node.hear(*[said("a", second, text="ສະບາຍດີ") for second in range(20)])
    return node


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_what_is_restored_is_what_was_there_while_the_watch_went_on(
    tmp_path: Path, kind: str
) -> None:
    with urls(kind, tmp_path) as (old, new):
        node = await filled(old, tmp_path)
        done = run(configure(tmp_path / "here", old), "backup", str(tmp_path / "b"))
        assert done.exit_code == 0, done.output
        there = inventory(old)
        await node.hear(said("b", 1))
        await node.stop()
        assert names(tmp_path, "b") == ["b"]
        assert names(tmp_path, "b", mode=0o600) == ["b"]

        done = run(configure(tmp_path / "there", new), "restore", str(tmp_path / "b"))
        assert done.exit_code == 0, done.output
        assert f"transmissions: {there.rows['transmissions']}\n" in done.output
        restored = inventory(new)
        grown = {"journal": 1}  # that it was restored
        assert restored.rows == {
            name: count + grown.get(name, 0) for name, count in there.rows.items()
        }
        assert restored.proof.faults == ()
        again = Node(tmp_path / "new.db", url=new)
        await again.start()
        await node_is_the_same(again)
        await again.stop()


async def node_is_the_same(node: Node) -> None:
    (state,) = node.states().values()
    assert state.call_sign == "Boat 3"
    assert state.text == "ສະບາຍດີ"
    await node.hear(said("a", 30))  # it takes new records
    assert len(await node.desk().visible.track(state.id, start=at(0), end=at(60))) == 21


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_way_in_that_was_ended_since_does_not_come_back(tmp_path: Path, kind: str) -> None:
    with urls(kind, tmp_path) as (old, new):
        node = await filled(old, tmp_path)
        user = User(name="boss", role="admin", agency="la-hx", origin="hx")
        phone = Device(name="boat", agency="la-hx", origin="hx")

        def ways_in(connection: Connection) -> None:
            account_changes.new_user(connection, user, "hash", at(0))
            body: dict[str, Any] = {"now": at(0), "expires_at": at(900)}
            account_changes.begin_session(connection, user, b"s" * 32, factor=False, **body)
            body |= {"session": None, "label": "", "scopes": ()}
            account_changes.begin_token(connection, user, b"t" * 32, **body)
            account_changes.add_link(connection, user, b"l" * 32, at(900), at(0))
            account_changes.put_device(connection, phone, b"d" * 32, at(0))

        await node.store.write(ways_in)
        assert run(configure(tmp_path / "here", old), "backup", str(tmp_path / "b")).exit_code == 0
        await node.stop()
        there = inventory(old).rows
        assert (there["sessions"], there["links"]) == (2, 1)
        done = run(configure(tmp_path / "there", new), "restore", str(tmp_path / "b"))
        assert done.exit_code == 0, done.output
        assert "take out again" in done.output
        rows = inventory(new).rows
        assert (rows["sessions"], rows["links"], rows["enrolments"]) == (0, 0, 0)
        assert (rows["users"], rows["devices"]) == (1, 1)


async def test_who_owns_a_database_and_is_no_superuser_restores_a_back_up_of_it(
    tmp_path: Path,
) -> None:
    """As docs/guides/store.md says: a user of its own, and PostGIS switched on by a superuser."""
    server = databases.server()
    urls = []
    with server.connect("postgres") as connection:
        connection.execute("DROP ROLE IF EXISTS ordinary")
        connection.execute("CREATE ROLE ordinary LOGIN")
    for _ in range(2):
        name = server.create()
        with server.connect(name) as connection:
            connection.execute(f"ALTER DATABASE {name} OWNER TO ordinary".encode())
            connection.execute("CREATE EXTENSION postgis")
        urls.append(server.url(name).replace("//patrol@", "//ordinary@"))
    old, new = urls
    create_store(old)
    node = await filled(old, tmp_path)
    await node.stop()
    assert run(configure(tmp_path / "here", old), "backup", str(tmp_path / "b")).exit_code == 0
    done = run(configure(tmp_path / "there", new), "restore", str(tmp_path / "b"))
    assert done.exit_code == 0, done.output
    assert inventory(new).rows["transmissions"] == inventory(old).rows["transmissions"] == 20
    for url in urls:
        server.forget(tmp_path / url)
    with server.connect("postgres") as connection:
        for url in urls:
            database = url.partition("@/")[2].partition("?")[0]
            connection.execute(f"ALTER DATABASE {database} OWNER TO patrol".encode())


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_nothing_is_ever_written_over(tmp_path: Path, kind: str) -> None:
    with urls(kind, tmp_path) as (old, _):
        node = await filled(old, tmp_path)
        await node.stop()
        folder = configure(tmp_path / "here", old)
        (tmp_path / "b").write_text("mine")
        done = run(folder, "backup", str(tmp_path / "b"))
        assert (done.exit_code, (tmp_path / "b").read_text()) == (1, "mine")
        assert done.output == f"{tmp_path / 'b'}: File exists\n"
        assert run(folder, "backup", str(tmp_path / "c")).exit_code == 0
        before = inventory(old)
        done = run(folder, "restore", str(tmp_path / "c"))
        assert done.exit_code == 1
        assert "move it away" in done.output or "is not empty" in done.output
        assert inventory(old) == before


async def test_a_back_up_that_was_altered_is_not_restored(tmp_path: Path) -> None:
    with urls("sqlite", tmp_path) as (old, new):
        await (await filled(old, tmp_path)).stop()
        back_up(old, tmp_path / "b")
        with closing(sqlite3.connect(tmp_path / "b")) as copy, copy:
            copy.execute("UPDATE journal SET actor = 'nobody' WHERE seq = 1")
        with pytest.raises(StoreError, match="not as it was written: journal row 1"):
            restore(tmp_path / "b", new)
        assert names(tmp_path, "new.db") == []


async def test_a_damaged_or_foreign_file_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with urls("sqlite", tmp_path) as (old, new):
        await (await filled(old, tmp_path)).stop()
        back_up(old, tmp_path / "b")
        damaged = tmp_path / "damaged"
        shutil.copy(tmp_path / "b", damaged)
        damage(damaged)
        with pytest.raises(StoreError):
            restore(damaged, new)
        (tmp_path / "other").write_bytes(b"PGDMP is for a server")
        with pytest.raises(StoreError, match="no back-up of a store in a file"):
            restore(tmp_path / "other", new)
        assert names(tmp_path, "new.db") == []


def test_without_a_store_there_is_no_back_up(tmp_path: Path) -> None:
    folder = configure(tmp_path / "here", f"sqlite:///{tmp_path / 'none.db'}")
    done = run(folder, "backup", str(tmp_path / "b"))
    assert done.exit_code == 1
    assert "there is no store" in done.output
    assert not (tmp_path / "b").exists()


def test_without_the_programs_it_is_reported_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import patrol.store.backup.backup

    monkeypatch.setattr(patrol.store.backup.backup, "_PROGRAMS", tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    with urls("postgres", tmp_path) as (old, _):
        with pytest.raises(StoreError, match=r"no pg_dump .*apt-get install postgresql-client-\d+"):
            back_up(old, tmp_path / "b")
        assert not list(tmp_path.glob("b*"))


@pytest.mark.parametrize("kind", ["file", "link"])
async def test_what_another_user_laid_ready_never_holds_the_store(
    tmp_path: Path, kind: str
) -> None:
    with urls("sqlite", tmp_path) as (old, new):
        await (await filled(old, tmp_path)).stop()
        laid = {tmp_path / "b.part": tmp_path / "one", tmp_path / "new.db.part": tmp_path / "two"}
        for part, theirs in laid.items():
            theirs.touch()
            theirs.chmod(0o666)
            part.symlink_to(theirs) if kind == "link" else os.link(theirs, part)
        back_up(old, tmp_path / "b")
        restore(tmp_path / "b", new)
        assert [theirs.stat().st_size for theirs in laid.values()] == [0, 0]
        for made in (tmp_path / "b", tmp_path / "new.db"):
            assert (made.is_symlink(), made.stat().st_mode & 0o777) == (False, 0o600)
        assert names(tmp_path, "b.part") == names(tmp_path, "new.db.part") == []
