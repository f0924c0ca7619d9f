"""Errors of the `patrol` package; all carry the data that caused them."""

from __future__ import annotations


class PatrolError(Exception):
    """Base of every error that `patrol` raises on purpose."""


class NotFound(PatrolError):
    """Something that does not exist, or that the caller may not know of.

    Args:
        what: Kind of thing, for example `unit`.
        identifier: What was asked for.
    """

    def __init__(self, what: str, identifier: str) -> None:
        self.what, self.identifier = what, identifier
        super().__init__(f"no {what} {identifier!r}")


class Forbidden(PatrolError):
    """The caller's role does not allow this act."""

    def __init__(self, act: str, role: str) -> None:
        self.act, self.role = act, role
        super().__init__(f"a {role} may not {act}")


class Conflict(PatrolError):
    """The order contradicts the present state, for example an address assigned twice at one time.

    Args:
        message: What is wrong, for people who read English.
        code: Short fixed word of a fault that pages have words of their own for.
        values: What stands in the places of those words.
    """

    def __init__(self, message: str, *, code: str | None = None, **values: str) -> None:
        self.code, self.values = code, values
        super().__init__(message)


class IllegalStep(Conflict):
    """An act that the table of states does not have.

    Args:
        what: Whose table, for example `patrol`.
        state: In which state it is.
        act: What was asked for.
        possible: What could be asked for.
    """

    def __init__(self, what: str, state: str, act: str, possible: tuple[str, ...]) -> None:
        self.what, self.state, self.act, self.possible = what, state, act, possible
        ways = f"only by: {', '.join(possible)}" if possible else "nothing changes it any more"
        article = "an" if what[0] in "aeiou" else "a"
        super().__init__(
            f"{article} {what} that is {state} cannot be changed by {act!r}, {ways}",
            code="changed_meanwhile",
        )


class AlreadyTaken(Conflict):
    """A report of a crew's phone that was taken before."""


class CannotSend(PatrolError):
    """A message that no channel takes as it is.

    Args:
        reason: Short fixed word, for example `listen_only`, `no_channel` or `too_long`.
        detail: The same for people.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


class BadCard(PatrolError):
    """A card of a node that cannot be used.

    Args:
        field: Field at fault, for example `card.agencies[0].id`; empty: the text as a whole.
        fault: What is wrong.
    """

    def __init__(self, field: str, fault: str) -> None:
        self.field = field or "card"
        super().__init__(f"{field or 'the card'} {fault}")


class BadCounterpartFile(PatrolError):
    """A file of a counterpart that cannot be read.

    Args:
        name: The file's name, as whoever brought it said.
        place: Where in it, for example `its first line`; empty: the file as a whole.
        fault: What is wrong, and what helps.
        code: The same as a short fixed word.
    """

    def __init__(self, name: str, place: str, fault: str, *, code: str) -> None:
        self.field, self.code = "file", code
        self.values = {"file": name, "place": place}
        super().__init__(f"{name}: {place}: {fault}" if place else f"{name}: {fault}")


class BadPhoto(PatrolError):
    """A file that is not accepted as a photo: of another kind, too large or damaged; carries
    which.
    """


class CannotRetry(PatrolError):
    """A report that was set aside can still not be taken.

    Args:
        fault: Why.
    """

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(f"it can still not be taken: {fault}")


class NotItsToSay(PatrolError):
    """A report that its sender has no right to make, by its delivery."""


class StoreError(PatrolError):
    """The store failed; nothing of the batch was stored.

    Args:
        fault: What happened.
        transient: It may go through later (disk full, locked); False when these very records
            can never be stored.
    """

    def __init__(self, fault: str, *, transient: bool = True) -> None:
        self.transient = transient
        super().__init__(fault)


class StoreReturned(StoreError):
    """The store lies there again after it went while it was written to: this process must end.

    Whether what was then committed is in it, only a process that opens it anew finds.
    """


class LeaseLost(StoreError):
    """Another process is the node's Watch now: this one may write nothing any more.

    Args:
        epoch: What this process held.
        now: What stands now; None if there is none.
        holder: Who holds it.
    """

    def __init__(self, epoch: int, now: int | None, holder: str) -> None:
        self.epoch, self.now, self.holder = epoch, now, holder
        super().__init__(f"the lease of epoch {epoch} is lost: {now} is held by {holder}")


class NoFieldKey(PatrolError):
    """An agency has no key for protected fields, so none of its can be written or read.

    Args:
        agency: The agency.
    """

    def __init__(self, agency: str) -> None:
        self.agency = agency
        super().__init__(
            f"{agency} has no key for protected fields: on the server say"
            f" `joint-patrol keys make --agency {agency}`"
        )


class FieldKeyError(PatrolError):
    """A key for protected fields that cannot be used, or does not open the stored words."""


class SigningKeyError(PatrolError):
    """The file of a key of this node that cannot be used, or that others may read."""


class AuditError(PatrolError):
    """A head or export of the journal that cannot be used."""
