"""PDF worker: HTML on standard input, PDF on standard output; a process of its own.

Laying out pages is long work in Python: in a thread of the server it would hold up positions. Here
it may be ended at any time, and has no more memory than it is given. It fetches nothing: every URL
that is not data inside the page is refused.

    python -m maps.typesetting.pdf_worker < report.html > report.pdf
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
from typing import Any, Final

from maps.typesetting.font_families import beyond_the_cuts

if sys.platform != "win32":
    import resource


LONGEST_PDF: Final = 40_000_000
"""Bytes."""

MOST_MEMORY: Final = 2_000_000_000
"""Bytes of address space: a report of fifty pages takes a quarter of it."""


def main() -> None:
    """Read, lay out, write; what is worth a line in the log goes to standard error as JSON."""
    with contextlib.suppress(OSError):
        os.nice(10)
    _bound_memory()
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    from weasyprint import HTML

    page = sys.stdin.buffer.read().decode("utf-8")
    missing = not_drawn(page)
    if missing:
        _write_result({"event": "report_glyphs_missing", "letters": "".join(sorted(missing))[:200]})
    made: bytes = HTML(string=page, url_fetcher=refuse_url, base_url=None).write_pdf(
        pdf_variant=None, uncompressed_pdf=False
    )
    if len(made) > LONGEST_PDF:
        _write_result({"event": "report_too_large", "bytes": len(made)})
        raise SystemExit(3)
    sys.stdout.buffer.write(made)


def refuse_url(url: str, *_: Any, **__: Any) -> dict[str, Any]:
    """Return what a `data:` URL holds; refuse every other.

    Raises:
        ValueError: If it leads out of the page.
    """
    if not url.startswith("data:"):
        raise ValueError(f"a report may not load {url}")
    from weasyprint import default_url_fetcher

    found: dict[str, Any] = default_url_fetcher(url)
    return found


def not_drawn(page: str) -> set[str]:
    """Return the letters of a page that no font here draws; none where that cannot be told."""
    letters = beyond_the_cuts(set(page))
    program = shutil.which("fc-list")
    if not letters or program is None:
        return set()
    result = subprocess.run(  # noqa: S603 - a program found on PATH, no words of anybody's
        [program, "--format", "%{charset}\n"],
        capture_output=True, text=True, timeout=30, check=False,
    ).stdout  # fmt: skip
    drawn = code_point_ranges(result)
    return {
        letter for letter in letters if not any(low <= ord(letter) <= high for low, high in drawn)
    }


def code_point_ranges(charsets: str) -> set[tuple[int, int]]:
    """Return the ranges of code points in what `fc-list` tells of fonts.

    >>> sorted(code_point_ranges("20-7e a9"))
    [(32, 126), (169, 169)]
    """
    ranges: set[tuple[int, int]] = set()
    for each in set(charsets.split()):
        first, _, last = each.partition("-")
        with contextlib.suppress(ValueError):
            ranges.add((int(first, 16), int(last or first, 16)))
    return ranges


def _bound_memory() -> None:
    if sys.platform == "win32":  # it has none
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _write_result(content: dict[str, Any]) -> None:
    sys.stderr.write(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
