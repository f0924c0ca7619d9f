"""Patience: how long tests wait for what must come."""

from __future__ import annotations

from typing import Final

PATIENCE_S: Final = 60.0
"""Long, since a machine may be busy with other tests; what comes is waited for no longer than it
takes. Where a time itself is promised a test gives its own.
"""
