"""The outage at a tenth of its size; `python -m tests.end_to_end.outage` runs it whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.outage import BOATS, run

pytestmark = [pytest.mark.broker]


@pytest.mark.timeout(300)
def test_nothing_that_a_spool_or_http_answered_is_lost_or_twice(tmp_path: Path) -> None:
    outcome = run(tmp_path, fixes=216, kills=12, took_s=45.0, seed=3)
    assert outcome.sent == BOATS * 216
    assert outcome.stored == outcome.distinct == outcome.sent
    assert outcome.right_after_s < 5.0
    assert outcome.backlog > 0, "nothing waited, so nothing was shown"
