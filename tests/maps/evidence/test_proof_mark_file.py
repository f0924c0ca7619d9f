"""How far a verification came is kept signed: nobody claims with a file that all was proved."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from maps.evidence.proof_mark_file import EVERY_S, FOR, ProofMarkFile
from patrol.errors.errors import AuditError
from patrol.store.journal.row_digests import RowReplay
from patrol.store.proof.verify_journal import ProofMark
from tests.patrol.nodes.running import at

MARK = ProofMark(seq=7, hash=bytes(32), documents=2, rows=RowReplay(), spans=[], last_reception=0)


def marks(folder: Path, node: str = "hx", second: float = 0) -> ProofMarkFile:
    """Return the file as somebody who came long enough after the last time has it."""
    times = iter((0.0, EVERY_S, EVERY_S))
    return ProofMarkFile(
        folder / "mark",
        folder / f"{node}.key",
        node=node,
        steady=lambda: next(times),
        now=lambda: at(second),
    )


def test_a_cached_file_is_read_for_a_week(tmp_path: Path) -> None:
    assert marks(tmp_path).read() is None
    marks(tmp_path).keep(lambda: MARK)
    found = marks(tmp_path, second=FOR.total_seconds() - 1).read()
    assert found is not None
    assert (found.mark, found.at) == (MARK, at(0))
    assert marks(tmp_path, second=(FOR + timedelta(seconds=1)).total_seconds()).read() is None
    marks(tmp_path).remove()
    assert marks(tmp_path).read() is None


def test_it_is_not_written_again_at_once(tmp_path: Path) -> None:
    now = ProofMarkFile(tmp_path / "mark", tmp_path / "key", node="hx", steady=lambda: 5.0)
    now.keep(lambda: MARK)
    assert now.read() is None


@pytest.mark.parametrize("what", ["another node's", "altered", "no mark at all"])
def test_one_that_this_node_has_not_signed_is_refused(tmp_path: Path, what: str) -> None:
    marks(tmp_path).keep(lambda: MARK)
    file = tmp_path / "mark"
    if what == "another node's":
        marks(tmp_path, "other").keep(lambda: MARK)
    elif what == "altered":
        body = bytearray(file.read_bytes())
        body[body.index(7)] = 8
        file.write_bytes(body)
    else:
        file.write_bytes(b"all is proved")
    with pytest.raises(AuditError, match="has not signed"):
        marks(tmp_path).read()
