"""Pages made from code are what the code makes now; the README's links lead somewhere."""

from __future__ import annotations

import re

import pytest

from tests.documentation.made_pages import DOCS, PAGES, PARTS, as_made

README = DOCS.parent / "README.md"


@pytest.mark.parametrize("name", [*PAGES, *PARTS])
def test_a_made_page_is_what_the_code_makes(name: str) -> None:
    there = (DOCS / name).read_text("utf-8")
    assert there == as_made(name), "`python -m tests.documentation` writes it anew"


def test_links_of_the_readme_lead_to_files_and_headings() -> None:
    wrong = []
    for target, anchor in re.findall(r"\]\(([^)#:]+)#?([^)]*)\)", README.read_text("utf-8")):
        path = README.parent / target
        if not path.exists():
            wrong.append(target)
        elif anchor and anchor not in anchors(path.read_text("utf-8")):
            wrong.append(f"{target}#{anchor}")
    assert wrong == []


def anchors(page: str) -> set[str]:
    """Return what headings of a page are called in links.

    >>> anchors("# Behind a proxy, with TLS\\n\\ntext")
    {'behind-a-proxy-with-tls'}
    """
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in headings}
