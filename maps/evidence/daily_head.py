"""Daily head: the journal's end, signed each day and taken outside: to a folder and by mail.

Who can rewrite the store can hash its journal anew, and nothing in it tells. A head that lies where
he does not reach does (`docs/reference/audit.md`).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import structlog

from maps.evidence.head_folder import HeadFolder
from maps.evidence.time_stamp import TimeStampService
from maps.language.wording import Wording
from maps.notifications.errors.errors import DeliveryError, Undeliverable
from maps.notifications.mail_transport import MailTransport
from maps.settings.settings_tables import NodeSettings
from patrol.audit.signed_head import SignedHead
from patrol.documents.transaction import Note
from patrol.errors.errors import AuditError, PatrolError

LOOK_S: Final = 300.0
STAMPS_AT_ONCE: Final = 50

SENT: Final = "send head of the journal"
REFUSED: Final = "head of the journal not taken"
SUBJECT: Final = "journal:head"

_log = structlog.get_logger(__name__)


class _NeverStale:
    """A head tells of nobody: no agreement keeps it back."""

    is_stale = False


class DailyHead:
    """Signs the journal's end each local day, and takes it outside.

    Args:
        node: Whose journal.
        agency: On whose behalf it is noted.
        sign: Returns the journal's end, signed.
        folder: Where it goes; None: nowhere.
        stamps: Returns what stamps the heads there with their time; None: nothing does.
        recipients: Mail addresses that get it.
        mailing: How mails leave; None: none do.
        sent: Returns to whom it went since a time, by the journal.
        note: Notes in the journal.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        node: NodeSettings,
        *,
        agency: str,
        sign: Callable[[], Awaitable[SignedHead]],
        folder: HeadFolder | None,
        stamps: Callable[[], TimeStampService] | None = None,
        recipients: Sequence[str],
        mailing: MailTransport | None,
        sent: Callable[[datetime], Awaitable[set[str]]],
        note: Callable[[Note], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None:
        self._node, self._agency = node, agency
        self._sign, self._folder, self._mailing = sign, folder, mailing
        self._recipients = tuple(recipients) if mailing is not None else ()
        self._sent, self._note, self._now = sent, note, now
        self._stamps = stamps
        self._zone = ZoneInfo(node.time_zone)

    @property
    def goes_anywhere(self) -> bool:
        """Whether there is a place for it."""
        return self._folder is not None or bool(self._recipients)

    async def run(self) -> None:
        """Keep at it; ends by being cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Take the head of this day wherever it has not gone yet, and have heads stamped."""
        await self._take_out()
        await asyncio.to_thread(self._stamp)

    def _stamp(self) -> None:
        """Have each head in the folder stamped that is not; what fails is tried again next time."""
        if self._stamps is None or self._folder is None:
            return
        try:
            left = self._folder.unstamped()[:STAMPS_AT_ONCE]
            if not left:
                return
            service = self._stamps()
            for file in left:
                self._folder.stamp(file, service)
        except (AuditError, OSError) as error:
            _log.warning("a head of the journal has no time stamp yet", fault=str(error))

    async def _take_out(self) -> None:
        local = self._now().astimezone(self._zone)
        day = local.date()
        begin = local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        to_folder = self._folder is not None and not await asyncio.to_thread(self._folder.has, day)
        done = await self._sent(begin) if self._recipients else set()
        left = [each for each in self._recipients if each not in done]
        if not (to_folder or left):
            return
        try:
            head = await self._sign()
        except (PatrolError, OSError) as error:
            _log.warning("the journal's head of the day is not signed", fault=str(error))
            return
        if to_folder and self._folder is not None:
            try:
                await asyncio.to_thread(self._folder.put, head, day)
            except OSError as error:
                _log.warning(
                    "the journal's head of the day is not in its folder",
                    folder=str(self._folder.folder),
                    fault=error.strerror,
                )
        for to in left:
            await self._mail(to, head, f"{day:%F}")

    async def _mail(self, to: str, head: SignedHead, day: str) -> None:
        assert self._mailing is not None
        words = Wording(self._node.language, calendar=self._node.calendar, zone=self._zone)
        content = msgspec.json.encode(head)
        try:
            await self._mailing.send_files(
                to,
                id=hashlib.sha256(f"head\n{head.node}\n{day}\n{to}".encode()).hexdigest()[:32],
                subject=words.text("letter.head_subject", node=self._node.name, number=head.seq),
                text=words.text("letter.head", node=self._node.name, head=content.decode()),
                wording=words,
                files=[(f"head-{head.node}-{day}.json", "application/json", content + b"\n")],
                at=self._now(),
                source=_NeverStale(),
            )
        except Undeliverable as error:  # for good: not tried again this day
            act, fault = REFUSED, error.fault
        except DeliveryError as error:
            _log.warning("the journal's head of the day is not mailed yet", fault=str(error))
            return
        else:
            act, fault = SENT, ""
        detail = {"to": to, "seq": head.seq, "hash": head.hash} | (
            {"fault": fault} if fault else {}
        )
        await self._note(
            Note(act=act, actor="", agency=self._agency, subject=SUBJECT, detail=detail)
        )
