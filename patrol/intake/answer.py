"""Acknowledgement: senders learn that a message is stored as soon as it is, not before."""

from __future__ import annotations

import structlog

from patrol.intake.batch import Batch

log = structlog.get_logger(__name__)


def answer(batch: Batch) -> None:
    """Answer for everything of a batch that is on disk: its own messages, the refused ones too."""
    for delivery in batch.deliveries:
        if delivery.stored is not None:
            try:
                delivery.stored()
            except Exception:
                log.exception("an answer after the commit failed")
