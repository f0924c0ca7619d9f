"""Client context: which certificates of servers that we connect to are trusted.

Since 3.13 Python refuses an authority that does not say what its key is for, and certificates that
do not name their issuer's key (RFC 5280, 4.2.1.1 and 4.2.1.3), where nobody tells it otherwise.
`openssl req -x509` makes an authority without key usage, and Mosquitto takes it. A machine that is
given a newer Python must not lose its broker for that: an authority that the settings name is
checked alike by every Python.
"""

from __future__ import annotations

import ssl
from os import PathLike


def trusting(ca_file: str | PathLike[str] | None) -> ssl.SSLContext:
    """Return a context of a client that checks the server's certificate and name, from TLS 1.2 on.

    Args:
        ca_file: Certificates to trust, PEM; None trusts what the machine does, as strictly as its
            Python has it.

    Raises:
        OSError: If the file cannot be used (`ssl.SSLError` is one).
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
