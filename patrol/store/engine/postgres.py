"""PostgreSQL: connections, the lock of the one writer, and the settings a server must have.

One transaction writes at a time, as on SQLite: each takes an advisory lock first, and then sees all
that was committed before; journal, documents and accounts depend on that. Readers never wait, and
see one snapshot of the database.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from patrol.errors.errors import StoreError
from patrol.store.engine import faults
from patrol.store.engine.stalled_writer import WriterStall
from patrol.store.schema.tables import set_postgres_conditions

BUSY_S: Final = 5.0
"""How long to wait for another process that writes; then the store refuses."""

GONE_S: Final = 20.0
"""How long a server may leave unanswered what we sent to its machine; then the connection has
broken. One that lost its power, or whose address another took over, was waited for a quarter of an
hour, as long as Linux sends anew: keepalives are for connections on which nothing is said."""

OLDEST: Final = 15
"""Oldest major version of the server: the one of Debian 12, and the oldest we try."""

IDLE_S: Final = 10.0
"""How long one that writes may stand still between two statements, as long as a lease: a Watch that
was stopped there would keep all others from writing, the one that is to take its place as well."""

WRITERS_LOCK: Final = 0x6A70_0001
"""Key of the lock that whoever writes holds until its transaction ends."""

_WATCHING: Final = 0x6A70_0002
"""Key of the lock that the one watch of a database holds as long as it runs."""

_NOT_HAD: Final = "55P03"
"""SQLSTATE of a lock that was not had in time (PostgreSQL, appendix A: lock_not_available)."""

# A lease is to be checked here: in the statement that begins each transaction that writes.
_BEGIN: Final = (
    f"SELECT pg_advisory_xact_lock({WRITERS_LOCK}), pg_current_xact_id()::text,"
    " set_config('idle_in_transaction_session_timeout', '{:.0f}', true)"
)

TRANSACTION: Final = "joint patrol transaction"
"""Where a connection's `info` has the number of the transaction that writes."""

_ASKED_FOR_S: Final = 10.0

_DURABLE: Final = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
}

_SETTINGS: Final = (
    f"-c lock_timeout={int(BUSY_S * 1000)}"
    " -c timezone=UTC -c client_min_messages=warning -c jit=off"
    # Who reads keeps nobody from writing (`IDLE_S`). One that was stopped in the middle of a
    # statement, `stalled_writer.py` is for.
    " -c idle_in_transaction_session_timeout=20000"
)


def open_postgres(url: URL) -> Engine:
    """Return an engine for `url`; nothing is connected yet.

    Raises:
        StoreError: If the driver is another one or not installed, or no database is named.
    """
    if url.drivername not in ("postgresql", "postgresql+psycopg"):
        raise StoreError(f"no store by {url.drivername}: use postgresql+psycopg://")
    if not url.database and "service" not in url.query:
        raise StoreError("name the database: postgresql+psycopg://USER@HOST/DATABASE")
    set_postgres_conditions()
    given = {
        "connect_timeout": 10,
        "application_name": "joint-patrol",
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": int(GONE_S * 1000),
        "options": _SETTINGS,
    }
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={name: of for name, of in given.items() if name not in url.query},
            pool_pre_ping=True,  # a restart of the server fails nobody who only reads
            use_native_hstore=False,
        )
    except ModuleNotFoundError as error:
        fault = "PostgreSQL needs psycopg 3: pip install 'joint-patrol[postgres]'"
        raise StoreError(fault) from error

    stopped = WriterStall(engine, key=WRITERS_LOCK)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("reads", False):
            try:
                began = connection.exec_driver_sql(_BEGIN.format(IDLE_S * 1000)).one()
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) == _NOT_HAD:
                    stopped.look()
                raise
            connection.info[TRANSACTION] = began[1]

    return engine


def require(connection: Connection, *, changes: bool = True) -> None:
    """Refuse a server that could lose records, or sorts text in another order.

    Args:
        connection: To it.
        changes: Switch PostGIS on in the database, where that is still to be done.

    Raises:
        StoreError: With what is wrong and how to mend it, in plain words.
    """
    found = [*_faults(connection)]
    if changes and not (found or _has_postgis(connection)):
        try:
            with connection.begin_nested():
                connection.exec_driver_sql("CREATE EXTENSION postgis")
        except DBAPIError:
            found.append("let a superuser say once in this database: CREATE EXTENSION postgis")
    if found:
        raise StoreError(f"{url_without_password(connection.engine)}: {'; '.join(found)}")


def _has_postgis(connection: Connection) -> bool:
    query = "SELECT count(*) FROM pg_extension WHERE extname = 'postgis'"
    return bool(connection.exec_driver_sql(query).scalar_one())


def _faults(connection: Connection) -> Iterator[str]:
    version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
    if version < OLDEST:
        yield f"PostgreSQL {version} is too old: use {OLDEST} or newer"
    if connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar_one():
        yield "this server is a standby and only reads: name the one that writes"
    for name, good in _DURABLE.items():
        value = connection.exec_driver_sql(f"SHOW {name}").scalar_one()
        if value not in good:
            yield (
                f"{name} is {value}: what is answered as stored could be lost in a power cut;"
                f" set {name} = on"
            )
    encoding, order = connection.exec_driver_sql(
        "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database"
        " WHERE datname = current_database()"
    ).one()
    if encoding != "UTF8" or order not in ("C", "POSIX", "C.UTF-8", "C.utf8"):
        yield (
            f"the database has encoding {encoding} and order {order}: make it by"
            " createdb --template=template0 --encoding=UTF8 --locale=C NAME"
        )
    query = "SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'"
    if not connection.exec_driver_sql(query).scalar_one():
        package = f"postgresql-{version}-postgis-3"
        yield f"PostGIS is not installed on the server: apt-get install {package}"


@contextmanager
def watch_lock(engine: Engine, *, shared: bool = False) -> Iterator[bool]:
    """Hold the lock of the one watch while inside; yield whether it was free.

    It is held by a connection of its own and ends with it, however this process ends.

    Args:
        engine: The database.
        shared: Others that share may hold it too: those that a lease keeps apart.

    Raises:
        StoreError: If the database cannot be asked.
    """
    options = {"isolation_level": "AUTOCOMMIT", "reads": True}
    try:
        held = engine.connect().execution_options(**options)
        kind = "_shared" if shared else ""
        query = f"SELECT pg_try_advisory_lock{kind}({_WATCHING})"
        got = bool(held.exec_driver_sql(query).scalar_one())
    except SQLAlchemyError as error:
        raise StoreError(f"{url_without_password(engine)}: {faults.error_text(error)}") from error
    try:
        yield got
    finally:
        with suppress(SQLAlchemyError):  # a connection that broke holds nothing
            held.exec_driver_sql(f"SELECT pg_advisory_unlock{kind}({_WATCHING})")
        held.close()


def was_committed(engine: Engine, transaction: str) -> bool:
    """Ask the server, which may be restarting, whether a transaction was committed."""
    end = time.monotonic() + _ASKED_FOR_S
    while True:
        with suppress(SQLAlchemyError):
            with engine.connect().execution_options(reads=True) as connection:
                state = connection.exec_driver_sql(
                    "SELECT pg_xact_status(CAST(%s AS xid8))", (transaction,)
                ).scalar_one()
            if state != "in progress":
                return bool(state == "committed")
        if time.monotonic() > end:
            raise StoreError("the connection broke in a commit, and nobody says what became of it")
        time.sleep(0.2)


def url_without_password(engine: Engine) -> str:
    """Return the URL of a database, its password left out."""
    return engine.url.render_as_string(hide_password=True)
