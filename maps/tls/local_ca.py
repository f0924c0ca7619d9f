"""Local CA: a certificate authority of one office, so that phones of its crews trust its server.

It is good for the names and addresses of that server alone (name constraints, RFC 5280 section
4.2.1.10): whoever steals its key cannot stand in for anybody else's server before phones that trust
it. Keys are ECDSA P-256. A server's certificate lasts 397 days at most, which is as long as phones
accept one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from maps.errors.errors import BadCertificate

Key: TypeAlias = ec.EllipticCurvePrivateKey

AUTHORITY_DAYS: Final = 3650
SERVER_DAYS: Final = 396
_BACK: Final = timedelta(hours=12)
"""Valid since before now: a phone's clock may be behind."""

_NOWHERE: Final = "none.invalid"
"""RFC 2606: nobody has this name. A constraint without any name of a kind would allow all."""

_ALL_ADDRESSES: Final = ("0.0.0.0/0", "::/0")


def new_key() -> Key:
    """Return a fresh key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key, passphrase: bytes | None = None) -> bytes:
    """Return a key as PKCS 8 in PEM, encrypted if there is a passphrase."""
    hidden: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        hidden = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)


def read_key(pem: bytes, passphrase: bytes | None = None) -> Key:
    """Return the key that `key_pem` made this from.

    Raises:
        BadCertificate: If it is none, or the passphrase is not the one.
    """
    try:
        key = serialization.load_pem_private_key(pem, passphrase or None)
    except TypeError:
        words = "is encrypted: give its passphrase" if not passphrase else "has no passphrase"
        raise BadCertificate(f"the authority's key {words}") from None
    except ValueError:
        raise BadCertificate("the authority's key cannot be read, or not by this passphrase") from (
            None
        )
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BadCertificate("the authority's key is none of ours")
    return key


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def certificate_der(certificate: x509.Certificate) -> bytes:
    """Return a certificate as phones take it: DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


def read_certificate(pem: bytes) -> x509.Certificate:
    """Return the first certificate of a PEM file.

    Raises:
        BadCertificate: If there is none.
    """
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise BadCertificate("there is no certificate in PEM") from None


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate as phones show it: `3F:0A:…`."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def make_authority(
    name: str, hosts: Sequence[str], key: Key, *, now: datetime | None = None
) -> x509.Certificate:
    """Return the certificate of a new authority.

    Args:
        name: Of the office, for people.
        hosts: Names and addresses it is good for, and no others.
        key: Its key.
        now: The present, aware UTC; the clock's when None.

    Raises:
        BadCertificate: If a host is none.
    """
    now = now or datetime.now(UTC)
    who = _x509_name(f"{name} local authority")
    return (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACK)
        .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_constraints(hosts), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def make_server_certificate(
    hosts: Sequence[str],
    public_key: ec.EllipticCurvePublicKey,
    *,
    authority: x509.Certificate,
    authority_key: Key,
    now: datetime | None = None,
) -> x509.Certificate:
    """Return a server's certificate, signed by an authority.

    Args:
        hosts: Names and addresses that people use for the server.
        public_key: The server's.
        authority: Certificate of the authority.
        authority_key: Its key.
        now: The present, aware UTC; the clock's when None.

    Raises:
        BadCertificate: If a host is none, the authority is not good for it, or the key not its own.
    """
    now = now or datetime.now(UTC)
    if authority.public_key() != authority_key.public_key():
        raise BadCertificate("that key is not the authority's")
    beyond = [each for each in hosts if not allows(authority, each)]
    if beyond:
        raise BadCertificate(
            f"the authority is not good for {', '.join(beyond)}: make a new one, "
            "which every phone must trust anew"
        )
    # Its time ends with the authority's: no phone would take it after that.
    end = min(now + timedelta(days=SERVER_DAYS), authority.not_valid_after_utc)
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateBuilder()
        # No name of a server: OpenSSL would hold it against the constraints as one.
        .subject_name(_x509_name("Joint patrol"))
        .issuer_name(authority.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(now - _BACK, authority.not_valid_before_utc))
        .not_valid_after(end)
        .add_extension(
            x509.SubjectAlternativeName([_general(each) for each in hosts]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )


def allows(authority: x509.Certificate, host: str) -> bool:
    """Return whether the name constraints of an authority let it sign for a host."""
    found = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = found.permitted_subtrees or []
    value = _general(host).value
    if isinstance(value, str):
        names = (each.value for each in permitted if isinstance(each, x509.DNSName))
        return any(value == each or value.endswith(f".{each}") for each in names)
    networks = (each.value for each in permitted if isinstance(each, x509.IPAddress))
    return any(ip_network(str(value)) == each for each in networks)


def good_for(authority: x509.Certificate) -> tuple[str, ...]:
    """Return the names and addresses that an authority can sign for.

    Raises:
        x509.ExtensionNotFound: If it is not limited to any.
    """
    found = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    names = [str(each.value) for each in found.permitted_subtrees or [] if each.value != _NOWHERE]
    return tuple(each.removesuffix("/32").removesuffix("/128") for each in names)


def hosts_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the names and addresses that a server's certificate is for."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return tuple(str(each.value) for each in names)


def _constraints(hosts: Sequence[str]) -> x509.NameConstraints:
    permitted: list[x509.GeneralName] = []
    for each in (_general(host) for host in hosts):
        if isinstance(each, x509.IPAddress):
            permitted.append(x509.IPAddress(ip_network(str(each.value))))
        else:
            permitted.append(each)
    excluded: list[x509.GeneralName] = []
    if not any(isinstance(each, x509.DNSName) for each in permitted):
        permitted.append(x509.DNSName(_NOWHERE))
    if not any(isinstance(each, x509.IPAddress) for each in permitted):
        excluded = [x509.IPAddress(ip_network(each)) for each in _ALL_ADDRESSES]
    return x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=excluded or None)


def _general(host: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host.lower())
    except ValueError:
        raise BadCertificate(f"{host!r} is no name or address of a server") from None


def _x509_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
