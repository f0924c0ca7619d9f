"""Fails where the first step of the tests alone covers less of a package than it promises.

    python .ci/branch_coverage.py

Runs `python -m pytest` under coverage.py, with branches and with the processes that tests start,
and prints of each package how many lines and branches were run, and the share of both together,
which is what coverage.py gives as the total. It fails where a package is below in branches alone or
in both together. Words behind the command go to pytest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("gis", "radio_gateway", "patrol", "maps")
LEAST = 85.0  # per cent of branches, and of lines and branches together


def main() -> None:
    """Run the tests, print the table, fail where one of them does or a package is below."""
    with tempfile.TemporaryDirectory(prefix="joint-patrol-coverage-") as folder:
        report = Path(folder, "report.json")
        environment = os.environ | {"COVERAGE_FILE": str(Path(folder, "data"))}

        def coverage(*words: str) -> int:
            command = [sys.executable, "-m", "coverage", *words]
            return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603

        tests = coverage("run", "-m", "pytest", *sys.argv[1:])
        if coverage("combine", "--quiet") or coverage("json", "--quiet", "-o", str(report)):
            raise SystemExit("there is nothing to count")
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    low = [package for package in PACKAGES if _print_row(package, files) < LEAST]
    if low:
        sys.stdout.write(f"less than {LEAST:.0f} %: {', '.join(low)}\n")
    raise SystemExit(tests or bool(low))


def _print_row(package: str, files: dict[str, dict[str, dict[str, int]]]) -> float:
    """Print what was run of a package; return the share of branches or of both, the lower one."""
    of = [each["summary"] for name, each in files.items() if name.startswith(f"{package}/")]
    shares = []
    for done, all_ in (("covered_lines", "num_statements"), ("covered_branches", "num_branches")):
        shares.append((sum(each[done] for each in of), sum(each[all_] for each in of)))
    shares.append((sum(done for done, _ in shares), sum(all_ for _, all_ in shares)))
    cells = [f"{100 * done / max(1, all_):5.1f} % of {all_:6}" for done, all_ in shares]
    row = f"{package:14} lines {cells[0]}   branches {cells[1]}   both {cells[2]}"
    sys.stdout.write(f"{row}\n")
    return min(100 * done / max(1, all_) for done, all_ in shares[1:])


if __name__ == "__main__":
    main()
