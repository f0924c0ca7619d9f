"""KeySignature: that an officer's own key signed an act, with all that proves it to anybody."""

from __future__ import annotations

from typing import Annotated

import msgspec

from patrol.units.data_classes import NEVER


class KeySignature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An assertion of WebAuthn (Level 2, 6.3.3) over an act, kept in the record of the act.

    Attributes:
        text: What was signed (`OfficerAct.text`).
        nonce: What the node asked with, beside the text: when, and that it was this node.
        label: What its owner calls the key, which does not leave the agency.
        credential: What the device knows the key by.
        public_key: COSE key (RFC 9052, 7).
        rp_id: Name of the office to which the key is bound.
        origin: Address in the browser.
        authenticator_data: What the device said of itself and of its owner.
        client_data: What the browser said (`clientDataJSON`); names challenge and origin.
        signature: Over both.
    """

    text: Annotated[str, NEVER]
    nonce: Annotated[str, NEVER]
    label: Annotated[str, NEVER] = ""
    credential: Annotated[bytes, NEVER]
    public_key: Annotated[bytes, NEVER]
    rp_id: Annotated[str, NEVER]
    origin: Annotated[str, NEVER]
    authenticator_data: Annotated[bytes, NEVER]
    client_data: Annotated[bytes, NEVER]
    signature: Annotated[bytes, NEVER]
