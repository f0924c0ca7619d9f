"""Pages: the built web client, from memory; a clear word where it has not been built."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from maps.accounts.sessions.access import Access
from maps.errors.errors import NotSignedIn, SecondFactorNeeded, TooManyTries
from maps.http.compressed_body import CompressedBody
from maps.web_client.build_id import FOLDER
from patrol.errors.errors import NotFound

_NOT_BUILT = (
    "The server runs, but its web client has not been built.\n"
    "Build it with: python -m maps.webbuild\n"
    "The interface for programs works without it: GET /api/openapi.json (signed in).\n"
)
_COMPRESSED = (".woff2", ".png", ".jpg", ".webp", ".gz")
_TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".woff2": "font/woff2"}

router = APIRouter(include_in_schema=False)


class Pages:
    """The files of the web client, or of the documentation.

    Args:
        folder: Where they were built.
        fixed: Folder of those whose names carry a hash of their content; None: no names do.
        missing: What is said where none was built.
    """

    def __init__(
        self, folder: Path = FOLDER, *, fixed: str | None = "assets/", missing: str = _NOT_BUILT
    ) -> None:
        self._folder = folder.resolve()
        self._fixed = fixed
        self._missing = missing
        self._packed: dict[str, CompressedBody] = {}

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
        fixed = self._fixed is not None and name.startswith(self._fixed)
        cache = "public, max-age=31536000, immutable" if fixed else "no-cache"
        return packed.answer(request, kind, cache=cache)

    async def page(self, name: str, request: Request) -> Response:
        """Return the page `name`; where nothing was built, how to build it.

        Raises:
            NotFound: If all was built and there is none.
        """
        try:
            return await self.answer(name, request)
        except NotFound:
            if (self._folder / "index.html").is_file():
                raise
            return PlainTextResponse(self._missing, 503)

    async def for_signed_in(self, name: str, request: Request) -> Response:
        """Return the page `name`; without a session, go and sign in.

        Raises:
            NotFound: If all was built and there is none.
        """
        access: Access = request.app.state.access
        try:
            await access.caller(request)
        except (NotSignedIn, TooManyTries):
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            next_page = "" if here == "/" else f"?next={quote(here, safe='/')}"
            return RedirectResponse(f"/sign-in{next_page}", 303)
        except SecondFactorNeeded:
            return RedirectResponse("/account", 303)  # where it is set up
        return await self.page(name, request)

    def _read(self, name: str) -> CompressedBody:
        try:
            path = (self._folder / name).resolve()
        except ValueError:  # a zero byte
            raise NotFound("page", name) from None
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if hidden or not path.is_relative_to(self._folder) or not path.is_file():
            raise NotFound("page", name)
        return CompressedBody(path.read_bytes(), compress=not name.endswith(_COMPRESSED))


@router.get("/")
async def commander(request: Request) -> Response:
    """Return the commander's page; without a session, go and sign in."""
    return await _signed_in("index.html", request)


@router.get("/planner")
async def planner(request: Request) -> Response:
    """Return the planner's page; without a session, go and sign in."""
    return await _signed_in("planner.html", request)


@router.get("/replay")
async def replay(request: Request) -> Response:
    """Return the page that plays the past; without a session, go and sign in."""
    return await _signed_in("replay.html", request)


@router.get("/reports")
async def reports(request: Request) -> Response:
    """Return the page of reports; without a session, go and sign in."""
    return await _signed_in("reports.html", request)


@router.get("/account")
async def account(request: Request) -> Response:
    """Return the page of what a person chooses; without a session, go and sign in."""
    return await _signed_in("account.html", request)


@router.get("/counterparts")
async def counterparts(request: Request) -> Response:
    """Return the page of other offices' nodes; without a session, go and sign in."""
    return await _signed_in("counterparts.html", request)


@router.get("/crew")
async def crew(request: Request) -> Response:
    """Return the crew's page: it opens without a session too, for it works offline."""
    return await _page("crew.html", request)


@router.get("/enrol")
async def enrol(request: Request) -> Response:
    """Return the page that a phone's QR code opens."""
    return await _page("enrol.html", request)


@router.get("/trust")
async def trust(request: Request) -> Response:
    """Return the page that tells how a phone comes to trust this server."""
    return await _page("trust.html", request)


@router.get("/sign-in")
async def sign_in(request: Request) -> Response:
    """Return the page to sign in with."""
    return await _page("sign-in.html", request)


@router.get("/{name:path}")
async def file(name: str, request: Request) -> Response:
    """Return a file of the web client."""
    pages: Pages = request.app.state.pages
    return await pages.answer(name, request)


async def _signed_in(name: str, request: Request) -> Response:
    pages: Pages = request.app.state.pages
    return await pages.for_signed_in(name, request)


async def _page(name: str, request: Request) -> Response:
    pages: Pages = request.app.state.pages
    return await pages.page(name, request)
