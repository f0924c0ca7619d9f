"""The table of protocols: what each is in one line, and what can be said to its radios."""

from __future__ import annotations

from radio_gateway.protocols import OUTBOUND, PROTOCOLS

_ORDER = ("text", "poll", "alert", "distress", "mark")


def protocols_table() -> str:
    """Return the table."""
    rows = ["| protocol | its radios take | is |", "|---|---|---|"]
    for name in sorted(PROTOCOLS):
        first = (PROTOCOLS[name].__doc__ or "").partition("\n")[0].replace("|", "\\|")
        taken: frozenset[str] = OUTBOUND[name].ORDERS if name in OUTBOUND else frozenset()
        orders = ", ".join(sorted(taken, key=_ORDER.index))
        rows.append(f"| `{name}` | {orders} | {first} |")
    return "\n".join(rows)
