"""Crossing view: what of the asker's own agency may cross to a counterpart, and nothing else.

For a document that is handed over a table. The rule is the one that the counterpart's own screens
follow (`patrol.sharing.view_policy`); here it is asked on the counterpart's behalf about what is
the asker's. What others own, the counterpart itself above all, is not looked at through it.
"""

from __future__ import annotations

from maps.errors.errors import BadRequest
from maps.reports.document.request import ReportRequest
from maps.reports.records.records import Pass
from patrol.desks.desk import Desk
from patrol.documents.document import Document
from patrol.errors.errors import Forbidden, NotFound
from patrol.incidents.incident import Incident
from patrol.sharing.view_policy import ViewPolicy
from patrol.units.accounts import User


class CrossingView:
    """What a report for a counterpart may hold; of a report for the own agency everything.

    Args:
        request: The report.

    Raises:
        BadRequest: If the counterpart is none of this node, or the asker's own agency.
    """

    def __init__(self, request: ReportRequest) -> None:
        self._request = request
        self._policy: ViewPolicy | None = None
        self._eyes: Desk | None = None
        if not request.counterpart:
            return
        if request.counterpart not in request.site.agencies or request.counterpart == request.own:
            raise BadRequest("is no counterpart at this node", field="counterpart")
        theirs = User(
            name=request.desk.user.name, role=request.desk.user.role, agency=request.counterpart
        )
        self._eyes = request.site.desk_of(theirs)
        self._policy = self._eyes.policy
        request.eyes.append(self._eyes)  # whoever hands the report out asks whether it still may

    @property
    def narrows(self) -> bool:
        """Whether it is a report for a counterpart."""
        return self._policy is not None

    @property
    def passes(self) -> Pass:
        """What may go into the report of a document that the asker's desk shows."""
        return self._passes

    def tracks(self) -> tuple[Desk, list[str]]:
        """Return the desk to read tracks through, and the units that may be told of.

        Raises:
            Forbidden: If the role may not see tracks.
        """
        desk = self._request.desk
        known = [state.id for state in desk.history.tracked_units()]
        if self._eyes is None:
            return desk, known
        own = [
            state.id for state in desk.history.tracked_units() if state.agency == self._request.own
        ]
        return self._eyes, [unit for unit in own if self._may_show(unit)]

    def is_stale(self) -> bool:
        """Return whether what was let pass may not pass any more."""
        return self._request.is_stale

    def _may_show(self, unit: str) -> bool:
        assert self._eyes is not None
        try:
            self._eyes.visible.unit(unit, unplaced=True)
        except (NotFound, Forbidden):
            return False
        return True

    def _passes(self, document: Document) -> Document | None:
        if self._policy is None:
            return document
        if document.agency != self._request.own:
            # What the counterpart itself made is known to it; what a third one made is not ours.
            return document if document.agency == self._request.counterpart else None
        if isinstance(document, Incident) and document.state == "reported":
            return None  # nobody has confirmed it
        return self._policy.document(document)
