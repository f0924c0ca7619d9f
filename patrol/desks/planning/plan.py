"""PlanDesk: conflicts of a plan that one user may know of, before and after it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import kind_of, new_id
from patrol.documents.open_documents import OpenDocuments
from patrol.errors.errors import Conflict, NotFound
from patrol.patrols.patrol import Patrol
from patrol.patrols.plan import Plan, PlanConflict
from patrol.sectors.site_geography import Ground
from patrol.sharing.decisions import Sharing
from patrol.sharing.redaction import passed
from patrol.units.units import Agency, Unit
from patrol.watch.check_plan import conflicts, refusal_lookup


class PlanRefused(Conflict):
    """A plan with errors, which cannot be proposed or signed.

    Args:
        found: All that is wrong with it, errors first.
    """

    def __init__(self, found: Sequence[PlanConflict]) -> None:
        self.conflicts = tuple(found)
        super().__init__("; ".join(each.words for each in found if each.severity == "error"))


class PlanDesk:
    """What one user may know of plans.

    Args:
        access: What the user may read, see and file.
        units: Registered units, by id.
        agencies: Those of this node, by id.
        sharing: What may cross between agencies.
        ground: Rivers and borders of this site.
    """

    def __init__(
        self,
        access: DocumentAccess,
        *,
        units: Mapping[str, Unit],
        agencies: Mapping[str, Agency],
        sharing: Sharing,
        ground: Ground,
    ) -> None:
        self._access = access
        self._units = units
        self._agencies = agencies
        self._sharing = sharing
        self._ground = ground

    async def conflicts(self, id: str) -> tuple[PlanConflict, ...]:
        """Return everything that is wrong with a patrol's plan now, errors first.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none that is not over, or the user's agency is no party.
        """
        self._access.may("see patrols")
        patrol = self._access.open_document(Patrol, id)
        if self._access.user.agency not in patrol.parties:
            raise NotFound(kind_of(Patrol), id)
        return self._conflicts(self._access.open_documents, patrol, self._access.now())

    async def check(self, changes: dict[str, Any], *, id: str | None) -> tuple[PlanConflict, ...]:
        """Return the conflicts of a plan, errors first; nothing is saved.

        Args:
            changes: Its content, by the names of `patrol.patrols.patrol.CONTENT`; of a patrol that
                is there, what is to be different.
            id: The patrol that is to be changed; None: one that is to be drafted, which needs
                `starts_at` and `ends_at`.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none that is not over, or the user's agency is no party.
        """
        self._access.may("plan patrols")
        own, now = self._access.user.agency, self._access.now()
        values = dict(changes)
        if id is None:
            values["agencies"] = tuple(dict.fromkeys((own, *values.get("agencies", ()))))
            known = {"name": "", "lead": own} | values
            patrol = Patrol(id=new_id(), agency=own, at=now, origin=self._access.node, **known)
        else:
            held = self._access.open_document(Patrol, id)
            if own not in held.parties:
                raise NotFound(kind_of(Patrol), id)
            if "agencies" in values:
                values["agencies"] = tuple(dict.fromkeys((held.agency, *values["agencies"])))
            patrol = msgspec.structs.replace(held, **values)
        return self._conflicts(self._access.open_documents, patrol, now)

    def require(self, patrol: Patrol, now: datetime) -> None:
        """Refuse a plan with errors.

        Raises:
            PlanRefused: If there are any.
        """
        found = self._conflicts(self._access.open_documents, patrol, now)
        if any(each.severity == "error" for each in found):
            raise PlanRefused(found)

    # -- inside

    def _conflicts(
        self, open_documents: OpenDocuments, patrol: Patrol, now: datetime
    ) -> tuple[PlanConflict, ...]:
        plan = Plan(
            patrol=patrol,
            viewer=self._access.user.agency,
            open_documents=open_documents,
            now=now,
            ground=self._ground,
            units=self._units,
            agencies=self._agencies,
            refusal=refusal_lookup(self._sharing),
            shows=lambda sector: self._access.policy.document(sector, now=now) is not None,
            is_visible_to=lambda sector, agency: (
                passed(sector, sharing=self._sharing, viewer=agency, now=now) is not None
            ),
        )
        return conflicts(plan)
