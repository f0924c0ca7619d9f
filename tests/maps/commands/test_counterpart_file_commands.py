"""Files for counterparts by command: an officer's, with the server stopped and while it runs."""

from __future__ import annotations

import asyncio
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from maps.node.node import open_office
from maps.settings.settings import read_settings
from tests.fixtures.databases import sqlite_only
from tests.fixtures.server import PASSWORD, Server
from tests.maps.commands.test_command_line import call
from tests.maps.node.paired_nodes import confirm

pytestmark = sqlite_only


def office(folder: Path, node: str, agency: str) -> Server:
    """Return a node that does not run yet, with an officer."""
    folder.mkdir()
    server = Server(folder, channels="", roles=())
    text = server.config.read_text("utf-8")
    text = text.replace('"test-node"', f'"{node}"').replace('"joint"', f'"{agency}"')
    server.config.write_text(text, "utf-8")
    server.add_users([("kham", "liaison", agency), ("look", "observer", agency)])
    return server


@pytest.fixture
def offices(tmp_path: Path) -> tuple[Server, Server]:
    """Two nodes that have confirmed each other and have no address."""
    hx, ck = office(tmp_path / "hx", "hx", "la-hx"), office(tmp_path / "ck", "ck", "th-ck")

    async def pair() -> None:
        async with (
            open_office(read_settings(hx.config)) as one,
            open_office(read_settings(ck.config)) as other,
        ):
            await confirm(one, other)
            await confirm(other, one)
            for each in (one, other):
                await each.counterpart_statements.look()

    with ThreadPoolExecutor(1) as thread:  # a browser's tests keep an event loop in this one
        thread.submit(asyncio.run, pair()).result()
    (tmp_path / "stick").mkdir()
    return hx, ck


def give(server: Server, *words: str, by: str = "kham", good: bool = True) -> str:
    """Give a command as an officer; return what it printed."""
    given = ("counterpart", *words, "--by", by)
    out, faults = call(*given, folder=server.folder, input=f"{PASSWORD}\n", good=good)
    return out + faults


def exchange(hx: Server, ck: Server) -> list[Path]:
    """Carry a file each way, and look at what the commands say; return the files."""
    stick = hx.folder.parent / "stick"
    told = give(hx, "write-file", "ck", "--out", str(stick))
    (first,) = stick.iterdir()
    assert f"{first}: statements 1 to " in told
    assert first.name.startswith("hx-to-ck-")
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    told = give(ck, "read-file", str(first))
    assert f"{first.name}: from hx, written " in told
    assert "0 of them new" not in told
    assert ", 0 of them new" in give(ck, "read-file", str(first))
    give(ck, "write-file", "hx", "--out", str(stick))
    (second,) = {*stick.iterdir()} - {first}
    assert "they have stored ours up to" in give(hx, "read-file", str(second))
    return [first, second]


def test_with_the_server_stopped_files_go_both_ways(offices: tuple[Server, Server]) -> None:
    hx, ck = offices
    first, second = exchange(hx, ck)
    cut = first.with_name("cut.jointpatrol")
    cut.write_bytes(first.read_bytes()[:-5])
    told = give(ck, "read-file", str(cut), str(second), str(first), good=False)
    assert f"cut.jointpatrol: after byte {cut.stat().st_size}: it is cut off" in told
    assert f"{second.name}: its first line: it is for hx, and this node is ck" in told
    assert f"{first.name}: from hx" in told
    again = give(hx, "write-file", "ck", "--out", str(first.parent), "--after", "0")
    assert "statements 1 to " in again
    told = give(hx, "write-file", "ck", "--after", "999", good=False)
    assert "`after` is 999, and the log ends at" in told
    assert "no counterpart 'vt'" in give(hx, "write-file", "vt", good=False)
    assert "may not" in give(hx, "write-file", "ck", by="look", good=False)
    told, faults = call(
        *("counterpart", "read-file", str(first), "--by", "kham"),
        folder=ck.folder,
        input="wrong\n",
        good=False,
    )
    assert "password is wrong" in faults
    listed, _ = call("counterpart", "list", folder=hx.folder)
    assert "  key " in listed


@pytest.mark.system
def test_a_running_server_is_asked(offices: tuple[Server, Server]) -> None:
    hx, ck = offices
    try:
        for each in offices:
            each.start()
        exchange(hx, ck)
        assert "may not" in give(hx, "write-file", "ck", by="look", good=False)
        told, faults = call(
            *("counterpart", "write-file", "ck", "--by", "kham"),
            folder=hx.folder,
            input="wrong\n",
            good=False,
        )
        assert "password is wrong" in told + faults
    finally:
        for each in offices:
            each.stop()
