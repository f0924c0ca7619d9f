"""Node key files: where the keys are with which this node shows counterparts who it is.

Beside the store's file, or beside the settings where the store is a database on a server.
"""

from __future__ import annotations

from pathlib import Path

from maps.settings.settings import Settings


def node_key_file(settings: Settings) -> Path:
    """Return the file of the key that signs this node's card and its envelopes."""
    return _beside(settings, "node-key")


def previous_key_file(settings: Settings) -> Path:
    """Return the file of the node's key of before: there until the card of the new one is made."""
    return _beside(settings, "node-key-before")


def node_tls_file(settings: Settings) -> Path:
    """Return the file of key and certificate of this node's TLS with counterparts."""
    return _beside(settings, "node-tls")


def _beside(settings: Settings, name: str) -> Path:
    file = settings.store.file or settings.folder / "joint-patrol"
    return file.with_name(f"{file.name}.{name}")
