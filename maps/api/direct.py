"""Direct: a route to which devices report by the hundred a second, each in a request of its own."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from maps.access import reporter


class DirectRoute(APIRoute):
    """A route of a function that takes the request and who is calling, and returns the answer.

    It is described as any other. But it is called as it is: what FastAPI works out of a function's
    arguments for each request is the same each time here, and cost as much as taking the report.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.app = self._answered

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        answer = await self.endpoint(request, await reporter(request))
        await answer(scope, receive, send)
