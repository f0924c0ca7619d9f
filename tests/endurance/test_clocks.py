"""A process whose clock can be set: the time of day jumps, and nothing else is any different."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.endurance.clocks import Clock, library

pytestmark = [
    pytest.mark.skipif(library() is None, reason="needs libfaketime (apt-get install faketime)"),
]

HOUR_S = 3600
_TELL = """
import json, threading, time

def reckon():
    total = 0
    for number in range(2_000_000):
        total += number

def cpu_s(threads):
    began = time.process_time()
    some = [threading.Thread(target=reckon) for _ in range(threads)]
    for each in some:
        each.start()
    for each in some:
        each.join()
    return (time.process_time() - began) / threads

def waited_s(wait):
    began = time.monotonic()
    wait(0.05)
    return time.monotonic() - began

taken = threading.Lock()
taken.acquire()
print(json.dumps({
    "clock": time.time(),
    "waits": [waited_s(lambda s: taken.acquire(timeout=s)), waited_s(time.sleep)],
    "alone": min(cpu_s(1) for _ in range(3)),
    "together": min(cpu_s(4) for _ in range(3)),
}))
"""


@pytest.mark.parametrize("hours", [0, 1, -1])
def test_the_time_of_day_jumps_and_waits_and_threads_are_as_ever(
    tmp_path: Path, hours: int
) -> None:
    clock = Clock(tmp_path / "clock")
    clock.set(hours * HOUR_S)
    body = _told(clock.environment)
    right = _told({})
    assert body["clock"] - right["clock"] == pytest.approx(hours * HOUR_S, abs=60)
    for waited_s in body["waits"]:
        assert 0.05 <= waited_s < 5
    # a thread that waits for its turn costs nothing, or as good as
    assert body["together"] < 2 * body["alone"]


def _told(environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", _TELL],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    body: dict[str, Any] = json.loads(done.stdout)
    return body
