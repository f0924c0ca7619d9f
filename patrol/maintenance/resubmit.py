"""Retrying: a report that was set aside is taken in once more, as if it had come now."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from patrol.documents.transaction import Note
from patrol.errors.errors import CannotRetry
from patrol.filing.journal_writer import if_done
from patrol.store.receptions import rejected as quarantine
from patrol.store.receptions.rejected import QuarantinedReport
from patrol.watch.watch import Watch
from radio_gateway.messages.transmission import Transmission
from radio_gateway.parsing.msgspec_decoders import json_decoder


def transmission_of(report: QuarantinedReport) -> Transmission:
    """Return the transmission of a rejected report.

    Raises:
        CannotRetry: If only its bytes are kept, or it cannot be read.
    """
    if report.transmission_json is None:
        raise CannotRetry("only its bytes are kept")
    try:
        return json_decoder(Transmission).decode(report.transmission_json)
    except (msgspec.MsgspecError, ValueError) as error:
        raise CannotRetry(f"what it said cannot be read: {error}") from error


async def retry(
    watch: Watch,
    report: QuarantinedReport,
    *,
    overreach: Callable[[Transmission, str], str | None],
) -> None:
    """Take a report in again; once it is stored it is set aside no longer.

    It keeps the time it was heard: it joins the track, and an old position moves no mark. A call
    for help in it rings.

    Args:
        watch: Takes it in.
        report: The report.
        overreach: Returns why what a gateway, given by its id, says is not its to say.

    Raises:
        CannotRetry: If it can still not be taken; it stays set aside.
        StoreError: If the store refuses.
    """
    transmission = transmission_of(report)
    gateway, slash, channel = report.channel.partition("/")
    fault = None
    if slash and ":" not in gateway:  # as its gateway said it
        fault = overreach(msgspec.structs.replace(transmission, channel=channel), gateway)
    if fault is not None:  # as when it came; a newer version may know another protocol
        raise CannotRetry(fault)
    await watch.receive([transmission])
    note = Note(
        act="take set-aside report",
        actor="command line",
        agency=watch.agency,
        subject=f"set_aside:{report.id}",
        detail={"address": report.address, "reception": report.reception_id},
    )
    if not await watch.document_service.journal_writer.write(
        if_done(note), quarantine.remove_stored, report
    ):
        health = watch.picture.channels.get("store")
        raise CannotRetry((health.fault if health else None) or "it was not stored")
