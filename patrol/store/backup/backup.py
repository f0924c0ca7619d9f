"""Backup: writes a whole store to one file while the store is in use, and restores such a file.

SQLite is copied with its online back-up, PostgreSQL with its own programs `pg_dump` and
`pg_restore`. The journal of what was written or restored is verified before it counts as done.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from patrol.errors.errors import StoreError
from patrol.store.accounts import account_changes
from patrol.store.engine import damage, faults
from patrol.store.engine.engine import commit_proved, connect_to_read, is_postgres, open_engine
from patrol.store.engine.migrate import migrate
from patrol.store.engine.postgres import require, url_without_password
from patrol.store.proof.verify_journal import JournalProof, prove
from patrol.store.schema.tables import metadata

_SQLITE: Final = b"SQLite format 3\0"
_POSTGRES: Final = b"PGDMP"
_OF_POSTGIS: Final = re.compile(
    r"^\d+; \d+ \d+ (EXTENSION - postgis\b|(TABLE|TABLE DATA|ACL) public spatial_ref_sys\b)"
)
"""A line of what `pg_restore --list` prints."""

_TESTS: Final = "restore_test"
_OF_POSTGIS_TOO: Final = frozenset({"spatial_ref_sys"})

_PROGRAMS: Final = Path("/usr/lib/postgresql")


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a store.

    Attributes:
        rows: How many rows each table has.
        proof: What its journal proves.
    """

    rows: Mapping[str, int]
    proof: JournalProof


def inventory(url: str) -> Inventory:
    """Count the rows of a store and verify its journal, in one snapshot.

    Raises:
        StoreError: If it cannot be read.
    """
    engine = open_engine(url)
    try:
        with connect_to_read(engine) as connection:
            there = set(inspect(connection).get_table_names())
            rows = {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in metadata.sorted_tables
                if table.name in there
            }
            return Inventory(rows=rows, proof=prove(connection))
    except SQLAlchemyError as error:
        raise StoreError(f"{url_without_password(engine)}: {faults.error_text(error)}") from error
    finally:
        engine.dispose()


def back_up(url: str, file: Path) -> Inventory | None:
    """Write the store at `url` to a file that is not there yet; a server may write meanwhile.

    Returns:
        What is in the file; None of a database on a server, whose file is only looked through.

    Raises:
        StoreError: If the store cannot be read, or what was written is damaged.
        OSError: If the file cannot be written, or is there.
    """
    part = file.with_name(f"{file.name}.part")
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    engine = open_engine(url)
    try:
        _make(part)
        if is_postgres(engine):
            _dump(engine, part)
            found = None
        else:
            found = _copy(Path(str(engine.url.database)), part)
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(file)
        _sync(file.parent)
    except BaseException:
        file.unlink(missing_ok=True)
        _remove(part)
        raise
    finally:
        engine.dispose()
    return found


def restore(file: Path, url: str) -> Inventory:
    """Make the store at `url`, which must not be there or be empty, from a file of `back_up`.

    It is brought to the newest schema. All sessions, tokens, sign-in links and codes for phones
    end: some were ended or used since the back-up was made, and it does not know which.

    Returns:
        What is in the store.

    Raises:
        StoreError: If there is something in the store, or the file is no back-up of such a store or
            is damaged. Then there is no store, but for a database whose journal cannot be proved:
            that one has to be dropped.
        OSError: If the file cannot be read.
    """
    with file.open("rb") as opened:
        start = opened.read(16)
    engine = open_engine(url)
    try:
        if is_postgres(engine):
            if not start.startswith(_POSTGRES):
                raise StoreError(f"{file} is no back-up of a PostgreSQL database")
            _load(engine, file)
            _make_ready(engine)
            return _proved_inventory(url)
        if start != _SQLITE:
            raise StoreError(f"{file} is no back-up of a store in a file")
        return _put(file, Path(str(engine.url.database)))
    except SQLAlchemyError as error:
        raise StoreError(f"{url_without_password(engine)}: {faults.error_text(error)}") from error
    finally:
        engine.dispose()


def restore_to_test(file: Path, url: str) -> Inventory:
    """Restore a back-up where nothing else is, as `restore` does, and take it away again.

    Args:
        file: What `back_up` wrote.
        url: Of a file that is not there, or of an empty database that serves for nothing else: it
            is marked by a schema of that name, so that what a test left is known for its own.

    Returns:
        What was in it.

    Raises:
        StoreError: If it cannot be restored, or the database holds something else.
        OSError: If the file cannot be read.
    """
    engine = open_engine(url)
    try:
        if not is_postgres(engine):
            place = Path(str(engine.url.database))
            _remove(place)
            try:
                return restore(file, url)
            finally:
                _remove(place)
        with engine.begin() as connection:
            if not inspect(connection).has_schema(_TESTS):
                _require_empty(engine, connection)
                connection.exec_driver_sql(f"CREATE SCHEMA {_TESTS}")
        _empty(engine)
        try:
            return restore(file, url)
        finally:
            _empty(engine)
    except SQLAlchemyError as error:
        raise StoreError(f"{url_without_password(engine)}: {faults.error_text(error)}") from error
    finally:
        engine.dispose()


def _make_ready(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection, commit_proved(connection):
        account_changes.end_all(connection)


# -- a file


def _copy(source: Path, to: Path) -> Inventory:
    if not source.is_file():
        raise StoreError(f"there is no store {source}")
    _copy_file(source, to)
    found = _proved_inventory(f"sqlite:///{to}")
    _settle(to)
    return found


def _put(file: Path, store: Path) -> Inventory:
    """Copy a back-up to a temporary file, verify it, then rename it to the store's name."""
    with making(store) as part:
        _copy_file(file, part)
        engine = open_engine(f"sqlite:///{part}")
        try:
            _make_ready(engine)
        finally:
            engine.dispose()
        return _proved_inventory(f"sqlite:///{part}")


@contextmanager
def making(store: Path) -> Iterator[Path]:
    """Make a store in a temporary file: yields the file, and renames it if no error was raised.

    Raises:
        StoreError: If something lies where the store is to be.
        OSError: If it cannot be written.
    """
    for there in (store, *_wal_files(store)):
        if there.exists():
            raise StoreError(f"{there} is there: move it away first, nothing is written over")
    part = store.with_name(f"{store.name}.part")
    try:
        _make(part)
        yield part
        _settle(part)
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.rename(store)
        _sync(store.parent)
    except BaseException:
        _remove(part)
        raise


def _copy_file(source: Path, to: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(to)) as new,
        ):
            old.backup(new)  # all in one step: one state, and nobody who writes waits
            (verdict,) = new.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{source}: {error}") from error
    if verdict != "ok":
        raise StoreError(damage.damage_text(source, verdict, damage.damaged_tables(source)))


def _settle(file: Path) -> None:
    """Write a database's WAL into its main file."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=DELETE")


def _wal_files(file: Path) -> list[Path]:
    return [file.with_name(f"{file.name}-{what}") for what in ("wal", "shm", "journal")]


def _make(part: Path) -> None:
    """Make the file that is to hold a store until it has its name, for nobody else to read.

    What lies there, of a run that was cut off or of another user, is never written into.
    """
    _remove(part)
    follow_none = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such thing
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | follow_none, 0o600))


def _remove(file: Path) -> None:
    for each in (file, *_wal_files(file)):
        each.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    if hasattr(os, "O_DIRECTORY"):  # Windows has no such thing
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# -- a database on a server


def _dump(engine: Engine, to: Path) -> None:
    program = _program("pg_dump", engine)
    _run(engine, program, "--format=custom", "--no-owner", "--no-comments", f"--file={to}")
    done = subprocess.run(  # noqa: S603 - a program that we found, on a file that we made
        [str(program.with_name("pg_restore")), "--list", str(to)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or "TABLE DATA public journal" not in done.stdout:
        raise StoreError(f"what pg_dump wrote cannot be read: {done.stderr.strip()}")


def _load(engine: Engine, file: Path) -> None:
    with connect_to_read(engine) as connection:
        _require_empty(engine, connection)
    with engine.begin() as connection:
        require(connection)
    program = _program("pg_restore", engine)
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-comments")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".list") as list_file:
        list_file.write(_restore_list(program, file))
        list_file.flush()
        _run(
            engine, program, *options, "--no-privileges", f"--use-list={list_file.name}", str(file)
        )


def _tables(connection: Connection) -> list[str]:
    return sorted(set(inspect(connection).get_table_names()) - _OF_POSTGIS_TOO)


def _require_empty(engine: Engine, connection: Connection) -> None:
    if _tables(connection):
        raise StoreError(
            f"{url_without_password(engine)} is not empty: make another database for it"
        )


def _empty(engine: Engine) -> None:
    """Drop all tables of a database that is only for restore tests."""
    with engine.begin() as connection:
        for table in _tables(connection):
            connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{table}" CASCADE')


def _restore_list(program: Path, file: Path) -> str:
    """Return what of a file is to be restored: all but what belongs to PostGIS.

    That and its table of reference systems are a superuser's, and there already.
    """
    done = subprocess.run(  # noqa: S603 - a program that we found
        [str(program), "--list", str(file)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StoreError(f"{file} cannot be read: {done.stderr.strip()}")
    lines = done.stdout.splitlines()
    return "\n".join(line for line in lines if not _OF_POSTGIS.search(line))


def _run(engine: Engine, program: Path, *words: str) -> None:
    url = engine.url.set(drivername="postgresql", password=None)
    password = {} if engine.url.password is None else {"PGPASSWORD": str(engine.url.password)}
    server_url = url.render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603 - a program that we found, words of our own
        [str(program), f"--dbname={server_url}", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **password},
    )
    if done.returncode:
        raise StoreError(f"{program.name}: {done.stderr.strip()}")


def _program(name: str, engine: Engine) -> Path:
    """Return a program of PostgreSQL's that is not older than the server.

    Raises:
        StoreError: If there is none.
    """
    with connect_to_read(engine) as connection:
        query = "SHOW server_version_num"
        server = int(connection.exec_driver_sql(query).scalar_one()) // 10_000
    found = [(int(each.parent.parent.name), each) for each in _PROGRAMS.glob(f"[0-9]*/bin/{name}")]
    on_path = shutil.which(name)
    if on_path is not None:
        output = subprocess.run(  # noqa: S603
            [on_path, "--version"], capture_output=True, text=True, check=False
        ).stdout
        version = re.search(r"\b(\d+)(?:\.\d+)*", output)
        found += [] if version is None else [(int(version[1]), Path(on_path))]
    good = sorted(each for each in found if each[0] >= server)
    if not good:
        raise StoreError(
            f"there is no {name} of version {server} or newer here:"
            f" apt-get install postgresql-client-{server}"
        )
    return good[0][1]


def _proved_inventory(url: str) -> Inventory:
    found = inventory(url)
    if found.proof.faults:
        raise StoreError(f"what it tells is not as it was written: {found.proof.faults[0]}")
    return found
