"""What rules are given and what they answer."""

from __future__ import annotations

import msgspec

from patrol.picture.contact import Contact
from patrol.reception.record import Record
from patrol.units.units import Liveness
from patrol.units.wire import Fix


class Step(msgspec.Struct, frozen=True, gc=False):
    """One transmission and where it left its sender.

    Attributes:
        contact: Who sent it, after it was taken; rules read it and never change it.
        record: What was sent and what was made of it.
        fix: The position that joined, if one did.
    """

    contact: Contact
    record: Record
    fix: Fix | None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule wants changed; None leaves a thing as it is.

    Attributes:
        liveness: How the contact counts now.
        distress: Whether it calls for help.
    """

    liveness: Liveness | None = None
    distress: bool | None = None
