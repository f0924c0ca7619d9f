"""Certificates for tests that speak TLS."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests import needs


def self_signed(folder: Path, *, alternative: str) -> Path:
    """Make a certificate that nobody signed, good for a day; its key lies beside it, `key.pem`.

    Args:
        folder: Where it is put.
        alternative: Whom it is for, as openssl says it: `IP:127.0.0.1`, `DNS:tak`.
    """
    words = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=test "
        f"-addext subjectAltName={alternative} -keyout key.pem -out certificate.pem"
    )
    command = [needs.program("openssl"), *words.split()]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "certificate.pem"
