"""Pages: the built web client, from memory; a clear word where it has not been built."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from maps.access import Access
from maps.errors import NotSignedIn, TooManyTries
from maps.packed import Packed
from patrol.errors import NotFound

FOLDER = Path(__file__).parent / "static"
_NOT_BUILT = (
    "The server runs, but its web client has not been built.\n"
    "Build it with: python -m maps.webbuild\n"
    "The interface for programs works without it: GET /api/openapi.json (signed in).\n"
)
_COMPRESSED = (".woff2", ".png", ".jpg", ".webp", ".gz")
_TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".woff2": "font/woff2"}

router = APIRouter(include_in_schema=False)


class Pages:
    """The files of the web client.

    Args:
        folder: Where they were built.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder.resolve()
        self._packed: dict[str, Packed] = {}

    async def answer(self, name: str, request: Request) -> Response:
        """Return the file `name`.

        Raises:
            NotFound: If there is none.
        """
        packed = self._packed.get(name)
        if packed is None:
            packed = await asyncio.to_thread(self._read, name)
            self._packed[name] = packed
        suffix = Path(name).suffix
        kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        # Names under assets/ carry a hash of their content.
        fixed = name.startswith("assets/")
        cache = "public, max-age=31536000, immutable" if fixed else "no-cache"
        return packed.answer(request, kind, cache=cache)

    def _read(self, name: str) -> Packed:
        try:
            path = (self._folder / name).resolve()
        except ValueError:  # a zero byte
            raise NotFound("page", name) from None
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if hidden or not path.is_relative_to(self._folder) or not path.is_file():
            raise NotFound("page", name)
        return Packed(path.read_bytes(), compress=not name.endswith(_COMPRESSED))


@router.get("/")
async def commander(request: Request) -> Response:
    """Return the commander's page; without a session, go and sign in."""
    access: Access = request.app.state.access
    try:
        await access.caller(request)
    except (NotSignedIn, TooManyTries):
        return RedirectResponse("/sign-in", 303)
    return await _page("index.html", request)


@router.get("/sign-in")
async def sign_in(request: Request) -> Response:
    """Return the page to sign in with."""
    return await _page("sign-in.html", request)


@router.get("/{name:path}")
async def file(name: str, request: Request) -> Response:
    """Return a file of the web client."""
    pages: Pages = request.app.state.pages
    return await pages.answer(name, request)


async def _page(name: str, request: Request) -> Response:
    pages: Pages = request.app.state.pages
    try:
        return await pages.answer(name, request)
    except NotFound:
        return PlainTextResponse(_NOT_BUILT, 503)
