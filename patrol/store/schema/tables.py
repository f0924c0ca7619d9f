"""Tables of the store (SQLAlchemy Core). A change here needs a migration beside it.

Times are whole microseconds since 1970-01-01 UTC. Every record carries its agency, the node it was
made on (`origin`) and a globally unique id.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    literal_column,
)

metadata = MetaData()
"""All tables. Partial indexes have SQLite conditions; `set_postgres_conditions` copies them."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def to_us(time: datetime) -> int:
    """Return whole microseconds since 1970-01-01 UTC.

    >>> to_us(datetime(2026, 1, 1, tzinfo=UTC))
    1767225600000000
    """
    return (time - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return the aware UTC time that `to_us` made this from.

    A device may claim a time that is in no calendar once its offset is taken off; that is read as
    the nearest time there is, since one such record must not keep the others from being read.

    >>> from_us(to_us(datetime.fromisoformat("0001-01-01T00:00:00+14:00"))).year
    1
    """
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return _FIRST if microseconds < 0 else _LAST


PROMPT_US: Final = 10_000_000
"""A message that tells of a time further than this from when it was heard, is late."""


def is_late(of: str = "") -> str:
    """Return the condition that a message is late, as SQL that both databases know.

    The text is always the same, so that they use the partial index with that condition.

    Args:
        of: Alias of the table of messages, with its dot.
    """
    return f"{of}heard_us - {of}time_us NOT BETWEEN -{PROMPT_US} AND {PROMPT_US}"


def _owner() -> tuple[Column[Any], Column[Any]]:
    return Column("agency", Text, nullable=False), Column("origin", Text, nullable=False)


agencies = Table(
    "agencies",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("country", Text),
    Column("blos", Text, nullable=False, server_default=""),
    *_owner(),
)

units = Table(
    "units",
    metadata,
    Column("id", Text, primary_key=True),
    Column("call_sign", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("country", Text),
    Column("expected_interval_s", Float, nullable=False),
    Column("note", Text, nullable=False),
    Column("retired_us", BigInteger),
    *_owner(),
)

assignments = Table(
    "assignments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("channel", Text),
    Column("start_us", BigInteger, nullable=False),
    Column("end_us", BigInteger),
    *_owner(),
)
Index("assignments_by_unit", assignments.c.unit)

transmissions = Table(
    "transmissions",
    metadata,
    # On SQLite only INTEGER PRIMARY KEY is the row id itself.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("gid", LargeBinary(16), nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("time_source", Text, nullable=False),
    Column("usable", SmallInteger, nullable=False),
    Column("lon", Float),
    Column("lat", Float),
    Column("altitude_m", Float),
    Column("accuracy_m", Float),
    Column("speed_mps", Float),
    Column("course_deg", Float),
    Column("heading_deg", Float),
    Column("river_km", Float),
    Column("bank", Text),
    Column("kind", Text, nullable=False),
    Column("fix", SmallInteger),
    Column("distress", SmallInteger, nullable=False),
    Column("text", Text),
    Column("status", Text),
    Column("flags", Text, nullable=False),
    Column("facts", LargeBinary),
    Column("device_us", BigInteger),
    Column("passed_on_us", BigInteger),
    Column("heard_us", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("reception_id", Text, nullable=False),
    Column("duplicate_key", Text),
    Column("signal", LargeBinary),
    Column("raw", LargeBinary, nullable=False),
    *_owner(),
)
Index("transmissions_by_address", transmissions.c.address, transmissions.c.time_us)
# For what is told by when it was heard: duplicates, retention. What came at once is found by its
# effective time (`heard_times`) and costs nothing here.
Index(
    "transmissions_by_heard",
    transmissions.c.address,
    transmissions.c.heard_us,
    sqlite_where=literal_column(is_late()),
)
for _name, _some in (
    # For what was said last, however long ago; messages that say nothing cost nothing here.
    ("transmissions_text", transmissions.c.text.is_not(None)),
    ("transmissions_status", transmissions.c.status.is_not(None)),
    ("transmissions_static", transmissions.c.kind == literal_column("'static'")),
):
    Index(_name, transmissions.c.address, transmissions.c.time_us, sqlite_where=_some)

also_heard = Table(
    "also_heard",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("reception_id", Text, nullable=False, unique=True),
    Column("gid", LargeBinary(16), nullable=False),
    Column("channel", Text, nullable=False),
    Column("heard_us", BigInteger, nullable=False),
    Column("rssi_dbm", Float),
    Column("snr_db", Float),
    *_owner(),
)
Index("also_heard_by_gid", also_heard.c.gid)

# What could not be taken: kept as it came, for people to look at.
set_aside = Table(
    "set_aside",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("reception_id", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("said", LargeBinary),
    Column("raw", LargeBinary, nullable=False),
    *_owner(),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("unit", Text),
    Column("address", Text),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("final", SmallInteger, nullable=False),
    Column("history", LargeBinary, nullable=False),
    Column("mark", LargeBinary),
    *_owner(),
)
Index("messages_by_agency", messages.c.agency, messages.c.created_us)
Index("messages_by_unit", messages.c.unit, messages.c.created_us)
Index("messages_by_address", messages.c.address, messages.c.created_us)
Index(
    "messages_open",
    messages.c.channel,
    sqlite_where=messages.c.final == literal_column("0"),
)

latches = Table(
    "latches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("of", Text, nullable=False),
    Column("raised_us", BigInteger, nullable=False),
    Column("cleared_us", BigInteger),
    Column("cleared_by", Text),
    *_owner(),
)
Index("latches_open", latches.c.kind, latches.c.of)

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text),
    Column("created_us", BigInteger, nullable=False),
    Column("disabled_us", BigInteger),
    Column("language", Text),
    Column("calendar", Text, nullable=False, server_default="gregorian"),
    *_owner(),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),
    Column("user", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("kind", Text, nullable=False, server_default="page"),
    Column("label", Text, nullable=False, server_default=""),
    Column("scopes", Text, nullable=False, server_default=""),
    Column("factor", SmallInteger, nullable=False, server_default="0"),
    *_owner(),
)
Index("sessions_by_user", sessions.c.user)

links = Table(
    "links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),
    Column("user", Text, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
    *_owner(),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),
    Column("created_us", BigInteger, nullable=False),
    Column("revoked_us", BigInteger),
    Column("kind", Text, nullable=False, server_default="tracker"),
    Column("unit", Text),
    Column("by", Text, nullable=False, server_default=""),
    # Of a phone's second key, which only reports: it is good while the phone is locked.
    Column("reporting_hash", LargeBinary(32)),
    *_owner(),
)
Index("devices_by_reporting_key", devices.c.reporting_hash, unique=True)

enrolments = Table(
    "enrolments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),
    Column("device", Text, nullable=False),
    Column("unit", Text),
    Column("by", Text, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
    *_owner(),
)

second_factors = Table(
    "second_factors",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user", Text, nullable=False, unique=True),
    Column("secret", LargeBinary, nullable=False),  # sealed: `maps.accounts.credentials.sealer`
    Column("created_us", BigInteger, nullable=False),
    Column("confirmed_us", BigInteger),
    Column("last_step", BigInteger),
    *_owner(),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("key_hash", LargeBinary(32), nullable=False),
    Column("used_us", BigInteger),
    *_owner(),
)
Index("recovery_codes_by_user", recovery_codes.c.user)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("credential", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("uses", BigInteger, nullable=False),
    Column("rp_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
    Column("challenged_us", BigInteger, nullable=False),  # when its last challenge was made
    *_owner(),
)
Index("passkeys_by_user", passkeys.c.user)

# Who somebody is at a provider of OpenID Connect.
identities = Table(
    "identities",
    metadata,
    Column("id", Text, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("user", Text, nullable=False),
    *_owner(),
)
Index("identities_by_subject", identities.c.issuer, identities.c.subject, unique=True)

# One row: a number that every change moves which may take somebody's way in away.
account_epochs = Table(
    "account_epochs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    *_owner(),
)

# Every version of what people keep: sectors, patrols, agreements, targets, alerts, incidents.
documents = Table(
    "papers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("newest", SmallInteger, nullable=False),
    Column("closed", SmallInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    *_owner(),
)
Index(
    "papers_newest",
    documents.c.kind,
    documents.c.at_us,
    sqlite_where=documents.c.newest == literal_column("1"),
)

# Who did what: a chain of hashes, appended to and never changed.
journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("act", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),  # its global id
    *_owner(),
)
Index("journal_by_subject", journal.c.subject)
Index("journal_by_agency", journal.c.agency, journal.c.seq)

# Who informed, witnessed, suffered: sealed with a key that is not here (`patrol.protected_fields`).
protected_fields = Table(
    "protected_fields",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # of the document
    Column("paper", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("commitment", LargeBinary(32), nullable=False),
    Column("key", Text, nullable=False),
    Column("sealed", LargeBinary),  # none once redacted
    Column("redacted_at_us", BigInteger),
    Column("redacted_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    *_owner(),
)
Index("protected_fields_by_paper", protected_fields.c.paper)

# To whom the reading of a document's protected fields was given, whose role does not bring it.
protected_readers = Table(
    "protected_readers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("paper", Text, nullable=False),
    Column("reader", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    *_owner(),
)
Index(
    "protected_readers_by_paper",
    protected_readers.c.paper,
    protected_readers.c.reader,
    unique=True,
)

# Cleaned and encoded anew (`patrol.incidents.photo`); each agency's own, and never changed.
photos = Table(
    "photos",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    *_owner(),
)
Index("photos_by_hash", photos.c.agency, photos.c.sha256, unique=True)
Index("photos_by_time", photos.c.agency, photos.c.at_us)

# The cameras' own files, of which `photos` has the clean pictures: given out as evidence only.
originals = Table(
    "originals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("photo", LargeBinary(32), nullable=False),  # hash of the clean picture
    Column("sha256", LargeBinary(32), nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("lon", Float),
    Column("lat", Float),
    Column("taken_us", BigInteger),
    Column("taken_local", Text),
    Column("at_us", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    *_owner(),
)
Index(
    "originals_by_photo",
    originals.c.agency,
    originals.c.photo,
    originals.c.sha256,
    unique=True,
)
Index("originals_by_time", originals.c.agency, originals.c.at_us)

# Which reports of crews' phones were taken, by the ids that the phones made: each has one effect.
crew_reports = Table(
    "crew_reports",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("made", Text, nullable=False),  # id of what it made; of a photo, its hash
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("origin", Text, nullable=False),
)

# Which process is a node's Watch (`patrol.store.engine.lease`): each of its commits checks the
# epoch.
leases = Table(
    "leases",
    metadata,
    Column("id", Text, primary_key=True),  # the node's
    Column("epoch", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("renewals", BigInteger, nullable=False),
    Column("held", SmallInteger, nullable=False),
    Column("renewed_us", BigInteger, nullable=False),
    *_owner(),
)

# Up to which row of `transmissions` ids may be such as were given before they began with a time
# (`patrol.reception.record.unsorted_gid`); no row in a store that never held such.
unsorted_ids = Table(
    "unsorted_ids",
    metadata,
    Column("id", Text, primary_key=True),
    Column("last_row", BigInteger, nullable=False),
    *_owner(),
)

# Until which heard time each stage of the retention is done (`patrol.maintenance.retention`).
retention_marks = Table(
    "retention_marks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("until_us", BigInteger, nullable=False),
    *_owner(),
)

# What each counterpart node is told, in order and without gaps; each says which one was before it.
statements_out = Table(
    "statements_out",
    metadata,
    Column("id", Text, primary_key=True),  # counterpart/epoch/number
    Column("counterpart", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("kind", Text, nullable=False),
    Column("about", Text, nullable=False),  # id of what it is about
    Column("version", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),  # as it is sent
    Column("receipted_us", BigInteger),
    Column("refusal", Text, nullable=False),  # the counterpart's reason
    Column("unread", SmallInteger, nullable=False),  # the counterpart does not know its kind
    *_owner(),
)
Index(
    "statements_out_by_number",
    statements_out.c.counterpart,
    statements_out.c.epoch,
    statements_out.c.number,
    unique=True,
)
for _name, _some in (
    ("statements_out_refused", statements_out.c.refusal != literal_column("''")),
    ("statements_out_unread", statements_out.c.unread == literal_column("1")),
):
    Index(
        _name,
        statements_out.c.counterpart,
        statements_out.c.epoch,
        statements_out.c.number,
        sqlite_where=_some,
    )
Index("statements_out_by_kind", statements_out.c.counterpart, statements_out.c.kind)

# What counterpart nodes told, as it came, with what became of it.
statements_in = Table(
    "statements_in",
    metadata,
    Column("id", Text, primary_key=True),  # counterpart/epoch/number
    Column("counterpart", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    *_owner(),
)
Index(
    "statements_in_by_number",
    statements_in.c.counterpart,
    statements_in.c.epoch,
    statements_in.c.number,
    unique=True,
)
Index(
    "statements_in_not_applied",
    statements_in.c.counterpart,
    statements_in.c.epoch,
    statements_in.c.number,
    sqlite_where=statements_in.c.state != literal_column("'applied'"),
)
Index("statements_in_by_kind", statements_in.c.counterpart, statements_in.c.kind)

# The counterparts' signed words that they have stored what they were told.
statement_receipts = Table(
    "statement_receipts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("counterpart", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),  # the last one stored
    Column("hash", LargeBinary(32), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("signed", LargeBinary, nullable=False),  # the envelope that it came in
    *_owner(),
)
Index(
    "statement_receipts_by_number",
    statement_receipts.c.counterpart,
    statement_receipts.c.epoch,
    statement_receipts.c.number,
)

# How the logs with each counterpart stand: what only people can put right is here.
statement_logs = Table(
    "statement_logs",
    metadata,
    Column("id", Text, primary_key=True),  # the counterpart's node id
    Column("epoch", BigInteger, nullable=False),
    Column("forked_us", BigInteger),
    Column("fork", Text, nullable=False),  # how it was found
    Column("their_epoch", BigInteger, nullable=False),  # as the counterpart last said
    Column("their_end", BigInteger, nullable=False),  # number of its last statement, likewise
    Column("said_us", BigInteger),  # when it said so, by our clock
    *_owner(),
)

# Up to which row of `transmissions` each counterpart has receipted the positions it is told.
position_cursors = Table(
    "position_cursors",
    metadata,
    Column("id", Text, primary_key=True),  # the counterpart's node id
    Column("last_row", BigInteger, nullable=False),
    *_owner(),
)

# The last word of each party on another node that it consents; what may be shown hangs on it.
consent_notices = Table(
    "consent_notices",
    metadata,
    Column("id", Text, primary_key=True),  # agreement/agency
    Column("counterpart", Text, nullable=False),
    Column("agreement", Text, nullable=False),
    Column("text_sha256", Text, nullable=False),
    Column("counter", BigInteger, nullable=False),  # of the party's last word, as it says
    Column("is_given", SmallInteger, nullable=False),
    Column("made_us", BigInteger, nullable=False),  # by our clock, the earliest that can be
    Column("received_us", BigInteger, nullable=False),
    *_owner(),
)


def set_postgres_conditions() -> None:
    """Copy the conditions of partial indexes from SQLite's options to PostgreSQL's.

    This loads PostgreSQL's dialect, two megabytes, which a node with SQLite never needs.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            some = index.dialect_options["sqlite"]["where"]
            index.dialect_options["postgresql"]["where"] = some
