"""Check-in record: which check-ins of a patrol's units were made, from all its versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from patrol.patrols.patrol import Patrol


class CheckInRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How one unit kept its check-ins.

    Attributes:
        unit: Its id.
        check_ins: Moments at which it checked in by order, oldest first.
        missed: How often it became overdue.
        overdue_s: Seconds that it was overdue in all, until it was heard or the patrol ended.
        still: It was overdue at the end, or is now.
    """

    unit: str
    check_ins: tuple[datetime, ...]
    missed: int
    overdue_s: float
    still: bool


def record_of(versions: Sequence[Patrol], *, end: datetime) -> list[CheckInRecord]:
    """Return how each unit kept its check-ins.

    Args:
        versions: All versions of the patrol that the reader may see, oldest first.
        end: When it ended, or now.
    """
    if not versions:
        return []
    found = []
    for unit in versions[-1].units:
        check_ins = {
            each.at for version in versions for each in version.check_ins if each.unit == unit
        }
        missed_count, overdue, since, still = 0, timedelta(), None, False
        for version in versions:
            late = unit in version.check_in_overdue and version.state == "under way"
            if late and since is None:
                missed_count, since = missed_count + 1, version.at
            elif not late and since is not None:
                overdue += version.at - since
                since, still = None, version.is_closed  # the end clears what is overdue
        if since is not None:
            overdue += max(end - since, timedelta())
        found.append(
            CheckInRecord(
                unit=unit,
                check_ins=tuple(sorted(check_ins)),
                missed=missed_count,
                overdue_s=overdue.total_seconds(),
                still=still or since is not None,
            )
        )
    return found
