"""The command line: check, users, units, devices, first start, replay."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import httpx
import pytest
import typer
import typer.main
from rich.text import Text
from typer.testing import CliRunner

from maps.__main__ import COMMANDS, app, load_command
from maps.demo.fleet import CAST
from maps.demo.script import ScriptReport
from maps.demo.sentences import ais
from radio_gateway.__main__ import app as gateway_app
from tests.fixtures.command_process import forked_run
from tests.fixtures.databases import empty_store, sqlite_only, store_table
from tests.fixtures.ports import free_port
from tests.fixtures.server import wait_for
from tests.radio_gateway.uplink.gateways import key_file

PASSWORD = "a long enough pass phrase"
SMALL = """
[node]
id = "hx"
name = "BLO Houay Xai"
time_zone = "Asia/Vientiane"

[web]
port = {port}
"""


def small(folder: Path, port: int) -> str:
    """Return a small configuration for a folder, in which an empty store is made."""
    empty_store(folder / "joint-patrol.db")
    return SMALL.format(port=port) + store_table(folder)


def run(*words: str, folder: Path, input: str | None = None, good: bool = True) -> tuple[str, str]:
    """Run a command in `folder`, in a process of its own, and return what it printed."""
    code, out, faults = forked_run(words, folder, input=input or "")
    assert (code == 0) is good, out + faults
    assert "Traceback" not in faults, faults
    return out, faults


def call(*words: str, folder: Path, input: str | None = None, good: bool = True) -> tuple[str, str]:
    """Do the same in this process, where what a command says and does is the point, not its start.

    That takes seconds each time: `run` is for commands that serve, and for one of each kind.
    """
    with contextlib.chdir(folder):
        done = CliRunner().invoke(app, words, input=input or "")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert (done.exit_code == 0) is good, done.stdout + done.stderr
    return done.stdout, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small configuration."""
    (tmp_path / "patrol.toml").write_text(small(tmp_path, free_port()), encoding="utf-8")
    return tmp_path


def more(folder: Path, text: str) -> None:
    """Add to the configuration."""
    with (folder / "patrol.toml").open("a", encoding="utf-8") as file:
        file.write(text)


@pytest.mark.parametrize("command", [app, gateway_app])
def test_a_command_tells_its_version(command: typer.Typer) -> None:
    result = CliRunner().invoke(command, ["--version"])
    version = metadata.version("joint-patrol")
    assert (result.exit_code, result.output) == (0, f"joint-patrol {version}\n")


def test_check_is_content_with_a_good_configuration_and_changes_nothing(folder: Path) -> None:
    before = sorted(folder.iterdir())
    out, _ = run("check", folder=folder)
    assert "patrol.toml can be served" in out
    assert sorted(folder.iterdir()) == before


def test_check_tells_every_fault_of_the_file(folder: Path) -> None:
    config = folder / "patrol.toml"
    config.write_text(config.read_text().replace(store_table(folder), ""))
    more(
        folder,
        '\n[store]\nurl = "sqlite:///no-such-folder/x.db"\n[layers.add]\npiers = "none.kml"\n',
    )
    more(folder, '[[channels]]\nname = "a"\nurl = "mqtt://embedded?topic=a/%23"\n')
    more(folder, 'protocols = ["owntracks"]\n')
    with socket.socket() as taken:
        port = re.search(r"port = (\d+)", (folder / "patrol.toml").read_text())
        assert port is not None
        taken.bind(("127.0.0.1", int(port[1])))
        taken.listen()
        out, _ = call("check", folder=folder, good=False)
    faults = [line for line in out.splitlines() if line.startswith("fault: ")]
    for place in ("web.port", "store.url", "layers.add.piers", "channels[0].url"):
        assert sum(f"patrol.toml: {place}: " in fault for fault in faults) == 1, out
    assert len(faults) == 4


def test_check_finds_a_port_that_one_file_takes_twice(folder: Path) -> None:
    web = re.search(r"port = (\d+)", (folder / "patrol.toml").read_text())
    assert web is not None
    shared = free_port(socket.SOCK_DGRAM)
    urls = (
        f"udp://0.0.0.0:{shared}",
        f"udp://127.0.0.1:{shared}",
        f"tcp-listen://127.0.0.1:{web[1]}",
        f"tcp-listen://127.0.0.1:{shared}",  # TCP and UDP have ports of their own
        f"udp://127.0.0.2:{free_port(socket.SOCK_DGRAM)}",
    )
    for number, url in enumerate(urls):
        table = f'[[channels]]\nname = "c{number}"\nurl = "{url}"\nprotocols = ["ais"]\n'
        more(folder, table)
    out, _ = call("check", folder=folder, good=False)
    faults = [line for line in out.splitlines() if "is taken by" in line]
    where = "fault: patrol.toml: channels"
    assert faults == [
        f"{where}[1].url: udp port {shared} is taken by channels[0].url already",
        f"{where}[2].url: tcp port {web[1]} is taken by web.port already",
    ]


def test_a_unit_s_address_must_name_protocol_and_device(folder: Path) -> None:
    for wrong in ("574123456", "ais:", ":574123456", "a is:5"):
        _, err = call("unit", "add", "Naga 9", "--address", wrong, folder=folder, good=False)
        assert "protocol:device" in err
    out, _ = call("unit", "list", folder=folder)
    assert "Naga 9" not in out


def test_check_knows_that_http_listens_and_who_shares_a_group(folder: Path) -> None:
    web = re.search(r"port = (\d+)", (folder / "patrol.toml").read_text())
    assert web is not None
    group = free_port(socket.SOCK_DGRAM)
    url = f"http-listen://127.0.0.1:{web[1]}?open=1"
    more(folder, f'[[channels]]\nname = "web"\nurl = "{url}"\nprotocols = ["osmand"]\n')
    for name in "ab":  # of a multicast group both hear all
        url = f"udp://239.2.3.1:{group}"
        more(folder, f'[[channels]]\nname = "{name}"\nurl = "{url}"\nprotocols = ["tak"]\n')
    out, _ = call("check", folder=folder, good=False)
    fault = f"channels[0].url: tcp port {web[1]} is taken by web.port already"
    assert [line for line in out.splitlines() if "fault" in line] == [
        f"fault: patrol.toml: {fault}"
    ]

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        url = f"http-listen://127.0.0.1:{taken.getsockname()[1]}?open=1"
        more(folder, f'[[channels]]\nname = "more"\nurl = "{url}"\nprotocols = ["osmand"]\n')
        out, _ = call("check", folder=folder, good=False)
    assert "fault: patrol.toml: channels[3].url: cannot listen on 127.0.0.1" in out


def test_check_tells_that_the_port_of_trust_is_taken(folder: Path) -> None:
    call("tls", "init", "--host", "127.0.0.1", "--write", folder=folder)
    config = folder / "patrol.toml"
    text = config.read_text()
    web = re.search(r"\bport = (\d+)", text)
    assert web is not None
    config.write_text(re.sub(r"trust_port = \d+", f"trust_port = {web[1]}", text))
    out, _ = call("check", folder=folder, good=False)
    assert f"fault: patrol.toml: web.trust_port: tcp port {web[1]} is taken by web.port" in out

    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config.write_text(re.sub(r"trust_port = \d+", f"trust_port = {port}", text))
        out, _ = call("check", folder=folder, good=False)
    fault = f"cannot listen on 0.0.0.0 port {port}: Address already in use"
    assert f"web.trust_port: {fault}; choose another with web.trust_port\n" in out


def test_check_warns_of_what_may_mend_itself(folder: Path) -> None:
    more(folder, '[[channels]]\nname = "pier"\nurl = "serial:///dev/no-such-radio?baud=4800"\n')
    more(folder, 'protocols = ["nmea0183"]\n')
    more(folder, f'[[channels]]\nname = "boats"\nurl = "mqtt://127.0.0.1:{free_port()}?topic=a"\n')
    more(folder, 'protocols = ["position_json"]\n')
    out, _ = call("check", folder=folder)
    assert "warning: patrol.toml: channels[0].url: there is no device /dev/no-such-radio" in out
    assert "warning: patrol.toml: channels[1].url: 127.0.0.1 port" in out


def test_check_asks_for_no_channel_where_gateways_hear_the_radios(folder: Path) -> None:
    out, _ = call("check", folder=folder)
    assert "no radio will be heard" in out
    key = key_file(folder / "node.key")
    more(folder, f'[uplink]\nurl = "mqtt://127.0.0.1:{free_port()}"\nkey_file = "node.key"\n')
    more(folder, f'[[gateways]]\nid = "gw-1"\nkey = "{key}"\n')
    out, _ = call("check", folder=folder)
    assert "no radio will be heard" not in out


def test_a_wrong_configuration_ends_serve_with_its_faults(folder: Path) -> None:
    more(folder, "[radio]\n")
    for command in (("serve",), ("user", "list"), ("check",)):
        out, err = run(*command, folder=folder, good=False)
        assert "patrol.toml: radio: no such setting" in out + err


def test_check_and_serve_name_each_file_of_tls_that_cannot_be_used(folder: Path) -> None:
    config = folder / "patrol.toml"
    text = config.read_text()
    files = 'tls_certificate = "server.pem"\ntls_key = "server.key"\n'
    config.write_text(text.replace("[web]\n", f"[web]\n{files}"))
    faults = [
        f"patrol.toml: web.tls_certificate: there is no file {folder / 'server.pem'}",
        f"patrol.toml: web.tls_key: there is no file {folder / 'server.key'}",
    ]
    out, _ = run("check", folder=folder, good=False)
    assert [line for line in out.splitlines() if "fault" in line] == [f"fault: {f}" for f in faults]
    _, error = run("serve", folder=folder, good=False)
    assert error.splitlines() == faults

    for name in ("server.pem", "server.key"):
        (folder / name).write_text("nothing of the sort\n")
    _, error = run("serve", folder=folder, good=False)
    assert error.startswith("patrol.toml: web.tls_certificate: cannot be used with tls_key: ")


def test_a_taken_port_is_reported_in_words(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for words in (("demo", "--port", str(port)), ("serve",)):
            (folder / "patrol.toml").write_text(small(folder, port), encoding="utf-8")
            _, err = run(*words, folder=folder, good=False)
            text = f"cannot listen on 127.0.0.1 port {port}: Address already in use; choose another"
            assert err.strip().startswith(text)


def test_users_are_added_listed_and_given_new_passwords(folder: Path) -> None:
    run("user", "add", "somchai", "--role", "commander", folder=folder, input=f"{PASSWORD}\n" * 2)
    out, _ = call("user", "list", folder=folder)
    assert re.match(r"somchai +commander +hx", out)
    call("user", "passwd", "somchai", folder=folder, input=f"{PASSWORD} 2\n" * 2)
    for words, input in (
        (("user", "add", "somchai", "--role", "crew"), f"{PASSWORD}\n"),
        (("user", "add", "noi", "--role", "king"), f"{PASSWORD}\n"),
        (("user", "add", "noi", "--role", "crew"), "short\nshort\n"),
        (("user", "add", "noi", "--role", "crew"), f"{PASSWORD}\nanother one\n"),
        (("user", "passwd", "nobody"), f"{PASSWORD}\n"),
    ):
        call(*words, folder=folder, input=input, good=False)
    link, _ = call("user", "add", "noi", "--role", "crew", "--link", folder=folder)
    assert "put the office's address, as people type it, in front:" in link
    assert re.search(r": /sign-in#link=\S+$", link)
    config = folder / "patrol.toml"
    public = '[web]\nhost = "0.0.0.0"\nallowed_hosts = ["hx.la"]\n'
    config.write_text(config.read_text().replace("[web]\n", public))
    link, _ = call("user", "add", "lek", "--role", "crew", "--link", folder=folder)
    assert re.search(r": http://hx\.la:\d+/sign-in#link=\S+$", link)
    assert "in front" not in link


def test_units_and_devices_are_added(folder: Path) -> None:
    words = ("--kind", "boat", "--country", "LA", "--address", "ais:531000001")
    call("unit", "add", "Naga 1", *words, folder=folder)
    out, _ = call("unit", "list", folder=folder)
    assert re.search(r"Naga 1 +boat +ais:531000001", out)
    run("unit", "add", "naga 1", folder=folder, good=False)
    key, _ = call("device", "add", "boat-3", folder=folder)
    assert len(key.strip()) >= 43


@sqlite_only
def test_the_cache_is_readable_by_nobody_else(folder: Path) -> None:
    config = (folder / "patrol.toml").read_text()
    (folder / "patrol.toml").write_text(config + '[store]\nurl = "sqlite:///new.db"\n')
    _, fault = run("serve", folder=folder, good=False)
    assert "there is no store" in fault
    assert not (folder / "new.db").exists()
    assert "made an empty store" in run("store", "create", folder=folder)[0]
    _, fault = call("store", "create", folder=folder, good=False)
    assert "nothing was changed" in fault
    mode = (folder / "new.db").stat().st_mode
    assert stat.S_IMODE(mode) & 0o077 == 0


@pytest.mark.system
def test_a_server_opens_as_many_files_as_it_may_allow_itself(folder: Path) -> None:
    server = subprocess.Popen(
        ["sh", "-c", 'ulimit -S -n 256 && exec "$0" -m maps serve', sys.executable],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    try:
        assert "http://" in server.stdout.readline()
        soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        assert hard == resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        assert soft == (65536 if hard == resource.RLIM_INFINITY else min(hard, 65536))
    finally:
        server.kill()
        server.communicate()


@pytest.mark.system
def test_the_first_start_gives_a_link_for_an_administrator_and_keeps_others_out(
    folder: Path,
) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "maps", "serve"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        first = server.stdout.readline()
        url = re.search(r"http://\S+", first)
        assert url is not None, first
        link = server.stdout.readline()
        token = re.search(r"#link=(\S+)", link)
        assert token is not None, link
        with httpx.Client(base_url=url[0]) as client:
            answer = client.post("/api/session/link", json={"token": token[1]}).json()
            assert (answer["user"], answer["role"]) == ("admin", "admin")
        # The running server alone writes to the picture; users may be added beside it.
        _, err = run("unit", "add", "Naga 1", folder=folder, good=False)
        assert "in use by a running server" in err
        (folder / "second.toml").write_text(small(folder, free_port()), encoding="utf-8")
        _, err = run("serve", "--config", "second.toml", folder=folder, good=False)
        assert "in use by a running server" in err
        # Settings are looked at beside the server that has their ports.
        out, _ = call("check", folder=folder)
        assert "web.port: taken now, by the running server or another program" in out
        run("user", "add", "noi", "--role", "crew", folder=folder, input=f"{PASSWORD}\n")
        with httpx.Client(base_url=url[0]) as client:
            answer = client.post("/api/session", json={"name": "noi", "password": PASSWORD})
            assert answer.status_code == 200
        server.send_signal(signal.SIGTERM)
        _, err = server.communicate(timeout=20)
        assert server.returncode == 0, err
        assert token[1] not in err
    finally:
        server.kill()
        server.communicate()


@pytest.mark.system
def test_a_capture_is_replayed_into_a_server_of_its_own_and_into_a_running_one(
    folder: Path,
) -> None:

    actor = next(actor for actor in CAST if actor.ship_name == "MEKONG TRADER")
    here = actor.path.at(_Straight(), 0.0)
    file = folder / "heard.nmea"
    file.write_bytes(ais(ScriptReport(actor=actor, t_s=0, here=here), datetime.now(UTC)))
    udp = free_port(socket.SOCK_DGRAM)
    more(folder, f'[[channels]]\nname = "feed"\nurl = "udp://127.0.0.1:{udp}"\n')
    more(folder, 'protocols = ["ais"]\n')
    options = ("--protocol", "ais", "--speed", "1000", "--config", "patrol.toml")
    server = subprocess.Popen(
        [sys.executable, "-m", "maps", "replay", str(file), *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert server.stdout is not None
    try:
        url = re.search(r"http://\S+", server.stdout.readline())
        token = re.search(r"#link=(\S+)", server.stdout.readline())
        assert url is not None
        assert token is not None
        with httpx.Client(base_url=url[0]) as client:
            client.post("/api/session/link", json={"token": token[1]})

            def channels() -> set[str]:
                radios = client.get("/api/radios/unknown").json()
                return {name for radio in radios for name in radio["channels"]}

            wait_for("the replayed radios", lambda: "replay" in channels())
            out, _ = run("replay", str(file), "--to", f"udp://127.0.0.1:{udp}", folder=folder)
            assert out.startswith("sent ")
            wait_for("the radios of the feed", lambda: "feed" in channels())
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=20)


class _Straight:
    def at_km(self, km: float, /) -> tuple[float, float]:
        return 100.4 + (2356 - km) * 0.005, 20.27


SERVER: frozenset[str] = frozenset(
    {"fastapi", "starlette", "uvicorn", "websockets", "authlib", "geopandas", "pandas", "pyogrio",
     "matplotlib", "folium", "weasyprint", "xlsxwriter", "patrol.watch.watch", "maps.node.node"}
)  # fmt: skip
"""What serves, draws and prints: half a second and more to load."""

STORE: frozenset[str] = frozenset(
    {"numpy", "shapely", "pyproj", "sqlalchemy", "alembic", "pydantic", "cryptography", "structlog",
     "httpx", "pyais", "paho", "maps.settings.settings"}
)  # fmt: skip
"""What a command needs once it does something."""


def loaded(*words: str, folder: Path) -> set[str]:
    """Run a command and return the modules that it loaded."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "maps", *words],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


def test_a_command_loads_no_more_than_it_needs(tmp_path: Path) -> None:
    (tmp_path / "patrol.toml").write_text(small(tmp_path, 0))
    texts = loaded("--help", folder=tmp_path)
    assert "typer" in texts
    assert not texts & (SERVER | STORE)
    texts = loaded("user", "list", folder=tmp_path)
    assert {"sqlalchemy", "maps.settings.settings"} <= texts
    assert not texts & SERVER


def test_a_capture_is_decoded_with_the_gateways_own_options(tmp_path: Path) -> None:
    out, _ = run("decode", "--help", folder=tmp_path)
    assert "--vectors" in out
    assert "nmea0183" in out
    sentence = "!AIVDM,1,1,,A,13u?etPv2;0n:dDPwUM1U1Cb069D,0*24\r\n"
    out, _ = run("decode", "--protocol", "ais", folder=tmp_path, input=sentence)
    assert '"protocol":"ais"' in out.replace(" ", "")
    _, wrong = run("decode", "--protocol", "morse", folder=tmp_path, good=False)
    assert "morse" in wrong


@pytest.mark.parametrize("known", [app, gateway_app], ids=["joint-patrol", "radio-gateway"])
def test_no_word_of_the_help_is_lost_as_markup(known: typer.Typer) -> None:
    said, left = [], [typer.main.get_command(known), *(load_command(name) for name in COMMANDS)]
    while left:
        command = left.pop()
        said += [command.help, *(getattr(each, "help", None) for each in command.params)]
        left += getattr(command, "commands", {}).values()
    assert [each for each in said if each and Text.from_markup(each).plain != each] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_of_each_what_its_own_help_says_first(name: str) -> None:
    command = load_command(name)
    (first, *_) = command.help.split("\n\n")
    assert COMMANDS[name].help == " ".join(first.split())
