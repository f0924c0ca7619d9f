"""PhotoDesk: how a user keeps photos, and sees those of papers that the user may see.

A photo is its agency's own. Another agency gets it only through a paper of that agency which it may
see at that moment and which names it: an incident, a target, a hand-off.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from patrol.errors import Conflict, NotFound
from patrol.filing import Note
from patrol.paper_desk import PaperDesk
from patrol.papers import Paper, kind_of
from patrol.photos import Photo
from patrol.scribe import Scribe
from patrol.store import photos

MOST_A_DAY: Final = 1000
"""New photos of one agency within 24 hours: some 500 MB."""

_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class PhotoDesk(PaperDesk):
    """What a user may do with photos."""

    async def add(self, file: bytes) -> Photo:
        """Keep a photo; on disk when this returns, and the same one sent again is kept once.

        Args:
            file: JPEG, PNG or WebP as the camera made it.

        Returns:
            The photo as it is kept, with what the file told of place and time, which is not kept:
            who sent it may write it into the paper that names the photo.

        Raises:
            Forbidden: If the role may not.
            BadPhoto: If it is no photo that is taken.
            Conflict: If the agency has kept as many of late as it may.
            StoreError: If the store refuses.
        """
        self.may_add()
        photo = await asyncio.to_thread(_cleaned, file)
        agency, now = self._user.agency, self._watch.now()
        sent = await self._watch.store.read(photos.sent_since, agency, now - timedelta(days=1))
        if sent >= MOST_A_DAY:
            raise Conflict(f"an agency keeps at most {MOST_A_DAY} new photos a day")
        note = Note(
            act="keep photo",
            actor=self._user.name,
            agency=agency,
            subject=f"photo:{photo.sha256}",
        )
        scribe = Scribe(store=self._watch.store, node=self._watch.node, now=self._watch.now)
        await scribe.write(
            lambda is_new: note if is_new else (),
            photos.put,
            photo,
            agency=agency,
            by=self._user.name,
            at=now,
            origin=self._watch.node,
        )
        return photo

    async def body(self, sha256: str) -> bytes:
        """Return a photo, as JPEG.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or no paper that the user may see names it.
        """
        self._may("see photos")
        if _HASH.fullmatch(sha256) is None:
            raise NotFound("photo", sha256)
        own = await self._watch.store.read(photos.body, sha256, self._user.agency)
        if own is not None:
            return own
        found = await self._through(sha256, self._watch.clerk.book)
        if found is None:
            closed = await self._watch.store.read(photos.closed_papers_naming, sha256)
            found = await self._through(sha256, closed)
        if found is None:
            raise NotFound("photo", sha256)
        return found

    def may_add(self) -> None:
        """Raise unless the user may keep photos; asked before a file is read.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("keep photos")

    async def check_own(self, hashes: tuple[str, ...]) -> None:
        """Refuse hashes that a paper of the user's agency must not name.

        Raises:
            NotFound: If one is no photo that the agency has kept.
        """
        good = tuple(each for each in hashes if _HASH.fullmatch(each))
        own = await self._watch.store.read(photos.owned, self._user.agency, good)
        for each in hashes:
            if each not in own:
                raise NotFound("photo", each)

    # -- inside

    async def _through(self, sha256: str, papers: Iterable[Paper]) -> bytes | None:
        """Return a photo that one of these papers shows the user; None where none does.

        Only the paper's owner can show it: who once learned a hash opens nothing by writing it
        into a paper of its own.
        """
        for paper in tuple(papers):
            if sha256 not in getattr(paper, "photos", ()):
                continue
            seen = self._policy.paper(paper)
            if seen is None or sha256 not in getattr(seen, "photos", ()):
                continue
            found = await self._watch.store.read(photos.body, sha256, paper.agency)
            if found is not None:
                await self._watch.clerk.note(self._shown(sha256, paper))
                return found
        return None

    def _shown(self, sha256: str, paper: Paper) -> Note:
        return Note(
            act="see shared photo",
            actor=self._user.name,
            agency=self._user.agency,
            subject=f"photo:{sha256}",
            detail={"of": paper.agency, "through": f"{kind_of(paper)}:{paper.id}"},
        )


def _cleaned(file: bytes) -> Photo:
    from patrol.photo_cleaning import cleaned  # Pillow takes three megabytes

    return cleaned(file)
