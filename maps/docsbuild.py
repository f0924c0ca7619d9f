"""Builds the documentation of `docs` into `maps/manual`: `python -m maps.docsbuild`.

MkDocs comes with a pip build, or from `requirements/docs.txt`. A digest of the sources lies beside
the result; unchanged pages are not built again. A link that leads nowhere fails the build.

Imports only the standard library: the build hook runs this file before anything is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SKIP = "MAPS_SKIP_WEB"


class DocsBuildError(Exception):
    """The documentation cannot be built; the message says why."""


def build(manual: Path = HERE / "manual", *, force: bool = False) -> bool:
    """Build the documentation unless its sources are as they were.

    Args:
        manual: Folder of the result, replaced as a whole.
        force: Build even unchanged pages.

    Returns:
        True when something was built; False when it was up to date or MAPS_SKIP_WEB=1.

    Raises:
        DocsBuildError: If there is no MkDocs, or it fails.
    """
    if os.environ.get(SKIP) == "1":
        return False
    stamp = manual / ".digest"
    digest = digest_of(ROOT)
    if not force and stamp.is_file() and stamp.read_text() == digest:
        return False
    if importlib.util.find_spec("mkdocs") is None:
        raise DocsBuildError(
            "no MkDocs: `pip install -r requirements/docs.txt`;"
            f" {SKIP}=1 leaves the documentation out"
        )
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    command += ["--site-dir", str(manual.resolve())]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # the theme's word on its successor
    done = subprocess.run(command, cwd=ROOT, env=quiet, check=False)  # noqa: S603
    if done.returncode != 0:
        raise DocsBuildError(f"mkdocs failed with status {done.returncode}")
    stamp.write_text(digest)
    return True


def digest_of(root: Path) -> str:
    """Return the SHA-256 of the name and content of every file that pages are made from."""
    total = hashlib.sha256()
    for path in _sources(root):
        name = path.relative_to(root).as_posix()
        total.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def _sources(root: Path) -> Iterator[Path]:
    yield root / "mkdocs.yml"
    yield from sorted(path for path in (root / "docs").rglob("*") if _is_source(path))
    # Pages that lie beside the code: the site takes some of them (docs/theme/hooks.py).
    for pattern in ("*.md", "deploy/**/*.md", "tests/**/*.md", "gis/reference/*.md"):
        yield from sorted(root.glob(pattern))
    # What of them waits for a native reader has a page for each language.
    yield from sorted((root / "maps" / "words").rglob("*.po"))


def _is_source(path: Path) -> bool:
    return path.is_file() and path.suffix != ".pyc"


def main() -> None:
    """Build the documentation."""
    parser = argparse.ArgumentParser(prog="python -m maps.docsbuild", description=__doc__)
    parser.add_argument("--force", action="store_true", help="build even unchanged pages")
    parser.add_argument("--out", type=Path, default=HERE / "manual", help="folder of the result")
    options = parser.parse_args()
    try:
        built = build(options.out, force=options.force)
    except DocsBuildError as error:
        sys.exit(f"documentation: {error}")
    sys.stdout.write("documentation: built\n" if built else "documentation: up to date\n")


if __name__ == "__main__":
    main()
