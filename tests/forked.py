"""A process that runs one of our commands and need not load it first: seconds saved at each start.

It is forked from a small process that has imported the product and done nothing else. From there on
it is a process like any other: its own memory and files, its own signals, to be stopped, killed and
started again; and it runs the command by the same words. The start of Python itself is looked at
where that is the point (`tests/maps/commands/test_command_line.py`, the demo, whatever wraps the
command).
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from tests.patience import PATIENCE_S

_FORKS: Final = get_context("forkserver")
_FORKS.set_forkserver_preload(["maps.__main__", "maps.app.server", "radio_gateway.__main__"])

_NAMES: Final = {"maps": "joint-patrol", "radio_gateway": "radio-gateway"}


class Forked:
    """One running command; what tests use of `subprocess.Popen`.

    Args:
        words: Of the command, after `joint-patrol`.
        log: File to whose end its output goes.
        environment: Its environment; this process's own when None.
    """

    def __init__(
        self, words: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        given = dict(os.environ if environment is None else environment)
        # A daemon: a test that forgets it must not keep the interpreter from ending.
        self._process = _FORKS.Process(target=_run, args=(list(words), log, given), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill -9."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float) -> int:
        """Wait until it has ended and return how.

        Raises:
            subprocess.TimeoutExpired: If it has not, after `timeout` seconds.
        """
        self._process.join(timeout)
        ended = self.poll()
        if ended is None:
            raise subprocess.TimeoutExpired("joint-patrol", timeout)
        return ended


def forked_run(
    words: Sequence[str],
    folder: Path,
    *,
    input: str | bytes = "",
    timeout: float = PATIENCE_S,
    environment: Mapping[str, str] | None = None,
    package: str = "maps",
) -> tuple[int, str, str]:
    """Run a command in `folder` to its end; return how it ended and what it printed.

    Args:
        words: Of the command, after its name.
        folder: Where it runs.
        input: What it reads.
        timeout: Seconds it may take.
        environment: Its environment; this process's own when None.
        package: Whose command: `maps` for `joint-patrol`, `radio_gateway` for `radio-gateway`.

    Raises:
        subprocess.TimeoutExpired: If it has not ended after `timeout` seconds.
    """
    with tempfile.TemporaryDirectory(prefix="joint-patrol-run-") as temporary:
        said, out, faults = (Path(temporary, name) for name in ("in", "out", "err"))
        said.write_bytes(input.encode() if isinstance(input, str) else input)
        given = dict(os.environ if environment is None else environment)
        process = _FORKS.Process(
            target=_run_in,
            args=(package, list(words), folder, (said, out, faults), given),
            daemon=True,
        )
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(words), timeout)
        return (
            process.exitcode,
            out.read_text(encoding="utf-8"),
            faults.read_text(encoding="utf-8"),
        )


def _run_in(
    package: str,
    words: list[str],
    folder: Path,
    files: tuple[Path, Path, Path],
    environment: dict[str, str],
) -> None:
    """Be the command, in the new process and another folder."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for descriptor, (file, flags) in enumerate(
        zip(files, (os.O_RDONLY, *[os.O_WRONLY | os.O_CREAT] * 2), strict=True)
    ):
        opened = os.open(file, flags, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - the fork server's is closed
    sys.argv = [_NAMES[package], *words]
    import_module(f"{package}.__main__").main()


def _run(words: list[str], log: Path, environment: dict[str, str]) -> None:
    """Be the command, in the new process."""
    os.environ.clear()
    os.environ.update(environment)
    for path, flags, to in (
        (os.devnull, os.O_RDONLY, (0,)),
        (log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, (1, 2)),
    ):
        opened = os.open(path, flags, 0o644)
        for descriptor in to:
            os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv = ["joint-patrol", *words]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what is read while it runs
    from maps.__main__ import app

    app(words)
