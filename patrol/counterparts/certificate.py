"""Certificate on a card: what is wrong with the one that a node shows in TLS."""

from __future__ import annotations

from typing import Final

LONGEST_DER: Final = 4096


def subject_of(der: bytes) -> bytes:
    """Return the subject of a certificate that has no fault: DER."""
    from cryptography import x509

    return x509.load_der_x509_certificate(der).subject.public_bytes()


def certificate_fault(der: bytes) -> str | None:
    """Return what is wrong with a certificate as a card may have it; None if nothing is.

    It signs itself and has a key Ed25519 or P-256; names and dates in it play no part.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if len(der) > LONGEST_DER:
        return f"is longer than {LONGEST_DER} bytes"
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        certificate.verify_directly_issued_by(certificate)
    except Exception as error:  # noqa: BLE001 - a stranger's bytes: parsers raise of all kinds
        return f"does not sign itself, or cannot be read: {error or type(error).__name__}"
    if not isinstance(key, ed25519.Ed25519PublicKey) and not (
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    ):
        return "has a key that is neither Ed25519 nor P-256"
    return None
