"""What is freed goes back to the system, where the C library would keep it."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

_TABLES = """
import ctypes
from maps.runtime.malloc import keep_very_large_apart

class Heap(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
        .split()
    ]

library = ctypes.CDLL(None)
library.mallinfo2.restype = Heap
if {apart}:
    keep_very_large_apart()
for _ in range(3):
    table = bytearray(20 * 2**20)
    print(library.mallinfo2().hblkhd >> 20)
    del table
"""


def mapped_mib(*, apart: bool) -> list[int]:
    """Return how much is taken from the system by itself while there is one table, then another."""
    words = [sys.executable, "-c", _TABLES.format(apart=apart)]
    said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    return [int(word) for word in said.stdout.split()]


@pytest.mark.skipif(
    not (sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallinfo2")),
    reason="only glibc keeps it",
)
def test_a_table_made_anew_lies_in_no_hole_of_the_one_before() -> None:
    assert mapped_mib(apart=False)[1:] == [0, 0]  # else it is not needed any more
    assert min(mapped_mib(apart=True)) >= 20
