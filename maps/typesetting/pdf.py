"""A report as PDF: the HTML page, laid out on paper by WeasyPrint in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Final

import structlog

from maps.errors.errors import ReportFailed

LONGEST_S: Final = 180.0
"""A larger report should be asked for in parts."""

_log = structlog.get_logger(__name__)


async def pdf_of(page: str) -> bytes:
    """Return the PDF of a page that `maps.reports.rendering.html_page` made.

    When the task is cancelled, so is the work.

    Raises:
        ReportFailed: If it cannot be laid out, or takes too long or too much memory.
    """
    try:
        async with asyncio.timeout(LONGEST_S):
            code, made, errors_written = await _run_worker(page)
            if code < 0:  # by a signal: libraries in C have crashed at a page they can lay out
                _log.warning("report_pdf_tried_again", signal=-code)
                code, made, errors_written = await _run_worker(page)
    except TimeoutError:
        raise ReportFailed("the PDF takes too long: ask for less time at once") from None
    error_lines = errors_written.decode(errors="replace").splitlines()
    for line in error_lines:
        _note(line)
    if code != 0 or not made.startswith(b"%PDF"):
        _log.warning("report_pdf_failed", code=code, said=error_lines[-1:] or "")
        raise ReportFailed(_fault_of(error_lines))
    return made


async def _run_worker(page: str) -> tuple[int, bytes, bytes]:
    """Return how a worker ended (below 0: by that signal), what it made and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "maps.typesetting.pdf_worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(),
    )  # fmt: skip
    try:
        made, errors_written = await process.communicate(page.encode("utf-8"))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, made, errors_written


def _fault_of(error_lines: list[str]) -> str:
    text = "\n".join(error_lines)
    if "cannot load library" in text or "No module named 'weasyprint'" in text:
        return "PDF needs the Debian packages libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
    if "MemoryError" in text or "report_too_large" in text:
        return "the PDF would be too large: ask for less time at once"
    return "the PDF could not be made; the log says why"


def _note(line: str) -> None:
    try:
        content = json.loads(line)
    except ValueError:
        return
    if isinstance(content, dict) and "event" in content:
        event = str(content.pop("event"))
        _log.warning(event, **content)


def _environment() -> dict[str, str]:
    """Return what the worker needs of the environment: no secret of ours."""
    names = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "FONTCONFIG_PATH",
            "FONTCONFIG_FILE", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT")  # fmt: skip
    return {name: os.environ[name] for name in names if name in os.environ}
