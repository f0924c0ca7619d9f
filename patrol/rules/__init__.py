"""All rules, in the order they run. A new rule is one file and one line here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from patrol.contacts import Contact
from patrol.rules.distress import distress
from patrol.rules.liveness import heard_again, liveness
from patrol.rules.step import Effect, Step

STEP_RULES: Final[tuple[Callable[[Step], Effect | None], ...]] = (
    heard_again,
    distress,
)
"""Asked after each transmission."""

CLOCK_RULES: Final[tuple[Callable[[Contact, datetime], Effect | None], ...]] = (liveness,)
"""Asked once a second, for what did not arrive."""
