"""Writes the pages that are made from code: `python -m tests.documentation`."""

from __future__ import annotations

from tests.documentation.made_pages import DOCS, PAGES, PARTS, as_made

if __name__ == "__main__":
    for each in (*PAGES, *PARTS):
        (DOCS / each).write_text(as_made(each), "utf-8")
