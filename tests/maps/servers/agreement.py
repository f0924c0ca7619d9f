"""An agreement between the two offices, drafted, proposed and signed over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from patrol.units.data_classes import DATA_CLASSES, LIFELINES
from tests.maps.servers.offices import LAO, THAI, Offices

PLAIN = tuple(each for each in DATA_CLASSES if each not in LIFELINES)
"""All that a suspension stops."""


async def agree(offices: Offices, *, classes: Sequence[str] = PLAIN, **terms: Any) -> str:
    """Return the id of an agreement that is in force."""
    now = datetime.now(UTC)
    body = {
        "agencies": [LAO, THAI],
        "terms": {
            "name": "Joint patrols",
            "purposes": ["safety of crews"],
            "classes": list(classes),
            "valid_from": (now - timedelta(hours=1)).isoformat(),
            "valid_until": (now + timedelta(days=30)).isoformat(),
            **terms,
        },
    }
    answer = await offices["kham"].post("/api/agreements", json=body)
    assert answer.status_code == 201, answer.text
    id = str(answer.json()["id"])
    answer = await offices["kham"].post(f"/api/agreements/{id}/propose")
    assert answer.status_code == 200, answer.text
    for name in ("kham", "chai"):
        version = (await offices[name].get(f"/api/agreements/{id}")).json()["version"]
        answer = await offices[name].post(
            f"/api/agreements/{id}/sign", json={"version": version, "office": "BLO"}
        )
        assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "active"
    return id
