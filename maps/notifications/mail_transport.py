"""Mail transport: the interface by which reports and heads are sent as mail with files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from maps.language.wording import Wording
from maps.notifications.text.messages import NotificationSource


class MailTransport(Protocol):
    """Sends mails with files: `maps.notifications.senders.mail.MailSender`."""

    async def send_files(
        self, to: str, *, id: str, subject: str, text: str, wording: Wording,
        files: Sequence[tuple[str, str, bytes]], at: datetime, source: NotificationSource,
    ) -> str: ...  # fmt: skip
