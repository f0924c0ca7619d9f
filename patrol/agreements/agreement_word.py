"""AgreementWord: one act of a party about one text of an agreement, dated and signed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from patrol.signatures.key_signature import KeySignature
from patrol.signatures.officer_act import OfficerAct
from patrol.units.data_classes import NEVER


class AgreementWord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a party said. It is never changed or taken back: another word follows it.

    Attributes:
        content: What was said, as an officer's key signs it; names the text by its hash.
        at: When, aware UTC, by the clock of the party's node.
        by: Who said so: a user's name, which does not leave the agency.
        key: The signature of the officer's own key; None: it stands on the session alone.
    """

    content: Annotated[OfficerAct, NEVER]
    at: Annotated[datetime, NEVER]
    by: Annotated[str, NEVER] = ""
    key: Annotated[KeySignature | None, NEVER] = None

    @property
    def party(self) -> str:
        """The agency whose word it is."""
        return self.content.agency

    def part_for(self, agency: str) -> AgreementWord:
        """Return it without the names of officer and key, where it is another's."""
        if agency == self.party:
            return self
        key = None if self.key is None else msgspec.structs.replace(self.key, label="")
        return msgspec.structs.replace(self, by="", key=key)
