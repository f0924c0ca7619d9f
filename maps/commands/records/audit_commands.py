"""`joint-patrol audit`: proves the journal, signs its end, and writes it out for others to check.

It works beside a running server and without one. What is proved is what stands in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from maps.accounts.credentials.qr import for_terminal
from maps.commands.command import CONFIG, Config, run_or_exit, settings_in
from maps.commands.records.progress_bar import progress_bars
from maps.evidence.agreement_signatures import SignatureProof, prove_signatures
from maps.evidence.head_folder import HeadFolder
from maps.evidence.proof_mark_file import ProofMarkFile
from maps.evidence.signing_journal import (
    current_head,
    key_file,
    mark_file,
    read_store,
    write_export,
)
from maps.evidence.time_stamp import TimeStamp, time_stamps
from maps.settings.settings import Settings
from patrol.audit import export as audit_file
from patrol.audit.chain import ChainFault
from patrol.audit.signed_head import SignedHead, head_from
from patrol.errors.errors import AuditError
from patrol.signatures.signing_key import read_or_make_key
from patrol.store.proof.day_proof import prove_day
from patrol.store.proof.verify_journal import JournalProof, prove

app = typer.Typer(
    help="Prove that the journal and what it tells of are as they were written.",
    no_args_is_help=True,
)

Key = Annotated[
    str | None,
    typer.Option(help="The node's public key, base64; the one in the file if not said."),
]
_COUNTED = {"rows": "rows of the journal", "messages": "messages"}
_LONGEST_HEAD = 1 << 20


@app.command("verify")
def verify(
    config: Config = CONFIG,
    head: Annotated[
        Path | None,
        typer.Option(help="A head or an export that was signed once: finds a tail cut off since."),
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Check this export alone; needs no configuration.")
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Prove this local day alone, from the signed head before it."
        ),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Do not go on where an interrupted one was.")
    ] = False,
    key: Key = None,
) -> None:
    """Prove the journal and what it tells of; name the first row that is not as written.

    The heads in `audit.heads_folder` are checked without being named. An interrupted verification
    goes on where it was.

    Exit code 1 when something was altered, is missing, or cannot be proved.
    """
    if export is not None:
        _verify_export(export, key)
        return
    settings = settings_in(config)
    signed = run_or_exit(lambda: _heads(head, key, settings))
    if day is not None:
        faults = run_or_exit(lambda: _verify_day(settings, signed, day.date()))
    else:
        faults = run_or_exit(lambda: _verify_store(settings, signed, anew=anew))
    _end(faults)


@app.command("head")
def sign_head(
    config: Config = CONFIG,
    to: Annotated[Path | None, typer.Option(help="File to write it to; else it is shown.")] = None,
    qr: Annotated[
        bool, typer.Option("--qr", help="Show it as a QR code, to be photographed or printed.")
    ] = False,
) -> None:
    """Sign the journal's end. Keep it where nobody reaches it who can reach the store.

    Where there is an `audit.heads_folder`, it goes there as well.

    The public key, which is told on standard error, should be written down with the first one.
    """
    settings = settings_in(config)

    signed = run_or_exit(lambda: current_head(settings))
    if qr:
        typer.echo(for_terminal(msgspec.json.encode(signed).decode()))
    if not qr or to is not None:
        _write(signed, to)
    if settings.audit.heads_folder is not None:
        run_or_exit(lambda: _put_outside(settings, signed))
    typer.echo(f"row {signed.seq}, signed by {signed.public_key}", err=True)


@app.command("heads")
def heads(config: Config = CONFIG, key: Key = None) -> None:
    """Show the signed heads in `audit.heads_folder`, each with its time stamp where it has one."""
    settings = settings_in(config)
    folder = settings.audit.heads_folder
    if folder is None:
        typer.echo("there is no audit.heads_folder", err=True)
        raise typer.Exit(1)

    def checked() -> list[tuple[SignedHead, TimeStamp | None]]:
        stored = HeadFolder(folder, node=settings.node.id).stamps()
        for each, _, _ in stored:
            _check_head(each, key, settings)
        return _stamped(stored, settings)

    for signed, stamp in run_or_exit(checked):
        stamp_text = (
            "no time stamp" if stamp is None else f"stamped {stamp.at:%F %T} UTC by {stamp.by}"
        )
        typer.echo(f"row {signed.seq}, signed at {signed.signed_at}, {stamp_text}")


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="File to write: JSON, one line a row.")],
    config: Config = CONFIG,
    after: Annotated[
        int, typer.Option(help="Leave out rows up to this number, exported before.", min=0)
    ] = 0,
) -> None:
    """Write the whole journal, of all agencies of this node, with a signed head as its last line.

    What cannot be proved is not signed: then nothing is written. The export is itself a line of the
    journal.
    """
    settings = settings_in(config)

    signed = run_or_exit(lambda: write_export(settings, file, after=after))
    typer.echo(f"{file}: rows {after + 1} to {signed.seq}", err=True)
    typer.echo(f"signed by {signed.public_key}", err=True)


def _verify_export(file: Path, key: str | None) -> None:
    def check() -> audit_file.ExportCheck:
        with file.open("rb") as opened:
            return audit_file.check(opened, public=key)

    found = run_or_exit(check)
    first = found.opening.after + 1
    if found.fault is None:
        typer.echo(
            f"node {found.head.node}: rows {first} to {found.head.seq} are as they were written"
        )
        typer.echo(f"signed at {found.head.signed_at} by {found.head.public_key}")
    _end([] if found.fault is None else [found.fault])


def _verify_store(
    settings: Settings, heads: list[SignedHead], *, anew: bool
) -> list[ChainFault | str]:
    marks = ProofMarkFile(mark_file(settings), key_file(settings), node=settings.node.id)
    after = None
    if anew:
        marks.remove()
    elif (found := marks.read()) is not None:
        after = found.mark
        typer.echo(
            f"going on after row {after.seq}, where a verification was interrupted at"
            f" {found.at:%F %H:%M} UTC: what lies before is not read again (--anew does)"
        )
    places = [head.place for head in heads]
    with progress_bars() as progress:
        proof = read_store(
            settings,
            prove,
            heads=places,
            progress=lambda each: progress(_COUNTED[each.subject], each.done, each.total),
            after=after,
            mark=marks.keep,
        )
    marks.remove()
    signatures = read_store(settings, prove_signatures)
    _print_proof(proof, signatures, heads)
    return [*proof.faults, *signatures.faults]


def _verify_day(settings: Settings, heads: list[SignedHead], day: date) -> list[ChainFault | str]:
    zone = ZoneInfo(settings.node.time_zone)
    begin = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    places = [head.place for head in heads]
    proof = read_store(
        settings, prove_day, begin.astimezone(UTC), end.astimezone(UTC), heads=places
    )
    until = ", of each up to its first fault" if proof.faults else ""
    typer.echo(f"of {day:%F} ({zone.key}), proved to be as written{until}:")
    typer.echo(f"  {proof.rows} rows of the journal, from row {proof.first} on")
    typer.echo(f"  {proof.documents} versions of papers")
    typer.echo(f"  {proof.receptions} messages, stored from then to the next day's first minute")
    since = (
        f"the signed head of row {proof.after}"
        if proof.after
        else "the first row, no head is older"
    )
    typer.echo(f"the chain was followed from {since}")
    typer.echo("not proved:")
    if proof.until is None:
        typer.echo("  that the day was not written anew: no signed head comes after it")
    if proof.changed:
        typer.echo(f"  {proof.changed} messages of spans that later rows changed: verify the whole")
    typer.echo("  what came before or after, how accounts, sealed fields and reports stand now")
    return list(proof.faults)


def _print_proof(proof: JournalProof, signatures: SignatureProof, heads: list[SignedHead]) -> None:
    """Tell what was proved and what was not, in words of people who did not write this."""
    until = ", of each up to its first fault" if proof.faults else ""
    typer.echo(f"proved to be as they were written{until}:")
    last = f", the last at {proof.at}" if proof.entries else ""
    typer.echo(f"  {proof.entries} rows of the journal{last}")
    typer.echo(
        f"  {proof.documents} versions of papers (incidents, patrols, sectors, agreements …)"
    )
    rows = (
        (proof.accounts, "rows about accounts, units and radios"),
        (proof.protected, "protected fields and who may read them"),
        (proof.set_aside, "reports that were set aside"),
    )
    for count, what in rows:
        if count is not None:
            typer.echo(f"  {count} {what}")
    typer.echo(f"  {proof.receptions} messages that radios sent")
    typer.echo(f"  {signatures.by_key} acts about agreements that officers' passkeys signed")
    typer.echo("not proved:")
    if signatures.by_session:
        typer.echo(f"  who did {signatures.by_session} acts about agreements: by session, no key")
    for count, what in rows:
        if count is None:
            typer.echo(f"  {what}: covered from the next start of the server on")
    if proof.receptions_before:
        typer.echo(f"  {proof.receptions_before} messages of before this version covered them")
    if proof.receptions_since:
        since = f"{proof.receptions_since} messages since the newest row about messages"
        typer.echo(f"  {since}: covered within a minute of the next one")
    typer.echo(
        f"  {proof.further_receptions} notes of who else heard a message, and whether texts arrived"
    )
    signed = max((head.seq for head in heads), default=0)
    if not heads:
        typer.echo("  that no rows were cut off at the end, nor all written anew: needs --head")
    elif signed < proof.entries:
        after = f"rows {signed + 1} to {proof.entries} came after the newest signed head"
        typer.echo(f"  that none of the newest was cut off or written anew: {after}")
    if proof.entries:
        typer.echo(f"hash of row {proof.entries}: {proof.hash.hex()}")


def _heads(file: Path | None, key: str | None, settings: Settings) -> list[SignedHead]:
    """Return the heads to check by: the one that is named, and all in the folder of heads."""
    heads = [] if file is None else [_head(file, key, settings)]
    folder = settings.audit.heads_folder
    if folder is None:
        return heads
    stored = HeadFolder(folder, node=settings.node.id).stamps()
    found = [each for each, _, _ in stored]
    for each in found:
        _check_head(each, key, settings)
    typer.echo(f"{folder}: {len(found)} signed heads")
    stamped = [(each, stamp) for each, stamp in _stamped(stored, settings) if stamp is not None]
    if stamped:
        newest, stamp = stamped[-1]
        typer.echo(
            f"{len(stamped)} of them bear a time stamp, the newest of row {newest.seq}: it was"
            f" there at {stamp.at:%F %T} UTC, says {stamp.by}"
        )
    return heads + found


def _stamped(
    stored: list[tuple[SignedHead, bytes, bytes | None]], settings: Settings
) -> list[tuple[SignedHead, TimeStamp | None]]:
    """Return each head with its time stamp, once that is checked.

    Raises:
        AuditError: If a stamp does not hold.
    """
    made = time_stamps(settings.audit)
    if made is None:
        if any(answer is not None for _, _, answer in stored):
            typer.echo("time stamps are not checked: audit.timestamp_ca says by whom they must be")
        return [(head, None) for head, _, _ in stored]
    service = made()
    found: list[tuple[SignedHead, TimeStamp | None]] = []
    for head, content, answer in stored:
        try:
            stamp = None if answer is None else service.check(answer, content)
        except AuditError as error:
            raise AuditError(f"the head of row {head.seq}: {error}") from None
        found.append((head, stamp))
    return found


def _put_outside(settings: Settings, head: SignedHead) -> None:
    assert settings.audit.heads_folder is not None
    folder = HeadFolder(settings.audit.heads_folder, node=settings.node.id)
    folder.put_more(head, datetime.now(UTC))
    typer.echo(f"put into {folder.folder}", err=True)


def _head(file: Path, key: str | None, settings: Settings) -> SignedHead:
    """Return a signed head, once it is checked by the key that counts."""
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(max(0, size - _LONGEST_HEAD))
        signed = head_from(opened.read())
    _check_head(signed, key, settings)
    typer.echo(f"the head is row {signed.seq}, signed at {signed.signed_at} by {signed.public_key}")
    return signed


def _check_head(signed: SignedHead, key: str | None, settings: Settings) -> None:
    own = key_file(settings)
    if key is None and own.exists():
        key = read_or_make_key(own).public
    signed.check(key)
    if signed.node != settings.node.id:
        raise AuditError(f"the head is of node {signed.node!r}, this is {settings.node.id!r}")


def _write(head: SignedHead, to: Path | None) -> None:
    text = msgspec.json.encode(head).decode()
    if to is None:
        typer.echo(text)
        return
    run_or_exit(lambda: to.write_text(text + "\n"))


def _end(faults: Sequence[ChainFault | str]) -> None:
    for fault in faults:
        typer.echo(f"fault: {fault}")
    if faults:
        raise typer.Exit(1)
    typer.echo("of what can be proved, nothing was altered")
