"""OpenID Connect: go to the provider that the settings name, and come back signed in."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from maps.accounts.account_services import AccountServices
from maps.accounts.sessions.access import peer_of
from maps.accounts.sessions.cookies import cookie_of, set_cookie, take_cookie_away
from maps.api.responses.responses import answers, refusals
from maps.errors.errors import SignInRefused
from maps.language.wording import Wording, preferred
from maps.settings.access_settings import BACK, PENDING, WAIT_S
from patrol.errors.errors import Conflict, NotFound

if TYPE_CHECKING:
    from maps.accounts.sessions.open_id import OpenId

router = APIRouter(prefix="/api/session/open-id", tags=["session"])

_PAGE = """<!doctype html><html lang="{tag}"><head><meta charset="utf-8"><title>Joint Patrol</title>
<meta http-equiv="refresh" content="{wait};url={to}"></head>
<body><p>{words}</p>{why}<p><a href="{to}">{go_on}</a></p></body></html>"""


_AWAY: dict[int | str, dict[str, Any]] = {303: {"description": "To the provider's page"}}
_REFUSED: dict[int | str, dict[str, Any]] = {
    403: {
        "description": "Not let in; a page that says why",
        "content": {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>…"}},
    }
}


@router.get(
    "",
    status_code=303,
    responses=_AWAY | refusals(404, 503),
    response_class=RedirectResponse,
)
async def begin_open_id_sign_in(request: Request) -> Response:
    """Go to the provider's page; where the settings name no provider there is none (404)."""
    accounts = _accounts(request)
    address, browser = await _provider(accounts).begin(peer_of(request))
    response = RedirectResponse(address, 303)
    # lax: it must come back with the browser from the provider's page
    set_cookie(response, request, PENDING, browser, max_age_s=WAIT_S, path=BACK, samesite="lax")
    return response


@router.get(
    "/back",
    responses=answers(
        str,
        "<!doctype html>…",
        404,
        503,
        description="Signed in; a page that goes on to the map",
        media_type="text/html",
    )
    | _REFUSED,
    response_class=HTMLResponse,
)
async def finish_open_id_sign_in(request: Request) -> Response:
    """Take the provider's answer and start a session.

    The answer is a page that goes on by itself: a browser that came from the provider would not
    show the session's cookie on a redirect. A refusal is such a page too, with its words.
    """
    accounts = _accounts(request)
    parameters = {name: value for name, value in request.query_params.items() if len(value) <= 4096}
    provider = _provider(accounts)
    try:
        user = await provider.finish(parameters, cookie_of(request, PENDING))
    except (SignInRefused, Conflict) as error:
        await accounts.signing_in.note_refusal(request, why="open id")
        wording = Wording(preferred(request.headers.get("accept-language", "")))
        words = wording.text("open_id.refused")
        response: Response = _page(wording, words, "/sign-in", why=str(error), wait_s=8, status=403)
    else:
        language = preferred(request.headers.get("accept-language", ""))
        wording = Wording(user.language or language)
        words = wording.text("open_id.done", name=user.name)
        response = _page(wording, words, "/", wait_s=0, status=200)
        # The provider asked for what it asks for: a second factor is its own matter.
        await accounts.signing_in.start(response, request, user, way="open id", factor=True)
    take_cookie_away(response, request, PENDING, path=BACK)
    return response


def _page(
    wording: Wording, words: str, to: str, *, wait_s: int, status: int, why: str = ""
) -> HTMLResponse:
    page = _PAGE.format(
        tag=wording.tag,
        wait=wait_s,
        to=to,
        words=html.escape(words),
        # The reason is the provider's or the technician's, in English.
        why=f'<p lang="en">{html.escape(why)}</p>' if why else "",
        go_on=html.escape(wording.text("open_id.go_on")),
    )
    return HTMLResponse(page, status)


def _provider(accounts: AccountServices) -> OpenId:
    if accounts.open_id is None:
        raise NotFound("provider", "open-id")
    return accounts.open_id


def _accounts(request: Request) -> AccountServices:
    accounts: AccountServices = request.app.state.accounts
    return accounts
