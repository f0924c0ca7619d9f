"""Retention of kinds: how long closed documents, photos, originals and texts are stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec


class KindPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Retention by kind of record; kinds it does not name are stored for ever.

    Attributes:
        documents: By the tag of a kind: after the last change of a document that is closed.
        photos: After it came, a photo that no document names; one that is named goes with its
            documents.
        originals: After it came, unless an open document names its photo.
        texts: After it was given, a text to a radio of which nothing more is awaited.
    """

    documents: Mapping[str, timedelta] = {}
    photos: timedelta | None = None
    originals: timedelta | None = None
    texts: timedelta | None = None
