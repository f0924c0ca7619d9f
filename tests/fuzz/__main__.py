"""Fuzzes decoders, one process a protocol, and prints a table. See the README beside this.

python -m tests.fuzz PROTOCOL... [--all] [--runs 1000000] [--seconds S] [--again FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from radio_gateway.protocols import PROTOCOLS
from tests.benchmarks.figures import as_text
from tests.fuzz.exercise import exercise, read_input

_STATUS = re.compile(
    r"#(\d+)\s+(?:DONE|REDUCE|NEW|pulse|INITED).*?cov: (\d+) ft: (\d+) corp: (\d+)"
)

_HELD = re.compile(r"^held: (\d+) bytes", re.MULTILINE)


def main() -> int:
    """Fuzz what is asked for; return 1 when something broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("protocols", nargs="*", metavar="PROTOCOL", help=", ".join(PROTOCOLS))
    parser.add_argument("--all", action="store_true", help="every protocol, one after the other")
    parser.add_argument("--runs", type=int, default=1_000_000, help="inputs for each protocol")
    parser.add_argument(
        "--seconds", type=int, default=0, help="at most so long for each; 0 endless"
    )
    parser.add_argument("--max-bytes", type=int, default=1024, help="longest input")
    parser.add_argument("--folder", type=Path, help="keeps corpora and what broke between runs")
    parser.add_argument("--json", type=Path, help="add the figures, one line a protocol, to this")
    parser.add_argument("--again", type=Path, help="hand over the input in this file once more")
    options = parser.parse_args()
    names = list(PROTOCOLS) if options.all else options.protocols
    if not names or any(name not in PROTOCOLS for name in names):
        parser.error(f"which protocol? {', '.join(PROTOCOLS)}")
    if options.again is not None:
        for transmission in exercise(names[0], read_input(names[0], options.again.read_bytes())):
            print(transmission)
        return 0
    folder = options.folder or Path(tempfile.mkdtemp(prefix="joint-patrol-fuzz-"))
    rows = [
        ["protocol", "inputs", "seconds", "/s", "covered", "kept", "held KiB", "peak MiB", "result"]
    ]
    broken = False
    for name in names:
        figures = _fuzz(name, folder / name, options)
        broken |= figures["result"] != "sound"
        rows.append([str(each) for each in figures.values()])
        print(f"{as_text([rows[0], rows[-1]])}\n", flush=True)
        if options.json is not None:
            with options.json.open("a") as file:
                file.write(json.dumps(figures) + "\n")
    print(as_text(rows))
    return int(broken)


def _fuzz(name: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Fuzz one protocol in a process of its own and return its row."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.target", name, str(folder), str(options.runs)]
    command += [str(options.seconds), str(options.max_bytes)]
    log = folder / "log.txt"
    started = time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    text = log.read_text(errors="replace")
    found = [tuple(map(int, match.groups())) for match in _STATUS.finditer(text)]
    inputs, covered, _, kept = found[-1] if found else (0, 0, 0, 0)
    sound = process.returncode == 0
    if not sound:
        print(text[-6000:])
    return {
        "protocol": name,
        "inputs": inputs,
        "seconds": round(seconds),
        "rate": round(inputs / seconds),
        "covered": covered,
        "kept": kept,
        "held_kib": round(max(map(int, _HELD.findall(text)), default=0) / 1024, 1),
        "peak_mib": round(usage.ru_maxrss / 1024),
        "result": "sound" if sound else f"broken: {log}",
    }


if __name__ == "__main__":
    sys.exit(main())
