"""Counterpart: the node of another office, whose card this node has read.

Two officers meet, each reads the other's card, both compare the digits that follow from the two
cards (`patrol.counterparts.pairing_digits`); then a second person of the own office confirms.
Nothing is said to a counterpart that is not confirmed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from patrol.counterparts.card import NodeCard, SignedCard
from patrol.documents.document import Document
from patrol.documents.state_machine import Lifecycle
from patrol.units.data_classes import NEVER, DataClass

CounterpartState: TypeAlias = Literal["proposed", "compared", "confirmed", "revoked"]

LIFECYCLE: Final = Lifecycle(
    "counterpart",
    "proposed",
    {
        ("proposed", "compare"): "compared",
        ("compared", "compare"): "compared",
        ("compared", "confirm"): "confirmed",
        ("proposed", "renew"): "proposed",
        ("compared", "renew"): "proposed",
        ("confirmed", "renew"): "confirmed",
        ("proposed", "revoke"): "revoked",
        ("compared", "revoke"): "revoked",
        ("confirmed", "revoke"): "revoked",
    },
)
"""The life of a counterpart. A renewed card is compared anew unless it was confirmed before."""


class Counterpart(Document, frozen=True, kw_only=True, tag="counterpart"):
    """One version of what this node knows of another.

    Attributes:
        card: The other node's card.
        signature: Under the card, by its own key.
        previous_signature: By the key of the card before; empty where the key is the same.
        own_agencies: Agencies of this node when it was last changed: each holds it.
        state: Where it is in its life (`LIFECYCLE`).
        digits: The digits that were compared; empty before.
        compared_by: Who found them the same: a user's name.
        compared_at: When, aware UTC.
        confirmed_by: The second person.
        confirmed_at: When, aware UTC.
        revoked_by: Who revoked it.
        revoked_at: When, aware UTC.
        reason: Why it was revoked.
    """

    CLASS: ClassVar[DataClass | None] = None
    VIEWING_ACT: ClassVar[str] = "see counterparts"

    card: Annotated[NodeCard, NEVER]
    signature: Annotated[str, NEVER]
    previous_signature: Annotated[str, NEVER] = ""
    own_agencies: Annotated[tuple[str, ...], NEVER] = ()
    state: Annotated[CounterpartState, NEVER] = "proposed"
    digits: Annotated[str, NEVER] = ""
    compared_by: Annotated[str, NEVER] = ""
    compared_at: Annotated[datetime | None, NEVER] = None
    confirmed_by: Annotated[str, NEVER] = ""
    confirmed_at: Annotated[datetime | None, NEVER] = None
    revoked_by: Annotated[str, NEVER] = ""
    revoked_at: Annotated[datetime | None, NEVER] = None
    reason: Annotated[str, NEVER] = ""

    @property
    def is_closed(self) -> bool:
        """Whether it was revoked."""
        return LIFECYCLE.is_end(self.state)

    @property
    def parties(self) -> frozenset[str]:
        """All agencies of this node: what a node is to it is of each."""
        return frozenset((self.agency, *self.own_agencies))

    @property
    def signed_card(self) -> SignedCard:
        """The card with its signatures, as it was read."""
        return SignedCard(
            card=self.card, signature=self.signature, previous_signature=self.previous_signature
        )
