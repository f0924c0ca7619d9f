"""The file of a node's key: made once, for its owner only."""

from __future__ import annotations

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from patrol.errors.errors import SigningKeyError
from patrol.signatures.signing_key import read_or_make_key


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    file = tmp_path / "patrol.db.audit-key"
    key = read_or_make_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_or_make_key(file).public == key.public
    assert key.public in repr(key)
    assert file.read_text().strip() not in repr(key) + str(vars(key).get("public"))
    file.chmod(0o644)
    with pytest.raises(SigningKeyError, match="others may read"):
        read_or_make_key(file)
    file.chmod(0o600)
    file.write_text("no key")
    with pytest.raises(SigningKeyError, match="no key"):
        read_or_make_key(file)


def test_two_that_want_the_first_key_at_once_have_the_same(tmp_path: Path) -> None:
    """Two exports of evidence, for one; each is made on a thread of its own."""
    file, gate = tmp_path / "patrol.db.audit-key", threading.Barrier(2)

    def wanted(_number: int) -> str:
        gate.wait()
        return read_or_make_key(file).public

    with ThreadPoolExecutor(2) as threads:
        for _ in range(40):
            assert len(set(threads.map(wanted, range(2)))) == 1
            assert [each.name for each in tmp_path.iterdir()] == [file.name]
            file.unlink()
