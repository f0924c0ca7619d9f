"""Bills of materials in CycloneDX: what the wheels bring along, by kept tools of PyPI and npm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from maps.webbuild import node, npm

ROOT: Final = Path(__file__).resolve().parents[2]
PINS: Final = {".": ("run.txt", "postgres.txt"), "radio_gateway": ("gateway.txt",)}
"""Pins that come with a distribution, by its folder."""


def write_python_bill(folder: str, wheels: list[Path], *, work: Path, to: Path) -> None:
    """Write the bill of one distribution: versions, licences and who needs whom.

    It is read from an environment in which the pins and our own wheels were installed, so the
    wheels are proved to install as well.

    Args:
        folder: Folder of its `pyproject.toml`.
        wheels: Our own.
        work: Folder for the environment.
        to: The file.
    """
    venv = work / f"environment-{to.name}"
    _run("uv", "venv", "--quiet", "--python", sys.executable, str(venv))
    install = ("uv", "pip", "install", "--quiet", "--no-deps", "--python", str(venv))
    pins = [word for name in PINS[folder] for word in ("-r", str(ROOT / "requirements" / name))]
    _run(*install, "--require-hashes", *pins)
    _run(*install, *map(str, wheels))
    _run(
        *(sys.executable, "-m", "cyclonedx_py", "environment", str(venv)),
        *("--pyproject", str(ROOT / folder / "pyproject.toml")),
        *("--output-reproducible", "--output-file", str(to)),
    )


def write_pages_bill(to: Path) -> None:
    """Write the bill of what the pages carry from npm, with the hashes of its lock file."""
    web = ROOT / "maps" / "web"
    command = ("sbom", "--package-lock-only", "--omit", "dev", "--sbom-format", "cyclonedx")
    with to.open("wb") as file:
        subprocess.run([node(), npm(node()), *command], cwd=web, stdout=file, check=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, env=os.environ | {"PYTHONWARNINGS": "ignore"})
