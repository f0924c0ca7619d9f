"""PlanDesk: what is in the way of a plan, as one user may know it, before and after it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from patrol.desks.visibility.document_desk import DocumentDesk
from patrol.documents.document import kind_of, new_id
from patrol.documents.open_documents import Book
from patrol.errors.errors import Conflict, NotFound
from patrol.patrols.patrol import Patrol
from patrol.patrols.plan import Plan, PlanConflict
from patrol.sectors.site_geography import Ground
from patrol.sharing.redaction import passed
from patrol.watch.check_plan import conflicts, why_not_of

_NO_GROUND: Final = Ground()


class PlanRefused(Conflict):
    """A plan with errors, which cannot be proposed or signed.

    Args:
        found: All that is wrong with it, errors first.
    """

    def __init__(self, found: Sequence[PlanConflict]) -> None:
        self.conflicts = tuple(found)
        super().__init__("; ".join(each.words for each in found if each.severity == "error"))


class PlanDesk(DocumentDesk):
    """What one user may know of plans."""

    async def conflicts(self, id: str) -> tuple[PlanConflict, ...]:
        """Return everything that is wrong with a patrol's plan now, errors first.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none that is not over, or the user's agency is no party.
        """
        self._may("see patrols")
        patrol = self._seen(Patrol, id)
        if self._user.agency not in patrol.parties:
            raise NotFound(kind_of(Patrol), id)
        return self._conflicts(self._watch.clerk.book, patrol, self._watch.now())

    async def check(self, changes: dict[str, Any], *, id: str | None) -> tuple[PlanConflict, ...]:
        """Return what would be wrong with a plan, errors first; nothing is kept.

        Args:
            changes: Its content, by the names of `patrol.patrols.patrol.CONTENT`; of a patrol that
                is there, what is to be different.
            id: The patrol that is to be changed; None: one that is to be drafted, which needs
                `starts_at` and `ends_at`.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none that is not over, or the user's agency is no party.
        """
        self._may("plan patrols")
        own, now = self._user.agency, self._watch.now()
        values = dict(changes)
        if id is None:
            values["agencies"] = tuple(dict.fromkeys((own, *values.get("agencies", ()))))
            known = {"name": "", "lead": own} | values
            patrol = Patrol(id=new_id(), agency=own, at=now, origin=self._watch.node, **known)
        else:
            held = self._seen(Patrol, id)
            if own not in held.parties:
                raise NotFound(kind_of(Patrol), id)
            if "agencies" in values:
                values["agencies"] = tuple(dict.fromkeys((held.agency, *values["agencies"])))
            patrol = msgspec.structs.replace(held, **values)
        return self._conflicts(self._watch.clerk.book, patrol, now)

    # -- inside

    def _check_plan(self, patrol: Patrol, now: datetime) -> None:
        found = self._conflicts(self._watch.clerk.book, patrol, now)
        if any(each.severity == "error" for each in found):
            raise PlanRefused(found)

    def _conflicts(self, book: Book, patrol: Patrol, now: datetime) -> tuple[PlanConflict, ...]:
        plan = Plan(
            patrol=patrol,
            viewer=self._user.agency,
            book=book,
            now=now,
            ground=self._watch.ground or _NO_GROUND,
            units=self._watch.picture.units,
            agencies=self._watch.agencies,
            why_not=why_not_of(self._watch.sharing),
            shows=lambda sector: self._policy.paper(sector, now=now) is not None,
            shown_to=lambda sector, agency: (
                passed(sector, sharing=self._watch.sharing, viewer=agency, now=now) is not None
            ),
        )
        return conflicts(plan)
