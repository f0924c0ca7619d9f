"""Keys of protected fields for tests: one folder a process, a key for each agency they know."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from patrol.protected_fields.field_key import FieldKeys, new_key


@cache
def field_keys() -> FieldKeys:
    """Return the keys."""
    folder = Path(tempfile.mkdtemp(prefix="jp-field-keys-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    keys = FieldKeys(folder)
    for agency in ("joint", "la-hx", "th-ck", "la", "th"):
        keys.write(agency, new_key())
    return keys
