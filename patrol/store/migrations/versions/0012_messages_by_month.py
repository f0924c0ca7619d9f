"""On PostgreSQL: messages in one table for each month they were heard in, places indexed.

SQLite keeps its one table: a file has no use for parts.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Nothing is lost: PostgreSQL is supported from this schema on, so the table it replaces is empty.
_UPGRADE = """
DROP TABLE transmissions;
CREATE SEQUENCE transmissions_id_seq AS bigint;
CREATE TABLE transmissions (
    id bigint NOT NULL DEFAULT nextval('transmissions_id_seq'),
    gid bytea NOT NULL,
    address text NOT NULL,
    time_us bigint NOT NULL,
    time_source text NOT NULL,
    usable smallint NOT NULL,
    lon double precision,
    lat double precision,
    altitude_m double precision,
    accuracy_m double precision,
    speed_mps double precision,
    course_deg double precision,
    heading_deg double precision,
    river_km double precision,
    bank text,
    kind text NOT NULL,
    fix smallint,
    distress smallint NOT NULL,
    text text,
    status text,
    flags text NOT NULL,
    facts bytea,
    device_us bigint,
    passed_on_us bigint,
    heard_us bigint NOT NULL,
    channel text NOT NULL,
    reception_id text NOT NULL,
    duplicate_key text,
    signal bytea,
    raw bytea NOT NULL,
    agency text NOT NULL,
    origin text NOT NULL,
    place geometry(Point, 4326)
        GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED,
    PRIMARY KEY (id, heard_us)
) PARTITION BY RANGE (heard_us);
ALTER SEQUENCE transmissions_id_seq OWNED BY transmissions.id;
CREATE INDEX transmissions_by_gid ON transmissions (gid);
CREATE INDEX transmissions_by_address ON transmissions (address, time_us);
CREATE INDEX transmissions_by_heard ON transmissions (address, heard_us);
CREATE INDEX transmissions_text ON transmissions (address, time_us) WHERE text IS NOT NULL;
CREATE INDEX transmissions_status ON transmissions (address, time_us) WHERE status IS NOT NULL;
CREATE INDEX transmissions_static ON transmissions (address, time_us) WHERE kind = 'static';
CREATE INDEX transmissions_by_place ON transmissions USING gist (place);
CREATE TABLE transmissions_stray PARTITION OF transmissions DEFAULT;
CREATE TABLE transmission_ids (gid bytea PRIMARY KEY)
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in _UPGRADE.split(";"):
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        msg = "back to one table for all months: restore a back-up of the older version"
        raise NotImplementedError(msg)
