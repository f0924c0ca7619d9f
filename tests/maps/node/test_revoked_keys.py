"""`joint-patrol gateway revoke`: a running node follows it, and so does its next start."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from maps.node.revoked_keys import RevokedKeys
from patrol.store.store import open_store
from tests.fixtures.databases import sqlite_only
from tests.fixtures.ports import free_port
from tests.maps.commands.test_command_line import call, small
from tests.radio_gateway.uplink.gateways import key_file

pytestmark = sqlite_only


async def test_a_running_node_learns_of_it_from_the_journal(tmp_path: Path) -> None:
    key_file(tmp_path / "node.key")
    (tmp_path / "node.key").chmod(0o600)
    keys = [key_file(tmp_path / name) for name in ("pier.key", "boat.key")]
    config = small(tmp_path, free_port()) + '\n[uplink]\nurl = "mqtt://127.0.0.1:1"\n'
    config += 'key_file = "node.key"\n'
    for name, key in zip(("pier", "boat"), keys, strict=True):
        config += f'[[gateways]]\nid = "{name}"\nkey = "{key}"\n'
    (tmp_path / "patrol.toml").write_text(config, encoding="utf-8")
    store = open_store(f"sqlite:///{tmp_path / 'joint-patrol.db'}")
    told: list[Collection[str]] = []
    following = RevokedKeys(store, told.append)
    await following.look()
    out, _ = call("gateway", "revoke", "pier", "--reason", "stolen at night", folder=tmp_path)
    assert f"is signed by {keys[0]}" in out
    await following.look()
    assert told == [frozenset(), {keys[0]}]
    await store.close()
    _, err = call("gateway", "revoke", "barge", folder=tmp_path, good=False)
    assert "there is pier, boat" in err
