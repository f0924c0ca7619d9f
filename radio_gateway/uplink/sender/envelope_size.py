"""Envelope size: how much a link has carried within the time allowed. Pure."""

from __future__ import annotations

from typing import Final

from radio_gateway.uplink.wire.envelope import MAX_ITEMS, EnvelopeItem

ENVELOPE_BYTES: Final = 128 * 1024
"""Of items, before they are deflated, on a good link; one larger item goes alone."""
LEAST_BYTES: Final = 2048
"""The same on the worst link: a satellite or radio modem of some hundred bits a second."""
ITEM_BYTES: Final = 128  # the least that an item of the backlog is taken to have
_PROMPT_S, _SLOW_S = 1.0, 3.0  # a receipt within, or beyond: the link carries more, or less


class EnvelopeSize:
    """What one envelope may hold.

    Attributes:
        most_bytes: Of items, before they are deflated.
    """

    def __init__(self) -> None:
        self.most_bytes = ENVELOPE_BYTES // 8

    @property
    def most_items(self) -> int:
        """As many items as it could hold, were all of them small."""
        return self.most_bytes // ITEM_BYTES

    def that_fit(self, items: list[EnvelopeItem]) -> list[EnvelopeItem]:
        """Return the first of `items` that the link carries in one envelope, at least one."""
        size = 0
        for index, item in enumerate(items[:MAX_ITEMS]):
            size += len(item.transmission)
            if size > self.most_bytes and index:
                return items[:index]
        return items[:MAX_ITEMS]

    def note_receipt(self, took_s: float, *, size: int) -> None:
        """Note how long the receipt for one of `size` bytes of items took.

        A small one that was prompt says nothing of what the link carries.
        """
        if took_s < _PROMPT_S and 2 * size >= self.most_bytes:
            self.most_bytes = min(self.most_bytes * 2, ENVELOPE_BYTES)
        elif took_s > _SLOW_S:
            self.smaller()

    def smaller(self) -> None:
        """Note that one did not get through in time."""
        self.most_bytes = max(self.most_bytes // 2, LEAST_BYTES)
