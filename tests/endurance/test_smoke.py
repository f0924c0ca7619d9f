"""The endurance harness at a twentieth of its size: it runs, and it would see what went wrong.

`python -m pytest -m by_hand tests/endurance` before a long run; the long runs are commands of their
own (see README.md beside).
"""

from __future__ import annotations

import sqlite3

import pytest

from tests.endurance.checking import account
from tests.endurance.fault_kinds import Killed
from tests.endurance.faults import show
from tests.endurance.rig import rigged

pytestmark = [pytest.mark.broker, pytest.mark.by_hand]


@pytest.mark.timeout(240)
def test_a_killed_node_is_measured_and_a_row_that_vanished_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.endurance.faults.BEFORE_S", 3.0)
    monkeypatch.setattr("tests.endurance.faults.AFTER_S", 1.0)
    with rigged(units=100, viewers=8, seconds=60) as rig:
        rig.wait_until_all_report()
        outcome = show(rig, Killed("node"), hold_s=0.5, patience_s=80)
        assert outcome.good, outcome
        assert outcome.account is not None
        assert outcome.account.acknowledged > 0
        assert outcome.recovered_s is not None
        assert outcome.shown, "operators were shown nothing while there was no server"

        assert rig.stop_reporting(seconds=60) == 0
        whole = rig.settled(seconds=60)
        assert whole.is_good, whole
        assert (whole.untold, whole.refused, whole.strangers) == (0, 0, 0), whole.examples
        assert min(whole.acknowledged, whole.by_broker, whole.unanswered) > 0

        with sqlite3.connect(rig.stage.node.database, timeout=10) as database:
            database.execute(
                "DELETE FROM transmissions WHERE id = "
                "(SELECT min(id) FROM transmissions WHERE address LIKE 'osmand:%')"
            )
        database.close()
        monkeypatch.setattr("tests.endurance.checking.GRACE_S", 0.0)
        harmed = account(rig.reader, rig.ledger, rig.fleet)
        assert harmed.lost == 1
        assert not harmed.is_good
