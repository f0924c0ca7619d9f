"""Evidence file: a zip of what a node knew of a stretch of time, signed, and how it is checked.

The manifest names every file with its SHA-256; the node signs the manifest with the key that signs
its journal (`patrol.audit_key`). Checking needs no server, no store and no configuration.
`docs/replay.md` tells the rule, with a program that needs none of ours.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from maps.errors import MapsError
from patrol.audit import Entry, canonical, hash_of, time_text
from patrol.audit_head import Head
from patrol.audit_key import AuditKey, is_signed
from patrol.errors import AuditError
from patrol.replay_desk import LinkedRow

FORMAT: Final = "joint-patrol evidence 1"
SIGNATURE_FORMAT: Final = "joint-patrol evidence signature 1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature.json"
JOURNAL: Final = "journal.jsonl"
POSITIONS: Final = "positions.csv"
GEOJSON: Final = "positions.geojson"

_LARGEST: Final = 1 << 30  # bytes of one file inside; a zip may claim anything
_LARGEST_MANIFEST: Final = 16 << 20
_AT_ONCE: Final = 1 << 20
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,  # packed in a way that we never do
    RuntimeError,  # encrypted
    EOFError,
    OSError,
    ValueError,
)

LeftOut = Literal[
    "transmissions: the role may not see them",
    "transmissions: none of the agency's own units",
    "transmissions: more than can be told",
    "journal: the role sees only how its rows hang together",
    "journal: more rows than can be told",
    "papers: more than can be told",
]


class BadEvidence(MapsError):
    """What of an evidence file does not hold first.

    Args:
        what: The file inside, or the part of it.
        why: What is wrong with it.
    """

    def __init__(self, what: str, why: str) -> None:
        self.what, self.why = what, why
        super().__init__(f"{what}: {why}")


class FileInside(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the zip.

    Attributes:
        name: Its name.
        bytes: Its size.
        sha256: Of its content, hexadecimal.
    """

    name: str
    bytes: int
    sha256: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for it.

    Attributes:
        user: Name.
        role: In which role.
        agency: For which agency.
    """

    user: str
    role: str
    agency: str


class AgreementThen(msgspec.Struct, frozen=True, kw_only=True):
    """An agreement under which another agency's records may be in it, as it was when it was made.

    Attributes:
        id: Of the agreement.
        version: Its version.
        name: What people call it.
        agencies: Its parties.
        classes: Classes of data that it lets cross.
        state: `active`, or what else it was.
        withheld: Parties that withheld their consent, since when and why.
    """

    id: str
    version: int
    name: str
    agencies: tuple[str, ...]
    classes: tuple[str, ...]
    state: str
    withheld: tuple[dict[str, str], ...] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an evidence file holds.

    Attributes:
        format: `joint-patrol evidence 1`.
        node: Id of the node.
        node_name: Its name for people.
        software: Which software made it, and which version.
        made_at: When, RFC 3339, UTC.
        start: First moment of the range, UTC.
        end: Moment after its last, UTC.
        time_zone: IANA name of the node's local time.
        start_local: The first moment in local time, with its offset.
        end_local: The end in local time.
        asked: Who asked for it.
        units: Id and call sign of each unit that has a position in it.
        agreements: What was in force between the agency and others.
        counts: How many positions, messages, papers and rows of the journal.
        left_out: What else could have been in it, and why it is not.
        files: Every file but the manifest and its signature.
    """

    format: str
    node: str
    node_name: str
    software: str
    made_at: str
    start: str
    end: str
    time_zone: str
    start_local: str
    end_local: str
    asked: Asked
    units: tuple[dict[str, str], ...]
    agreements: tuple[AgreementThen, ...]
    counts: dict[str, int]
    left_out: tuple[str, ...]
    files: tuple[FileInside, ...]


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """The node's word for a manifest.

    Attributes:
        format: `joint-patrol evidence signature 1`.
        manifest_sha256: Of the bytes of `manifest.json`.
        public_key: Of the node, base64.
        signature: Ed25519 (RFC 8032), base64, of the JSON array [format, manifest_sha256].
    """

    format: str
    manifest_sha256: str
    public_key: str
    signature: str


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row of the journal: whole, or only how it hangs between its neighbours."""

    seq: int
    previous: str
    hash: str
    at: str = ""
    act: str = ""
    actor: str = ""
    agency: str = ""
    subject: str = ""
    detail: str = ""
    origin: str = ""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was found to hold.

    Attributes:
        manifest: What it holds.
        public_key: Key that signed it.
        rows_told: Rows of the journal whose content was proved.
    """

    manifest: Manifest
    public_key: str
    rows_told: int


def row_line(linked: LinkedRow) -> bytes:
    """Return a row as a line of `journal.jsonl`."""
    entry = linked.entry
    row = Row(seq=linked.seq, previous=linked.previous, hash=linked.hash)
    if entry is not None:
        row = Row(
            seq=linked.seq,
            previous=linked.previous,
            hash=linked.hash,
            at=time_text(entry.at),
            act=entry.act,
            actor=entry.actor,
            agency=entry.agency,
            subject=entry.subject,
            detail=entry.detail,
            origin=entry.origin,
        )
    return msgspec.json.encode(row) + b"\n"


def files_inside(files: Mapping[str, bytes]) -> tuple[FileInside, ...]:
    """Return what a manifest says of files."""
    return tuple(
        FileInside(name=name, bytes=len(body), sha256=hashlib.sha256(body).hexdigest())
        for name, body in files.items()
    )


def sealed(manifest: Manifest, files: Mapping[str, bytes], key: AuditKey) -> bytes:
    """Return the zip: manifest, signature, files."""
    said = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    digest = hashlib.sha256(said).hexdigest()
    signature = Signature(
        format=SIGNATURE_FORMAT,
        manifest_sha256=digest,
        public_key=key.public,
        signature=key.sign(canonical((SIGNATURE_FORMAT, digest))),
    )
    out = io.BytesIO()
    # The time in the zip's own table is no evidence: it is that of the manifest, to two seconds.
    when = datetime.fromisoformat(manifest.made_at).astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        first = {MANIFEST: said, SIGNATURE: msgspec.json.encode(signature) + b"\n"}
        for name, body in (first | dict(files)).items():
            about = zipfile.ZipInfo(name, when)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = 0o644 << 16
            packed.writestr(about, body)
    return out.getvalue()


def verify(file: Path, *, public: str | None = None) -> Verified:
    """Check everything an evidence file says.

    Args:
        file: The zip.
        public: The node's public key, base64, from elsewhere; None: the one in the file, which
            proves only that nothing was altered since somebody signed it.

    Raises:
        BadEvidence: Names the first thing that does not hold.
        OSError: If it cannot be read.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            return _verified(packed, public)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise BadEvidence(file.name, f"is no whole zip file ({error})") from None


def _verified(packed: zipfile.ZipFile, public: str | None) -> Verified:
    names = packed.namelist()
    for name in (MANIFEST, SIGNATURE):
        if name not in names:
            raise BadEvidence(name, "is missing")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadEvidence(twice, "is there twice")
    said = _read(packed, MANIFEST, _LARGEST_MANIFEST)
    signature = _decoded(_read(packed, SIGNATURE, _LARGEST_MANIFEST), Signature, SIGNATURE)
    _check_signature(signature, said, public)
    manifest = _decoded(said, Manifest, MANIFEST)
    if manifest.format != FORMAT:
        raise BadEvidence(MANIFEST, f"is of no format known here: {manifest.format!r}")
    for each in manifest.files:
        _check_file(packed, each)
    listed = {each.name for each in manifest.files} | {MANIFEST, SIGNATURE}
    stray = next((name for name in names if name not in listed), None)
    if stray is not None:
        raise BadEvidence(stray, "is not in the manifest: it was put in later")
    told = _check_journal(packed, manifest, signature.public_key)
    _check_positions(packed, manifest)
    return Verified(manifest=manifest, public_key=signature.public_key, rows_told=told)


def _check_signature(signature: Signature, said: bytes, public: str | None) -> None:
    if signature.format != SIGNATURE_FORMAT:
        raise BadEvidence(SIGNATURE, f"is of no format known here: {signature.format!r}")
    if public is not None and public != signature.public_key:
        raise BadEvidence(SIGNATURE, f"is by another key, {signature.public_key}")
    covered = canonical((signature.format, signature.manifest_sha256))
    if not is_signed(covered, signature.signature, public=signature.public_key):
        raise BadEvidence(SIGNATURE, "is wrong: it is not that of its key")
    if hashlib.sha256(said).hexdigest() != signature.manifest_sha256:
        raise BadEvidence(MANIFEST, "was altered after it was signed")


def _check_file(packed: zipfile.ZipFile, each: FileInside) -> None:
    if each.name not in packed.namelist():
        raise BadEvidence(each.name, "is missing")
    digest, size = hashlib.sha256(), 0
    try:
        with packed.open(each.name) as opened:
            while some := opened.read(_AT_ONCE):
                size += len(some)
                if size > max(each.bytes, 0):
                    break
                digest.update(some)
    except _BROKEN:
        raise BadEvidence(each.name, "was altered: it cannot be unpacked") from None
    if size != each.bytes or digest.hexdigest() != each.sha256:
        raise BadEvidence(each.name, "was altered: its SHA-256 is not that of the manifest")


def _check_journal(packed: zipfile.ZipFile, manifest: Manifest, public: str) -> int:
    """Prove the rows; return how many were proved with their content."""
    if JOURNAL not in packed.namelist():
        if manifest.counts.get("journal rows"):
            raise BadEvidence(JOURNAL, "is missing")
        return 0
    *lines, last = _read(packed, JOURNAL).splitlines() or [b""]
    head = _decoded(last, Head, f"{JOURNAL}, last line")
    try:
        head.check(public)
    except AuditError as error:
        raise BadEvidence(f"{JOURNAL}, last line", str(error)) from None
    if head.node != manifest.node:
        raise BadEvidence(JOURNAL, f"is of node {head.node!r}, the manifest of {manifest.node!r}")
    before: Row | None = None
    told = 0
    for number, line in enumerate(lines, 1):
        row = _decoded(line, Row, f"{JOURNAL}, line {number}")
        if before is not None and row.seq != before.seq + 1:
            raise BadEvidence(f"journal row {before.seq + 1}", "is missing")
        if before is not None and row.previous != before.hash:
            raise BadEvidence(f"journal row {row.seq}", "does not follow the row before it")
        if row.act:
            told += 1
            if _hash(row) != row.hash:
                raise BadEvidence(f"journal row {row.seq}", "its hash is not that of its content")
        before = row
    if before is not None and (head.seq, head.hash) != (before.seq, before.hash):
        raise BadEvidence(f"journal row {head.seq}", "is not the last row that was signed")
    if len(lines) != manifest.counts.get("journal rows", 0):
        raise BadEvidence(JOURNAL, "has not as many rows as the manifest says")
    return told


def _hash(row: Row) -> str:
    try:
        entry = Entry(
            seq=row.seq,
            at=datetime.fromisoformat(row.at),
            act=row.act,
            actor=row.actor,
            agency=row.agency,
            subject=row.subject,
            detail=row.detail,
            origin=row.origin,
            previous=bytes.fromhex(row.previous),
            hash=bytes.fromhex(row.hash),
        )
    except ValueError:
        return ""
    return hash_of(entry).hex()


def _check_positions(packed: zipfile.ZipFile, manifest: Manifest) -> None:
    rows = list(csv.DictReader(io.StringIO(_read(packed, POSITIONS).decode("utf-8-sig"))))
    features = msgspec.json.decode(_read(packed, GEOJSON)).get("features", [])
    wanted = manifest.counts.get("positions")
    for name, count in ((POSITIONS, len(rows)), (GEOJSON, len(features))):
        if count != wanted:
            raise BadEvidence(name, f"has {count} positions, the manifest says {wanted}")
    start, end = (datetime.fromisoformat(each) for each in (manifest.start, manifest.end))
    for number, row in enumerate(rows, 2):
        try:
            inside = start <= datetime.fromisoformat(row["time"]) < end
        except (KeyError, TypeError, ValueError):
            inside = False
        if not inside:
            raise BadEvidence(f"{POSITIONS}, line {number}", "is outside the range")


def _read(packed: zipfile.ZipFile, name: str, most: int = _LARGEST) -> bytes:
    try:
        with packed.open(name) as opened:
            body = opened.read(most + 1)
    except KeyError:
        raise BadEvidence(name, "is missing") from None
    except _BROKEN:
        raise BadEvidence(name, "was altered: it cannot be unpacked") from None
    if len(body) > most:
        raise BadEvidence(name, f"is larger than {most} bytes")
    return body


def _decoded(body: bytes, kind: Any, name: str) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadEvidence(name, f"cannot be read: {error}") from None
