"""Makes a release: `python -m deploy.release FOLDER`, in a clone with nothing uncommitted.

Wheels of both distributions, the sources, bills of materials, Debian packages and the SHA-256 of
all. docs/guides/releases.md says what must be installed, and what is done before and after.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from deploy.release.bill_of_materials import write_pages_bill, write_python_bill
from deploy.release.debian_package import (
    GATEWAY,
    NODE,
    ROOT,
    WHEEL_PLATFORMS,
    Target,
    build_package,
)

_SUMS = "SHA256SUMS"


def main() -> None:
    """Read the command line and make the release."""
    parser = argparse.ArgumentParser(prog="python -m deploy.release", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder that is not there yet, for the files")
    parser.add_argument(
        "--python", default="3.13", help="Debian's Python (3.13: Debian 13; 3.11: Debian 12)"
    )
    parser.add_argument(
        "--machine", action="append", choices=WHEEL_PLATFORMS, help="both, if not said"
    )
    arguments = parser.parse_args()
    version = release_version()
    if _output("git", "status", "--porcelain"):
        sys.exit("something is not committed: a release is made of a commit")
    arguments.folder.mkdir(parents=True)
    make_release(
        arguments.folder.resolve(),
        version=version,
        python=arguments.python,
        machines=arguments.machine or list(WHEEL_PLATFORMS),
    )


def release_version() -> str:
    """Return the version of the sources; exit if the changelog does not begin with it."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = str(tomllib.load(file)["project"]["version"])
    headings = re.findall(
        r"^## \[([^]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    if headings[:1] != [version]:
        sys.exit(f"CHANGELOG.md begins with {headings[0]}, and the version is {version}")
    return version


def make_release(folder: Path, *, version: str, python: str, machines: list[str]) -> None:
    """Make all files of a release in `folder`, which is empty."""
    made_at = int(_output("git", "log", "-1", "--format=%ct"))
    os.environ["SOURCE_DATE_EPOCH"] = str(made_at)
    began = time.monotonic()

    def step(name: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:5.0f} s  {name}\n")
        sys.stdout.flush()

    step("sources and wheels")
    source = folder / f"joint-patrol-{version}-source.tar.gz"
    _run("git", "archive", f"--prefix=joint-patrol-{version}/", "-o", str(source), "HEAD")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    _run(*pip, "--wheel-dir", str(folder), "./radio_gateway", ".")
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        step("bills of materials")
        (gateway,) = folder.glob(GATEWAY.wheel)
        (whole,) = folder.glob(NODE.wheel)
        for name, at, wheels in (
            ("joint-patrol-gateway", "radio_gateway", [gateway]),
            ("joint-patrol", ".", [gateway, whole]),
        ):
            write_python_bill(at, wheels, work=work, to=folder / f"{name}-{version}.cdx.json")
        write_pages_bill(folder / f"joint-patrol-pages-{version}.cdx.json")
        for machine in machines:
            target = Target(version=version, python=python, machine=machine, made_at=made_at)
            trees = work / machine
            trees.mkdir()
            for package in (GATEWAY, NODE):
                step(f"{package.name} for {machine}")
                build_package(package, target, wheels=folder, work=trees, to=folder)
    step("sums")
    write_sums(folder)
    step("done")


def write_sums(folder: Path) -> None:
    """Write the SHA-256 of every file, as `sha256sum --check` reads them."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
        if path.name != _SUMS
    ]
    (folder / _SUMS).write_text("".join(lines))


def _run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def _output(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
