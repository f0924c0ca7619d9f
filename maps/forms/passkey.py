"""PasskeyAnswer: what a browser's device answered, each part as base64url without padding."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from maps.forms.form import Form

_Bytes = Annotated[str, Field(max_length=8000, pattern=r"^[A-Za-z0-9_\-]*$")]


class PasskeyAnswer(Form):
    """An answer of `navigator.credentials`, made or used (WebAuthn Level 2, 5.2)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "credential": "q3Vb…",
                    "client_data": "eyJ0…",
                    "authenticator_data": "SZYN…",
                    "signature": "MEUC…",
                }
            ]
        },
    )

    credential: _Bytes = Field(min_length=1, description="`rawId`")
    client_data: _Bytes = Field(min_length=1, description="`clientDataJSON`")
    authenticator_data: _Bytes = Field(default="", description="`authenticatorData` of one used")
    signature: _Bytes = Field(default="", description="Of one used")
    attestation: _Bytes = Field(default="", description="`attestationObject` of one made")

    def as_used(self) -> dict[str, Any]:
        """Return it as `AuthenticationResponseJSON`."""
        return self._with(authenticatorData=self.authenticator_data, signature=self.signature)

    def as_made(self) -> dict[str, Any]:
        """Return it as `RegistrationResponseJSON`."""
        return self._with(attestationObject=self.attestation)

    def _with(self, **more: str) -> dict[str, Any]:
        return {
            "id": self.credential,
            "rawId": self.credential,
            "type": "public-key",
            "response": {"clientDataJSON": self.client_data, **more},
        }


class SignedByPasskey(PasskeyAnswer):
    """A passkey's signature under an act, as `…/challenge` asked for it."""

    nonce: str = Field(max_length=400, pattern=r"^[!-~]*$", description="As `…/challenge` told it")
