"""Judging: which messages are news, and what each says by itself."""

from __future__ import annotations

import structlog

from patrol.errors.errors import NotItsToSay
from patrol.intake.batch import Batch
from patrol.intake.own_messages import OwnMessages
from patrol.picture.picture import Picture
from patrol.reception.record import record_of
from patrol.reception.rejected import refused

log = structlog.get_logger(__name__)


class Judgement:
    """Makes records of what was heard.

    Args:
        picture: Knows by whose key a device speaks, and under which address it is believed.
        own: What this node told outward: that is news to nobody, and stored nowhere.
    """

    def __init__(self, picture: Picture, own: OwnMessages) -> None:
        self._picture, self._own = picture, own

    def judge(self, batch: Batch) -> None:
        """Judge each message by itself, in the order of arrival."""
        picture, deliveries, now = self._picture, batch.deliveries, batch.now
        if picture.keyed:
            for delivery in deliveries:
                picture.vouch_keyed(delivery.transmission)
        own, believed, judged = self._own, picture.believed_address, batch.judged
        for delivery in deliveries:
            transmission = delivery.transmission
            try:
                if own.is_own(transmission):
                    continue
            except Exception:  # what is odd about it is judged by itself, and nothing else is lost
                log.exception("own_message_unsure")
            if delivery.refusal is not None:
                batch.denied.append(refused(transmission, NotItsToSay(delivery.refusal)))
                continue
            try:
                judged.append(record_of(transmission, believed, now))
            except Exception as error:  # noqa: BLE001 - set aside; the rest of the batch goes on
                batch.refused.append(refused(transmission, error))
