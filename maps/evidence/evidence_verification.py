"""Evidence verification: whether an evidence file is intact, and what the first fault is.

It needs no server, no store and no configuration. A file may come from anybody: whoever signed it
may have put anything into it, and is told what is wrong with that.
"""

from __future__ import annotations

import csv
import hashlib
import io
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from maps.errors.errors import MapsError
from maps.evidence.evidence_file import (
    FORMAT,
    GEOJSON,
    JOURNAL,
    MANIFEST,
    ORIGINALS,
    PHOTOS,
    POSITIONS,
    SIGNATURE,
    SIGNATURE_FORMAT,
    FileInside,
    Manifest,
    ManifestSignature,
    Row,
)
from patrol.audit.chain import Entry, canonical, hash_of
from patrol.audit.signed_head import SignedHead
from patrol.errors.errors import AuditError
from patrol.signatures.signing_key import is_signed
from radio_gateway.parsing.msgspec_decoders import json_decoder

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
    struct.error,
)
_NO_ZIP: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    EOFError,
    OverflowError,
    ValueError,  # a name that is no text
    struct.error,
)


class BadEvidence(MapsError):
    """What of an evidence file does not hold first.

    Args:
        part: The file inside, or the part of it.
        fault: What is wrong with it.
    """

    def __init__(self, part: str, fault: str) -> None:
        self.part, self.fault = part, fault
        super().__init__(one_line(f"{part}: {fault}"))


class VerifiedEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was found to hold.

    Attributes:
        manifest: What it holds.
        public_key: Key that signed it.
        rows_proved: Rows of the journal whose content was proved.
    """

    manifest: Manifest
    public_key: str
    rows_proved: int


def one_line(text: str) -> str:
    """Return words of whoever signed a file as a terminal may be given them: on one line.

    >>> print(one_line("Naga\\n\\x1b[2Jeverything holds"))
    Naga��[2Jeverything holds
    """
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def verify(file: Path, *, public: str | None = None) -> VerifiedEvidence:
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
        packed = zipfile.ZipFile(file)
    except _NO_ZIP as error:
        raise BadEvidence(file.name, f"is no whole zip file ({error})") from None
    with packed:
        return _verified(packed, public)


def _verified(packed: zipfile.ZipFile, public: str | None) -> VerifiedEvidence:
    names = packed.namelist()
    for name in (MANIFEST, SIGNATURE):
        if name not in names:
            raise BadEvidence(name, "is missing")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise BadEvidence(twice, "is there twice")
    there = set(names)
    for about in packed.infolist():
        if about.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadEvidence(about.filename, "is packed in a way that no evidence file is")
    manifest_bytes = _read(packed, MANIFEST, _LARGEST_MANIFEST)
    signature = _decoded(_read(packed, SIGNATURE, _LARGEST_MANIFEST), ManifestSignature, SIGNATURE)
    _check_signature(signature, manifest_bytes, public)
    manifest = _decoded(manifest_bytes, Manifest, MANIFEST)
    if manifest.format != FORMAT:
        raise BadEvidence(MANIFEST, f"is of no format known here: {manifest.format!r}")
    for each in manifest.files:
        _check_file(packed, each, there)
    listed = {each.name for each in manifest.files} | {MANIFEST, SIGNATURE}
    stray = next((name for name in names if name not in listed), None)
    if stray is not None:
        raise BadEvidence(stray, "is not in the manifest: it was put in later")
    _check_originals(packed, manifest)
    journal_rows = _check_journal(packed, manifest, signature.public_key)
    _check_positions(packed, manifest)
    return VerifiedEvidence(
        manifest=manifest, public_key=signature.public_key, rows_proved=journal_rows
    )


def _check_signature(signature: ManifestSignature, content: bytes, public: str | None) -> None:
    if signature.format != SIGNATURE_FORMAT:
        raise BadEvidence(SIGNATURE, f"is of no format known here: {signature.format!r}")
    if public is not None and public != signature.public_key:
        raise BadEvidence(SIGNATURE, f"is by another key, {signature.public_key}")
    try:
        covered = canonical((signature.format, signature.manifest_sha256))
    except ValueError:  # no text
        covered = b""
    if not is_signed(covered, signature.signature, public=signature.public_key):
        raise BadEvidence(SIGNATURE, "is wrong: it is not that of its key")
    if hashlib.sha256(content).hexdigest() != signature.manifest_sha256:
        raise BadEvidence(MANIFEST, "was altered after it was signed")


def _check_file(packed: zipfile.ZipFile, each: FileInside, there: AbstractSet[str]) -> None:
    if not each.name:
        raise BadEvidence(MANIFEST, "lists a file without a name")
    if each.name not in there:
        raise BadEvidence(each.name, "is missing")
    if each.bytes > _LARGEST:
        raise BadEvidence(each.name, f"is larger than {_LARGEST} bytes")
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


class _PhotoLine(msgspec.Struct):
    """What a line of `photos.jsonl` must say."""

    photo: str
    sha256: str
    file: str
    shown: str


def _check_originals(packed: zipfile.ZipFile, manifest: Manifest) -> None:
    """Check that each camera's file is the one that its line names, and each picture, too."""
    hashes = {each.name: each.sha256 for each in manifest.files}
    lines = _read(packed, PHOTOS).splitlines() if PHOTOS in hashes else []
    photos = set()
    for count, line in enumerate(lines, 1):
        photo = _decoded(line, _PhotoLine, f"{PHOTOS}, line {count}")
        for name, sha256 in ((photo.file, photo.sha256), (photo.shown, photo.photo)):
            if hashes.get(name) != sha256:
                raise BadEvidence(f"{PHOTOS}, line {count}", f"{name} is missing or another file")
        photos.add(photo.file)
    stray = next((each for each in hashes if each.startswith(ORIGINALS) and each not in photos), "")
    if stray:
        raise BadEvidence(stray, f"no line of {PHOTOS} tells of it")
    if len(lines) != manifest.counts.get("originals", 0):
        raise BadEvidence(PHOTOS, "has not as many lines as the manifest says")


def _check_journal(packed: zipfile.ZipFile, manifest: Manifest, public: str) -> int:
    """Prove the rows; return how many were proved with their content."""
    if JOURNAL not in packed.namelist():
        if manifest.counts.get("journal rows"):
            raise BadEvidence(JOURNAL, "is missing")
        return 0
    body = _read(packed, JOURNAL).rstrip(b"\r\n")
    rows, _, last = body.rpartition(b"\n")
    head = _decoded(last, SignedHead, f"{JOURNAL}, last line")
    try:
        head.check(public)
    except (AuditError, ValueError, OverflowError) as error:
        raise BadEvidence(f"{JOURNAL}, last line", str(error)) from None
    if head.node != manifest.node:
        raise BadEvidence(JOURNAL, f"is of node {head.node!r}, the manifest of {manifest.node!r}")
    before: Row | None = None
    entries = count = 0
    # Line by line: a file of empty lines alone would be very many.
    for count, line in enumerate(io.BytesIO(rows), 1):
        row = _decoded(line, Row, f"{JOURNAL}, line {count}")
        if before is not None and row.seq != before.seq + 1:
            raise BadEvidence(f"journal row {before.seq + 1}", "is missing")
        if before is not None and row.previous != before.hash:
            raise BadEvidence(f"journal row {row.seq}", "does not follow the row before it")
        if row.act:
            entries += 1
            if _hash(row) != row.hash:
                raise BadEvidence(f"journal row {row.seq}", "its hash is not that of its content")
        before = row
    if before is not None and (head.seq, head.hash) != (before.seq, before.hash):
        raise BadEvidence(f"journal row {head.seq}", "is not the last row that was signed")
    if count != manifest.counts.get("journal rows", 0):
        raise BadEvidence(JOURNAL, "has not as many rows as the manifest says")
    return entries


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
        return hash_of(entry).hex()
    except (ValueError, OverflowError):  # no time, no hash, no text, or a number without end
        return ""


class _Collection(msgspec.Struct):
    """The features of a file, of which only the number is looked at."""

    features: list[msgspec.Raw]


def _check_positions(packed: zipfile.ZipFile, manifest: Manifest) -> None:
    start, end = _range(manifest)
    count, outside = _rows(_read(packed, POSITIONS), start, end)
    collection = _decoded(_read(packed, GEOJSON), _Collection, GEOJSON)
    expected = manifest.counts.get("positions", 0)
    for name, found in ((POSITIONS, count), (GEOJSON, len(collection.features))):
        if found != expected:
            raise BadEvidence(name, f"has {found} positions, the manifest says {expected}")
    if outside is not None:
        raise BadEvidence(f"{POSITIONS}, line {outside}", "is outside the range")


def _range(manifest: Manifest) -> tuple[datetime, datetime]:
    """Return the first moment of a manifest's range and the one after its last."""
    found = []
    for name, text in (("start", manifest.start), ("end", manifest.end)):
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise BadEvidence(MANIFEST, f"its {name} is no time: {text!r}") from None
        if at.tzinfo is None:
            raise BadEvidence(MANIFEST, f"its {name} says no offset from UTC: {text!r}")
        found.append(at)
    start, end = found
    if start >= end:
        raise BadEvidence(MANIFEST, "its range ends before it begins")
    return start, end


def _rows(body: bytes, start: datetime, end: datetime) -> tuple[int, int | None]:
    """Return how many rows a table of positions has, and the first line outside the range."""
    # Row by row: a file of empty cells alone would be very many.
    table = csv.DictReader(io.TextIOWrapper(io.BytesIO(body), "utf-8-sig", newline=""))
    count, outside = 0, None
    try:
        if "time" not in (table.fieldnames or ()):
            raise BadEvidence(POSITIONS, "has no column time")
        for row in table:
            count += 1
            if outside is None and not _is_inside(row["time"], start, end):
                outside = count + 1
    except (csv.Error, UnicodeError) as error:
        raise BadEvidence(POSITIONS, f"cannot be read: {error}") from None
    return count, outside


def _is_inside(text: str | None, start: datetime, end: datetime) -> bool:
    try:
        return text is not None and start <= datetime.fromisoformat(text) < end
    except (TypeError, ValueError):  # without an offset, or no time
        return False


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
        return json_decoder(kind).decode(body)
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise BadEvidence(name, f"cannot be read: {error}") from None
    except RecursionError:
        raise BadEvidence(name, "cannot be read: it is nested too deep") from None
