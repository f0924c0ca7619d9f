"""Phrases: set sentences of radio traffic, translated into the languages of the river."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from patrol.documents.document import Document
from patrol.units.data_classes import NEVER, DataClass


class Phrase(Document, frozen=True, kw_only=True, tag="phrase"):
    """One version of a canned phrase of an agency.

    Attributes:
        language: BCP 47, for example `lo` or `th`.
        text: The words.
        topic: What it is for; phrases of one topic in several languages say the same.
        retired_at: When it was taken out of use; None while it is in use.
    """

    CLASS: ClassVar[DataClass | None] = None
    VIEWING_ACT: ClassVar[str] = "see phrases"

    language: Annotated[str, NEVER]
    text: Annotated[str, NEVER]
    topic: Annotated[str, NEVER] = ""
    retired_at: Annotated[datetime | None, NEVER] = None

    @property
    def is_closed(self) -> bool:
        """Whether it is out of use."""
        return self.retired_at is not None
