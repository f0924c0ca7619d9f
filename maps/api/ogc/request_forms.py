"""Forms of a request that GIS programs use and routes do not: HEAD, and a slash at the end.

HEAD is answered as GET without its body (RFC 9110, 9.3.2); `/api/ogc/` is `/api/ogc`, as people
type it. The path is rewritten, not redirected: some programs drop name and token on a redirect.
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROOT: Final = "/api/ogc"
_HEADED: Final = (ROOT, "/tiles/")


class RequestForms:
    """ASGI middleware.

    Args:
        app: What answers GET at the plain path.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on a request in the form that routes know."""
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(_HEADED):
            await self._app(scope, receive, send)
            return
        # A feature's id may end with a slash.
        if path.startswith(ROOT) and path.endswith("/") and "/items/" not in path[:-1]:
            scope = {**scope, "path": path[:-1], "raw_path": scope["raw_path"].removesuffix(b"/")}
        if scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, headed)
