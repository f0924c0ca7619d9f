"""A debrief tells which check-ins were kept, and who was overdue as the patrol ended."""

from __future__ import annotations

from maps.reports.records.check_in_record import record_of
from patrol.patrols.lifecycle import PatrolActor, check_in, end, flag
from patrol.patrols.patrol import Member, Patrol
from tests.patrol.nodes.running import AGENCY, at

WATCH = PatrolActor(name="watch", agency=AGENCY)


def test_a_unit_overdue_as_the_patrol_ended_is_not_shown_as_in_order() -> None:
    begun = Patrol(
        id="p1",
        agency=AGENCY,
        at=at(0),
        name="Night watch",
        agencies=(AGENCY,),
        lead=AGENCY,
        starts_at=at(0),
        ends_at=at(7200),
        state="under way",
        members=tuple(Member(unit=unit, agency=AGENCY) for unit in ("naga-1", "naga-2")),
        check_in_interval_s=600.0,
        started_at=at(0),
    )
    both = ("naga-1", "naga-2")
    late = flag(begun, start_overdue=False, check_in_overdue=both, at=at(720), who=WATCH)
    heard = check_in(late, unit="naga-2", told_at=at(900), at=at(900), who=WATCH)
    one = flag(heard, start_overdue=False, check_in_overdue=("naga-1",), at=at(900), who=WATCH)
    over = end(one, at=at(1800), who=WATCH)
    assert over.check_in_overdue == ()
    first, second = record_of([begun, late, heard, one, over], end=at(1800))
    assert (first.unit, first.missed, first.overdue_s, first.still) == ("naga-1", 1, 1080.0, True)
    assert (second.unit, second.missed, second.overdue_s, second.still) == (
        "naga-2", 1, 180.0, False,
    )  # fmt: skip
    same, _ = record_of([begun, late, heard, one], end=at(1800))
    assert same == first, "as while it is under way"
