"""Latching: what of a batch must be on disk with it: calls for help, claims, voice plots."""

from __future__ import annotations

from functools import partial

from patrol.intake.batch import Batch
from patrol.intake.order_journal import note_plotted
from patrol.intake.rejected_distress import take_calls
from patrol.picture.address_conflicts import key_of
from patrol.picture.picture import VOICE, Picture
from patrol.store.records import registry


class Latches:
    """Adds to the transaction of a batch what follows from its messages.

    Args:
        picture: What is known; takes the calls for help of messages that cannot be taken.
        origin: This node's id.
    """

    def __init__(self, picture: Picture, *, origin: str) -> None:
        self._picture, self._origin = picture, origin

    def add(self, batch: Batch) -> None:
        """Add calls for help, positions plotted by voice and claims, in this order."""
        picture, origin, acts = self._picture, self._origin, batch.acts
        if batch.refused:
            batch.calls = take_calls(batch.refused, picture, batch.now)
        plots = []
        for record in (*batch.records, *batch.calls):
            if record.latched:
                acts.append(
                    partial(
                        registry.raise_latch,
                        of=record.unit or record.address,
                        at=record.time,
                        agency=record.agency,
                        origin=origin,
                    )
                )
            if record.transmission.protocol == VOICE:
                plots.append(partial(note_plotted, record=record, origin=origin))
        acts += plots
        for claim in picture.claims.take_raised() if picture.claims.raised else ():
            acts.append(
                partial(registry.raise_claim, claim=claim, key=key_of(claim), origin=origin)
            )
