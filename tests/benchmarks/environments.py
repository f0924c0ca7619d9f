"""Environments for the programs our server is compared with, made on first use.

A peer runs as its own program with its own dependencies; nothing of it is imported here.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.targets.target import TargetError


def cache_folder(text: str | None) -> Path:
    """Return the folder that keeps the environments between runs.

    Args:
        text: Value of `JOINT_PATROL_BENCH_CACHE`; None chooses one in the temporary folder.
    """
    folder = Path(text) if text else Path(tempfile.gettempdir()) / "joint-patrol-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def has_modules(python: Path, modules: tuple[str, ...]) -> bool:
    """Return whether the interpreter `python` can import all of `modules`."""
    script = f"import {', '.join(modules)}"
    return subprocess.run([python, "-c", script], capture_output=True, check=False).returncode == 0


def environment(folder: Path, *requirements: str) -> Path:
    """Return the interpreter of the environment in `folder`, made first where it is missing.

    One made with another version of Python is made anew: a peer runs on the Python that we run on.

    Args:
        folder: Where the environment is.
        requirements: What pip installs into a new one.

    Raises:
        TargetError: If pip fails; a half-made environment is tried again next time.
    """
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    unfinished = folder.with_name(f"{folder.name}.unfinished")  # beside: what is in it is cleared
    if python.exists() and not unfinished.exists() and _is_of_our_python(folder):
        return python
    print(f"installing {', '.join(requirements)} into {folder} (first use)", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", *requirements],
    ):
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise TargetError(f"{' '.join(command)} failed: {result.stderr[-1500:]}")
    unfinished.unlink()
    return python


def _is_of_our_python(folder: Path) -> bool:
    """Return whether the environment in `folder` has the version of Python that runs this.

    `venv` writes it into `pyvenv.cfg` (PEP 405 names the file; CPython's venv adds the line).
    """
    lines = (folder / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    entries = {name.strip(): value.strip() for name, _, value in (x.partition("=") for x in lines)}
    return entries.get("version") == platform.python_version()


def node_package(folder: Path, name: str, requirement: str) -> Path:
    """Return the folder of a package from npm, installed into `folder` first where it is missing.

    Args:
        folder: Where npm installs.
        name: Its name.
        requirement: What npm is asked for, such as `name@2`.

    Raises:
        TargetError: If npm fails.
    """
    package = folder / "node_modules" / name
    unfinished = folder / "unfinished"
    if package.is_dir() and not unfinished.exists():
        return package
    print(f"installing {requirement} into {folder} (first use)", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]
    result = subprocess.run(
        [*command, "--prefix", str(folder), requirement],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0 or not package.is_dir():
        raise TargetError(f"npm install {requirement} failed: {result.stderr[-1500:]}")
    unfinished.unlink()
    return package
