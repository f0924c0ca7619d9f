"""Scopes: what a token is good for, and which scope each route asks of one.

A token narrows what its owner may do, it never widens it: the desk still asks for the role. Deny by
default: a route that `ROUTES` does not name is for people who signed in, and for no token or
device. Tokens are made on such a route, so no token makes another. Nor does one do what asks people
for a recent proof, such as signing an agreement or taking out originals: behind it may be nobody
but who copied a file. Users and devices have limits of their own (`maps.api.accounts.users`).

| caller | scopes |
|---|---|
| a person on a page | all |
| an API token | those it was made with |
| a reading token (`read_…`) | `read:features` |
| an enrolled phone | `PHONE` |
| a tracker's or gateway's key, a phone's reporting key | `TRACKER` |
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

Scope = Literal[
    "read:picture",
    "read:tracks",
    "read:features",
    "read:patrols",
    "write:patrols",
    "write:positions",
    "write:messages",
    "admin:units",
    "admin:users",
]

SCOPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "read:picture": "units, radios and channels as they are now, and the live stream",
        "read:tracks": "where units were: tracks, effort, coverage",
        "read:features": "maps and exports: layers, tiles, OGC features, export files",
        "read:patrols": "sectors, patrols, agreements, targets, marks, alerts, incidents",
        "write:patrols": "what the role may do with patrols, targets, marks, alerts, incidents",
        "write:positions": "report positions",
        "write:messages": "texts, orders and marks to radios",
        "admin:units": "register units, assign radio addresses",
        "admin:users": "users, devices and their enrolment",
    }
)

PHONE: Final = frozenset(
    {
        "read:picture",
        "read:tracks",
        "read:features",
        "read:patrols",
        "write:patrols",
        "write:positions",
    }
)
TRACKER: Final = frozenset({"write:positions"})
READER: Final = ("read:features",)

READABLE: Final = ("/api/ogc", "/api/exports/", "/api/layers", "/tiles/", "/api/openapi.json")
"""Where `read:features` is good, for GET and HEAD."""

_READ: Final = ("GET", "HEAD")
_WRITE: Final = ("POST", "PUT", "PATCH", "DELETE")
_ANY: Final = (*_READ, *_WRITE)
_DOCUMENTS: Final = (
    "/api/sectors",
    "/api/patrols",
    "/api/agreements",
    "/api/targets",
    "/api/hand-offs",
    "/api/alerts",
    "/api/incidents",
    "/api/marks",
    "/api/photos",
    "/api/roster",
    "/api/watch-log",
    "/api/phrases",
    "/api/deliveries/browsers",  # whoever acts for a person may have alerts brought to it
    "/api/deliveries/push-key",
)

_OFFICERS_SIGN: Final = ("terms", "challenge", "sign", "resume", "backfill")

ROUTES: Final[tuple[tuple[tuple[str, ...], str, Scope | None], ...]] = (
    (_READ, "/", "read:picture"),
    (_READ, "/api/session", "read:picture"),
    (_READ, "/api/live", "read:picture"),
    (_READ, "/api/units", "read:picture"),
    (_READ, "/api/units/{unit}/track", "read:tracks"),
    (_WRITE, "/api/units", "admin:units"),
    (("POST",), "/api/units/{unit}/plot", "write:positions"),
    (("POST",), "/api/units/{unit}/clear-distress", "write:patrols"),
    (_READ, "/api/radios", "read:picture"),
    (_READ, "/api/channels", "read:picture"),
    (_READ, "/api/agencies", "read:picture"),
    (_READ, "/api/address", "read:picture"),
    (_READ, "/api/feeds", "read:picture"),
    (_READ, "/api/assignments", "read:picture"),
    (_WRITE, "/api/assignments", "admin:units"),
    (_READ, "/api/tracks", "read:tracks"),
    (_READ, "/api/effort", "read:tracks"),
    (_READ, "/api/coverage", "read:tracks"),
    (_READ, "/api/replay", "read:tracks"),
    (_READ, "/api/replay/evidence/originals", None),
    (_READ, "/api/reports", "read:tracks"),
    *((_READ, prefix.removesuffix("/"), "read:features") for prefix in READABLE),
    (_READ, "/api/basemap", "read:features"),
    (_READ, "/basemap", "read:features"),
    *((_READ, prefix, "read:patrols") for prefix in _DOCUMENTS),
    *((_WRITE, prefix, "write:patrols") for prefix in _DOCUMENTS),
    *((_WRITE, f"/api/agreements/{{agreement}}/{act}", None) for act in _OFFICERS_SIGN),
    (("POST",), "/api/positions", "write:positions"),
    (("POST",), "/in/{channel}", "write:positions"),
    (_READ, "/api/crew", "read:patrols"),
    (_READ, "/api/crew/map", "read:features"),
    # What is no position and no call for help wants `write:patrols` too: the route looks itself.
    (("POST",), "/api/crew/reports", "write:positions"),
    (("PUT",), "/api/crew/photos", "write:patrols"),
    (("PUT",), "/api/crew/originals", "write:patrols"),
    (_ANY, "/api/orders", "write:messages"),
    (_ANY, "/api/on-air", "write:messages"),
    (_ANY, "/api/users", "admin:users"),
    (_ANY, "/api/devices", "admin:users"),
)
"""(methods, beginning of the route, scope; None: no token is good); the longest beginning that fits
decides.
"""


def scope_of(method: str, route: str) -> str | None:
    """Return the scope that a token needs for a route; None where no token is good.

    Args:
        method: HTTP method, or `GET` for a WebSocket.
        route: The route as it is declared, with its parameters in braces.

    >>> scope_of("GET", "/api/units"), scope_of("GET", "/api/units/{unit}/track")
    ('read:picture', 'read:tracks')
    >>> scope_of("POST", "/api/agreements/{agreement}/propose")
    'write:patrols'
    >>> scope_of("POST", "/api/agreements/{agreement}/sign")
    >>> scope_of("POST", "/api/tokens"), scope_of("GET", "/api/unitsecrets")
    (None, None)
    """
    route = route.replace(":path}", "}")
    best: tuple[int, Scope | None] | None = None
    for methods, prefix, scope in ROUTES:
        fits = route == prefix or (prefix != "/" and route.startswith(f"{prefix}/"))
        if fits and method in methods and (best is None or len(prefix) > best[0]):
            best = (len(prefix), scope)
    return None if best is None else best[1]


assert set(SCOPES) == set(get_args(Scope))
