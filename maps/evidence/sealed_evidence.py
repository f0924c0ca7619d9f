"""Sealed evidence: what an evidence file holds only when asked for: cameras' own files, and texts.

`photos.jsonl` has one line for each original: its hash and what the camera says, the picture that
people were shown, and the document that names it. `messages.jsonl` has what was sent to radios.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from maps.evidence.evidence_file import ORIGINALS, PHOTOS, LeftOut
from patrol.desks.desk import Desk
from patrol.documents.document import kind_of
from patrol.incidents.photo import Original

MOST_BYTES: Final = 100_000_000
"""Of originals and pictures in one file."""

MOST_MESSAGES: Final = 20_000
"""Texts to radios in one file; the first ones."""


class PhotoLine(Original, frozen=True, kw_only=True, omit_defaults=True):
    """One line of `photos.jsonl`.

    Attributes:
        file: Name of the original in the zip.
        shown: Name of the picture that people were shown.
        of: Documents that name it, `kind:id`.
    """

    file: str
    shown: str
    of: tuple[str, ...]


class SealedEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken out.

    Attributes:
        files: By their names in the zip.
        counts: How many originals and texts.
        left_out: What else could have been in it, and why it is not.
    """

    files: dict[str, bytes]
    counts: dict[str, int]
    left_out: tuple[LeftOut, ...]


async def sealed_evidence(
    desk: Desk, documents: Sequence[Any], *, start: datetime, end: datetime
) -> SealedEvidence:
    """Take out the originals that an agency's documents name, and its texts of a stretch of time.

    Args:
        desk: Of who asks.
        documents: What stood then; other agencies' photos are left alone.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.

    Raises:
        Forbidden: If the role may not.
    """
    photos_of: dict[str, list[str]] = {}
    for document in documents:
        for photo in getattr(document, "photos", ()):
            subject = f"{kind_of(document)}:{document.id}"
            if subject not in photos_of.setdefault(photo, []):
                photos_of[photo].append(subject)
    files: dict[str, bytes] = {}
    lines: list[PhotoLine] = []
    left_out: list[LeftOut] = []
    size = 0
    for about in await desk.photos.originals_for(photos_of):
        photo_bytes = await desk.photos.body(about.photo)
        if size + about.size + len(photo_bytes) > MOST_BYTES:
            left_out.append("originals: more than can be told")
            break
        size += about.size + len(photo_bytes)
        line = PhotoLine(
            **msgspec.structs.asdict(about),
            file=f"{ORIGINALS}{about.sha256}",
            shown=f"shown/{about.photo}.jpg",
            of=tuple(photos_of[about.photo]),
        )
        files[line.file] = await desk.photos.original(about)
        files[line.shown] = photo_bytes
        lines.append(line)
    encode = msgspec.json.Encoder().encode
    files[PHOTOS] = b"".join(encode(each) + b"\n" for each in lines)
    counts = {"originals": len(lines)}
    texts = await desk.dispatch.messages_between(start=start, end=end, most=MOST_MESSAGES + 1)
    if len(texts) > MOST_MESSAGES:
        left_out.append("texts: more than can be told")
    texts = texts[:MOST_MESSAGES]
    files["messages.jsonl"] = b"".join(encode(each) + b"\n" for each in texts)
    counts["texts"] = len(texts)
    return SealedEvidence(files=files, counts=counts, left_out=tuple(left_out))
