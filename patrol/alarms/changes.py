"""Steps: new versions of alerts that follow from the conditions that hold now, act by act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from patrol.alarms.geofences import GeofenceTracker
from patrol.alarms.rules import RULES
from patrol.alarms.scene import Condition
from patrol.alerts import lifecycle as alert_acts
from patrol.alerts.alert import HOLDING, Alert, is_worse
from patrol.documents.document import revise

_LEFT_ALONE: Final = frozenset({"settled", "shelved", "shelved_returned"})
"""States in which a person has said what is to be done with it for now."""


class Steps:
    """New versions of alerts, by the act under which the journal notes them.

    Attributes:
        now: When it looked, aware UTC.
        touched: How many versions there are of an alert, by its id.
    """

    def __init__(self, now: datetime, node: str) -> None:
        self.touched: Counter[str] = Counter()
        #: The first versions of all alerts, then the second ones: each is filed after the first.
        self._rounds: list[dict[str, list[Alert]]] = []
        self.now, self._node = now, node

    def put(self, act: str, alert: Alert) -> None:
        """Add a version."""
        number = self.touched[alert.id]
        if number == len(self._rounds):
            self._rounds.append({})
        self._rounds[number].setdefault(act, []).append(alert)
        self.touched[alert.id] += 1

    def in_order(self) -> Iterator[tuple[str, tuple[Alert, ...]]]:
        """Yield the versions to file, act by act, in an order in which they can be filed."""
        for by_act in self._rounds:
            for act, made in by_act.items():
                yield act, tuple(made)

    def begin(self, condition: Condition) -> None:
        """Raise an alert; one that is over already is returned at once."""
        alert = alert_acts.first_version(
            rule=condition.rule,
            subject=condition.subject,
            agency=condition.agency,
            severity=condition.severity,
            since=condition.since,
            now=self.now,
            origin=self._node,
            historical=condition.historical,
            **condition.about,
        )
        self.put("raise alert", alert)
        if condition.over is not None:
            self.put(
                "return alert",
                alert_acts.return_to_normal(alert, at=self.now, since=condition.over),
            )

    def go_on(
        self,
        alert: Alert,
        condition: Condition,
        geofence_tracker: GeofenceTracker,
        broke: datetime | None,
    ) -> None:
        """Update an open alert to the condition that holds now.

        Args:
            alert: Its newest version.
            condition: What holds.
            fencing: Knows what was taken back.
            broke: When it was over for a while between two looks; None: it was not.
        """
        now, about = self.now, condition.about
        if alert.historical and not condition.historical and condition.over is None:
            if alert.state not in _LEFT_ALONE:
                after = alert_acts.come_live(
                    alert,
                    at=now,
                    subject=condition.subject,
                    raised_at=condition.since,
                    **about,
                )
                self.put("raise alert", after)
            return
        if condition.key != alert.key:
            moved = {
                "rule": condition.rule,
                "subject": condition.subject,
                "agency": condition.agency,
            }
            self.put("move alert", revise(alert, at=now, by="", **moved, **about))
        elif alert.state in HOLDING:
            if condition.over is not None:
                return
            if is_worse(condition.severity, than=alert.severity):
                worse = alert_acts.worsen(
                    alert, at=now, severity=condition.severity, **condition.about
                )
                self.put("raise alert", worse)
                return
            if condition.since == alert.raised_at:
                return
            if alert.unit is not None and geofence_tracker.took_back(alert.unit, alert.raised_at):
                self.put("correct alert", revise(alert, at=now, by="", raised_at=condition.since))
            elif broke is not None:
                over = alert_acts.return_to_normal(alert, at=now, since=broke)
                self.put("return alert", over)
                if not over.is_closed:
                    self.put("raise alert", self._renew(over, condition))
                else:  # a person had settled it: this is another one
                    self.begin(condition)
        elif condition.over is None:
            self.put("raise alert", self._renew(alert, condition))
        elif condition.since > alert.raised_at and not condition.historical:
            again = self._renew(alert, condition)
            self.put("raise alert", again)
            self.put(
                "return alert", alert_acts.return_to_normal(again, at=now, since=condition.over)
            )

    def _renew(self, alert: Alert, condition: Condition) -> Alert:
        now, calm = self.now, RULES[condition.rule].calm_for_s
        about = condition.about
        if alert.state != "shelved_returned":  # what is put aside stays so, or worsens
            about["severity"] = condition.severity
        if (
            alert.state == "returned_acknowledged"
            and not is_worse(condition.severity, than=alert.severity)
            and alert.returned_at is not None
            and abs((now - alert.returned_at).total_seconds()) < calm  # a clock may be set back
        ):
            return alert_acts.resume(alert, at=now, raised_at=condition.since, **about)
        return alert_acts.recur(alert, at=now, raised_at=condition.since, **about)
