"""What a node and a counterpart hold of each other contradicts: only people can mend that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from patrol.alarms.scene import Condition, Scene

FORK_RULE: Final = "counterpart_fork"
HEAD_RULE: Final = "counterpart_head"

_RULES: Final = {"fork": FORK_RULE, "head": HEAD_RULE}


def counterpart_fork(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each counterpart whose statements and ours contradict each other."""
    yield from _of_rule(scene, FORK_RULE)


def counterpart_head(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each counterpart with which a journal's head does not follow those
    before it: theirs here, or ours there.
    """
    yield from _of_rule(scene, HEAD_RULE)


def _of_rule(scene: Scene, rule: str) -> Iterator[Condition]:
    for each in scene.counterpart_faults:
        if _RULES[each.kind] == rule:
            yield Condition(
                rule=rule,
                subject=each.node,
                agency=scene.agency,
                severity="high",
                since=each.at,
                facts={"node": each.node, "fault": each.fault},
            )
