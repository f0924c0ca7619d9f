"""Databases for tests: files of SQLite, or with JOINT_PATROL_TEST_STORE=postgres PostgreSQL.

The server is one of the test run's own, in a temporary folder, reached by a socket in it, set up as
in production. A database is a copy of a template that was migrated once.
"""

from __future__ import annotations

import atexit
import os
import pwd
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from patrol.store.store import create_store
from tests import needs

POSTGRES: Final = os.environ.get("JOINT_PATROL_TEST_STORE") == "postgres"

sqlite_only: Final = pytest.mark.skipif(POSTGRES, reason="it is about a file of SQLite")

WRITING: Final = 1785724929
"""Key of the lock that whoever writes to a store in PostgreSQL holds."""

_MANY: Final = 300  # 10 MB each

_TEMPLATE: Final = "patrol_template"


class Server:
    """A PostgreSQL server with PostGIS that runs until `stop`.

    Args:
        settings: Further settings of the server, `name=value`.
    """

    def __init__(self, *settings: str) -> None:
        self._bin = _programs()
        self.folder = Path(tempfile.mkdtemp(prefix="jp-pg-", dir=_place()))
        # PostgreSQL does not run as root; the Debian package has a user for it.
        root = os.geteuid() == 0
        self._as: dict[str, Any] = {}
        if root:
            user = pwd.getpwnam("postgres")
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.log = self.folder / "log"
        self._settings = [f"--{each}" for each in settings]
        self._run(
            "initdb",
            "-D",
            "data",
            "-U",
            "patrol",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._names: dict[str, str] = {}
        self._numbers = count(1)
        self._made: list[str] = []
        self.start()

    @property
    def pid(self) -> int:
        """Process id of the postmaster."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql+psycopg://patrol@/{database}?host={self.folder}"

    def own(self, folder: Path) -> None:
        """Have a folder and what is in it belong to the server's user."""
        if self._as:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self._as["user"], self._as["group"], follow_symlinks=False)

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._bin / "postgres"),
                    "-D",
                    "data",
                    "-k",
                    str(self.folder),
                    "--listen_addresses=",
                    "--max_connections=200",
                    "--shared_buffers=64MB",
                    "--recovery_init_sync_method=syncfs",
                    *self._settings,
                ],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                **self._as,
            )
        end = time.monotonic() + 30
        while True:
            assert self._process.poll() is None, self.log.read_text()[-4000:]
            with suppress(psycopg.OperationalError), self.connect("postgres"):
                return
            assert time.monotonic() < end, self.log.read_text()[-4000:]
            time.sleep(0.05)

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """Connect past our own code; each statement is a transaction of its own."""
        return psycopg.connect(
            host=str(self.folder), user="patrol", dbname=database, autocommit=True
        )

    def create(self, *, locale: str = "C", template: str = "template0") -> str:
        """Create a database and return its name: a copy of the template."""
        name = f"t{next(self._numbers)}"
        self._made.append(name)
        with self.connect("postgres") as connection:
            # Copied file by file, not page by page through the journal: a third less work.
            quick = " STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} LOCALE {} ENCODING 'UTF8'{}").format(
                    sql.Identifier(name),
                    sql.Identifier(template),
                    sql.Literal(locale),
                    sql.SQL(quick),
                )
            )
        return name

    def name_of(self, file: Path, template: str | None = None) -> str:
        """Return the name of the database that stands for `file`; it is made on first use.

        Args:
            file: The file.
            template: Database that it is made as a copy of; None: of an empty store.
        """
        if str(file) not in self._names:
            self._names[str(file)] = self.create(template=template or self.migrated())
        return self._names[str(file)]

    def forget(self, file: Path) -> None:
        """Have another database stand for `file` from now on."""
        self._names.pop(str(file), None)

    def drop(self) -> None:
        """Drop the databases that were made so far, once they are many: each takes a checkpoint."""
        if len(self._made) < _MANY:
            return
        names, self._made = self._made, []
        self._names = {}
        with self.connect("postgres") as connection:
            for name in names:
                connection.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
                )

    def halt(self) -> None:
        """End it in order, whoever is connected, and keep its files: `start` goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._process.wait(120)  # a machine that is busy with other things

    def kill(self) -> None:
        """End it as a power cut would: the postmaster and all it started."""
        assert self._process is not None
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        for pid in (self.pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        self._process.wait(20)
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        """End it and remove all it kept."""
        if self._process is not None and self.runs:
            self._process.send_signal(signal.SIGQUIT)  # at once: nothing of it is needed any more
            self._process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(self._bin / program), *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **self._as,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @cache  # noqa: B019 - as long as the server
    def migrated(self) -> str:
        """Return the name of an empty store; it is made on first use."""
        with self.connect("postgres") as connection:
            connection.execute(
                f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'"
            )
        create_store(self.url(_TEMPLATE))
        with self.connect(_TEMPLATE) as connection:
            # 8,500 reference systems, of which we use none: a third of what is copied.
            connection.execute("TRUNCATE spatial_ref_sys")
        return _TEMPLATE


@cache
def server() -> Server:
    """Return the server of this test run."""
    started = Server()
    atexit.register(started.stop)
    return started


def store_url(file: Path) -> str:
    """Return the URL of the store that stands for `file`; the same for the same file."""
    if POSTGRES:
        return server().url(server().name_of(file))
    return f"sqlite:///{file}"


def empty_store(file: Path) -> str:
    """Return the URL of the store that stands for `file`; if there is none yet, it is an empty one.

    It comes as a copy, in a tenth of the time that all migrations take: of SQLite, too.
    """
    if not POSTGRES and not file.exists():
        file.write_bytes(_empty_file())
    return store_url(file)


@cache
def _empty_file() -> bytes:
    """Return what SQLite's file of an empty store holds; it is migrated once."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "empty.db")
        create_store(f"sqlite:///{file}")
        assert list(Path(folder).iterdir()) == [file], "all of it is in the file"
        return file.read_bytes()


def store_table(folder: Path) -> str:
    """Return what a configuration in `folder` says of its store.

    Nothing of SQLite's: that is `joint-patrol.db` beside the configuration then.
    """
    return f'\n[store]\nurl = "{store_url(folder / "joint-patrol.db")}"\n' if POSTGRES else ""


def copied(file: Path, to: Path) -> Path:
    """Copy the store of `file`, which nobody has open, to that of `to`; return `to`."""
    if POSTGRES:
        server().forget(to)
        server().name_of(to, template=server().name_of(file))
        return to
    with reading(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(shutil.copy(file, to))


def files_of(file: Path) -> list[Path]:
    """Return the files that hold the store of `file` now, all that was committed in them."""
    if not POSTGRES:
        return list(file.parent.glob(f"{file.name}*"))
    name = server().name_of(file)
    with server().connect(name) as connection:
        connection.execute("CHECKPOINT")  # what is replaced goes, what is new is written
        found = connection.execute(
            "SELECT oid FROM pg_database WHERE datname = %s", (name,)
        ).fetchone()
    assert found is not None
    return list((server().folder / "data" / "base" / str(found[0])).iterdir())


def drop_all() -> None:
    """Drop what was made for files so far."""
    if server.cache_info().currsize:
        server().drop()


def stop() -> None:
    """End the server of this test run, if there is one."""
    if server.cache_info().currsize:
        server().stop()


@contextmanager
def reading(file: Path) -> Iterator[Any]:
    """Open the store of `file` past our own code while inside, as anybody could.

    Yields:
        What `sqlite3.connect` returns, or something like it: `execute` takes SQL with `?`, rows
        are read by number and by name.
    """
    if POSTGRES:
        with server().connect(server().name_of(file)) as other:
            yield _Outsider(other)
        return
    connection = sqlite3.connect(file, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        yield connection
    finally:
        connection.close()


_TRIGGER: Final = re.compile(
    r"CREATE TRIGGER (\w+) BEFORE (INSERT|UPDATE) ON (\w+) *(?:WHEN (.*?))? *"
    r"BEGIN SELECT (.*); END",
    re.DOTALL,
)


class _Row(tuple[Any, ...]):
    """A row that is read by number and by name."""

    names: tuple[str, ...] = ()

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)

    def keys(self) -> tuple[str, ...]:
        return self.names


class _Outsider:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        connection.row_factory = _rows
        self._connection = connection

    def execute(self, query: str, values: Sequence[Any] = ()) -> Any:
        """Run a query in SQLite's words."""
        if query.startswith("PRAGMA busy_timeout"):
            return None
        trigger = _TRIGGER.fullmatch(query)
        if trigger is not None:
            return self._connection.execute(_function(trigger).encode())
        query = query.replace("AS BLOB)", "AS bytea)")
        if query.startswith("DROP TRIGGER "):
            query = f"DROP FUNCTION {query.removeprefix('DROP TRIGGER ')} CASCADE"
        if query == "BEGIN IMMEDIATE":  # what whoever writes begins with
            self._connection.execute("BEGIN")
            query = f"SELECT pg_advisory_xact_lock({WRITING})"
        if not values:
            return self._connection.execute(query.encode())
        return self._connection.execute(
            query.replace("%", "%%").replace("?", "%s").encode(), values
        )


def _function(trigger: re.Match[str]) -> str:
    """Return what makes a trigger of SQLite's."""
    name, when, table, condition, what = trigger.groups()
    does = "PERFORM new.text::json"
    if what.startswith("RAISE"):
        does = f"RAISE EXCEPTION '{what.split(chr(39))[1]}' USING ERRCODE = '23514'"
    condition = f"WHEN ({condition})" if condition else ""
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does};"
        f" RETURN new; END $$; CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH ROW"
        f" {condition} EXECUTE FUNCTION {name}()"
    )


def _rows(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], _Row]:
    names = tuple(each.name for each in cursor.description or ())
    return type("Row", (_Row,), {"names": names})


def _place() -> str:
    """Return where a server's files go: in memory where there is room, or each `fsync` waits for a
    disk that other tests write to.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30
    return str(memory) if roomy and os.access(memory, os.W_OK) else "/tmp"


def _programs() -> Path:
    """Return the folder of the newest PostgreSQL that has PostGIS; without one the test skips."""
    found = {
        int(folder.parent.name): folder
        for folder in Path("/usr/lib/postgresql").glob("[0-9][0-9]/bin")
        if Path(f"/usr/share/postgresql/{folder.parent.name}/extension/postgis.control").exists()
    }
    if not found:
        needs._absent("PostGIS is not on this machine (apt-get install postgresql-postgis)")
    return found[max(found)]
