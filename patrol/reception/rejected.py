"""ReportRefusal: a report that cannot be taken, and why; so that the rest of its batch can."""

from __future__ import annotations

from typing import NamedTuple

from patrol.errors.errors import PatrolError
from radio_gateway.messages.transmission import Transmission


class ReportRefusal(NamedTuple):
    """A report that cannot be taken.

    It is set aside in the store and answered all the same: it could not be taken the next time
    either, and would come for ever.

    Attributes:
        transmission: The report.
        fault: What is wrong with it.
        error: What was raised.
    """

    transmission: Transmission
    fault: str
    error: Exception


def refused(transmission: Transmission, error: Exception) -> ReportRefusal:
    """Return a report with the error that it caused."""
    fault = str(error) if isinstance(error, PatrolError) else f"{type(error).__name__}: {error}"
    return ReportRefusal(transmission, fault, error)
