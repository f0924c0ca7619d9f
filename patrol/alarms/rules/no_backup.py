"""The store has no back-up that is new enough, or none that was shown to be one."""

from __future__ import annotations

from collections.abc import Iterator

from patrol.alarms.scene import Condition, Scene


def no_backup(scene: Scene) -> Iterator[Condition]:
    """Yield a condition while the last back-up failed or is late."""
    yield from _missing(scene, "no_backup", "backup")


def no_restore_test(scene: Scene) -> Iterator[Condition]:
    """Yield a condition while the last restore that tested one failed or is late."""
    yield from _missing(scene, "no_restore_test", "restore_test")


def _missing(scene: Scene, rule: str, what: str) -> Iterator[Condition]:
    fault = scene.backups.get(what)
    if fault is not None:
        yield Condition(
            rule=rule,
            subject=what,
            agency=scene.agency,
            severity="medium",
            since=scene.now,
            facts={"fault": fault[:300]},
        )
