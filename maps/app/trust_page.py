"""Trust page: from which phones come to trust an office's server, on a port without TLS.

A phone cannot open the server's own pages before it trusts them. On this port are that page, its
files and the authority's certificate, and nothing that anybody signs in to. Whoever stands between
phone and server could give it another certificate there: that is why the page says the fingerprint
and has people compare it with what the office tells by another way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from maps.api.accounts import trust
from maps.api.accounts.trust import Trust
from maps.errors.errors import BadCertificate
from maps.http.security_headers import Guard
from maps.settings.settings import Settings
from maps.web_client import built_pages as pages
from patrol.errors.errors import NotFound

_FILES: Final = ("assets/", "icon", "theme-boot.js")


def trust_in(settings: Settings) -> Trust | None:
    """Return what phones are to trust, as the settings say; None for nothing.

    Raises:
        BadCertificate: If the file is no authority's certificate.
        OSError: If it cannot be read.
    """
    path = settings.web.tls_authority
    if path is None:
        return None
    from cryptography import x509  # and what reads certificates: only where there are some

    from maps.tls.local_ca import certificate_der, fingerprint, good_for, read_certificate

    try:
        authority = read_certificate(path.read_bytes())
        hosts = good_for(authority)
    except (BadCertificate, x509.ExtensionNotFound) as error:
        raise BadCertificate(f"web.tls_authority: {path}: {error}") from None
    return Trust(
        node=settings.node.name,
        port=settings.web.port,
        fingerprint=fingerprint(authority),
        good_for=hosts,
        until=authority.not_valid_after_utc,
        der=certificate_der(authority),
    )


def trust_app(trust_facts: Trust, hosts: Sequence[str]) -> FastAPI:
    """Return the web server of the port without TLS.

    Args:
        trust_facts: What phones are to trust.
        hosts: Names and addresses that it answers to.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.trust, app.state.pages = trust_facts, pages.Pages()
    app.include_router(trust.router)
    app.add_api_route("/", _to_page, include_in_schema=False)
    app.add_api_route("/{name:path}", _file, include_in_schema=False)
    app.add_exception_handler(NotFound, _not_found)
    app.add_middleware(
        Guard,
        hosts=hosts,
        longest_body=0,
        # A policy has no words for addresses of IPv6: from there the page cannot check.
        connects=[f"https://{host}:{trust_facts.port}" for host in hosts if ":" not in host],
    )
    return app


async def _to_page() -> Response:
    return RedirectResponse("/trust", 303)


async def _file(name: str, request: Request) -> Response:
    """Return a file of that page; no other page of the client works here."""
    found: pages.Pages = request.app.state.pages
    if name == "trust":
        return await found.answer("trust.html", request)
    if not name.startswith(_FILES):
        raise NotFound("page", name)
    return await found.answer(name, request)


async def _not_found(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return PlainTextResponse(str(error), 404)
