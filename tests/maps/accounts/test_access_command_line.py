"""`joint-patrol user`: works when every password and authenticator is lost, server or none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pyotp
import pytest

from tests.fixtures.command_process import forked_run
from tests.fixtures.databases import reading, store_table
from tests.maps.commands.test_command_line import call, folder
from tests.maps.servers.running import PASSWORD, running

__all__ = ["folder"]  # a fixture


def test_users_are_changed_shut_out_and_let_in_again(folder: Path) -> None:
    words = f"{PASSWORD}\n"
    for name, role in (("boss", "admin"), ("somchai", "commander"), ("ann", "observer")):
        call("user", "add", name, "--role", role, folder=folder, input=words)
    out, _ = call("user", "role", "somchai", "planner", folder=folder)
    assert out == "somchai is planner of hx\n"
    assert call("user", "disable", "somchai", folder=folder)[0] == "somchai is disabled\n"
    listed, _ = call("user", "list", folder=folder)
    assert "somchai                 planner     hx  disabled" in listed.splitlines()
    _, err = call("user", "link", "somchai", folder=folder, good=False)
    assert "no user 'somchai'" in err
    assert call("user", "enable", "somchai", folder=folder)[0] == "somchai is enabled\n"
    out, _ = call("user", "link", "somchai", folder=folder)
    assert "/sign-in#link=" in out
    for words_ in (("disable", "boss"), ("role", "boss", "crew")):
        _, err = call("user", *words_, folder=folder, good=False)
        assert "boss is the last administrator of hx: add another first" in err
    _, err = call("user", "role", "ann", "king", folder=folder, good=False)
    assert "king" in err
    out, _ = call("user", "second-factor", "ann", "--off", folder=folder)
    assert out == "ann had no second factor\n"
    out, _ = call("user", "sign-out", "ann", folder=folder)
    assert out == "0 sessions and tokens of ann have ended\n"
    with reading(folder / "joint-patrol.db") as store:
        answers = [
            row[0] for row in store.execute("SELECT act FROM journal WHERE actor = 'command line'")
        ]
    assert answers.count("add user") == 3
    assert answers.count("change user") == 3
    assert "make sign-in link" in answers


def test_a_token_with_scopes_is_printed_once(folder: Path) -> None:
    call("user", "add", "somchai", "--role", "commander", folder=folder, input=f"{PASSWORD}\n")
    out, err = call(
        "user", "token", "somchai", "--scope", "read:picture", "--days", "3", folder=folder
    )
    assert out.startswith("api_")
    assert "good until" in err
    assert call("user", "token", "somchai", folder=folder)[0].startswith("read_")
    _, err = call("user", "token", "somchai", "--scope", "read:all", folder=folder, good=False)
    assert "no scope 'read:all'" in err


def test_an_office_that_is_in_no_gazetteer_is_a_fault(folder: Path) -> None:
    with (folder / "patrol.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[agencies]]\nid = "la-hx"\nname = "Houay Xai"\ncountry = "LA"\n')
        file.write('blos = ["LA-HXI", "LA-NIX"]\n')
    out, _ = call("check", folder=folder, good=False)
    faults = [line for line in out.splitlines() if "blos" in line]
    assert faults == ["fault: patrol.toml: agencies[0].blos: no office 'LA-NIX' in the layer blos"]


@pytest.mark.parametrize("locked", ["wrong passwords", "second factor", "disabled"])
async def test_an_administrator_who_is_locked_out_comes_in_by_the_command_line(
    tmp_path: Path, locked: str
) -> None:
    """Whatever has happened, a link from the machine itself lets somebody in within minutes."""
    (tmp_path / "patrol.toml").write_text(
        f'[node]\nid = "test"\n{store_table(tmp_path)}', encoding="utf-8"
    )

    async def command(*words: str) -> str:
        code, out, faults = await asyncio.to_thread(forked_run, ("user", *words), tmp_path)
        assert code == 0, faults
        return out

    async with running(tmp_path, roles=(), agencies=[{"id": "test", "name": "Test"}]) as server:
        people, factors = server.office.people, server.office.accounts.factors
        boss = await people.add_user("boss", "admin", "test", PASSWORD)
        async with server.stranger() as client:
            if locked == "wrong passwords":
                for _ in range(12):
                    body = {"name": "boss", "password": "wrong one"}
                    await client.post("/api/session", json=body)
            elif locked == "second factor":
                factor_set_up = await factors.begin(boss)
                await factors.confirm(boss, pyotp.TOTP(factor_set_up.secret).now())
                await command("second-factor", "boss", "--off")
            else:
                await people.add_user("thief", "admin", "test", None)
                await people.change_user("boss", disabled=True)
                await command("enable", "boss")
                await command("disable", "thief")
            link = (await command("link", "boss")).rpartition("#link=")[2].strip()
            answer = await client.post("/api/session/link", json={"token": link})
            assert answer.status_code == 200, answer.text
            assert (await client.get("/api/users")).status_code == 200
