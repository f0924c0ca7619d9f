"""Session cookie: its name."""

from __future__ import annotations

from typing import Final

COOKIE: Final = "jp_session"
