"""Documentation: the built manual and the page of the interface, for whoever is signed in."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from maps.web_client.built_pages import Pages

MANUAL: Final = Path(__file__).parent.parent / "manual"
"""Where `python -m maps.docsbuild` writes it."""

_NOT_BUILT: Final = (
    "The documentation has not been built on this server.\n"
    "Build it with: python -m maps.docsbuild\n"
)

router = APIRouter(include_in_schema=False)


def manual(folder: Path = MANUAL) -> Pages:
    """Return the pages and files of the manual."""
    return Pages(folder, fixed=None, missing=_NOT_BUILT)


@router.get("/docs")
async def documentation() -> Response:
    """Lead to the first page."""
    return RedirectResponse("/docs/", 303)


@router.get("/docs/{name:path}")
async def documentation_page(name: str, request: Request) -> Response:
    """Return a page or file of the manual; without a session, go and sign in."""
    if not PurePosixPath(name).suffix:
        if name and not name.endswith("/"):
            return RedirectResponse(f"/docs/{quote(name)}/", 303)
        name += "index.html"
    pages: Pages = request.app.state.manual
    return await pages.for_signed_in(name, request)


@router.get("/api/docs")
async def interface(request: Request) -> Response:
    """Return the page that shows the interface for programs; without a session, go and sign in."""
    pages: Pages = request.app.state.pages
    return await pages.for_signed_in("api-docs/index.html", request)
