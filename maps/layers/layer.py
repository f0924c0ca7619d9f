"""Layer: what a layer of the map is and how far it can be trusted."""

from __future__ import annotations

import msgspec


class Layer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a layer is and how far it can be trusted.

    Attributes:
        name: Name in addresses.
        title: Name for people.
        source: Where the data come from.
        licence: SPDX expression.
        error: What the error is, in words.
        error_m: How far a place may be off, metres; absent where each feature says it.
        attribution: What a map must show.
    """

    name: str
    title: str
    source: str | None = None
    licence: str | None = None
    error: str | None = None
    error_m: float | None = None
    attribution: str | None = None
