"""Mail: alerts by SMTP, one mail to each receiver.

Source: RFC 5321 and 3207 (SMTP, STARTTLS), RFC 5322 (message format), RFC 3834 (automatic mail).
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from zoneinfo import ZoneInfo

from maps.language.wording import Wording
from maps.notifications.errors.errors import TemporaryFailure, Undeliverable
from maps.notifications.settings.settings_tables import MailSettings
from maps.notifications.text import text as words
from maps.notifications.text.messages import Notification, NotificationSource, check_fresh
from patrol.desks.desk import Desk
from radio_gateway.tls.client_context import trusting

PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_SIGN_IN: Final = frozenset({530, 534, 535, 538})


class MailSender:
    """Sends mails through one server.

    Args:
        settings: The server.
        password: What to sign in with; None: not at all.
        node: Name of this node for people.
        zone: Its local time.
        link: How people open the page; None: no link.
    """

    def __init__(
        self,
        settings: MailSettings,
        *,
        password: str | None,
        node: str,
        zone: ZoneInfo,
        link: str | None,
    ) -> None:
        self._settings, self._password = settings, password
        self._node, self._zone, self._link = node, zone, link

    async def send(self, to: str, message: Notification, desk: Desk) -> str:
        """Send a mail; returns its Message-ID. Raises as `MessageSender.send` says."""
        return await self._bring(
            to, self.mail(to, message, words.wording_of(desk.user, self._zone)), desk.visible
        )

    async def send_files(
        self,
        to: str,
        *,
        id: str,
        subject: str,
        text: str,
        wording: Wording,
        files: Sequence[tuple[str, str, bytes]],
        at: datetime,
        source: NotificationSource,
    ) -> str:
        """Send a mail with files; returns its Message-ID. Raises as `MessageSender.send` says.

        Args:
            to: The receiver.
            id: The same when it is tried again.
            subject: Its subject.
            text: Its words.
            wording: The receiver's.
            files: Name, media type and content of each.
            at: When it was made, aware UTC.
            source: Through which what is in the files was read.
        """
        mail = self._empty(to, id=id, subject=subject, at=at)
        mail.set_content(text, cte="quoted-printable")
        mail["Content-Language"] = wording.tag
        for name, media_type, content in files:
            main, _, sub = media_type.partition(";")[0].partition("/")
            mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
        return await self._bring(to, mail, source)

    async def _bring(self, to: str, mail: EmailMessage, source: NotificationSource) -> str:
        import aiosmtplib

        settings = self._settings
        try:
            async with aiosmtplib.SMTP(
                hostname=settings.host,
                port=settings.port or PORTS[settings.security],
                username=settings.username,
                password=self._password,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                tls_context=self._tls(),
                timeout=settings.timeout_s,
            ) as server:
                check_fresh(source)
                await server.send_message(mail, sender=settings.sender, recipients=[to])
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [each.code for each in error.recipients]
            refused = "; ".join(f"{each.code} {each.message}" for each in error.recipients)
            raise _error(min(codes, default=0), f"the receiver is refused: {refused}") from None
        except aiosmtplib.SMTPResponseException as error:
            raise _error(error.code, f"{error.code} {error.message}") from None
        except aiosmtplib.SMTPException as error:
            raise TemporaryFailure(f"{settings.host}: {error.message}") from None
        except (OSError, ssl.SSLError, ValueError) as error:
            raise TemporaryFailure(f"{settings.host}: {error}") from None
        return str(mail["Message-ID"])

    def mail(self, to: str, message: Notification, wording: Wording) -> EmailMessage:
        """Return the mail as it is sent, in its reader's words."""
        subject = words.subject(message, wording, node=self._node)
        mail = self._empty(to, id=message.id, subject=subject, at=message.at)
        if any(each.alert.severity in ("sos", "high") for each in message.alerts):
            mail["Importance"] = "high"
        mail.set_content(
            words.text(message, wording, node=self._node, link=self._link),
            cte="quoted-printable",  # goes through any server, and keeps lines short
        )
        mail["Content-Language"] = wording.tag
        return mail

    def _empty(self, to: str, *, id: str, subject: str, at: datetime) -> EmailMessage:
        # Reading and writing headers takes a megabyte: only where mails are sent.
        from email.headerregistry import Address
        from email.policy import SMTP

        mail = EmailMessage(policy=SMTP)
        domain = self._settings.sender.rpartition("@")[2]
        mail["From"] = Address(words.one_line(self._node), addr_spec=self._settings.sender)
        mail["To"] = Address(addr_spec=to)
        mail["Subject"] = words.one_line(subject, 200)
        mail["Date"] = format_datetime(at)
        # The same when it is tried again, so that a mailbox can tell.
        mail["Message-ID"] = f"<{id}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        return mail

    def _tls(self) -> ssl.SSLContext | None:
        if self._settings.security == "none":
            return None
        return trusting(self._settings.ca_file)


def _error(code: int, fault: str) -> TemporaryFailure | Undeliverable:
    """Return what an answer of the server means: 5xx is for good, but for a refused sign-in."""
    for_good = 500 <= code < 600 and code not in _SIGN_IN
    return Undeliverable(fault) if for_good else TemporaryFailure(fault)
