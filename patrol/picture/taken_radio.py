"""TakenRadio: a radio that one agency heard before another registered it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class TakenRadio(NamedTuple):
    """A radio that one agency heard before another registered it.

    Attributes:
        address: Its address.
        by: Agency whose unit it stands for.
        heard_by: Agency that heard it before.
        since: From when on it stands for the unit, aware UTC.
    """

    address: str
    by: str
    heard_by: str
    since: datetime
