"""What fences assume of boats and radios, in one place.

An accuracy is the radius that holds the true place in 68 % of cases. Lengths in accuracies are
those of the fix at hand.
"""

from __future__ import annotations

import msgspec

from gis.position.accuracy import ASSUMED_ACCURACY_M


class FenceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What all units are judged by.

    Attributes:
        assumed_accuracy_m: Accuracy of a fix that tells none.
        least_accuracy_m: No fix is believed to be better than this.
        useless_accuracy_m: A fix worse than this says nothing and is left out.
        enter_within: A unit has come in where its path comes so near, in accuracies. It lies
            between one accuracy inside, where it must be told, and two outside, where it must not.
        enter_raw: So deep, in accuracies, one unsmoothed fix alone tells of it.
        leave_beyond: A unit has left when its path is so far outside, in accuracies.
        coarse_m: Of a fix that is worse, the unit must be deeper by the rest of its accuracy.
        dense_s: Fixes this close in time are smoothed with their neighbours.
        gap_s: Between fixes farther apart than this the straight line is not the way on a river,
        line_s: and elsewhere farther apart than this.
        stay_s: A unit that keeps to one place for so long lies there; from then on its place is the
            mean of its fixes.
        stay_within: As long as that it may be so far from the mean, in accuracies.
        stay_left: It lies there no longer when the mean of a minute is so far off, in accuracies;
        stay_left_raw: or one fix alone.
        stay_memory_s: Over how long that mean is taken.
        slow_mps: A unit that tells more speed than this does not lie anywhere.
        noise_accuracies: Two fixes of one place are so far apart at most, in the sum of accuracies.
        fastest_mps: No unit moves faster.
        speed_share: Between fixes a unit may be so many times as fast as it was, or says it is.
        off_course_share: A unit that goes on as before is off its course by at most this share.
        record_s: Over how long a unit's record of speed fades.
        detour_speed_share: Round an area that lies in its way a unit goes so many times as fast as
            it was at most.
        river_half_width_m: An area that leaves no way through within so much of a river's line
            lies across all of it.
        on_river_m: A unit this near to the line is on the river.
        late_s: How long after the newest fix of a unit an older one may still come.
        most_fixes: Fixes kept for a unit; with more of them in `late_s`, what may come late is
            shorter. 40 bytes each.
        checkpoint: Every so many fixes what they have come to is kept, to begin again from there.
    """

    assumed_accuracy_m: float = ASSUMED_ACCURACY_M
    least_accuracy_m: float = 3.0
    useless_accuracy_m: float = 1000.0
    enter_within: float = 0.25
    enter_raw: float = 1.0
    leave_beyond: float = 2.0
    coarse_m: float = 30.0
    dense_s: float = 30.0
    gap_s: float = 90.0
    line_s: float = 185.0
    stay_s: float = 120.0
    stay_within: float = 1.5
    stay_left: float = 3.5
    stay_left_raw: float = 4.0
    stay_memory_s: float = 1800.0
    slow_mps: float = 1.5
    noise_accuracies: float = 2.0
    fastest_mps: float = 40.0
    speed_share: float = 1.5
    off_course_share: float = 0.05
    record_s: float = 1800.0
    detour_speed_share: float = 1.1
    river_half_width_m: float = 200.0
    on_river_m: float = 600.0
    late_s: float = 86_400.0
    most_fixes: int = 1000
    checkpoint: int = 50
