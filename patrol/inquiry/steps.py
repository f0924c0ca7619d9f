"""Hops: the state of each step between one radio and the map."""

from __future__ import annotations

import msgspec

from patrol.inquiry.findings import FLAG_WORDS, InquiryFindings, age_words, at_words, join_words


class Hop(msgspec.Struct, frozen=True, kw_only=True, rename={"explanation": "says"}):
    """One hop between the radio and the map.

    Attributes:
        name: `channels`, `heard`, `rejected`, `position`, `assigned` or `shown`.
        well: True: it gets past here; False: it does not; None: not known, or neither.
        explanation: What is so, in a sentence.
    """

    name: str
    well: bool | None
    explanation: str


def hops_of(known: InquiryFindings) -> tuple[Hop, ...]:
    """Return every hop, from the radio to the map."""
    hops = [_channels(known), _reception_hop(known), _rejected(known)]
    if known.messages:
        hops.append(_position(known))
    return (*hops, _assigned(known), _display_hop(known))


def position_words(known: InquiryFindings) -> str | None:
    """Return why nothing believed is known of where it is; None if it is."""
    why = known.unbelieved
    if why is None:
        return None
    if why == "no_position":
        kinds = join_words(each.transmission.kind for each in known.messages[:10])
        return f"It was heard ({kinds}) and never says where it is."
    return f"Its newest position is not believed: {FLAG_WORDS.get(why, why.replace('_', ' '))}."


def _channels(known: InquiryFindings) -> Hop:
    could = known.speakers
    if not could:
        return Hop(name="channels", well=False, explanation="No channel speaks its protocol.")
    words = join_words(f"{each.name} ({each.state})" for each in could)
    well = any(each.state == "open" for each in could)
    return Hop(name="channels", well=well, explanation=f"Could be heard by {words}.")


def _reception_hop(known: InquiryFindings) -> Hop:
    elsewhere = join_words(channel for channel, _ in known.elsewhere)
    if not known.messages:
        says = f"Heard only on {elsewhere}: not its channel." if elsewhere else "Never heard."
        return Hop(name="heard", well=False, explanation=says)
    last = known.messages[0]
    by = join_words(f"{each.channel} of gateway {each.gateway}" for each in last.heard_by)
    says = f"Last heard at {at_words(last.transmission.heard_at)} by {by}."
    if elsewhere:
        says += f" Also claimed from {elsewhere}."
    return Hop(name="heard", well=True, explanation=says)


def _rejected(known: InquiryFindings) -> Hop:
    if known.rejected is None:
        return Hop(name="rejected", well=None, explanation="Your role may not see rejected frames.")
    if not known.rejected:
        return Hop(name="rejected", well=True, explanation="No frame lately rejected names it.")
    says = f"{len(known.rejected)} of the frames lately rejected name it."
    return Hop(name="rejected", well=False, explanation=says)


def _position(known: InquiryFindings) -> Hop:
    bad = position_words(known)
    if bad is not None:
        return Hop(name="position", well=False, explanation=bad)
    clock = {
        "future_time": "runs ahead",
        "old_clock": "is far behind",
        "clock_not_set": "is not set",
    }
    for flag in known.messages[0].transmission.flags:
        if flag in clock:
            says = (
                f"Its position is believed. Its clock {clock[flag]}: the time it was heard is used."
            )
            return Hop(name="position", well=True, explanation=says)
    return Hop(name="position", well=True, explanation="It says where it is, and is believed.")


def _assigned(known: InquiryFindings) -> Hop:
    current, later = known.assignment_now, known.assignment_later
    if current is not None and known.unit is not None:
        bound = "" if current.channel is None else f", believed from {current.channel} only"
        until = "" if current.end is None else f" until {at_words(current.end)}"
        says = f"Stands for {known.unit.call_sign} since {at_words(current.start)}{until}{bound}."
        return Hop(name="assigned", well=True, explanation=says)
    if later is not None:
        says = f"Stands for nobody now; for a unit from {at_words(later.start)} on."
    elif known.assignments and known.assignments[-1].end is not None:
        says = f"Stands for nobody since {at_words(known.assignments[-1].end)}."
    else:
        says = "Stands for nobody."
    return Hop(name="assigned", well=None, explanation=says)


def _display_hop(known: InquiryFindings) -> Hop:
    state = known.state
    if state is None or state.last is None:
        return Hop(name="shown", well=False, explanation="It has no mark on the map.")
    age = age_words((known.now - state.last.time).total_seconds())
    return Hop(
        name="shown", well=True, explanation=f"Its mark on the map is {age} old ({state.liveness})."
    )
