"""Common passwords are refused, and what people make of them to be long."""

from __future__ import annotations

from pathlib import Path

import pytest

from maps.accounts.credentials.common_passwords import is_common
from tests.maps.servers.running import PASSWORD, running


@pytest.mark.parametrize(
    "password",
    [
        "Password2026!",
        "123456789012",
        "210987654321",
        "qwertyuiopas",
        "1qaz2wsx3edc",
        "qwertyqwerty",
        "aaaaaaaaaaaaaaaa",
        "dragondragondrag",
        "!!!monkey123!!!",
        "sonyericsson",
        "LeaveMeAlone",
    ],
)
def test_what_is_tried_first_is_common(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [PASSWORD, "three boats at the pier", "dragonfly-harbour-7", "839201748265", "ແມ່ນ້ຳຂອງຍາມຄ່ຳ"],
)
def test_words_of_ones_own_are_not(password: str) -> None:
    assert not is_common(password)


async def test_a_common_password_is_refused_with_words_of_its_own(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.signed_in("admin") as admin:
        body = {"name": "noi", "role": "crew", "password": "Password2026!"}
        refused = await admin.post("/api/users", json=body)
        assert refused.status_code == 400
        assert (refused.json()["code"], refused.json()["field"]) == ("password_common", "password")
        assert (await admin.post("/api/users", json=body | {"password": PASSWORD})).is_success
        short = body | {"name": "nid", "password": "elevenchars"}
        assert (await admin.post("/api/users", json=short)).status_code == 422
