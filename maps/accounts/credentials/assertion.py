"""Assertion: what a device answers when a passkey is used; checked by its public key alone.

Source: W3C Web Authentication Level 2, 7.2, by the library `webauthn`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, TypeVar

from maps.errors.errors import SignInRefused

T = TypeVar("T")


def assertion_json(
    *, credential: bytes, client_data: bytes, authenticator_data: bytes, signature: bytes
) -> dict[str, Any]:
    """Return an assertion as `AuthenticationResponseJSON`."""
    return {
        "id": _text(credential),
        "rawId": _text(credential),
        "type": "public-key",
        "response": {
            "clientDataJSON": _text(client_data),
            "authenticatorData": _text(authenticator_data),
            "signature": _text(signature),
        },
    }


def check_assertion(
    response: dict[str, Any],
    *,
    challenge: bytes,
    rp_id: str,
    origin: str,
    public_key: bytes,
    uses: int = 0,
) -> int:
    """Return how often a passkey was used, as the device counts, once its answer is proved.

    Args:
        response: `AuthenticationResponseJSON`.
        challenge: What it was asked to sign.
        rp_id: Name of the office to which it is bound.
        origin: Address in the browser.
        public_key: COSE key (RFC 9052, 7).
        uses: How often it was used before.

    Raises:
        SignInRefused: If anything of it is otherwise, or the device asked for no finger, face or
            PIN.
    """
    from webauthn import verify_authentication_response

    return answered(
        lambda: (
            verify_authentication_response(
                credential=response,
                expected_challenge=challenge,
                expected_rp_id=rp_id,
                expected_origin=origin,
                credential_public_key=public_key,
                credential_current_sign_count=uses,
                require_user_verification=True,
            ).new_sign_count
        )
    )


def answered(check: Callable[[], T]) -> T:
    """Return what a check of the library finds in a device's answer.

    Raises:
        SignInRefused: If it takes the answer for none, or for a wrong one.
    """
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return check()
    except (WebAuthnException, ValueError, LookupError, TypeError, AttributeError) as error:
        # The library reads parts of some formats of attestation as if nobody made them up.
        raise SignInRefused(f"this passkey is refused: {error}") from None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
