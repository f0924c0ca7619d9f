"""Stalls: what one viewer that stops reading does to the others, so that noise cannot decide it.

A stall and none follow each other in short turns: with, without, without, with, and then the other
way round, so that what drifts falls on both alike. Two neighbours make a pair, and the ratio of
their p95 is what counts. Of all ratios the median is told with an interval that holds the true one
95 times in 100, whatever their distribution (the sign test's: two of them in order, each as far
from its end). Only an interval that lies below the limit as a whole shows that the limit is kept,
so a noisy or a short run shows nothing. Nor does a run on a machine that others use, where p95 is
mostly waiting for them, or one in which the server had room for all that the viewer did not read,
or the others were not shown what they should have seen: what nobody saw was not late.

What is seen in a turn with a stall counts from its first moment, with all that begins it: a viewer
that hangs up and one that comes. A turn without gives the server a while to be rid of it.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from tests.benchmarks.machine import BUSY_SHARE, others_share, read_ticks
from tests.endurance.rig import Rig

SEEN_S: Final = 10.0
"""What is looked at of a turn: each boat twice. Boats report in the same order every 5 s, those of
one way together, and some ways take longer than others. Half a round would be of other ways in a
turn with a stall than in one without."""

SETTLES_S: Final = 2.0
"""Until a stall has filled what the system keeps for the viewer, or nothing of one is left."""

UNTOLD_S: Final = 1.0
"""The last of a turn is never looked at: what was seen in it is not told yet."""

MOST: Final = 0.05
"""By how much p95 of the others may rise."""

UNSEEN: Final = 0.05
"""So many sightings may be missing of a turn with a stall: with more it may be the late ones, and
p95 is of the rest."""

SURE: Final = 0.95

TURN_S: Final = SETTLES_S + SEEN_S + UNTOLD_S

_TURNS: Final = (True, False, False, True, False, True, True, False)
_TABLE: Final = Path("/proc/net/tcp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn.

    Attributes:
        stalled: Whether one viewer did not read.
        p95_ms: Of all others, from sending to seeing; nan where nothing was seen.
        seen: How many sightings that is of.
        held: Whether a viewer took nothing from the server in all of it.
    """

    stalled: bool
    p95_ms: float
    seen: int
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stalls:
    """What one viewer that stops reading does to the others.

    Attributes:
        turns: In order.
        others: Share of the machine that other work used meanwhile.
    """

    turns: list[Turn]
    others: float

    @property
    def rises(self) -> list[float]:
        """By how much p95 was higher with a stall than without, of each two neighbours; without
        bound where one of them was no such turn, so that nothing is shown by leaving pairs out.
        """
        pairs = zip(self.turns[::2], self.turns[1::2], strict=True)
        return [_rise(*sorted(pair, key=lambda turn: turn.stalled)) for pair in pairs]

    @property
    def untold(self) -> int:
        """Pairs that say nothing: the server did not wait for who stalled, or did for somebody
        else, or nothing was seen, or less than without a stall.
        """
        return self.rises.count(math.inf)

    @property
    def is_quiet(self) -> bool:
        """Whether the machine was left to the run."""
        return self.others <= BUSY_SHARE

    @property
    def between(self) -> tuple[float, float]:
        """The two ends between which the median rise lies, 95 times in 100."""
        return interval(self.rises)

    @property
    def verdict(self) -> str:
        """`shown`, `not shown` or `fails`."""
        lower, upper = self.between
        if MOST < lower < math.inf:
            return "fails"
        return "shown" if upper <= MOST and self.is_quiet else "not shown"

    @property
    def is_good(self) -> bool:
        """Whether it is shown that the others' p95 rises by no more than it may."""
        return self.verdict == "shown"


def _rise(usual: Turn, stalled: Turn) -> float:
    is_stall = stalled.held and not usual.held
    is_seen = usual.seen and stalled.seen >= usual.seen * (1 - UNSEEN)
    is_known = is_stall and is_seen and usual.p95_ms > 0 and stalled.p95_ms > 0
    return stalled.p95_ms / usual.p95_ms - 1 if is_known else math.inf


def order(pairs: int) -> list[bool]:
    """Return the turns of so many pairs: whether one viewer stalls in each.

    >>> "".join("AB"[not stalled] for stalled in order(6))
    'ABBABAABABBA'
    """
    return [_TURNS[turn % len(_TURNS)] for turn in range(2 * pairs)]


def interval(values: Sequence[float], sure: float = SURE) -> tuple[float, float]:
    """Return an interval that holds the median of what `values` were drawn from.

    The true median lies above each value as often as a coin shows heads, so the chance that it
    lies outside two of them is that of so few heads, or so few tails. No shape is assumed.

    Args:
        values: Drawn independently.
        sure: How often it holds the median at least.

    Returns:
        Two of the values; all numbers where they are too few to say anything.

    >>> interval([3, 1, 2, 5, 4])
    (-inf, inf)
    >>> interval(range(1, 21))
    (6, 15)
    """
    count, chance, below = len(values), 0.0, 0
    while below < count:
        chance += math.comb(count, below) / 2**count
        if chance > (1 - sure) / 2:
            break
        below += 1
    if below == 0:
        return -math.inf, math.inf
    ordered = sorted(values)
    return ordered[below - 1], ordered[count - below]


def measured(rig: Rig, pairs: int, *, turn_s: float = TURN_S) -> Stalls:
    """Let one viewer stop reading, and go on, in turns, while all report as usual.

    Args:
        rig: What runs.
        pairs: Turns with a stall, and as many without.
        turn_s: How long a turn lasts, `SETTLES_S` and `UNTOLD_S` in it.
    """
    mine = [os.getpid()]
    before = read_ticks(mine, [])
    turns = [_turn(rig, stalled, turn_s) for stalled in order(pairs)]
    rig.sightings.tell("go on")
    return Stalls(turns=turns, others=others_share(before, read_ticks(mine, [])))


def _turn(rig: Rig, stalled: bool, turn_s: float) -> Turn:
    """Have one turn; return what was seen in it."""
    port = rig.stage.node.port
    began_s, from_ns = time.monotonic(), time.monotonic_ns()
    rig.sightings.tell("stall" if stalled else "go on")
    time.sleep(SETTLES_S)
    if not stalled:
        from_ns += int(SETTLES_S * 1e9)
    waits = waiting(port)
    time.sleep(max(0.0, began_s + turn_s - time.monotonic()))
    held = [viewer for viewer, size in waiting(port).items() if waits.get(viewer) == size]
    seen_s = turn_s - SETTLES_S - UNTOLD_S
    until_ns = from_ns + int(seen_s * 1e9)
    return Turn(
        stalled=stalled,
        p95_ms=rig.percentiles_ms(from_ns, until_ns)[1],
        seen=len(rig.sightings.latencies_ms(from_ns, until_ns)),
        held=bool(held),
    )


def waiting(port: int, table: Path = _TABLE) -> dict[str, int]:
    """Return how many bytes a server's system keeps for each peer that has not taken all yet.

    A peer for whom they stay the same takes nothing, and the server gives the system nothing more.

    Args:
        port: Of the server.
        table: The system's list of connections, as Linux has it; none elsewhere.

    Returns:
        Bytes by the peer's address, as the list writes both; nobody who has taken all.
    """
    if not table.exists():
        return {}
    found = {}
    for line in table.read_text(encoding="ascii").splitlines()[1:]:
        _, local, peer, state, queues, *_ = line.split()
        size = int(queues.split(":")[0], 16)
        if state == "01" and size and int(local.rsplit(":", 1)[1], 16) == port:
            found[peer] = size
    return found


def told(stalls: Stalls) -> str:
    """Return in words what was found."""
    lower, upper = stalls.between
    sure = f"surely ({SURE:.0%}) by {lower:+.1%} to {upper:+.1%}"
    if not math.isfinite(lower):
        sure = "too few for an interval"
    untold = f", {stalls.untold} of them no such turns" if stalls.untold else ""
    busy = "" if stalls.is_quiet else f" (at most {BUSY_SHARE:.0%}, if it is to be shown)"
    return (
        f"p95 of the others while all read: {_listed(stalls.turns, stalled=False)} ms\n"
        f"p95 of the others while one does not: {_listed(stalls.turns, stalled=True)} ms\n"
        f"it differs by {median(stalls.rises):+.1%}, the median of {len(stalls.rises)} pairs"
        f"{untold}; {sure}\n"
        f"others used {stalls.others:.0%} of the machine{busy}\n"
        f"that it rises by no more than {MOST:.0%}: {stalls.verdict}"
    )


def _listed(turns: Sequence[Turn], *, stalled: bool) -> str:
    return " ".join(f"{turn.p95_ms:.0f}" for turn in turns if turn.stalled is stalled)
