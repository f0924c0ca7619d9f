"""PatrolDesk: how a user plans, signs and runs patrols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, cast

from patrol.desks.planning.plan import PlanDesk
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import kind_of, new_id
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import PhoneReceipt
from patrol.errors.errors import Conflict, NotFound
from patrol.patrols import lifecycle as patrol_acts
from patrol.patrols.lifecycle import PatrolActor
from patrol.patrols.patrol import Patrol, PatrolState, Seal, sha256_of
from patrol.store.records import documents
from patrol.store.schema.tables import to_us

MOST_PATROLS: Final = 1000
"""Of one answer, those changed last."""


class PatrolDesk:
    """What one user may do with patrols.

    Args:
        access: What the user may read, see and file.
        plans: Checks what is planned.

    Attributes:
        receipt: The report of a crew's phone that the next act is the effect of; None for none.
    """

    receipt: PhoneReceipt | None = None

    def __init__(self, access: DocumentAccess, *, plans: PlanDesk) -> None:
        self._access = access
        self._plans = plans

    # -- what there is

    def all(self, *, state: PatrolState | None = None) -> list[Patrol]:
        """Return the patrols that are not over and that the user may see, by their start.

        Args:
            state: Only those in this state.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see patrols")
        return sorted(
            (each for each in self._access.open(Patrol) if state is None or each.state == state),
            key=lambda each: (each.starts_at, each.id),
        )

    async def past(
        self, *, since: datetime, until: datetime, limit: int = MOST_PATROLS
    ) -> list[Patrol]:
        """Return the patrols that ended or were cancelled from `since` to `until`, newest first.

        Args:
            since: Over at this time or later, aware UTC.
            until: Over before this time, aware UTC.
            limit: Most patrols.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see patrols")
        found = await self._access.read(
            lambda connection: documents.of_kind(
                connection,
                kind_of(Patrol),
                since_us=to_us(since),
                until_us=to_us(until),
                limit=MOST_PATROLS,
            )
        )
        visible = (self._access.policy.document(each) for each in found if each.is_closed)
        patrols = [cast(Patrol, each) for each in visible if each is not None]
        return patrols[: max(1, min(limit, MOST_PATROLS))]

    async def one(self, id: str) -> Patrol:
        """Return one patrol, over or not.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._access.may("see patrols")
        return await self._access.any_document(Patrol, id)

    async def versions(self, id: str) -> list[Patrol]:
        """Return every version of a patrol that the user may see, oldest first.

        While it is suspended, of those from before only the own part.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        newest = await self.one(id)
        if self._access.user.agency not in newest.parties:
            return [newest]
        stored = await self._access.read(documents.versions, kind_of(Patrol), id)
        visible = (self._access.policy.document(cast(Patrol, each)) for each in stored)
        return [each for each in visible if each is not None]

    async def seal(self, id: str) -> Seal:
        """Return the content for which a signature of a patrol would stand now.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none that is not over, or the user's agency is no party.
        """
        self._access.may("see patrols")
        patrol = self._access.own(self._access.open_documents, Patrol, id)
        return Seal(revision=patrol.revision, sha256=sha256_of(patrol), unsigned=patrol.unsigned)

    def span(self, patrol: Patrol) -> tuple[datetime, datetime]:
        """Return from when to when a patrol was under way, until now if it still is.

        Raises:
            Conflict: If it has not begun.
        """
        if patrol.started_at is None:
            raise Conflict(f"patrol {patrol.name} has not begun")
        return patrol.started_at, patrol.ended_at or self._access.now()

    # -- planning

    async def draft(
        self,
        *,
        name: str,
        starts_at: datetime,
        ends_at: datetime,
        agencies: Sequence[str] = (),
        lead: str | None = None,
        **more: Any,
    ) -> Patrol:
        """Draft a patrol of the user's agency, which alone sees it until it is proposed.

        Args:
            name: What people call it.
            starts_at: When it is to begin, aware UTC.
            ends_at: When it is to be over, aware UTC.
            agencies: Those whose signatures it needs; the own one is always among them.
            lead: Agency that leads; None: the own one.
            **more: Other content, by the names of `patrol.patrols.patrol.CONTENT`.

        Raises:
            Forbidden: If the role may not.
            Conflict: If the window is none or longer than 31 days, or a unit stands twice.
        """
        self._access.may("plan patrols")
        own, id = self._access.user.agency, new_id()
        parties = tuple(dict.fromkeys((own, *agencies)))

        def decide(_open_documents: OpenDocuments, now: datetime) -> tuple[Patrol, ...]:
            drafted = Patrol(
                id=id,
                agency=own,
                at=now,
                origin=self._access.node,
                by=self._access.user.name,
                by_agency=own,
                name=name,
                agencies=parties,
                lead=lead or own,
                starts_at=starts_at,
                ends_at=ends_at,
                **more,
            )
            patrol_acts.check_content(drafted)
            return (drafted,)

        await self._access.file("draft patrol", decide, receipt=self.receipt)
        return await self.one(id)

    async def change(
        self, id: str, changes: dict[str, Any], *, revision: int | None = None, reason: str = ""
    ) -> Patrol:
        """Change a patrol's content; every signature becomes void.

        Args:
            id: The patrol's id.
            changes: New values, by the names of `patrol.patrols.patrol.CONTENT`.
            revision: Of the content that the user looked at; None: whichever is there.
            reason: Why, for the journal.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none that is not over, or the user's agency is no party.
            IllegalStep: If it is under way.
            Conflict: If another content is there, or the new one is none.
        """

        def change(patrol: Patrol, now: datetime, who: PatrolActor) -> Patrol:
            if revision is not None and revision != patrol.revision:
                raise Conflict(
                    f"its content is at revision {patrol.revision}: look at it again",
                    code="changed_meanwhile",
                )
            values = dict(changes)
            if "agencies" in values:
                values["agencies"] = tuple(dict.fromkeys((patrol.agency, *values["agencies"])))
            return patrol_acts.change(patrol, values, at=now, who=who)

        return await self._act("plan patrols", "change patrol", id, change, reason=reason)

    async def propose(self, id: str) -> Patrol:
        """Show a draft to all its agencies, for their signatures.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none of the user's agency.
            IllegalStep: If it is no draft.
            PlanRefused: If its plan has errors.
        """

        def propose(patrol: Patrol, now: datetime, who: PatrolActor) -> Patrol:
            following = patrol_acts.propose(patrol, at=now, who=who)
            self._plans.require(patrol, now)
            return following

        return await self._act("plan patrols", "propose patrol", id, propose)

    async def sign(self, id: str, *, revision: int) -> Patrol:
        """Sign the content of a patrol for the user's agency; the last signature completes it.

        Args:
            id: The patrol's id.
            revision: Of the content that the signer has read.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party.
            IllegalStep: If it is not proposed.
            Conflict: If another content was read, or the agency has signed it.
            PlanRefused: If its plan has errors as that agency sees them.
        """

        def sign(patrol: Patrol, now: datetime, who: PatrolActor) -> Patrol:
            following = patrol_acts.sign(patrol, revision=revision, at=now, who=who)
            self._plans.require(patrol, now)
            return following

        return await self._act("sign patrols", "sign patrol", id, sign)

    async def withdraw(self, id: str, *, reason: str = "") -> Patrol:
        """Take the signature of the user's agency back; the patrol waits for it again.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party.
            IllegalStep: If it is a draft or under way.
            Conflict: If the agency has not signed it.
        """
        return await self._act(
            "sign patrols", "withdraw signature", id, _plain(patrol_acts.withdrawn), reason=reason
        )

    async def write_annex(self, id: str, text: str) -> Patrol:
        """Write the annex of the user's agency to a patrol; empty removes it.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party.
            Conflict: If it is too long.
        """

        def write(patrol: Patrol, now: datetime, who: PatrolActor) -> Patrol:
            return patrol_acts.annex(patrol, text, at=now, who=who)

        return await self._act("write annexes", "write annex", id, write)

    # -- under way

    async def ready(self, id: str) -> Patrol:
        """Say that crews are briefed and boats are fit.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party.
            IllegalStep: If it is not signed.
            Conflict: If it is suspended.
        """
        return await self._act("run patrols", "ready patrol", id, _plain(patrol_acts.make_ready))

    async def start(self, id: str) -> Patrol:
        """Begin.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party.
            IllegalStep: If it is not ready.
            Conflict: If it is suspended.
        """
        return await self._act("run patrols", "start patrol", id, _plain(patrol_acts.start))

    async def check_in(
        self, id: str, *, unit: str, note: str = "", at: datetime | None = None
    ) -> Patrol:
        """Note the check-in of a unit of the user's agency.

        Args:
            id: The patrol's id.
            unit: The unit's id.
            note: Words that came with it.
            at: When it said so, aware UTC; None for now.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party.
            IllegalStep: If it is not under way.
            Conflict: If the unit is no member of that agency, or `at` is still to come.
        """

        def check_in(patrol: Patrol, now: datetime, who: PatrolActor) -> Patrol:
            return patrol_acts.check_in(
                patrol, unit=unit, note=note, told_at=at or now, at=now, who=who
            )

        return await self._act("run patrols", "check in", id, check_in)

    async def end(self, id: str, *, reason: str = "") -> Patrol:
        """End a patrol under way.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party.
            IllegalStep: If it is not under way.
        """
        return await self._act(
            "run patrols", "end patrol", id, _plain(patrol_acts.end), reason=reason
        )

    async def cancel(self, id: str, *, reason: str = "") -> Patrol:
        """Call off a patrol of the user's agency before it began.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party.
            IllegalStep: If it is under way.
            Conflict: If it is another agency's.
        """
        return await self._act(
            "plan patrols", "cancel patrol", id, _plain(patrol_acts.cancel), reason=reason
        )

    # -- inside

    async def _act(
        self,
        allowed: str,
        act: str,
        id: str,
        change: Callable[[Patrol, datetime, PatrolActor], Patrol],
        *,
        reason: str = "",
    ) -> Patrol:
        self._access.may(allowed)
        # One that is over is not in the open documents: that it is, is told from what is kept.
        known = await self._access.any_document(Patrol, id)
        who = PatrolActor(name=self._access.user.name, agency=self._access.user.agency)
        if self._access.user.agency not in known.parties:
            raise NotFound(kind_of(Patrol), id)

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Patrol, ...]:
            patrol = known if known.is_closed else self._access.own(open_documents, Patrol, id)
            following = change(patrol, now, who)
            return () if following is patrol else (following,)

        await self._access.file(act, decide, reason=reason, receipt=self.receipt)
        return await self.one(id)


def _plain(act: Callable[..., Patrol]) -> Callable[[Patrol, datetime, PatrolActor], Patrol]:
    return lambda patrol, now, who: act(patrol, at=now, who=who)
