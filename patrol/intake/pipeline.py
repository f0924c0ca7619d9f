"""Pipeline: the ordered steps of the intake, over one batch at a time.

The steps until the commit come first, then those that only what is stored may have: nothing is
answered or shown before. Which steps there are, and in which order, is wired in
`patrol.watch.watch`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from patrol.intake.batch import Batch
from patrol.intake.deduplicate import Deduplication
from radio_gateway.messages.transmission import Delivery

Step: TypeAlias = Callable[[Batch], Awaitable[None] | None]
"""Does one thing to a batch. What goes wrong with one message it puts among `Batch.refused`."""


class Pipeline:
    """Takes batches.

    Args:
        deduplication: Remembers what a batch brought, and takes that back where it came to nothing.
        until_stored: Steps up to the commit.
        once_stored: Steps after it.
    """

    def __init__(
        self,
        deduplication: Deduplication,
        *,
        until_stored: Sequence[Step],
        once_stored: Sequence[Step],
    ) -> None:
        self._deduplication = deduplication
        self._until_stored, self._once_stored = until_stored, once_stored

    async def run(self, batch: Batch) -> None:
        """Take a batch through all steps."""
        try:
            for step in self._until_stored:
                doing = step(batch)
                if doing is not None:
                    await doing
        except BaseException:
            self._deduplication.undo(batch)  # who knows what is stored of it: the store does
            raise
        self._deduplication.settle(batch)
        if batch.orphans:  # others heard what could not be taken as this one passed it on
            again = [Delivery(record.transmission) for record in batch.orphans]
            await self.run(Batch(batch.turn, again, batch.now))
        for step in self._once_stored:
            doing = step(batch)
            if doing is not None:
                await doing
