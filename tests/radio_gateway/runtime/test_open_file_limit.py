"""How many files a process may open."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASK = """
import resource
from radio_gateway.runtime.open_file_limit import allow_open_files

allow_open_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "then"), [(64, 512, 512), (64, 64, 64)], ids=["raised", "as high as may be"]
)
def test_a_process_may_open_what_the_system_lets_it_allow_itself(
    soft: int, hard: int, then: int
) -> None:
    limits = f'ulimit -S -n {soft} && ulimit -H -n {hard} && exec "$0" -c "$1"'
    result = subprocess.run(
        ["sh", "-c", limits, sys.executable, ASK], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == [str(then), str(hard)]
