"""Times: what every time that comes from outside must be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)


def _in_utc(time: datetime) -> datetime:
    # Compared before it is turned into UTC, which the first and last days there are do not stand.
    if not EARLIEST <= time <= LATEST:
        raise ValueError(f"is outside {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}")
    return time.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with an offset or `Z`, from 2000 to 2100; UTC from here on."""
