"""Agreement: what two or more agencies let each other see, where, when and how exactly.

It is in force only while every party has signed the same terms and none withholds its consent. Each
party's consent is kept as windows of event time, so that what was made while it was suspended
never crosses later, unless the party whose it is consents to exactly that stretch.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, Self, TypeAlias

import msgspec

from patrol.agreements.agreement_word import AgreementWord
from patrol.documents.document import Document
from patrol.documents.state_machine import Lifecycle
from patrol.signatures.key_signature import KeySignature
from patrol.units.data_classes import NEVER, DataClass

AgreementState: TypeAlias = Literal["draft", "proposed", "active", "suspended", "ended", "expired"]
Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

LIFECYCLE: Final = Lifecycle(
    "agreement",
    "draft",
    {
        ("draft", "change"): "draft",
        ("draft", "propose"): "proposed",
        ("draft", "end"): "ended",
        ("draft", "expire"): "expired",
        ("proposed", "sign"): "proposed",
        ("proposed", "sign last"): "active",
        ("proposed", "change"): "proposed",
        ("proposed", "end"): "ended",
        ("proposed", "expire"): "expired",
        ("active", "suspend"): "suspended",
        ("active", "backfill"): "active",
        ("active", "change"): "proposed",
        ("active", "end"): "ended",
        ("active", "expire"): "expired",
        ("suspended", "suspend"): "suspended",
        ("suspended", "resume"): "suspended",
        ("suspended", "resume last"): "active",
        ("suspended", "backfill"): "suspended",
        ("suspended", "change"): "proposed",
        ("suspended", "end"): "ended",
        ("suspended", "expire"): "expired",
    },
)
"""The life of an agreement. `sign last` and `resume last` are the act of the last party missing."""


class Corridor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The stretch along a river that an agreement is about.

    Attributes:
        river: Name of the river.
        km_from: Lower end, kilometres from its mouth.
        km_to: Upper end.
        from_river_m: How far from its centreline at most, metres.
        from_border_m: How far from the border at most, metres; None: that does not matter.
        rings: The area that follows from this, drawn when the terms were, as polygons' outer rings
            of (lon, lat): what the parties sign does not move when a river layer is changed.
    """

    river: Annotated[str, NEVER]
    km_from: Annotated[float, NEVER]
    km_to: Annotated[float, NEVER]
    from_river_m: Annotated[float, NEVER]
    from_border_m: Annotated[float | None, NEVER] = None
    rings: Annotated[tuple[tuple[tuple[float, float], ...], ...], NEVER] = ()


class Hours(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Days of the week and hours, by local time.

    Attributes:
        time_zone: Whose local time, IANA name (`Asia/Vientiane`).
        start: Minute of the day at which it begins, from 0.
        end: Minute of the day at which it is over, up to 1440. Not after `start`: on the next day.
        days: On which days it begins.
    """

    time_zone: Annotated[str, NEVER]
    start: Annotated[int, NEVER] = 0
    end: Annotated[int, NEVER] = 1440
    days: Annotated[tuple[Day, ...], NEVER] = DAYS


class Approval(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That an authority of a party approved the agreement, outside this system.

    Attributes:
        agency: The party.
        authority: Who approved it (`Ministry of Public Security`).
        number: Of the decision or letter.
        file_sha256: SHA-256 of its file in hex, so that nobody shows another one later.
    """

    agency: Annotated[str, NEVER]
    authority: Annotated[str, NEVER]
    number: Annotated[str, NEVER] = ""
    file_sha256: Annotated[str, NEVER] = ""


class Terms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the parties sign; any change of it needs all signatures again.

    Attributes:
        name: What people call the agreement.
        purposes: What for.
        classes: Data classes that may cross; what is not named does not.
        valid_from: First moment, aware UTC.
        valid_until: Moment after the last, aware UTC.
        corridor: Only records of places in it; None: of any place.
        hours: Only then; None: at any time.
        only_joint_patrols: Only while a joint patrol is under way, and only of its units.
        precision_m: Positions are told as the middle of a square this wide, metres; 0: exactly.
        delay_s: Nothing is told before it is this old, seconds.
        answer_within_s: How long an offered target waits for an answer, seconds.
        incidents_at_once: Incidents cross before anybody has confirmed them.
        keep_days: What of another party's is older may not be read any more, days; None: no end.
            Sectors and plans are read as long as they stand.
        freshness_s: How old the last signed word of a party's node, that it still consents, may be
            for its live data to be shown at another node, seconds.
        hidden_after_s: How old for the last places to be shown, greyed; None: ten times that.
        legal_basis: Treaty, law or memorandum that it rests on.
        approvals: Who approved it.
        languages: In which it is written, codes of ISO 639 (`lo`).
        prevailing_language: The one of them that counts where they differ; empty: none before the
            others.
    """

    name: Annotated[str, NEVER]
    purposes: Annotated[tuple[str, ...], NEVER]
    classes: Annotated[tuple[DataClass, ...], NEVER]
    valid_from: Annotated[datetime, NEVER]
    valid_until: Annotated[datetime, NEVER]
    corridor: Annotated[Corridor | None, NEVER] = None
    hours: Annotated[Hours | None, NEVER] = None
    only_joint_patrols: Annotated[bool, NEVER] = False
    precision_m: Annotated[float, NEVER] = 0.0
    delay_s: Annotated[float, NEVER] = 0.0
    answer_within_s: Annotated[float, NEVER] = 300.0
    incidents_at_once: Annotated[bool, NEVER] = False
    keep_days: Annotated[int | None, NEVER] = None
    freshness_s: Annotated[int, NEVER] = 900  # part of every text that does not say it: stays so
    hidden_after_s: Annotated[int | None, NEVER] = None
    legal_basis: Annotated[str, NEVER] = ""
    approvals: Annotated[tuple[Approval, ...], NEVER] = ()
    languages: Annotated[tuple[str, ...], NEVER] = ()
    prevailing_language: Annotated[str, NEVER] = ""


class PartySignature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a party signed the terms.

    Attributes:
        agency: The party.
        at: When, aware UTC.
        office: In which office, for the other parties (`Commander, BLO Houay Xai`).
        by: Who signed: a user's name, which does not leave the agency.
        key: The signature of that officer's own key; None: it stands on the session alone.
    """

    agency: Annotated[str, NEVER]
    at: Annotated[datetime, NEVER]
    office: Annotated[str, NEVER] = ""
    by: Annotated[str, NEVER] = ""
    key: Annotated[KeySignature | None, NEVER] = None


class Consent(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename={"is_given": "given", "withheld_lifelines": "also"},
):
    """The last word of a party that signed: the notice that the others keep.

    Attributes:
        agency: The party.
        is_given: Whether it consents now.
        at: Since when, aware UTC.
        reason: Why, in its own words.
        by: Who said so: a user's name, which does not leave the agency.
        withheld_lifelines: Lifelines (`patrol.units.data_classes`) that it withholds too; all
            others stand.
        key: The signature of the officer's own key under a suspension or resumption; None: it
            stands on the session alone, or it is the consent of the signature itself.
    """

    agency: Annotated[str, NEVER]
    is_given: Annotated[bool, NEVER]
    at: Annotated[datetime, NEVER]
    reason: Annotated[str, NEVER] = ""
    by: Annotated[str, NEVER] = ""
    withheld_lifelines: Annotated[tuple[DataClass, ...], NEVER] = ()
    key: Annotated[KeySignature | None, NEVER] = None


class Window(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of event time whose records of one class a party lets cross.

    Attributes:
        agency: The party whose records they are.
        data_class: Of which class.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC; None while it lasts.
        backfill: It was consented to afterwards.
    """

    agency: Annotated[str, NEVER]
    data_class: Annotated[DataClass, NEVER]
    start: Annotated[datetime, NEVER]
    end: Annotated[datetime | None, NEVER] = None
    backfill: Annotated[bool, NEVER] = False


class EarlierConsents(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an agreement stood that was proposed before its words were kept.

    Attributes:
        at: When it stood so, aware UTC: what its words say counts from then on.
        signatures: As of the agreement.
        consents: As of the agreement.
        windows: As of the agreement.
    """

    at: Annotated[datetime, NEVER]
    signatures: Annotated[tuple[PartySignature, ...], NEVER] = ()
    consents: Annotated[tuple[Consent, ...], NEVER] = ()
    windows: Annotated[tuple[Window, ...], NEVER] = ()


class Agreement(Document, frozen=True, kw_only=True, tag="agreement"):
    """One version of an agreement. It belongs to its parties and crosses to nobody else.

    State, signatures, consents, windows and who ended it are what its words come to
    (`patrol.agreements.agreement_status`).

    Attributes:
        agencies: Ids of the parties; the owner, who drafted it, is one of them.
        terms: What they sign.
        terms_version: Version of the agreement in which the terms were last changed.
        state: Where it is in its life (`LIFECYCLE`).
        proposed_at: When the others were first asked to sign, aware UTC; None: never.
        signatures: Of the present terms.
        consents: The last word of each party that signed.
        windows: What each party lets cross, by class and event time.
        ended_by: Party that ended it; empty while none has, or when time did.
        reason: Why it was changed or ended, as the party said.
        by_agency: Agency of who made this version.
        key: The signature of an officer's own key under what made this version: a change of terms,
            a stretch of the past, the end; None: it stands on the session, or elsewhere.
        text_number: Which of its texts the present terms are: 1, 2, … of those that were proposed.
        replaced_text: SHA-256 of the text before (`AgreementText`); empty for the first.
        words: What the parties said about the present text, oldest first. None of a draft, nor of
            one that nobody has acted on since words are kept.
        before_words: How it stood before its words were kept; None where all of them are.
    """

    VIEWING_ACT: ClassVar[str] = "see agreements"

    agencies: Annotated[tuple[str, ...], NEVER]
    terms: Annotated[Terms, NEVER]
    terms_version: Annotated[int, NEVER] = 1
    state: Annotated[AgreementState, NEVER] = "draft"
    proposed_at: Annotated[datetime | None, NEVER] = None
    signatures: Annotated[tuple[PartySignature, ...], NEVER] = ()
    consents: Annotated[tuple[Consent, ...], NEVER] = ()
    windows: Annotated[tuple[Window, ...], NEVER] = ()
    ended_by: Annotated[str, NEVER] = ""
    reason: Annotated[str, NEVER] = ""
    by_agency: Annotated[str, NEVER] = ""
    key: Annotated[KeySignature | None, NEVER] = None
    text_number: Annotated[int, NEVER] = 1
    replaced_text: Annotated[str, NEVER] = ""
    words: Annotated[tuple[AgreementWord, ...], NEVER] = ()
    before_words: Annotated[EarlierConsents | None, NEVER] = None

    @property
    def is_closed(self) -> bool:
        """Whether it is over for good."""
        return LIFECYCLE.is_end(self.state)

    @property
    def parties(self) -> frozenset[str]:
        """Its owner alone until it is proposed, then all its agencies."""
        if self.proposed_at is None:
            return frozenset((self.agency,))
        return frozenset((self.agency, *self.agencies))

    @property
    def unsigned(self) -> tuple[str, ...]:
        """Parties whose signature is missing."""
        signed = {each.agency for each in self.signatures}
        return tuple(agency for agency in self.agencies if agency not in signed)

    @property
    def withheld(self) -> tuple[Consent, ...]:
        """The words of those parties that withhold their consent now."""
        return tuple(each for each in self.consents if not each.is_given)

    def part_for(self, agency: str) -> Self | None:
        """Return what a party holds: all but the names of the others' officers and keys."""
        if agency not in self.parties:
            return None
        made_here = self.by_agency == agency
        return msgspec.structs.replace(
            self,
            signatures=tuple(
                each
                if each.agency == agency
                else msgspec.structs.replace(each, by="", key=_unlabelled(each.key))
                for each in self.signatures
            ),
            consents=tuple(
                each
                if each.agency == agency
                else msgspec.structs.replace(each, by="", key=_unlabelled(each.key))
                for each in self.consents
            ),
            words=tuple(each.part_for(agency) for each in self.words),
            before_words=None,  # says nothing that signatures, consents and windows do not
            by=self.by if made_here else "",
            key=self.key if made_here else _unlabelled(self.key),
        )


def _unlabelled(key: KeySignature | None) -> KeySignature | None:
    return None if key is None else msgspec.structs.replace(key, label="")
