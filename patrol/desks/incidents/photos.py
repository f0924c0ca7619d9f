"""PhotoDesk: how a user stores photos, and sees those of visible documents.

Beside the clean picture, which people are shown, the camera's own file is stored as it came. It is
sealed: its agency sees its hash and what the camera says of time and place, and takes it out as
evidence only (`originals_for`).

A photo is its agency's own. Another agency gets it only through a document of that agency which it
may see at that moment and which names it: an incident, a target, a hand-off.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import Document, kind_of
from patrol.documents.transaction import Note
from patrol.errors.errors import Conflict, NotFound
from patrol.incidents.photo import CameraNote, Original, Photo
from patrol.store.records import originals, photos

MOST_A_DAY: Final = 1000
"""New photos of one agency within 24 hours: some 500 MB."""

MOST_ORIGINALS_A_DAY: Final = 2 * 2**30
"""Bytes of originals of one agency within 24 hours; a photo beyond it is taken without its own."""

_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class PhotoDesk:
    """What a user may do with photos.

    Args:
        access: What the user may read, see and file.
    """

    def __init__(self, access: DocumentAccess) -> None:
        self._access = access

    async def add(self, file: bytes, *, is_original: bool = True) -> Photo:
        """Store a photo; stored when this returns, and once if the same one is sent again.

        Args:
            file: JPEG, PNG or WebP.
            is_original: It is as the camera made it, and stored as such; else that comes later
                (`add_original`).

        Returns:
            The photo as it is kept, with what the file told of place and time, which no picture
            that is shown has: who sent it may write it into the document that names the photo.

        Raises:
            Forbidden: If the role may not.
            BadPhoto: If it is no photo that is taken.
            Conflict: If the agency has kept as many of late as it may.
            StoreError: If the store refuses.
        """
        self.may_add()
        photo = await asyncio.to_thread(_cleaned, file)
        agency, now = self._access.user.agency, self._access.now()
        sent = await self._access.read(photos.count_since, agency, now - timedelta(days=1))
        if sent >= MOST_A_DAY:
            raise Conflict(f"an agency keeps at most {MOST_A_DAY} new photos a day")
        note = self._photo_note("keep photo", photo.sha256)
        await self._access.journal.write(
            lambda is_new: note if is_new else (),
            photos.put,
            photo,
            agency=agency,
            by=self._access.user.name,
            at=now,
            origin=self._access.node,
        )
        if is_original:
            await self._store_original(photo.sha256, file, photo)
        return photo

    async def add_original(self, sha256: str, file: bytes) -> bool:
        """Store the camera's own file of a photo that the agency has; on disk when this returns.

        Args:
            sha256: Hash of the photo as it is kept.
            file: JPEG, PNG, WebP or HEIF as the camera made it.

        Returns:
            Whether it is stored, now or before; not where the agency has stored as many bytes of
            late as it may.

        Raises:
            Forbidden: If the role may not.
            BadPhoto: If it is no such file.
            NotFound: If the agency has no such photo.
            StoreError: If the store refuses.
        """
        self.may_add()
        camera_note = await asyncio.to_thread(_camera_note, file)
        await self.check_own((sha256,))
        return await self._store_original(sha256, file, camera_note)

    async def originals(self, sha256: str) -> list[Original]:
        """Return the records of the originals of a photo of the user's agency, oldest first.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the agency has no such photo.
        """
        self._access.may("see photos")
        await self.check_own((sha256,))
        return await self._access.read(originals.of_photo, self._access.user.agency, sha256)

    async def originals_for(self, hashes: Iterable[str]) -> list[Original]:
        """Return what is known of the originals of those photos that the user's agency has.

        Raises:
            Forbidden: If the role may not take originals out.
        """
        self._access.may("take out originals")
        valid_hashes = [each for each in hashes if _HASH.fullmatch(each)]
        return await self._access.read(originals.of_photos, self._access.user.agency, valid_hashes)

    async def original(self, about: Original) -> bytes:
        """Return a camera's file, for evidence; that it was taken out is the caller's to note.

        Raises:
            Forbidden: If the role may not take originals out.
            NotFound: If there is none.
        """
        self._access.may("take out originals")
        agency = self._access.user.agency
        found = await self._access.read(originals.body, agency, about.photo, about.sha256)
        if found is None:
            raise NotFound("original", about.sha256)
        return found

    async def body(self, sha256: str) -> bytes:
        """Return a photo, as JPEG.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or no document that the user may see names it.
        """
        self._access.may("see photos")
        if _HASH.fullmatch(sha256) is None:
            raise NotFound("photo", sha256)
        own = await self._access.read(photos.body, sha256, self._access.user.agency)
        if own is not None:
            return own
        found = await self._read_through(sha256, self._access.open_documents)
        if found is None:
            closed = await self._access.read(photos.closed_documents_naming, sha256)
            found = await self._read_through(sha256, closed)
        if found is None:
            raise NotFound("photo", sha256)
        return found

    def may_add(self) -> None:
        """Raise unless the user may store photos; called before a file is read.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("keep photos")

    async def check_own(self, hashes: tuple[str, ...]) -> None:
        """Refuse hashes that a document of the user's agency must not name.

        Raises:
            NotFound: If one is no photo that the agency has kept.
        """
        good = tuple(each for each in hashes if _HASH.fullmatch(each))
        own = await self._access.read(photos.owned, self._access.user.agency, good)
        for each in hashes:
            if each not in own:
                raise NotFound("photo", each)

    # -- inside

    async def _store_original(self, photo: str, file: bytes, camera_note: CameraNote) -> bool:
        """Store a camera's file; return whether it is there."""
        agency, now = self._access.user.agency, self._access.now()
        sent = await self._access.read(originals.bytes_since, agency, now - timedelta(days=1))
        if sent + len(file) > MOST_ORIGINALS_A_DAY:
            await self._access.journal.note(
                self._photo_note("leave out original", photo, size=len(file))
            )
            return False
        original = Original(
            photo=photo,
            sha256=await asyncio.to_thread(_sha256, file),
            size=len(file),
            lon=camera_note.lon,
            lat=camera_note.lat,
            taken_at=camera_note.taken_at,
            taken_local=camera_note.taken_local,
            stored_at=now,
            by=self._access.user.name,
        )
        # Where and when the camera says it was is no part of the journal, which nobody can shorten.
        note = self._photo_note("keep original", photo, original=original.sha256, size=len(file))
        await self._access.journal.write(
            lambda is_new: note if is_new else (),
            originals.put,
            original,
            file,
            agency=agency,
            origin=self._access.node,
        )
        return True

    def _photo_note(self, act: str, photo: str, **detail: Any) -> Note:
        return Note(
            act=act,
            actor=self._access.user.name,
            agency=self._access.user.agency,
            subject=f"photo:{photo}",
            detail=detail,
        )

    async def _read_through(self, sha256: str, documents: Iterable[Document]) -> bytes | None:
        """Return a photo that one of these documents shows the user; None where none does.

        Only the document's owner can show it: who once learned a hash opens nothing by writing it
        into a document of its own.
        """
        for document in tuple(documents):
            if sha256 not in getattr(document, "photos", ()):
                continue
            visible = self._access.policy.document(document)
            if visible is None or sha256 not in getattr(visible, "photos", ()):
                continue
            found = await self._access.read(photos.body, sha256, document.agency)
            if found is not None:
                await self._access.journal.note(self._viewing_note(sha256, document))
                return found
        return None

    def _viewing_note(self, sha256: str, document: Document) -> Note:
        return Note(
            act="see shared photo",
            actor=self._access.user.name,
            agency=self._access.user.agency,
            subject=f"photo:{sha256}",
            detail={"of": document.agency, "through": f"{kind_of(document)}:{document.id}"},
        )


def _cleaned(file: bytes) -> Photo:
    from patrol.incidents.photo_cleaning import cleaned  # Pillow takes three megabytes

    return cleaned(file)


def _camera_note(file: bytes) -> CameraNote:
    from patrol.incidents.photo_cleaning import camera_note

    return camera_note(file)


def _sha256(file: bytes) -> str:
    return hashlib.sha256(file).hexdigest()
