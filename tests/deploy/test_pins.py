"""Every pin can be installed on a Raspberry Pi, with no compiler."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from deploy.release.debian_package import NO_WHEEL, ROOT, WHEEL_PLATFORMS
from tests.fixtures import needs

pytestmark = pytest.mark.system

PINS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("python", ["3.11", "3.13"])
@pytest.mark.parametrize("pins", PINS, ids=lambda path: path.stem)
def test_every_pin_has_a_wheel_for_arm64_or_is_named_as_built_here(
    pins: Path, python: str, tmp_path: Path
) -> None:
    uv = needs.program("uv", hint="pip install --require-hashes -r requirements/release.txt")
    wheels_only = [
        *(uv, "pip", "install", "--dry-run", "--no-deps", "--require-hashes"),
        *("--target", str(tmp_path / "nothing"), "--only-binary", ":all:"),
        *("--python-version", python, "--python-platform", WHEEL_PLATFORMS["arm64"]),
        *("-r", str(pins)),
    ]
    of_sources = [
        name
        for name in NO_WHEEL
        if re.search(rf"^{re.escape(name)}==", pins.read_text(), re.MULTILINE)
    ]
    done = subprocess.run(wheels_only, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (not of_sources), done.stderr
    built = [word for name in of_sources for word in ("--no-binary", name)]
    done = subprocess.run([*wheels_only, *built], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
