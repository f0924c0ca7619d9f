"""Trust: how a phone comes to trust the server of an office that has no public name.

For everybody: who does not trust the server yet cannot sign in. What is told here is the authority
that stands in every one of its connections.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response

from maps.api.responses.responses import answer, answers, refusals
from patrol.errors.errors import NotFound

router = APIRouter(prefix="/api/trust", tags=["trust"])


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """What a phone is to trust.

    Attributes:
        node: Name of the office.
        port: Port of its pages.
        fingerprint: SHA-256 of the authority's certificate, as phones show it.
        good_for: Names and addresses that it can sign for, and no others.
        until: When it ends, aware UTC.
        der: The certificate.
        trust_port: Where the page /trust is served without TLS; None nowhere.
    """

    node: str
    port: int
    fingerprint: str
    good_for: tuple[str, ...]
    until: datetime
    der: bytes
    trust_port: int | None = None


class PhoneTrust(msgspec.Struct, frozen=True, kw_only=True):
    """What a phone is to trust.

    Attributes:
        node: Name of the office.
        address: Where its pages are, without a slash at the end.
        fingerprint: SHA-256 of the authority's certificate, as phones show it.
        good_for: Names and addresses that it can sign for, and no others.
        until: When it ends, aware UTC.
        begin_at: Address that a phone opens first, which does not trust the server yet; None for
            none.
    """

    node: str
    address: str
    fingerprint: str
    good_for: tuple[str, ...]
    until: datetime
    begin_at: str | None


_TRUSTED = PhoneTrust(
    node="Houay Xai",
    address="https://blo.local:8443",
    fingerprint="9B:DA:E1:61:F4:73:E1:08:9B:AD:F7:03:81:AE:54:07:12:73:18:6E:66:C2:75:60:BE:4F:A1:"
    "E3:52:CE:8E:E2",
    good_for=("blo.local", "10.0.0.5"),
    until=datetime(2036, 11, 23, tzinfo=UTC),
    begin_at="http://blo.local:8080/trust",
)
_CERTIFICATE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "X.509 certificate, DER",
        "content": {
            "application/x-x509-ca-cert": {
                "schema": {"type": "string", "format": "binary"},
                "example": "…",
            }
        },
    },
    **refusals(404),
}


_FOR_ANY_PAGE: Final = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}
"""It is told to everybody: the page on the other port is of another origin."""


class Certificate(Response):
    """A certificate, in the type that phones offer to install."""

    media_type = "application/x-x509-ca-cert"


@router.get("", responses=answers(PhoneTrust, _TRUSTED, 404))
async def read_trust(request: Request) -> Response:
    """Return what a phone is to trust, for people to compare; 404 where there is no authority.

    A page of the port without TLS asks for it over TLS: that works once the phone trusts it.
    """
    trust = _trust(request)
    page_trust = PhoneTrust(
        node=trust.node,
        address=_address(request, trust),
        begin_at=None
        if trust.trust_port is None
        else f"http://{_host(request)}:{trust.trust_port}/trust",
        fingerprint=trust.fingerprint,
        good_for=trust.good_for,
        until=trust.until,
    )
    return answer(page_trust, headers=_FOR_ANY_PAGE)


@router.get("/authority.crt", responses=_CERTIFICATE, response_class=Certificate)
async def read_certificate(request: Request) -> Response:
    """Return the authority's certificate, for the phone to install."""
    saved = 'attachment; filename="joint-patrol.crt"'
    return Certificate(_trust(request).der, headers={"content-disposition": saved})


def _address(request: Request, trust: Trust) -> str:
    """Return where the pages are, by the name that this request used."""
    if request.url.scheme == "https":
        return str(request.base_url).rstrip("/")
    return f"https://{_host(request)}:{trust.port}"


def _host(request: Request) -> str:
    host = request.url.hostname or ""
    return f"[{host}]" if ":" in host else host


def _trust(request: Request) -> Trust:
    trust: Trust | None = request.app.state.trust
    if trust is None:
        raise NotFound("authority", "of this server")
    return trust
