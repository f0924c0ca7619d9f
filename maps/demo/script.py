"""Script: what every actor's radio says when; pure, from the cast, a seed and the time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maps.demo.fleet import Actor
from maps.demo.voyage import MoverState, VoyageRiver

_METRES_PER_DEGREE = 111_195.0
_JUMP_DEG = 0.4  # some 40 km: nothing on the river could have gone there


@dataclass(frozen=True, kw_only=True)
class ScriptReport:
    """One report that a radio sends.

    Attributes:
        actor: Who sends it.
        t_s: When, seconds after the start of the demo; negative is before.
        here: Where its receiver says it is, with the receiver's noise.
        distress: The crew pressed the button.
        number: Number among the actor's reports.
    """

    actor: Actor
    t_s: float
    here: MoverState
    distress: bool = False
    number: int = 0


class Script:
    """The whole patrol.

    Args:
        cast: Whose radios send.
        river: The Mekong.
        seed: Another seed gives other noise.
    """

    def __init__(self, cast: Sequence[Actor], river: VoyageRiver, *, seed: int = 2003) -> None:
        self._cast, self._river, self._seed = cast, river, seed

    def reports(self, *, after_s: float, until_s: float) -> Iterator[ScriptReport]:
        """Yield every report later than `after_s` and not later than `until_s`, oldest first."""
        due = [
            (number * actor.interval_s, index, number)
            for index, actor in enumerate(self._cast)
            for number in range(
                int(after_s // actor.interval_s) + 1, int(until_s // actor.interval_s) + 1
            )
        ]
        for t_s, index, number in sorted(due):
            report = self._report(self._cast[index], t_s, number)
            if report is not None:
                yield report

    def _report(self, actor: Actor, t_s: float, number: int) -> ScriptReport | None:
        if actor.silent_s is not None and actor.silent_s[0] <= t_s < actor.silent_s[1]:
            return None
        distress = actor.distress_s is not None and 0 <= t_s - actor.distress_s < actor.interval_s
        dice = random.Random(f"{self._seed} {actor.device} {number}")  # noqa: S311 - noise
        here = _with_noise(actor.path.at(self._river, t_s), dice)
        if actor.jump_s is not None and 0 <= t_s - actor.jump_s < actor.interval_s:
            here = MoverState(
                lon=here.lon + _JUMP_DEG,
                lat=here.lat - _JUMP_DEG,
                speed_mps=here.speed_mps,
                course_deg=here.course_deg,
            )
        return ScriptReport(actor=actor, t_s=t_s, here=here, distress=distress, number=number)


def _with_noise(here: MoverState, dice: random.Random) -> MoverState:
    """Return what a receiver makes of the truth: some 3 m off."""
    return MoverState(
        lon=here.lon + dice.gauss(0, 3.0) / _METRES_PER_DEGREE,
        lat=here.lat + dice.gauss(0, 3.0) / _METRES_PER_DEGREE,
        speed_mps=max(0.0, here.speed_mps + dice.gauss(0, 0.15)) if here.speed_mps else 0.0,
        course_deg=(here.course_deg + dice.gauss(0, 2.0)) % 360.0 if here.speed_mps else 0.0,
    )
