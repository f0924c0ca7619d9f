"""Mailing: how a mail with files leaves, for who writes one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from maps.delivery.messages import Source
from maps.wording import Wording


class Mailing(Protocol):
    """Sends mails with files: `maps.delivery.mail.MailWay`."""

    async def send_files(
        self, to: str, *, id: str, subject: str, text: str, wording: Wording,
        files: Sequence[tuple[str, str, bytes]], at: datetime, source: Source,
    ) -> str: ...  # fmt: skip
