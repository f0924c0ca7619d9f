"""Inquiry: why is this radio not on my map? One address followed through every hop.

Radio, channel, frame, position, assignment, permission: the verdict is the first hop at which it
stops, in one plain sentence, with the next thing to do. Pure: what is known is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from patrol.inquiry.findings import (
    CloseName,
    InquiryFindings,
    Moment,
    age_words,
    at_words,
    join_words,
    moments,
    verb,
)
from patrol.inquiry.steps import Hop, hops_of, position_words
from patrol.reception.receptions import ReceivedMessage
from radio_gateway.health.health import KEY_REASONS, RejectedFrame

Verdict = Literal[
    "several",
    "no_radio",
    "hidden",
    "no_channel",
    "channel_down",
    "rejected",
    "channel_silent",
    "never_heard",
    "bound_elsewhere",
    "retired",
    "no_position",
    "bad_position",
    "held_back",
    "crowded_out",
    "link_down",
    "lost",
    "assigned_later",
    "unassigned",
    "on_map",
]


class Inquiry(msgspec.Struct, frozen=True, kw_only=True, rename={"explanation": "says"}):
    """The answer.

    Attributes:
        query: What was asked for.
        address: Radio address that was taken to be meant; None if none was found.
        verdict: The first hop at which it stops, as a fixed word.
        explanation: The same in one plain sentence.
        next: What to do next; empty if nothing.
        hops: Every hop, from the radio to the map.
        unit: Id of the unit it stands for; None for none, or one the user may not know of.
        close: What is known by nearly the same name.
        last: Its newest message.
        rejected: Frames lately rejected that mention it, newest first.
        moments: The moments that stand in all these sentences.
    """

    query: str
    address: str | None
    verdict: Verdict
    explanation: str
    next: str
    hops: tuple[Hop, ...] = ()
    unit: str | None = None
    close: tuple[CloseName, ...] = ()
    last: ReceivedMessage | None = None
    rejected: tuple[RejectedFrame, ...] = ()
    moments: tuple[Moment, ...] = ()


def inquire(known: InquiryFindings) -> Inquiry:
    """Follow one address through every hop and say where it stops."""
    verdict, says, todo = _verdict(known)
    is_shown = not known.hidden
    hops = hops_of(known) if is_shown and not known.others else ()
    return Inquiry(
        query=known.query,
        address=known.address,
        verdict=verdict,
        explanation=says,
        next=todo,
        hops=hops,
        unit=known.unit.id if known.unit is not None and is_shown else None,
        close=known.others or known.close,
        last=known.messages[0] if known.messages and is_shown else None,
        rejected=(known.rejected or ()) if is_shown else (),
        moments=moments(known, (says, todo, *(hop.explanation for hop in hops))),
    )


_SKY = "Give its receiver a clear view of the sky and look again."
_MEND: Final[Mapping[str, str]] = {
    "no_fix": _SKY,
    "stale_position": _SKY,
    "null_island": _SKY,
    "position_not_available": _SKY,
    "position_suspect": _SKY,
    "simulator": "Switch its simulation mode off.",
    "mock_location": "Switch the app that makes up positions off.",
}

Answer = tuple[Verdict, str, str]


def _verdict(known: InquiryFindings) -> Answer:
    if known.others:
        return "several", f"“{known.query}” may be one of several.", "Choose the one you mean."
    if known.hidden:
        return (
            "hidden",
            "It belongs to somebody whose records you may not see.",
            "Ask the agency that owns it, or an administrator.",
        )
    unit = known.unit
    if unit is not None and unit.retired_at is not None and known.assignment_now is None:
        return (
            "retired",
            f"{unit.call_sign} is out of service since {at_words(unit.retired_at)}.",
            "Take the unit back into service, or assign the radio to another unit.",
        )
    if known.address is None and unit is not None:
        return (
            "no_radio",
            f"No radio is assigned to {unit.call_sign}.",
            "Find its radio under Unknown and assign it, or plot the unit from a voice report.",
        )
    if not known.messages and not known.elsewhere:
        return _unheard(known)
    return _reception_answer(known)


def _unheard(known: InquiryFindings) -> Answer:
    """Answer for a radio of which nothing is stored: whether it reaches a channel."""
    name = known.address or known.query
    could = known.speakers
    channel_names = [each.name for each in could]
    names = join_words(channel_names)
    if known.rejected:
        last = known.rejected[0]
        if last.reason in KEY_REASONS:
            return _without_key(known, last)
        what = f"{last.channel} heard something that names it at {at_words(last.heard_at)}"
        more = f" ({last.detail})" if last.detail else ""
        return (
            "rejected",
            f"{what} and rejected it: {last.reason.replace('_', ' ')}{more}.",
            "Compare the rejected frames below with what the radio should send.",
        )
    if not could:
        return (
            "no_channel",
            f"No channel of this node speaks {name.partition(':')[0]}."
            if known.address
            else "This node has no channel.",
            "Add a channel for it to the configuration, or check the address.",
        )
    dead = [each for each in could if each.state not in ("open", "silent")]
    if len(dead) == len(could):
        return (
            "channel_down",
            f"{names} could hear it, and is not open: {dead[0].fault or dead[0].state}."
            if len(could) == 1
            else f"{names} could hear it, and none of them is open.",
            "Mend the link first: look at its card on this page.",
        )
    deaf = [each for each in could if each.last_heard_at is None]
    if len(deaf) == len(could):
        have = verb(channel_names, "has", "have")
        return (
            "channel_silent",
            f"{names} could hear it, and {have} heard nothing at all since the start.",
            "Check antenna, cable and speed: the whole link is silent, not this radio.",
        )
    return (
        "never_heard",
        f"{name} was never heard, while {names} {verb(channel_names, 'works', 'work')}.",
        "Check that the radio is on, in reach, and sends under this address.",
    )


def _without_key(known: InquiryFindings, last: RejectedFrame) -> Answer:
    name = (known.address or known.query).partition(":")[2] or known.query
    key = "shows a wrong key" if last.reason == "wrong_key" else "sends no key"
    at = f"last at {at_words(last.heard_at)} from {last.source or 'an unknown address'}"
    return (
        "rejected",
        f"Something that calls itself {name} {key} on channel {last.channel}, {at}.",
        "Enter in it the name and key that the channel's secrets_file has for it.",
    )


def _reception_answer(known: InquiryFindings) -> Answer:
    now, state, unit = known.now, known.state, known.unit
    assignment = known.assignment_now
    if known.elsewhere and assignment is not None and assignment.channel is not None:
        channel, at = max(known.elsewhere, key=lambda each: each[1])
        own = known.messages[0].transmission.heard_at if known.messages else None
        if (own is None or own < at) and (state is None or state.liveness != "live"):
            last_heard = f"last heard on {channel} at {at_words(at)}"
            return (
                "bound_elsewhere",
                f"It is bound to {assignment.channel}, and was {last_heard}: not believed.",
                f"If the radio moved to {channel}, assign it anew; if not, find who sends there.",
            )
    bad = _unplaced(known)
    if bad is not None and (state is None or state.last is None):
        return bad
    if state is None:
        return (
            "crowded_out",
            "So many unknown radios were heard since it last spoke that it left the map.",
            "Assign it to a unit: units never leave the map.",
        )
    last = state.last
    if last is None:
        made = known.messages[0].transmission.device_time if known.messages else None
        if unit is not None and assignment is not None and made and made < assignment.start:
            start = at_words(assignment.start)
            return (
                "held_back",
                f"Its newest position is older than its assignment to {unit.call_sign} at {start}.",
                "Wait for its next position: that one moves the mark.",
            )
        return (
            "held_back",
            "Its positions are stored and none of them moved its mark.",
            "Look at the flags of what it sent.",
        )
    age = age_words((now - last.time).total_seconds())
    there = f"It is on the map where it was {age} ago"
    if state.liveness == "cut" and state.cut_by:
        names = join_words(state.cut_by)
        down = f"{names} {verb(state.cut_by, 'is', 'are')} down"
        return "link_down", f"{there}: {down}.", "Mend the link: look at its card."
    if state.liveness == "cut":
        return "link_down", f"{there}: its link was down until just now.", "Wait for its report."
    if bad is not None:
        return bad[0], f"{there}. {bad[1]}", bad[2]
    newest = known.messages[0].transmission if known.messages else None
    if newest is not None and "jump" in newest.flags and newest.position is not None:
        return (
            "held_back",
            f"{there}: its newest position is a jump too far for the time passed.",
            "Wait for the next position: two that agree move the mark.",
        )
    if known.rejected and known.rejected[0].reason in KEY_REASONS:
        refused = known.rejected[0]
        if refused.heard_at > last.time:
            verdict, says, todo = _without_key(known, refused)
            return verdict, f"{there}. {says}", todo
    if state.liveness == "lost":
        return (
            "lost",
            f"{there}; nothing newer was heard.",
            "Call it by voice; check that the radio is on and in reach.",
        )
    if unit is None or assignment is None:
        later = known.assignment_later
        if later is not None:
            whom = known.units[later.unit].call_sign if later.unit in known.units else "a unit"
            start = at_words(later.start)
            return (
                "assigned_later",
                f"It is on the map as an unknown radio, and stands for {whom} from {start} on.",
                "Change the assignment if it should stand for it now.",
            )
        return (
            "unassigned",
            f"It is on the map as an unknown radio, heard {age} ago; it stands for no unit.",
            "Assign it to its unit.",
        )
    return "on_map", f"It is on the map as {unit.call_sign}, {age} old.", ""


def _unplaced(known: InquiryFindings) -> Answer | None:
    """Return why its newest position cannot be believed; None if it can."""
    says, why = position_words(known), known.unbelieved
    if says is None or why is None:
        return None
    if why == "no_position":
        return "no_position", says, "Switch on position reports in the radio or phone."
    return "bad_position", says, _MEND.get(why, "Look at the flags of what it sent.")
