"""Sender checks: faults of the settings of senders, found by trying; nothing is sent."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from maps.notifications.errors.errors import DeliveryError
from maps.notifications.senders.mail import PORTS
from maps.notifications.senders.push_key import PushKey
from maps.notifications.senders.service import trial_faults
from maps.notifications.settings.settings import DeliverySettings
from radio_gateway.tls.client_context import trusting


def faults_of(settings: DeliverySettings) -> list[str]:
    """Return what keeps a way from working, one line each, the table and field first."""
    found = []
    files = [("mail.ca_file", None if settings.mail is None else settings.mail.ca_file)]
    files += [
        (f"webhooks.{each.name}.ca_file", each.ca_file) for each in settings.webhooks.values()
    ]
    files += [
        (f"notifications.{name}.ca_file", each.ca_file) for name, each in settings.services.items()
    ]
    for field, file in files:
        if file is not None:
            try:
                trusting(file)
            except OSError as error:  # ssl.SSLError is one
                found.append(f"{field}: cannot be used: {error.strerror or error}")
    if settings.push is not None:
        fault = _key_fault(settings.push.key_file, settings.push.contact)
        found += [f"push.key_file: {fault}"] if fault else []
    return found + trial_faults(settings)


def warnings_of(settings: DeliverySettings, *, wait_s: float) -> list[str]:
    """Return what may mend itself or is worth a second thought, the table and field first.

    Args:
        settings: What leaves, and how.
        wait_s: How long a server may take to answer.
    """
    found = []
    mail = settings.mail
    if mail is not None:
        port = mail.port or PORTS[mail.security]
        try:
            socket.create_connection((mail.host, port), wait_s).close()
        except OSError as error:
            fault = error.strerror or error
            found.append(f"mail.host: {mail.host} port {port} does not answer now: {fault}")
        if mail.security == "none" and mail.host not in ("127.0.0.1", "localhost", "::1"):
            found.append("mail.security: mails cross the network in the clear")
        if settings.link is None:
            found.append("mail.link: none, so a mail says nothing of where the page is")
    used = {each.way for each in settings.rules}
    for way, is_there in (
        ("mail", mail is not None),
        ("push", settings.push is not None),
        ("webhook", bool(settings.webhooks)),
        *((name, True) for name in settings.services),
    ):
        if is_there and way not in used:
            found.append(f"delivery: no rule delivers by {way}")
    found += [
        f"webhooks.{each.name}.url: posts cross the network in the clear, signed but readable"
        for each in settings.webhooks.values()
        if each.url.startswith("http://")
    ]
    found += [
        f"notifications.{name}.url: messages and their secret cross the network in the clear"
        for name, each in settings.services.items()
        if each.url.startswith("http://")
    ]
    return found


def _key_fault(file: Path, contact: str) -> str | None:
    if file.exists():
        try:
            PushKey(file, contact=contact).public()
        except DeliveryError as error:
            return error.fault
        return None
    folder = next(each for each in file.parents if each.exists())
    if not os.access(folder, os.W_OK):
        return f"cannot be made in {folder}"
    if stat.S_IMODE(folder.stat().st_mode) & stat.S_IWOTH:
        return f"others may write to {folder}"
    return None
