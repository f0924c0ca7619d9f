"""Two distributions of one tree: the gateway alone, and the whole, which depends on it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from tests.fixtures import needs

ROOT = Path(__file__).parent.parent
PACKAGES = ("gis", "radio_gateway", "patrol", "maps")
BUILT = ("maps/static/", "maps/manual/")
MOST_BYTES = 80_000_000
SENTENCE = "$GPRMC,070000,A,2016.60,N,10024.60,E,5.0,90.0,021226,,*21"


def settings(folder: str) -> dict[str, object]:
    with (ROOT / folder / "pyproject.toml").open("rb") as file:
        project: dict[str, object] = tomllib.load(file)["project"]
    return project


def needed_by(name: str, found: set[str]) -> set[str]:
    """Return the distributions that `name` needs on this machine, itself included."""
    if name not in found:
        found.add(name)
        for line in metadata.requires(name) or ():
            word, _, marker = line.partition(";")
            if not re.search(
                r"extra ==|python_version [<=]+ .3\.(9|10|11)\b|win32|Windows", marker
            ):
                needed_by(re.split(r"[^\w.-]", word)[0], found)
    return found


def test_all_that_is_released_bears_one_version_and_the_changelog_begins_with_it() -> None:
    whole, gateway = settings("."), settings("radio_gateway")
    assert whole["version"] == gateway["version"]
    for name in ("package.json", "package-lock.json"):
        assert json.loads((ROOT / "maps/web" / name).read_text())["version"] == whole["version"]
    versions = re.split(r"^## \[([^]]+)\]", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert versions[1] == whole["version"]
    assert "\n### What an operator must do\n" in versions[2]


def test_the_whole_needs_the_gateway_of_its_own_version() -> None:
    whole, gateway = settings("."), settings("radio_gateway")
    needs_these = whole["dependencies"]
    assert isinstance(needs_these, list)
    assert f"joint-patrol-gateway=={gateway['version']}" in needs_these


def test_the_gateway_alone_is_small_and_brings_no_library_of_maps_or_tables() -> None:
    found = needed_by("joint-patrol-gateway", set())
    assert not found & {"numpy", "pandas", "geopandas", "shapely", "pyogrio", "fastapi", "uvicorn"}
    assert not found & {"weasyprint", "sqlalchemy", "pillow"}
    files = [
        Path(str(path.locate()))
        for name in found - {"joint-patrol-gateway"}
        for path in metadata.files(name) or ()
    ]
    own = [*(ROOT / "radio_gateway").rglob("*.py"), *(ROOT / "gis" / "position").rglob("*.py")]
    size = sum(file.stat().st_size for file in {*files, *own} if file.is_file())
    assert size < MOST_BYTES, f"{size / 1e6:.1f} MB"


@pytest.mark.system
def test_the_wheels_share_no_file_and_hold_the_tree_together(tmp_path: Path) -> None:
    needs.web_client()
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w"]
    subprocess.run(
        [sys.executable, *build, str(tmp_path), "./radio_gateway", "."], cwd=ROOT, check=True
    )
    gateway, whole = (
        {
            name
            for name in zipfile.ZipFile(next(tmp_path.glob(pattern))).namelist()
            if name.startswith(tuple(f"{each}/" for each in PACKAGES))
        }
        for pattern in ("joint_patrol_gateway-*.whl", "joint_patrol-*.whl")
    )
    assert not gateway & whole
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    in_tree = {name for name in tracked if not name.startswith("maps/web/")}
    assert gateway | {name for name in whole if not name.startswith(BUILT)} == in_tree
    assert "maps/static/index.html" in whole


@pytest.mark.system
def test_a_border_post_installs_the_gateway_by_its_readme_and_decodes(tmp_path: Path) -> None:
    (line,) = re.findall(
        r"^python3 -m venv .*$", (ROOT / "radio_gateway/README.md").read_text(), re.MULTILINE
    )
    for name in ("requirements", "radio_gateway", "gis"):  # its folder is a clone
        (tmp_path / name).symlink_to(ROOT / name)
    home = {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    subprocess.run(["bash", "-c", line], cwd=tmp_path, env=home, check=True)
    venv = tmp_path / ".venv"
    done = subprocess.run(
        [f"{venv}/bin/radio-gateway", "decode", "--protocol", "nmea0183"],
        input=SENTENCE + "\r\n",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=home,
        check=True,
    )
    assert '"lat":20.2766' in done.stdout.replace(" ", "")
    (packages,) = venv.glob("lib/python3*/site-packages")
    size = sum(
        file.stat().st_size
        for folder in packages.iterdir()
        if not re.match(r"pip|setuptools|pkg_resources|_distutils", folder.name)
        for file in ([folder] if folder.is_file() else folder.rglob("*"))
        if file.is_file()
    )
    assert size < MOST_BYTES, f"{size / 1e6:.1f} MB"
