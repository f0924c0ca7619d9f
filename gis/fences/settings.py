"""How far fixes are believed, and for how long they are kept."""

from __future__ import annotations

import msgspec


class FenceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What all units are judged by.

    Attributes:
        margin_accuracies: A unit has changed sides when its fix is that many times its accuracy
            (the radius that holds it in 68 % of cases) beyond the edge.
        assumed_accuracy_m: Accuracy of a fix that tells none.
        least_accuracy_m: No fix is believed to be better than this.
        useless_accuracy_m: A fix worse than this says nothing and is left out.
        gap_s: Between fixes further apart than this, no way is made up.
        fastest_mps: No unit moves faster; a fix that would need it waits for two more that agree.
        late_s: How long after the newest fix of a unit an older one may still come, seconds. The
            events are the same whatever the order of arrival within this.
        most_fixes: Fixes held for a unit, at least (40 bytes each where they changed nothing, some
            500 else); with more of them in `late_s`, what may come late is shorter.
    """

    margin_accuracies: float = 4.0
    assumed_accuracy_m: float = 15.0
    least_accuracy_m: float = 3.0
    useless_accuracy_m: float = 1000.0
    gap_s: float = 180.0
    fastest_mps: float = 40.0
    late_s: float = 86400.0
    most_fixes: int = 5000
