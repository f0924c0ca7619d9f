"""Runs `joint-patrol tls init` again and again, and kills it before each step that it takes.

    python -m tests.maps.tls.killed_while_making_tls FOLDER WORDS…

Before run N everything in FOLDER/N is as FOLDER/begin has it. Prints the number of runs; the last
one was not killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from maps.__main__ import app

# Loaded once, not in every run.
from maps.runtime import atomic_folder as all_or_nothing  # noqa: F401
from maps.settings import settings  # noqa: F401
from maps.tls import (
    local_ca,  # noqa: F401
    tls_files,  # noqa: F401
)

_STEPS = frozenset(
    {"os.rename", "os.mkdir", "os.link", "os.remove", "os.rmdir", "os.chmod", "os.chown"}
)


def main(folder: Path, words: list[str]) -> int:
    """Return the number of runs."""
    number = 0
    while number < 200:
        here = folder / str(number)
        shutil.copytree(folder / "begin", here, symlinks=True)
        number += 1
        child = os.fork()
        if child == 0:
            sys.addaudithook(_killing(here, before=number))
            os.chdir(here)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            app([*words, "--config", "patrol.toml"], standalone_mode=True)
            os._exit(99)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            code = os.waitstatus_to_exitcode(status)
            if code != 0:
                raise SystemExit(f"run {number} ended with {code}")
            return number
    raise SystemExit("it never comes to its end")


def _killing(here: Path, *, before: int) -> Any:
    """Return a hook that ends this process before its nth step in a folder."""
    steps = 0

    def hook(event: str, answers: tuple[Any, ...]) -> None:
        nonlocal steps
        writes = event == "open" and isinstance(answers[2], int) and answers[2] & os.O_WRONLY
        if not writes and event not in _STEPS:
            return
        # A step on an open file has no name, but its file has been opened here.
        if (
            not isinstance(answers[0], int)
            and here not in Path(os.fsdecode(answers[0])).absolute().parents
        ):
            return
        steps += 1
        if steps == before:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


if __name__ == "__main__":
    print(main(Path(sys.argv[1]).absolute(), sys.argv[2:]))
