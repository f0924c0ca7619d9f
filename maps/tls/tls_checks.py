"""TLS checks: faults of a server's certificate, present or due soon."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from maps.errors.errors import BadCertificate
from maps.settings.settings_tables import WebSettings
from radio_gateway.errors.errors import SettingsError

SOON: Final = timedelta(days=30)


def tls_faults(web: WebSettings, *, source: str) -> Iterator[SettingsError]:
    """Yield why nobody can be served: a file that is missing, or two that do not go together.

    Args:
        web: How pages are served; without TLS nothing is wrong.
        source: Where that was read from, named by each fault.
    """
    files = {
        "tls_certificate": web.tls_certificate,
        "tls_key": web.tls_key,
        "tls_authority": web.tls_authority,
    }
    missing = {name: path for name, path in files.items() if path and not path.is_file()}
    for name, path in missing.items():
        yield SettingsError(f"{source}: web.{name}", f"there is no file {path}")
    if web.tls_certificate is None or missing:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(web.tls_certificate, web.tls_key)
    except (ssl.SSLError, OSError) as error:
        fault = f"cannot be used with tls_key: {error}"
        yield SettingsError(f"{source}: web.tls_certificate", fault)


def tls_warnings(web: WebSettings, *, now: datetime | None = None) -> Iterator[str]:
    """Yield what people should see to: a certificate that ends soon, or names other hosts.

    Args:
        web: How pages are served; without TLS there is nothing to say.
        now: The present, aware UTC; the clock's when None.
    """
    if web.tls_certificate is None:
        return
    from cryptography import x509  # and what reads certificates: only where there are some

    from maps.tls.local_ca import hosts_of, read_certificate

    try:
        certificate = read_certificate(web.tls_certificate.read_bytes())
        cert_hosts = hosts_of(certificate)
    except (BadCertificate, OSError, x509.ExtensionNotFound):
        return  # whoever opens it says what is wrong
    end = certificate.not_valid_after_utc
    left = end - (now or datetime.now(UTC))
    if left < SOON:
        words = "has ended" if left < timedelta() else f"ends in {left.days} days"
        yield f"tls_certificate: it {words}, on {end:%Y-%m-%d}: `joint-patrol tls renew`"
    missing = [each for each in web.allowed_hosts if each.lower() not in cert_hosts]
    if missing and not any(name.startswith("*.") for name in cert_hosts):
        yield f"tls_certificate: it is not for {', '.join(missing)}, which allowed_hosts names"
