"""The table `[counterparts]`: what it takes, and how each fault is named."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from maps.errors.errors import SettingsFaults
from maps.settings.settings import settings_of


def faults(table: dict[str, Any]) -> list[str]:
    """Return what is wrong with a table."""
    with pytest.raises(SettingsFaults) as raised:
        settings_of({"counterparts": table}, source="patrol.toml", folder=Path())
    return raised.value.faults


def test_without_it_a_node_listens_nowhere() -> None:
    found = settings_of({}, source="patrol.toml", folder=Path()).counterparts
    assert (found.listen, found.addresses, found.networks, found.poll_s) == (None, (), (), 25.0)


def test_what_is_said_is_taken() -> None:
    found = settings_of(
        {
            "counterparts": {
                "listen": "[::]:8490",
                "addresses": ["https://hx.example:8490/", "https://[2001:db8::1]"],
                "networks": ["10.8.0.0/16"],
                "poll_s": 10,
            }
        },
        source="patrol.toml",
        folder=Path(),
    ).counterparts
    assert found.addresses == ("https://hx.example:8490", "https://[2001:db8::1]")
    assert found.networks == (ip_network("10.8.0.0/16"),)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"listen": "8490"}, "counterparts.listen: must be host:port, for example 0.0.0.0:8490"),
        ({"listen": "0.0.0.0:99999"}, "counterparts.listen: port out of range 0-65535"),
        ({"listen": "hx:1/path"}, "counterparts.listen: must be host:port"),
        (
            {"addresses": ["http://hx.example"]},
            "counterparts.addresses[0]: 'http://hx.example' must begin with https://",
        ),
        ({"addresses": ["https://hx.example/in"]}, "must end with the name or the port"),
        ({"addresses": ["https://me:word@hx.example"]}, "must hold no user and no password"),
        ({"addresses": ["https://hx.example"] * 9}, "counterparts.addresses"),
        ({"networks": ["10.8.0.0/33"]}, "counterparts.networks"),
        ({"poll_s": 60}, "counterparts.poll_s"),
        ({"peers": []}, "counterparts.peers"),
    ],
)
def test_each_fault_is_named(table: dict[str, Any], words: str) -> None:
    (fault,) = faults(table)
    assert words in fault
