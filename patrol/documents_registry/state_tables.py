"""Lives: every table of states there is, and the page of the documentation that prints them.

`python -m patrol.documents_registry.state_tables > docs/reference/states.md` writes that page; a
test fails while it is not current.
"""

from __future__ import annotations

import sys
from typing import Final

from patrol.agreements import agreement as agreements
from patrol.alerts import alert as alerts
from patrol.alerts import delivery as deliveries
from patrol.counterparts import counterpart as counterparts
from patrol.documents.state_machine import Lifecycle
from patrol.duty import handover as shifts
from patrol.duty import roster
from patrol.incidents import incident as incidents
from patrol.marks import mark
from patrol.patrols import patrol as patrols
from patrol.targets import hand_off as hand_offs
from patrol.targets import target as targets

LIVES: Final[tuple[Lifecycle, ...]] = (
    patrols.LIFECYCLE,
    agreements.LIFECYCLE,
    targets.LIFECYCLE,
    hand_offs.LIFECYCLE,
    alerts.LIFECYCLE,
    incidents.LIFECYCLE,
    deliveries.LIFECYCLE,
    roster.SHIFT_LIFECYCLE,
    shifts.HAND_OVER_LIFECYCLE,
    mark.LIFECYCLE,
    counterparts.LIFECYCLE,
)

_HEAD: Final = """# States

How things live: a row is a state, a column an act, and where they meet stands the state that the
act leads to. Where nothing stands, the act is refused (HTTP 409), and the answer says which acts
are possible. A thing begins in the first state. This page is printed from the tables that the
software obeys: `python -m patrol.documents_registry.state_tables > docs/reference/states.md`.
"""


def in_documentation() -> str:
    """Return the page of the documentation."""
    parts = [_HEAD]
    for life in LIVES:
        ends = [state for state in life.states if life.is_end(state)]
        text = f"Begins *{life.start}*"
        text += f"; ends *{'*, *'.join(ends)}*." if ends else "; it never ends."
        title = life.name[0].upper() + life.name[1:]
        parts.append(f"## {title}\n\n{text}\n\n{life.markdown()}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(in_documentation())
