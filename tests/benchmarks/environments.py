"""Virtual environments for the programs our server is compared with, made on first use.

A peer runs as its own program with its own dependencies; nothing of it is imported here.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.targets.target import TargetError


def cache_folder(named: str | None) -> Path:
    """Return the folder that keeps the environments between runs.

    Args:
        named: Value of `JOINT_PATROL_BENCH_CACHE`; None chooses one in the temporary folder.
    """
    folder = Path(named) if named else Path(tempfile.gettempdir()) / "joint-patrol-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def has_modules(python: Path, modules: tuple[str, ...]) -> bool:
    """Return whether the interpreter `python` can import all of `modules`."""
    script = f"import {', '.join(modules)}"
    return subprocess.run([python, "-c", script], capture_output=True, check=False).returncode == 0


def environment(folder: Path, *requirements: str) -> Path:
    """Return the interpreter of the environment in `folder`, made first where it is missing.

    Args:
        folder: Where the environment is.
        requirements: What pip installs into a new one.

    Raises:
        TargetError: If pip fails; a half-made environment is tried again next time.
    """
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    unfinished = folder / "unfinished"
    if python.exists() and not unfinished.exists():
        return python
    print(f"installing {', '.join(requirements)} into {folder} (first use)", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", *requirements],
    ):
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise TargetError(f"{' '.join(command)} failed: {result.stderr[-1500:]}")
    unfinished.unlink()
    return python
