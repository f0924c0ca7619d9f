"""Evidence file: a signed zip of what a node knew of a period.

The manifest names every file with its SHA-256; the node signs the manifest with the key that signs
its journal (`patrol.signatures.signing_key`). How it is checked is
`maps.evidence.evidence_verification`; `docs/guides/replay.md` tells the rule, with
a program that needs none of ours.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from patrol.audit.chain import canonical, time_text
from patrol.desks.replay import LinkedRow
from patrol.signatures.signing_key import SigningKey

FORMAT: Final = "joint-patrol evidence 1"
SIGNATURE_FORMAT: Final = "joint-patrol evidence signature 1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature.json"
JOURNAL: Final = "journal.jsonl"
POSITIONS: Final = "positions.csv"
GEOJSON: Final = "positions.geojson"
PHOTOS: Final = "photos.jsonl"
ORIGINALS: Final = "originals/"
"""Before the name of each camera's own file, which is its SHA-256."""

LeftOut = Literal[
    "transmissions: the role may not see them",
    "transmissions: none of the agency's own units",
    "transmissions: more than can be told",
    "journal: the role sees only how its rows hang together",
    "journal: more rows than can be told",
    "papers: more than can be told",
    "originals: more than can be told",
    "texts: more than can be told",
]


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


class EvidenceRequester(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for it.

    Attributes:
        user: Name.
        role: In which role.
        agency: For which agency.
    """

    user: str
    role: str
    agency: str


class PastAgreement(msgspec.Struct, frozen=True, kw_only=True):
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


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename={"requester": "asked"}):
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
        requester: Who asked for it.
        units: Id and call sign of each unit that has a position or a message in it.
        agreements: What was in force between the agency and others.
        counts: How many positions, messages, documents and rows of the journal.
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
    requester: EvidenceRequester
    units: tuple[dict[str, str], ...]
    agreements: tuple[PastAgreement, ...]
    counts: dict[str, int]
    left_out: tuple[str, ...]
    files: tuple[FileInside, ...]


class ManifestSignature(msgspec.Struct, frozen=True, kw_only=True):
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


def sealed(manifest: Manifest, files: Mapping[str, bytes], key: SigningKey) -> bytes:
    """Return the zip: manifest, signature, files."""
    manifest_bytes = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    digest = hashlib.sha256(manifest_bytes).hexdigest()
    signature = ManifestSignature(
        format=SIGNATURE_FORMAT,
        manifest_sha256=digest,
        public_key=key.public,
        signature=key.sign(canonical((SIGNATURE_FORMAT, digest))),
    )
    out = io.BytesIO()
    # The time in the zip's own table is no evidence: it is that of the manifest, to two seconds.
    when = datetime.fromisoformat(manifest.made_at).astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        first = {MANIFEST: manifest_bytes, SIGNATURE: msgspec.json.encode(signature) + b"\n"}
        for name, body in (first | dict(files)).items():
            about = zipfile.ZipInfo(name, when)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = 0o644 << 16
            packed.writestr(about, body)
    return out.getvalue()
