"""Errors of delivery: why an alert did not reach its receiver."""

from __future__ import annotations

from maps.errors.errors import MapsError
from radio_gateway.messages.printable_text import cleaned

_LONGEST = 200


class DeliveryError(MapsError):
    """A try that did not go through.

    Args:
        fault: Why, without secrets; what a stranger's server says is cut and made one line.
    """

    def __init__(self, fault: str) -> None:
        self.fault = " ".join(cleaned(fault, " ").split())[:_LONGEST]
        super().__init__(self.fault)


class TemporaryFailure(DeliveryError):
    """It may go through later.

    Args:
        fault: Why.
        wait_s: How long the other side asks to be left alone, seconds; None if it does not say.
    """

    def __init__(self, fault: str, *, wait_s: float | None = None) -> None:
        self.wait_s = wait_s
        super().__init__(fault)


class Undeliverable(DeliveryError):
    """It will never go through as it is."""


class ReceiverGone(Undeliverable):
    """There is no such receiver any more."""
