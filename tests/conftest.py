"""Who runs which file when tests run side by side (`-n 2 --dist loadfile` and more).

A page is drawn without a graphics processor: one browser keeps two processors busy, while many
other tests only wait for something. So one worker takes the files of `tests/browser` and the others
the rest, whoever is done first helps; and long files come first, so that none is left for the end.
Each file still runs whole, on one worker, in its own order.
"""

from __future__ import annotations

import sys
from typing import Final

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadFileScheduling, Scheduling  # type: ignore[import-untyped]
from xdist.workermanage import WorkerController  # type: ignore[import-untyped]

DRAWS: Final = "tests/browser/"

SECONDS: Final[dict[str, float]] = {
    "tests/maps/test_demo.py": 100,
    "tests/maps/test_nothing_leaks.py": 75,
    "tests/radio_gateway/test_self_healing.py": 70,
    "tests/end_to_end/test_outage.py": 60,
    "tests/maps/test_schemathesis.py": 55,
    "tests/patrol/test_hand_off_runs.py": 45,
    "tests/end_to_end/test_nothing_acknowledged_is_lost.py": 35,
    "tests/radio_gateway/uplink/test_orders.py": 35,
    "tests/radio_gateway/uplink/test_bad_links.py": 30,
    "tests/maps/test_suspension.py": 30,
    "tests/end_to_end/test_roles.py": 30,
    "tests/maps/test_command_line.py": 30,
    "tests/end_to_end/test_remote_gateway.py": 25,
    "tests/maps/test_audit_commands.py": 20,
    "tests/maps/test_access_limits.py": 20,
    "tests/end_to_end/test_joint_patrol.py": 20,
    "tests/maps/test_access_command_line.py": 20,
}
"""How long files take that take long. A wrong number costs time and nothing else."""

_OF_A_TEST: Final = 0.1
"""Of files that are not listed, a test on the average, seconds."""


class OneDraws(LoadFileScheduling):  # type: ignore[misc]
    """File by file, the longest first; the first worker draws before it does anything else."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        draws = node is next(iter(self.assigned_work))
        own = [each for each in self.workqueue if each.startswith(DRAWS) is draws]
        self.workqueue.move_to_end(max(own or self.workqueue, key=self._seconds), last=False)
        super()._assign_work_unit(node)

    def _seconds(self, file: str) -> float:
        return SECONDS.get(file, _OF_A_TEST * len(self.workqueue[file]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Take our own way to give out files; None leaves any other to xdist."""
    return OneDraws(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_runtest_setup() -> None:
    """Let each test have the clock of a process that has just begun.

    The process of all these tests is one: times that the radios of one test told, often fixed ones,
    would else raise a doubt of the clock in another.
    """
    process = sys.modules.get("radio_gateway.clock")
    if process is not None:
        fresh = vars(process.Clock())
        del fresh["recordings"]  # a server of several tests goes on playing its own
        vars(process.CLOCK).update(fresh)


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Drop the databases that a file's tests made, once it is done."""
    databases = sys.modules.get("tests.databases")
    if databases is not None and (nextitem is None or nextitem.path != item.path):
        databases.drop_all()


def pytest_sessionfinish() -> None:
    """End the database server if one was started: a worker of xdist ends without `atexit`."""
    databases = sys.modules.get("tests.databases")
    if databases is not None:
        databases.stop()
