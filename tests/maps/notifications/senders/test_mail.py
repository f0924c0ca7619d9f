"""Mails: through a real SMTP server, in the clear on loopback, by STARTTLS and by TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from hypothesis import given
from hypothesis import strategies as st

from maps.errors.errors import SettingsFaults
from maps.language.wording import Wording
from maps.notifications import throttle as pace
from maps.notifications.senders.mail import MailSender
from maps.notifications.settings.settings_tables import MailSettings
from maps.notifications.text.messages import Notification, VisibleAlert
from patrol.alerts.alert import Alert
from radio_gateway.tls.client_context import trusting
from tests.fixtures.patience import until
from tests.fixtures.ports import free_port
from tests.maps.notifications.receiving import certificate
from tests.maps.notifications.running import delivers, rule, settings
from tests.patrol.nodes.running import AGENCY, START

PASSWORD = "a very long mail password"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_WAIT_S", 0.1)


class Mailbox:
    """What an SMTP server took; refuses receivers that are listed, with their answer."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.refuses: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802 - as the server calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.envelopes.append(envelope)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"


@contextmanager
def mail_server(mailbox: Mailbox, *, port: int | None = None, **more: Any) -> Iterator[int]:
    """Run an SMTP server on loopback while inside."""
    server = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port or free_port(),
        server_hostname="localhost",  # it would look its own name up otherwise, for seconds
        **more,
    )
    server.start()
    try:
        yield server.port
    finally:
        server.stop(no_assert=True)


def signs_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> Any:
    good = isinstance(data, LoginPassword) and data == LoginPassword(b"patrol", PASSWORD.encode())
    return AuthResult(success=good, handled=False)


def mail(port: int, **more: Any) -> dict[str, Any]:
    values = {"security": "none", "link": "https://patrol.hx.example"} | more
    return {"host": "127.0.0.1", "port": port, "sender": "patrol@hx.example", **values}


TO = rule("mail", to=["duty@hx.example"])


async def test_a_mail_says_who_what_where_and_when(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        behind_proxy = mail(port, link="https://patrol.hx.example/map/")
        async with delivers(tmp_path, mail=behind_proxy, delivery=[TO]) as it:
            boat = await it.node.boat("Boat 3")
            alert = await it.raise_alert(unit=boat, severity="sos", rule="drill")
            (delivery,) = await it.settled(1)
    (sent,) = mailbox.mails
    assert sent["Subject"] == "[BLO Houay Xai] SOS: Boat 3, drill"
    assert sent["To"] == "duty@hx.example"
    assert sent["From"] == "BLO Houay Xai <patrol@hx.example>"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["Message-ID"] == delivery.message
    answer = sent.get_content()
    for words in (
        "Alert: SOS: drill",
        "Unit: Boat 3",
        "Where: Mekong km 2281.3, left bank · 20.27000, 100.41000",
        "Since: 2026-11-24 19:00 +07 (12:00 UTC)",
        "State: nobody has acknowledged it",
        f"Page: https://patrol.hx.example/map/?alert={alert.id}",
    ):
        assert words in answer
    assert mailbox.envelopes[0].rcpt_tos == ["duty@hx.example"]
    assert delivery.state == "sent"


async def test_signing_in_over_starttls(tmp_path: Path) -> None:
    shown = certificate(tmp_path, "127.0.0.1")
    (tmp_path / "mail-password").write_text(PASSWORD + "\n")
    mailbox = Mailbox()
    with mail_server(
        mailbox,
        tls_context=shown.server(),
        require_starttls=True,
        auth_required=True,
        authenticator=signs_in,
    ) as port:
        body = mail(
            port,
            security="starttls",
            username="patrol",
            password_file="mail-password",
            ca_file=shown.file.name,
        )
        async with delivers(tmp_path, mail=body, delivery=[TO]) as it:
            await it.raise_alert()
            (delivery,) = await it.settled(1)
            assert delivery.state == "sent"
    assert len(mailbox.mails) == 1


async def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    shown = certificate(tmp_path, "127.0.0.1")
    mailbox = Mailbox()
    with mail_server(mailbox, ssl_context=shown.server()) as port:
        body = mail(port, security="tls", ca_file=shown.file.name)
        async with delivers(tmp_path, mail=body, delivery=[TO]) as it:
            await it.raise_alert()
            await it.settled(1)
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_server_that_cannot_be_trusted_gets_nothing(tmp_path: Path, security: str) -> None:
    shown = certificate(tmp_path, "other.example")
    way: dict[str, Any] = {"ssl_context" if security == "tls" else "tls_context": shown.server()}
    mailbox = Mailbox()
    with mail_server(mailbox, **way) as port:
        body = mail(port, security=security, ca_file=shown.file.name)
        async with delivers(tmp_path, mail=body, delivery=[TO]) as it:
            await it.raise_alert()
            await until(lambda: it.delivering.health()[0].fault, "a fault")
            assert "certificate" in it.delivering.health()[0].fault.lower()
    assert mailbox.mails == []


async def test_a_server_without_starttls_gets_neither_mail_nor_password(tmp_path: Path) -> None:
    (tmp_path / "mail-password").write_text(PASSWORD)
    mailbox = Mailbox()
    with mail_server(mailbox, authenticator=signs_in, auth_require_tls=False) as port:
        body = mail(port, security="starttls", username="patrol", password_file="mail-password")
        async with delivers(tmp_path, mail=body, delivery=[TO]) as it:
            await it.raise_alert()
            await until(lambda: it.delivering.health()[0].fault, "a fault")
            assert "STARTTLS" in it.delivering.health()[0].fault
    assert mailbox.mails == []


async def test_a_wrong_password_is_reported_without_it_and_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = certificate(tmp_path, "127.0.0.1")
    (tmp_path / "mail-password").write_text("not " + PASSWORD)
    mailbox = Mailbox()
    with mail_server(
        mailbox, tls_context=shown.server(), auth_required=True, authenticator=signs_in
    ) as port:
        body = mail(
            port,
            security="starttls",
            username="patrol",
            password_file="mail-password",
            ca_file=shown.file.name,
        )
        async with delivers(tmp_path, mail=body, delivery=[TO]) as it:
            await it.raise_alert()
            await until(lambda: it.delivering.health()[0].fault, "a fault")
            assert "535" in it.delivering.health()[0].fault
            assert PASSWORD not in repr(it.delivering.health())
            assert [each.state for each in await it.kept()] == ["waiting"]
    printed = capsys.readouterr()
    assert PASSWORD not in printed.out + printed.err


async def test_a_server_that_is_down_gets_it_when_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    mailbox = Mailbox()
    async with delivers(tmp_path, mail=mail(port), delivery=[TO]) as it:
        await it.raise_alert()
        await until(lambda: it.delivering.health()[0].fault, "a fault")
        assert it.delivering.health()[0].waiting == 1
        with mail_server(mailbox, port=port):
            (delivery,) = await it.settled(1)
            assert delivery.state == "sent"
            assert delivery.attempts > 1
    assert len(mailbox.mails) == 1


async def test_one_receiver_that_is_refused_costs_the_others_nothing(tmp_path: Path) -> None:
    mailbox = Mailbox()
    mailbox.refuses = {
        "gone@hx.example": "550 no such user",
        "full@hx.example": "452 mailbox full",
    }
    to = rule("mail", to=["gone@hx.example", "full@hx.example", "duty@hx.example"])
    with mail_server(mailbox) as port:
        async with delivers(tmp_path, mail=mail(port), delivery=[to]) as it:
            await it.raise_alert()
            found = {each.to: each for each in await it.settled(2)}
            assert found["duty@hx.example"].state == "sent"
            assert found["gone@hx.example"].state == "failed"
            assert "550" in found["gone@hx.example"].fault
            assert found["full@hx.example"].state == "waiting"
            [fares] = it.delivering.health()
            assert fares.failing == ("full@hx.example", "gone@hx.example")
            [channel] = it.delivering.channels()
            assert (channel.state, channel.fault) == (
                "open",
                "not reached: 2 of 3 receivers",
            )
            mailbox.refuses.clear()
            await it.settled(3)
    assert [sent["To"] for sent in mailbox.mails] == ["duty@hx.example", "full@hx.example"]


@given(
    name=st.text(max_size=80),
    place=st.text(max_size=80),
    rule_=st.text(alphabet="ab_\r\n:", min_size=1, max_size=20),
    node=st.text(min_size=1, max_size=60),
)
def test_no_word_of_a_radio_becomes_a_header(name: str, place: str, rule_: str, node: str) -> None:
    mail_settings = MailSettings.model_validate(mail(25))
    way = MailSender(mail_settings, password=None, node=node, zone=ZoneInfo("UTC"), link=None)
    alert = Alert(
        id="a1",
        agency=AGENCY,
        at=START,
        rule=rule_,
        subject="u",
        severity="high",
        raised_at=START,
        place=place,
    )
    for hostile in (
        name,
        f"{name}\r\nBcc: all@x.example",
        f"\n\n.\r\n{name}",
        f"=?utf-8?q?=0D=0A?={name}",
    ):
        message = Notification(
            id="m1",
            agency=AGENCY,
            at=START,
            expires_at=START,
            alerts=(VisibleAlert(alert=alert, occasion="raised", call_sign=hostile),),
        )
        again = message_from_bytes(
            way.mail("duty@hx.example", message, Wording()).as_bytes(), policy=policy.default
        )
        assert sorted(again.keys()) == sorted(
            [
                "From",
                "To",
                "Subject",
                "Content-Language",
                "Date",
                "Message-ID",
                "Auto-Submitted",
                "Importance",
                "MIME-Version",
                "Content-Type",
                "Content-Transfer-Encoding",
            ]
        )
        assert again["To"] == "duty@hx.example"


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"mail": None}, "delivery[0].way"),
        ({"to": ["a@b.example\r\nBcc: x@y.example"]}, "delivery[0].to"),
        ({"to": ["a@b.example, c@d.example"]}, "delivery[0].to"),
        ({"to": ["nobody"]}, "delivery[0].to"),
        ({"to": []}, "delivery[0]"),
        ({"agency": "other"}, "delivery[0].agency"),
        ({"hours": "all night"}, "delivery[0].hours"),
        ({"hours": "1800Z-0600Z"}, "delivery[0].hours"),  # the node's own time, and no other
        ({"hours": "24:00-06:00"}, "delivery[0].hours"),
        ({"role": None}, "delivery[0].role"),
        ({"mail": {"username": "x"}}, "mail"),
        ({"mail": {"username": "x", "password_file": "none"}}, "mail.password_file"),
        ({"mail": {"username": "x", "password_env": "NONE"}}, "mail.password_env"),
        ({"mail": {"link": "https://patrol.example/map?a=b"}}, "mail.link"),
        ({"mail": {"link": "patrol.example"}}, "mail.link"),
        ({"language": "xx"}, "delivery[0].language"),
        ({"mail": {"sender": "a\nb@c.example"}}, "mail.sender"),
        (
            {"mail": {"host": "mail.example", "username": "x", "password_env": "NONE"}},
            "mail",
        ),
        ({"mail": {"password": "in the file"}}, "mail.password"),
    ],
)
def test_faults_of_the_settings_are_reported_with_their_place(
    tmp_path: Path, more: dict[str, Any], place: str
) -> None:
    given = dict(more)
    body: dict[str, Any] = {}
    server = given.pop("mail", {})
    if server is not None:
        body["mail"] = mail(25) | server
    wrong = {name: value for name, value in (TO | given).items() if value is not None}
    with pytest.raises(SettingsFaults) as raised:
        settings(tmp_path, delivery=[wrong], **body)
    assert any(fault.startswith(f"patrol.toml: {place}") for fault in raised.value.faults), (
        raised.value.faults
    )


def test_a_context_of_ours_speaks_no_old_tls() -> None:
    context = trusting(MailSettings.model_validate(mail(465, security="tls")).ca_file)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
