"""What `joint-patrol check` says of the ways by which alerts leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from maps.errors.errors import SettingsFaults
from maps.notifications.senders.sender_checks import faults_of, warnings_of
from maps.settings.settings import settings_of
from tests.fixtures.ports import free_port
from tests.maps.notifications.receiving import certificate
from tests.maps.notifications.running import hook, rule, settings
from tests.patrol.nodes.running import AGENCY

PUSH = {"key_file": "keys/push.pem", "contact": "mailto:t@hx.example"}


def test_nothing_is_wrong_with_nothing(tmp_path: Path) -> None:
    said = settings(tmp_path)
    assert faults_of(said) == []
    assert warnings_of(said, wait_s=1) == []


def test_a_key_that_is_not_there_yet_is_no_fault_and_is_not_made(tmp_path: Path) -> None:
    said = settings(tmp_path, push=PUSH, delivery=[rule("push")])
    assert faults_of(said) == []
    assert not (tmp_path / "keys").exists()


def test_a_key_that_others_may_read_and_a_file_that_is_none_are_faults(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "push.pem").write_text("x")
    (tmp_path / "ca.pem").write_text("x")
    said = settings(
        tmp_path,
        push=PUSH,
        webhooks=[hook(1, ca_file="ca.pem")],
        mail={"host": "127.0.0.1", "sender": "a@b.example", "ca_file": "none.pem"},
    )
    texts = faults_of(said)
    assert [each.split(": ")[0] for each in texts] == [
        "mail.ca_file",
        "webhooks.hq.ca_file",
        "push.key_file",
    ]
    assert "chmod 600" in texts[2]
    good = certificate(tmp_path, "127.0.0.1")
    said = settings(tmp_path, webhooks=[hook(1, ca_file=good.file.name)])
    assert faults_of(said) == []


def test_what_may_mend_itself_is_warned_of(tmp_path: Path) -> None:
    said = settings(
        tmp_path,
        push=PUSH,
        webhooks=[hook(1)],
        mail={"host": "127.0.0.1", "port": free_port(), "sender": "a@b.example"},
    )
    text = "\n".join(warnings_of(said, wait_s=1))
    for words in (
        "does not answer now",
        "says nothing of where the page is",
        "no rule delivers by push",
        "no rule delivers by mail",
        "no rule delivers by webhook",
        "webhooks.hq.url: posts cross the network in the clear",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        ({"webhooks": [hook(1, url="http://hq.example/x", allow=[])]}, "webhooks[0]"),
        ({"webhooks": [hook(1, url="https://u:p@hq.example/x")]}, "webhooks[0]"),
        ({"webhooks": [hook(1, secret_file="short")]}, "webhooks[0].secret_file"),
        ({"webhooks": [hook(1, secret_file="none")]}, "webhooks[0].secret_file"),
        ({"webhooks": [hook(1, secret_env="X")]}, "webhooks[0]"),
        ({"webhooks": [hook(1, allow=["10.0.0.1/8"])]}, "webhooks[0].allow"),
        ({"webhooks": [hook(1), hook(2)]}, "webhooks[1].name"),
        ({"push": {"key_file": "x"}}, "push.contact"),
        ({"push": PUSH | {"contact": "me"}}, "push.contact"),
        ({"delivery": [rule("push")]}, "delivery[0].way"),
        ({"delivery": [rule("webhook")]}, "delivery[0].to"),
        ({"delivery": [rule("radio", to=["Boat 3"], role="crew")]}, "delivery[0]"),
        ({"delivery": [rule("radio", to=["B"]), rule("radio", to=["B"])]}, "delivery[1].name"),
        ({"delivery": [rule("radio", to=["B"], rules=["storm"])]}, "delivery[0].rules"),
        ({"delivery": [rule("radio", to=["B"], on=["rung"])]}, "delivery[0].on"),
        ({"delivery": [rule("radio", to=["B"], agency="nobody")]}, "delivery[0].agency"),
        ({"delivery": [rule("pigeon", to=["B"])]}, "delivery[0].way"),
        ({"delivery": [rule("radio", to=["B"], per_minute=0)]}, "delivery[0].per_minute"),
        ({"delivery": [rule("radio", to=["B"], expires_in_s=1e9)]}, "delivery[0].expires_in_s"),
    ],
)
def test_faults_of_the_settings_name_their_place_and_no_secret(
    tmp_path: Path, tables: dict[str, Any], place: str
) -> None:
    (tmp_path / "short").write_text("hunter2")
    with pytest.raises(SettingsFaults) as raised:
        settings(tmp_path, **tables)
    texts = raised.value.faults
    assert any(fault.startswith(f"patrol.toml: {place}") for fault in texts), texts
    assert "hunter2" not in str(texts)


def test_a_secret_may_stand_in_the_environment(tmp_path: Path) -> None:
    settings = settings_of(
        {
            "node": {"id": AGENCY},
            "webhooks": [{"name": "hq", "url": "https://hq.example/", "secret_env": "HOOK"}],
            "mail": {
                "host": "mail.example",
                "sender": "a@b.example",
                "username": "x",
                "password_env": "MAIL",
            },
        },
        source="patrol.toml",
        folder=tmp_path,
        environment={"HOOK": "x" * 32, "MAIL": "a mail password"},
    ).delivery
    assert settings.secrets["hq"].get_secret_value() == "x" * 32
    assert settings.mail_password is not None
    assert settings.mail_password.get_secret_value() == "a mail password"
    for text in (repr(settings), str(settings)):
        assert "x" * 32 not in text
        assert "a mail password" not in text
