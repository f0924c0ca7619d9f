"""Heard times: queries of messages by time of reception; only late messages have their own index.

The effective time of nearly all messages is close to their heard time. They are found by the index
of address and effective time, which every message has: a search for a span of heard time is a
search for that span of effective time, widened by `PROMPT_US`. A message whose times are further
apart is in the index `transmissions_by_heard`. So a prompt message is written to one index less.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, TextClause, text

from patrol.store.schema.tables import PROMPT_US, is_late

EVER: Final = 2**62
"""Microseconds beyond any time that is stored."""

_LATE: Final = is_late("t.")
_PROMPT: Final = f"NOT ({_LATE})"

_ADDRESSES: Final = """
hop(address) AS (
    SELECT min(t.address) FROM transmissions AS t
    UNION ALL
    SELECT (SELECT min(t.address) FROM transmissions AS t WHERE t.address > hop.address)
    FROM hop WHERE hop.address IS NOT NULL
)"""

# A prompt message can only have been heard after the last late one (`late.us`) if it tells of a
# time not much before that; and the last one heard tells of a time not much before the newest told.
_LAST: Final = text(
    f"""
WITH RECURSIVE {_ADDRESSES},
late(address, us) AS (
    SELECT hop.address, (
        SELECT max(t.heard_us) FROM transmissions AS t
        WHERE t.address = hop.address AND t.heard_us < :before AND {_LATE}
    ) FROM hop WHERE hop.address IS NOT NULL
),
told(address, us, time_us) AS (
    SELECT late.address, late.us, (
        SELECT t.time_us FROM transmissions AS t
        WHERE t.address = late.address AND t.heard_us < :before AND {_PROMPT}
        AND t.time_us >= coalesce(late.us, -{EVER}) - {PROMPT_US}
        AND t.time_us < :before + {PROMPT_US}
        ORDER BY t.time_us DESC LIMIT 1
    ) FROM late
)
SELECT max(told.us), max((
    SELECT max(t.heard_us) FROM transmissions AS t
    WHERE t.address = told.address AND t.heard_us < :before AND {_PROMPT}
    AND t.time_us >= told.time_us - {2 * PROMPT_US}
    AND t.time_us < :before + {PROMPT_US}
)) FROM told"""  # noqa: S608 - numbers
)

_FIRST: Final = text(
    f"""
WITH RECURSIVE {_ADDRESSES},
late(address, us) AS (
    SELECT hop.address, (
        SELECT min(t.heard_us) FROM transmissions AS t
        WHERE t.address = hop.address AND t.heard_us >= :since AND {_LATE}
    ) FROM hop WHERE hop.address IS NOT NULL
),
told(address, us, time_us) AS (
    SELECT late.address, late.us, (
        SELECT t.time_us FROM transmissions AS t
        WHERE t.address = late.address AND t.heard_us >= :since AND {_PROMPT}
        AND t.time_us <= coalesce(late.us, {EVER}) + {PROMPT_US}
        AND t.time_us >= :since - {PROMPT_US}
        ORDER BY t.time_us LIMIT 1
    ) FROM late
)
SELECT min(told.us), min((
    SELECT min(t.heard_us) FROM transmissions AS t
    WHERE t.address = told.address AND t.heard_us >= :since AND {_PROMPT}
    AND t.time_us <= told.time_us + {2 * PROMPT_US}
    AND t.time_us >= :since - {PROMPT_US}
)) FROM told"""  # noqa: S608 - numbers
)


def last(connection: Connection, before_us: int = EVER) -> int | None:
    """Return when the last of all messages before then was heard; None without any.

    Hops from one address to the next in the index, whatever the number of messages.
    """
    found = _values_of(connection, _LAST, before=before_us)
    return max(found, default=None)


def first(connection: Connection, since_us: int) -> int | None:
    """Return when the first of all messages since then was heard; None without any."""
    found = _values_of(connection, _FIRST, since=since_us)
    return min(found, default=None)


def spans_query(spans: int, columns: str) -> TextClause:
    """Return the query for messages heard in a number of spans, each of an address and two times.

    The SQL works on both databases: the spans are a table that is joined first, so that each span
    costs one step into each index. Its values are named by `span_values`.

    Args:
        spans: How many.
        columns: What is wanted, SQL; the messages are called `t`.
    """
    rows = ", ".join(f"(:address{n}, :first{n}, :last{n})" for n in range(spans))
    query = (
        f"SELECT {columns} FROM asked CROSS JOIN transmissions AS t"  # noqa: S608 - names only
        " WHERE t.address = asked.address"
        " AND t.heard_us BETWEEN asked.first_us AND asked.last_us"
    )
    return text(
        f"WITH asked(address, first_us, last_us) AS (VALUES {rows})"
        f" {query} AND {_LATE} UNION ALL {query} AND {_PROMPT}"
        f" AND t.time_us BETWEEN asked.first_us - {PROMPT_US} AND asked.last_us + {PROMPT_US}"
    )


def span_values(number: int, address: str, first_us: int, last_us: int) -> dict[str, object]:
    """Return the values of one span for `spans_query`, the first having number 0."""
    return {f"address{number}": address, f"first{number}": first_us, f"last{number}": last_us}


def _values_of(connection: Connection, query: TextClause, **values: int) -> list[int]:
    row = connection.execute(query, values).one()
    return [each for each in row if each is not None]
