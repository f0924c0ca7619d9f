"""AgreementText: what the parties of an agreement sign, as one fixed text that its hash names."""

from __future__ import annotations

import msgspec

from patrol.agreements.agreement import Agreement, Terms
from patrol.signatures.officer_act import terms_digest


class AgreementText(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One text of an agreement; changed terms are another text, which names the one it replaces.

    Attributes:
        agreement: Id of the agreement.
        agencies: Its parties.
        terms: What they sign.
        number: 1, 2, … of the texts that were put before the other parties.
        replaces: Hash of the text before; empty for the first.
    """

    agreement: str
    agencies: tuple[str, ...]
    terms: Terms
    number: int = 1
    replaces: str = ""

    @property
    def sha256(self) -> str:
        """Its hash in hex, over its JSON with sorted keys."""
        return terms_digest(self)


def text_of(agreement: Agreement) -> AgreementText:
    """Return the present text of an agreement."""
    return AgreementText(
        agreement=agreement.id,
        agencies=agreement.agencies,
        terms=agreement.terms,
        number=agreement.text_number,
        replaces=agreement.replaced_text,
    )


def text_after(agreement: Agreement, terms: Terms) -> AgreementText:
    """Return the text that an agreement has with other terms: of a draft, which nobody else has
    seen, still its first.
    """
    present = text_of(agreement)
    if agreement.proposed_at is None:
        return msgspec.structs.replace(present, terms=terms)
    return msgspec.structs.replace(
        present, terms=terms, number=present.number + 1, replaces=present.sha256
    )
