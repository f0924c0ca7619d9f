"""The table of protocols: what each is in one line, and what can be said to its radios."""

from __future__ import annotations

from radio_gateway.protocols import OUTBOUND, PROTOCOLS

_ORDER = ("text", "poll", "alert", "distress", "mark")


def protocols_table() -> str:
    """Return the table."""
    rows = ["| protocol | is | can be told |", "|---|---|---|"]
    for name in sorted(PROTOCOLS):
        first = (PROTOCOLS[name].__doc__ or "").partition("\n")[0].replace("|", "\\|")
        orders: frozenset[str] = OUTBOUND[name].ORDERS if name in OUTBOUND else frozenset()
        text = ", ".join(sorted(orders, key=_ORDER.index))
        rows.append(f"| `{name}` | {first} | {text} |")
    return "\n".join(rows)
