"""What a test needs on the machine: it skips with a clear reason without it, and fails in CI."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from maps.web_client import build_id


def program(name: str, *, hint: str | None = None) -> str:
    """Return the path of the program `name`, or skip the test (fail it when `CI=true`).

    Args:
        name: Program to look for on PATH, /usr/sbin and /usr/lib/chromium.
        hint: Debian package that brings it, where the name differs.
    """
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is not None:
        return found
    return _absent(f"{name} is not on this machine (apt-get install {hint or name})")


def headless_chromium() -> str:
    """Return the path of a Chromium that draws into no window, or skip the test.

    Debian's `chromium-headless-shell` is the same engine without what a window needs: a seventh
    less work for each page that is opened. Without it, `chromium` does.
    """
    return shutil.which("chromium-headless-shell") or program("chromium")


def web_client() -> Path:
    """Return the folder of the built web client, or skip the test (fail it when `CI=true`)."""
    static = build_id.FOLDER
    if (static / "index.html").is_file():
        return static
    _absent("the web client is not built (python -m maps.webbuild)")
    return static


def shared(*parts: str) -> Path:
    """Return a file of the folder that `JOINT_PATROL_SHARED` names, or skip the test."""
    folder = os.environ.get("JOINT_PATROL_SHARED")
    if folder is None:
        pytest.skip("JOINT_PATROL_SHARED does not name the folder of test vectors")
    path = Path(folder, *parts)
    if not path.exists():
        pytest.skip(f"{path.name} is not in the folder of JOINT_PATROL_SHARED")
    return path


def file_named_by(variable: str, what: str) -> Path:
    """Return the file that an environment variable names, or skip the test (fail it in CI).

    Args:
        variable: The variable.
        what: What stands in the file.
    """
    name = os.environ.get(variable)
    if name is None or not Path(name).is_file():
        _absent(f"{variable} names no file ({what}; see .ci/run)")
    return Path(str(name))


def _absent(reason: str) -> str:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; CI must have it")
    pytest.skip(reason)
