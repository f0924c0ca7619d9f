"""Direct route: a route for devices that report by the hundred a second, one request each."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from maps.accounts.sessions.access import reporter


class DirectRoute(APIRoute):
    """A route of a function that takes the request and who is calling, and returns the answer.

    It is described as any other, but called as it is: FastAPI would work out for each request what
    the function takes, which is the same each time. So it may take nothing else, of no dependency.
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        takes = self.dependant
        assert [each.call for each in takes.dependencies] == [reporter]
        assert [*takes.path_params, *takes.query_params, *takes.body_params] == []
        assert [*takes.header_params, *takes.cookie_params] == []
        self.app = self._answered

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        answer = await self.endpoint(request, await reporter(request))
        await answer(scope, receive, send)
