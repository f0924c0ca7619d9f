"""Which tests are the second step, and who runs which file when tests run side by side.

All tests of the first step, `python -m pytest`, and of the second, `python -m pytest -m system`,
run side by side, in one process for each processor and some more; a part (`python -m pytest
tests/gis`) runs in the process that was started.

A page is drawn without a graphics processor: one browser keeps two processors busy. So one worker
takes the files of `tests/browser` and the others the rest, whoever is done first helps; and long
files come first, so that none is left for the end. Each file still runs whole, on one worker, in
its own order.

Where there are more workers than processors, and more than two, those beyond take files first whose
tests hardly compute: they wait, for links that come back, for processes that were killed. So no
processor waits with them; then they take what is left. Half the time of the first step's tests is
such waiting, so it has two workers more than processors; the second, whose browsers compute, one.
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadFileScheduling, Scheduling  # type: ignore[import-untyped]
from xdist.workermanage import WorkerController  # type: ignore[import-untyped]

from tests.fixtures.examples import register_profiles

# Administrators and liaison officers need a second factor. Tests sign in by a link as whom they
# like; what is about that sets it in its own settings, which have no environment.
os.environ["JOINT_PATROL_ACCESS__SECOND_FACTOR"] = "[]"

register_profiles()

# A log that nothing has configured draws each traceback with the values of all its frames, a tenth
# of a second each time; in a test that fails a plain one says enough.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)

# At each request httpcore looks for sniffio, which is not there, in all folders of packages: with
# None as its module Python knows, and a request takes a quarter less.
sys.modules["sniffio"] = None  # type: ignore[assignment]

# What is imported and collected stays: no use to look for garbage in it, then or later.
gc.disable()

HERE: Final = Path(__file__).parent

ANOTHER_PROGRAM: Final = ("broker", "browser", "gpsd")
"""Marks of tests that need a program on the machine."""

SYSTEM_FOLDERS: Final = ("browser", "end_to_end")
"""Folders in `tests` that are of the second step as a whole."""

SYSTEM_FILE: Final = re.compile(
    rf"^pytestmark = .*pytest\.mark\.({'|'.join(('system', *ANOTHER_PROGRAM))})\b", re.MULTILINE
)
"""What stands in a file that is of the second step as a whole."""

DRAWS: Final = "tests/browser/"

SECONDS: Final[dict[str, float]] = {
    "tests/maps/permissions/test_nothing_leaks.py": 220,
    "tests/maps/demo/test_demo.py": 125,
    "tests/maps/sharing/test_suspension.py": 95,
    "tests/end_to_end/test_nothing_acknowledged_is_lost.py": 80,
    "tests/radio_gateway/protocols/test_fuzz.py": 80,
    "tests/browser/test_stream_fuzz.py": 70,
    "tests/maps/reports/test_files.py": 70,
    "tests/maps/permissions/test_who_may.py": 70,
    "tests/radio_gateway/channels/test_self_healing.py": 70,
    "tests/end_to_end/test_outage.py": 60,
    "tests/radio_gateway/transports/test_mqtt.py": 50,
    "tests/maps/api/map/test_tiles.py": 50,
    "tests/radio_gateway/uplink/test_orders.py": 50,
    "tests/patrol/targets/test_hand_off_runs.py": 45,
    "tests/maps/app/test_schemathesis.py": 45,
    "tests/maps/accounts/test_access_phones.py": 40,
    "tests/end_to_end/test_remote_gateway.py": 35,
    "tests/maps/reports/kinds/test_debrief.py": 30,
    "tests/maps/commands/test_command_line.py": 30,
    "tests/radio_gateway/uplink/test_uplink.py": 30,
    "tests/maps/accounts/sessions/test_access_limits.py": 25,
    "tests/maps/api/map/test_imports.py": 25,
    "tests/maps/api/ogc/test_ogc_api.py": 25,
    "tests/patrol/store/engine/test_postgres.py": 25,
    "tests/patrol/alarms/test_alerts_of_fences.py": 25,
    "tests/radio_gateway/uplink/test_bad_links.py": 25,
    "tests/maps/notifications/test_deliveries.py": 25,
    "tests/maps/accounts/credentials/test_access_tokens.py": 25,
    "tests/maps/api/operations/test_incidents.py": 25,
    "tests/maps/commands/records/test_audit_commands.py": 20,
    "tests/end_to_end/test_roles.py": 20,
    "tests/radio_gateway/transports/test_mqtt_session.py": 20,
    "tests/maps/accounts/sessions/test_access_open_id.py": 17,
    "tests/maps/http/test_slow_viewers.py": 16,
    "tests/patrol/store/engine/test_lease.py": 16,
    "tests/maps/commands/test_exchange_commands.py": 15,
    "tests/maps/accounts/test_access_command_line.py": 15,
    "tests/end_to_end/test_joint_patrol.py": 15,
    "tests/radio_gateway/technician/test_decode.py": 15,
    "tests/radio_gateway/protocols/test_noise.py": 15,
    "tests/maps/http/test_connection_limits.py": 14,
    "tests/maps/tls/test_local_ca.py": 14,
    "tests/maps/api/units/test_live.py": 13,
    "tests/patrol/filing/test_file_documents.py": 12,
    "tests/maps/mqtt_broker/test_broker.py": 12,
    "tests/maps/api/planning/test_patrols.py": 11,
    "tests/radio_gateway/technician/test_sniff.py": 10,
    "tests/maps/feeds/test_feeds.py": 10,
    "tests/patrol/alarms/test_alerts_under_load.py": 9,
    "tests/maps/api/ogc/test_ogc_gdal.py": 9,
    "tests/patrol/store/test_store_gone.py": 9,
    "tests/maps/commands/records/test_backup.py": 9,
    "tests/radio_gateway/transports/test_tcp.py": 9,
    "tests/maps/demo/test_script.py": 8,
    "tests/maps/reports/jobs/test_jobs.py": 7,
    "tests/gis/tracks/test_simplify.py": 7,
    "tests/maps/reports/rendering/test_sheets.py": 6,
    "tests/maps/demo/test_two_nodes.py": 15,
    "tests/maps/runtime/test_light_server.py": 4,
    "tests/maps/reports/jobs/test_command.py": 4,
    "tests/test_steps.py": 3,
    "tests/test_decoders.py": 3,
    "tests/maps/reports/kinds/test_counterpart.py": 3,
}
"""How long files take that take long. A wrong number costs time and nothing else."""

WAITS: Final = (
    "tests/end_to_end/test_outage.py",
    "tests/end_to_end/test_remote_gateway.py",
    "tests/maps/accounts/sessions/test_access_limits.py",
    "tests/maps/accounts/sessions/test_access_slow_bodies.py",
    "tests/maps/accounts/test_access_",
    "tests/maps/api/units/test_live.py",
    "tests/maps/commands/test_exchange_commands.py",
    "tests/maps/demo/test_demo.py",
    "tests/maps/demo/test_two_nodes.py",
    "tests/maps/feeds/",
    "tests/maps/http/",
    "tests/maps/mqtt_broker/",
    "tests/maps/notifications/",
    "tests/maps/sharing/test_suspension.py",
    "tests/patrol/alarms/test_alerts_under_load.py",
    "tests/patrol/alarms/test_doubtful_clock.py",
    "tests/patrol/filing/",
    "tests/patrol/messages/",
    "tests/patrol/store/engine/test_lease.py",
    "tests/patrol/store/test_store_",
    "tests/radio_gateway/channels/",
    "tests/radio_gateway/cli/",
    "tests/radio_gateway/gateway/",
    "tests/radio_gateway/orders/",
    "tests/radio_gateway/technician/",
    "tests/radio_gateway/transports/",
    "tests/radio_gateway/uplink/",
)
"""Where tests mostly wait, three seconds of four: what the names of their files begin with."""

_OF_A_TEST: Final = 0.1
_OF_A_PAGE: Final = 10.0
"""Of files that are not listed, a test on the average, seconds; of those that draw pages."""


class ByWhatTheyDo(LoadFileScheduling):  # type: ignore[misc]
    """File by file, the longest first; the first worker draws, and one too many waits."""

    _waiting: tuple[WorkerController, ...] = ()

    def schedule(self) -> None:
        """Choose who does what, and begin."""
        if self.collection is None:
            self._waiting = tuple(list(self.assigned_work)[max(2, os.cpu_count() or 1) :])
        super().schedule()

    def _assign_work_unit(self, node: WorkerController) -> None:
        draws = node is next(iter(self.assigned_work))

        def rank(file: str) -> tuple[bool, bool, float]:
            waits = bool(self._waiting) and file.startswith(WAITS)
            own = waits if node in self._waiting else file.startswith(DRAWS) is draws and not waits
            return own, not waits, self._seconds(file)

        self.workqueue.move_to_end(max(self.workqueue, key=rank), last=False)
        super()._assign_work_unit(node)

    def _seconds(self, file: str) -> float:
        of_a_test = _OF_A_PAGE if file.startswith(DRAWS) else _OF_A_TEST
        return SECONDS.get(file, of_a_test * len(self.workqueue[file]))


def _is_everything(config: pytest.Config) -> bool:
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS


def _is_first_step(config: pytest.Config) -> bool:
    return bool(config.option.markexpr.startswith("not system"))


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run side by side where everything runs and nothing else is asked for."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # who runs side by side already, or is started by a test that does, starts no others
    if _is_everything(config) and config.getoption("numprocesses", 0) is None:
        config.option.numprocesses = "auto"
        config.option.dist = "loadfile"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return some more than there are processors: many tests wait."""
    more = 2 if _is_first_step(config) else 1
    return min(5, (os.cpu_count() or 1) + more)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Read nothing of the second step in the first: browsers and the like take long to import."""
    if not _is_everything(config) or not _is_first_step(config):
        return None
    if collection_path.is_dir():
        is_system = collection_path.parent == HERE and collection_path.name in SYSTEM_FOLDERS
    else:
        is_system = collection_path.name.startswith("test_") and bool(
            SYSTEM_FILE.search(collection_path.read_text(encoding="utf-8"))
        )
    return is_system or None


def pytest_collection(session: pytest.Session) -> None:
    """Read the files from another one on in each worker: in a fresh clone each compiles a part.

    Else all read them in one order, and each compiles all of them: nine seconds of thirteen.
    """
    config = session.config
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is None or not _is_everything(config) or not _is_first_step(config):
        return
    files = sorted(_files(HERE, config))
    begin = int(worker["workerid"].removeprefix("gw")) * len(files) // worker["workercount"]
    for file in files[begin:] + files[:begin]:
        with suppress(Exception, pytest.skip.Exception):  # shown where it is collected
            import_module(".".join(file.relative_to(HERE.parent).with_suffix("").parts))


def _files(folder: Path, config: pytest.Config) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() or (path.name.startswith("test_") and path.suffix == ".py"):
            if config.hook.pytest_ignore_collect(collection_path=path, config=config):
                continue
            if path.is_dir():
                yield from _files(path, config)
            else:
                yield path


def pytest_collection_finish() -> None:
    """Look for garbage again, but not in what was collected."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs another program on the machine is of the second step."""
    for item in items:
        if any(item.get_closest_marker(each) for each in ANOTHER_PROGRAM):
            item.add_marker("system")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Take our own way to give out files; None leaves any other to xdist."""
    return ByWhatTheyDo(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_runtest_setup() -> None:
    """Let each test have the clock of a process that has just begun.

    The process of all these tests is one: times that the radios of one test told, often fixed ones,
    would else raise a doubt of the clock in another.
    """
    process = sys.modules.get("radio_gateway.clock.clock")
    if process is not None:
        fresh = vars(process.Clock())
        del fresh["recordings"]  # a server of several tests goes on playing its own
        vars(process.CLOCK).update(fresh)


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Drop the databases that a file's tests made, once it is done."""
    databases = sys.modules.get("tests.fixtures.databases")
    if databases is not None and (nextitem is None or nextitem.path != item.path):
        databases.drop_all()


def pytest_sessionfinish() -> None:
    """End the database server if one was started: a worker of xdist ends without `atexit`."""
    databases = sys.modules.get("tests.fixtures.databases")
    if databases is not None:
        databases.stop()
