"""Protected names live: nobody but the one answer for a purpose tells them, wherever one listens.

    python -m tests.endurance.protected_names [--folder FOLDER]

Real processes on loopback: Mosquitto, `joint-patrol serve` as Watch, standby and web, debug logs.
Incidents and targets with protected names are filed by people and a phone, well and badly, while
an agreement lets them cross. Meanwhile somebody listens at every way out: the broker (`#`, with
the node's own key too), feeds, webhook, mail, push, live frames, the metrics; afterwards all routes
are asked as all roles of both agencies, reports and evidence are made, commands run, and every file
that the node wrote is read. It prints who told an open word (so that he who heard nothing is
noticed) and who a protected one, and returns 1 if anybody did the latter, or nobody the former. On
the broker the node's own key opens the words on their way in and the one answer, and nothing else.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import re
import secrets
import socket
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

import http_ece
import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from maps.cluster.envelope import Envelopes
from maps.notifications.senders.base64url import b64url
from patrol.units.data_classes import DATA_CLASSES
from tests.endurance.node import Node
from tests.fixtures.broker import Mosquitto
from tests.fixtures.ports import free_port
from tests.fixtures.server import wait_for
from tests.maps.notifications.senders.test_mail import Mailbox, mail_server
from tests.maps.permissions.every_route import WITHOUT, asked, gets
from tests.maps.servers.two_sides import NO_ID

LAO, THAI = "la-hx", "th-ck"
PEOPLE: Final = ("admin", "commander", "crew", "liaison", "observer", "planner", "technician")
PROTECTED, OPEN = b"ZQsecret", b"ZQopen"
BOAT: Final = "boat-7"
COME_AGAIN: Final = (b'"too_many_replays"', b'"replay_busy"', b'"no_answer"', b'"watch_away"')
LON, LAT = 100.4141, 20.2705


class Account:
    """Who told what: an open word, which proves that he was listened to, or a protected one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.messages: dict[str, int] = {}
        self.open: dict[str, int] = {}
        self.protected: dict[str, list[str]] = {}

    def hear(self, who: str, what: bytes, where: str = "") -> None:
        """Look through what somebody told, packed or not."""
        with self._lock:
            self.messages[who] = self.messages.get(who, 0) + 1
            for each in _unpacked(what):
                if OPEN in each:
                    self.open[who] = self.open.get(who, 0) + 1
                if PROTECTED in each:
                    place = each.find(PROTECTED)
                    words = each[max(0, place - 90) : place + 60].decode(errors="replace")
                    self.protected.setdefault(who, []).append(f"{where}: …{words}…")


def _unpacked(what: bytes) -> Iterator[bytes]:
    """Yield bytes as they are, in UTF-16 as text, and what is packed in them."""
    yield what
    if b"\0" in what:
        yield what.replace(b"\0", b"")
    if what[:2] == b"\x1f\x8b":
        yield from _unpacked(gzip.decompress(what))
    if what[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(what)) as packed:
            for name in packed.namelist():
                yield from _unpacked(packed.read(name))


class Browser:
    """A browser that was let push to, and the service that takes for it.

    Args:
        url: Its endpoint.
    """

    def __init__(self, url: str) -> None:
        self._key, self._auth = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16)
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.fields: dict[str, Any] = {
            "endpoint": url,
            "keys": {"p256dh": b64url(point), "auth": b64url(self._auth)},
        }

    def read(self, body: bytes) -> bytes:
        """Return what only it can read."""
        read: bytes = http_ece.decrypt(
            body, private_key=self._key, auth_secret=self._auth, version="aes128gcm"
        )
        return read


class Listeners:
    """Everybody who listens, and the node that is listened to.

    Args:
        folder: Where everything goes.
        account: What they heard.
    """

    def __init__(self, folder: Path, account: Account) -> None:
        self.folder, self.account = folder, account
        self._stack = ExitStack()
        self.end = threading.Event()
        self.webhook = free_port()
        self.browser = Browser(f"http://127.0.0.1:{self.webhook}/push")
        self.feeds = {
            f"{speaks}-{agency}": free_port()
            for speaks in ("cot", "nmea")
            for agency in (LAO, THAI)
        }
        self.mailbox = Mailbox()

    def __enter__(self) -> Self:
        mail = self._stack.enter_context(mail_server(self.mailbox))
        self._stack.enter_context(self._posts())
        self.broker = Mosquitto(
            self.folder / "mosquitto",
            users=("node", "sniffer"),
            acl="\nuser sniffer\ntopic read #\n",
        )
        self.broker.start()
        self._stack.callback(self.broker.stop)
        (self.folder / "hook").write_text(secrets.token_urlsafe(30))
        node = self.node = Node(
            self.folder,
            channels=self._settings(mail),
            broker=(self.broker.port, self.broker.passwords["node"]),
        )
        node.keep_journal(True)
        node.add_users(
            (f"{agency}.{role}", role, agency) for agency in (LAO, THAI) for role in PEOPLE
        )
        self.key = node.add_devices([BOAT])[BOAT]
        for agency in (LAO, THAI):
            node.command("keys", "make", "--agency", agency)
        self._sniff()
        node.start()
        self._stack.callback(node.stop)
        self._stack.callback(self.end.set)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _settings(self, mail: int) -> str:
        feeds = "".join(
            f'[[feeds]]\nname = "{name}"\nurl = "tcp-listen://127.0.0.1:{port}"\n'
            f'speaks = "{name.partition("-")[0]}"\nagency = "{name.partition("-")[2]}"\n'
            'role = "commander"\nunits_only = false\nalso = ["targets", "sectors", "marks"]\n'
            for name, port in self.feeds.items()
        )
        ways = {"webhook": '["hq"]', "mail": '["duty@hx.example"]', "push": "[]"}
        rules = "".join(
            f'[[delivery]]\nname = "{way} {agency}"\nagency = "{agency}"\nrole = "commander"\n'
            f'way = "{way}"\nto = {to}\n'
            for way, to in ways.items()
            for agency in (LAO, THAI)
        )
        return f"""
[[agencies]]
id = "{LAO}"
name = "Houay Xai border police"
country = "LA"

[[agencies]]
id = "{THAI}"
name = "Chiang Khong police"
country = "TH"

[log]
level = "debug"

[mail]
host = "127.0.0.1"
port = {mail}
security = "none"
sender = "patrol@hx.example"

[push]
key_file = "push.pem"
contact = "mailto:technician@hx.example"
allow = ["127.0.0.0/8"]

[[webhooks]]
name = "hq"
url = "http://127.0.0.1:{self.webhook}/hook"
secret_file = "hook"
allow = ["127.0.0.0/8"]

[audit]
heads_folder = "heads"
heads_to = ["keeper@hx.example"]

[backup]
folder = "backups"
{feeds}{rules}"""

    @contextmanager
    def _posts(self) -> Iterator[None]:
        listeners = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                way = self.path.strip("/")
                listeners.account.hear(way, str(self.headers).encode() + body)
                if way == "push":
                    listeners.account.hear("push, opened", listeners.browser.read(body))
                self.send_response(201)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self.webhook), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()

    def _sniff(self) -> None:
        opened: list[Envelopes] = []

        def heard(_client: Any, _data: Any, message: paho.MQTTMessage) -> None:
            payload = bytes(message.payload)
            self.account.hear("broker", payload, message.topic)
            if not opened:
                opened.append(Envelopes(bytes.fromhex((self.folder / "internal.key").read_text())))
            body = opened[0].open(payload, topic=message.topic)
            if body is not None:
                # The requests to the Watch, its answers and its frames are topics of their own.
                kind = message.topic.split("/")[4]
                self.account.hear(f"broker, opened: {kind}", body, message.topic)

        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.username_pw_set("sniffer", self.broker.passwords["sniffer"])
        client.on_message = heard
        client.connect("127.0.0.1", self.broker.port)
        client.subscribe("#", qos=0)
        client.loop_start()
        self._stack.callback(client.loop_stop)

    def listen(self) -> None:
        """Begin to read feeds and live frames, each on a thread."""
        for name, port in self.feeds.items():
            self._thread(partial(self._read_feed, name, port))
        for agency in (LAO, THAI):
            for role in ("commander", "crew", "liaison"):
                session = self.node.session(f"{agency}.{role}")
                who = f"frames of {agency} {role}"
                self._thread(partial(self._read_frames, who, session))

    def _thread(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()

    def _read_feed(self, name: str, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as link:
            while not self.end.is_set():
                with suppress(TimeoutError):
                    data = link.recv(65536)
                    if not data:
                        return
                    self.account.hear(f"feed {name}", data)

    def _read_frames(self, who: str, session: str) -> None:
        url = self.node.url.replace("http", "ws", 1) + "/api/live"
        with connect(url, additional_headers={"Cookie": f"jp_session={session}"}) as link:
            while not self.end.is_set():
                with suppress(TimeoutError):
                    try:
                        said = link.recv(timeout=1)
                    except ConnectionClosed:
                        return
                    self.account.hear(who, said.encode() if isinstance(said, str) else said)


class Office:
    """One agency: its officers, and ids of what it keeps.

    Args:
        listeners: The node.
        agency: Which.
    """

    def __init__(self, listeners: Listeners, agency: str) -> None:
        self._listeners, self.agency = listeners, agency
        names = {
            name
            for route in gets()
            for name in re.findall(r"{(\w+)(?::\w+)?}", route.path)
            if name not in ("name", "z", "x", "y")
        }
        self.ids: dict[str, list[str]] = {name: [NO_ID] for name in names}

    def client(self, role: str) -> httpx.Client:
        """Return an officer's way in, with a session that is fresh enough for everything."""
        node = self._listeners.node
        session = node.session(f"{self.agency}.{role}")
        headers = {"Origin": node.url, "Cookie": f"jp_session={session}"}
        return httpx.Client(base_url=node.url, headers=headers, timeout=60)

    def ask(self, role: str, method: str, path: str, *, good: bool = True, **body: Any) -> Any:
        """Have an officer do something, and listen to the answer."""
        with self.client(role) as client:
            answer = client.request(method, path, json=body)
            while answer.status_code == 503 and method == "GET":  # a busy machine: asked again
                time.sleep(1.0)
                answer = client.request(method, path, json=body)
        self._listeners.account.hear("answers to acts", answer.content, f"{method} {path}")
        assert answer.is_success or not good, f"{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def keep(self, kind: str, id: str) -> str:
        """Note an id of its own."""
        self.ids[kind] = [each for each in self.ids.get(kind, []) if each != NO_ID] + [id]
        return id


def secret(what: str) -> str:
    """Return a protected name."""
    return f"{PROTECTED.decode()}-{what}"


def names() -> dict[str, Any]:
    """Return the protected fields of an incident."""
    return {each: secret(each) for each in ("names", "informants", "witnesses", "victims")}


def file_documents(lao: Office, thai: Office, listeners: Listeners) -> None:
    """File what is protected in every way that there is, well and badly."""
    word, now = OPEN.decode(), datetime.now(UTC)
    incident: dict[str, Any] = {
        "category": "drugs", "when": now.isoformat(), "lon": LON, "lat": LAT,
        "narrative": f"{word}-narrative", "place_name": f"{word}-place",
    }  # fmt: skip
    for role in ("crew", "commander"):
        id = lao.ask(role, "POST", "/api/incidents", **incident, **names())["id"]
        lao.keep("incident", id)
    [first, second] = lao.ids["incident"]
    lao.ask("liaison", "POST", f"/api/incidents/{first}/confirm", version=1)
    lao.ask(
        "crew", "POST", f"/api/protected/incident/{first}", field="names", words=secret("later")
    )
    again: dict[str, Any] = {"version": 2, "narrative": f"{word}-again", "reason": "it was wrong"}
    lao.ask("commander", "PATCH", f"/api/incidents/{first}", **again)
    lao.ask("liaison", "POST", f"/api/incidents/{first}/confirm", version=3)
    lao.ask("commander", "POST", f"/api/incidents/{second}/withdraw", version=1, reason="mistake")
    sighting: dict[str, Any] = {
        "lon": LON,
        "lat": LAT,
        "note": f"{word}-seen",
        "private_note": secret("seen"),
    }
    target: dict[str, Any] = {
        "what": "vessel", "name": f"{word}-target", "description": f"{word}-looks",
        "private_note": secret("note"), "informants": [secret("teller")],
        "witnesses": [secret("seer")],
    }  # fmt: skip
    made = lao.ask("commander", "POST", "/api/targets", **target, sighting=sighting)
    id = lao.keep("target", made["id"])
    lao.ask("crew", "POST", f"/api/targets/{id}/sightings", **sighting)
    lao.ask(
        "crew", "POST", f"/api/protected/target/{id}", field="witnesses", words=secret("second")
    )
    offer = lao.ask("commander", "POST", "/api/hand-offs", target=id, to=THAI, note=f"{word}-offer")
    thai.ask("liaison", "POST", f"/api/hand-offs/{offer['id']}/accept", term=offer["term"])
    lao.keep("hand_off", offer["id"])
    place: dict[str, Any] = {"lon": LON, "lat": LAT}
    reports: list[dict[str, Any]] = [
        {"kind": "incident", **incident, **names()},
        {"kind": "incident", **incident, **names(), "category": "no such"},
        {"kind": "incident", **incident, "names": [secret("list")]},
        {"kind": "sighting", **place, "target": id, "private_note": secret("phone")},
        {"kind": "sighting", **place, "target": NO_ID, "private_note": secret("none")},
        {"kind": "sighting", **place, "new_target": target},
        {"kind": "no such", **names()},
    ]  # fmt: skip
    whole = [
        {"id": secrets.token_hex(16), "at": now.isoformat(), **each} for each in reports
    ]  # fmt: skip
    for _ in range(2):  # phones send again
        lao.ask("crew", "POST", "/api/crew/reports", reports=whole)
    # what is refused is answered and logged as well
    bad: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/api/incidents", {**incident, "names": secret("x" * 20_000)}),
        ("POST", "/api/incidents", {**incident, "names": secret("\u202e")}),
        ("POST", "/api/incidents", {**incident, "names": secret("\x00")}),
        ("POST", "/api/incidents", {**incident, "names": {"a": secret("object")}}),
        ("POST", "/api/incidents", {**incident, **names(), "category": "no such"}),
        ("POST", "/api/incidents", {**incident, "names": secret("y"), "patrol": NO_ID}),
        ("PATCH", f"/api/incidents/{first}", {"version": 99, **names()}),
        ("PATCH", f"/api/incidents/{first}", {"version": 4, **names()}),
        ("PATCH", f"/api/targets/{id}", {"version": 99, "private_note": secret("patch")}),
        ("PATCH", f"/api/targets/{id}", {"version": 1, "private_note": secret("patch")}),
        ("POST", "/api/targets", {**target, "photos": [NO_ID]}),
        ("POST", "/api/targets", {**target, "what": "no such"}),
        ("POST", f"/api/protected/incident/{NO_ID}", {"field": "names", "words": secret("none")}),
        ("POST", f"/api/protected/target/{id}", {"field": "victims", "words": secret("field")}),
        ("POST", f"/api/protected/target/{id}", {"field": "witnesses", "words": secret("\x07")}),
    ]  # fmt: skip
    for method, path, body in bad:
        lao.ask("commander", method, path, **body, good=False)
    key = listeners.folder / "field-keys"
    key.rename(listeners.folder / "away")
    lao.ask("commander", "POST", "/api/incidents", **incident, **names(), good=False)
    lao.ask("crew", "POST", "/api/crew/reports", reports=[whole[0] | {"id": "a" * 32}], good=False)
    (listeners.folder / "away").rename(key)
    for role in ("commander", "liaison", "crew", "admin"):  # who may not is refused
        if role != "commander":
            lao.ask(
                role, "POST", f"/api/protected/incident/{first}/reading", purpose="x", good=False
            )
        thai.ask(role, "POST", f"/api/protected/incident/{first}/reading", purpose="x", good=False)
        thai.ask(role, "POST", f"/api/protected/target/{id}/reading", purpose="x", good=False)
    # the one answer, by a client that nobody listens to
    with lao.client("commander") as client:
        for kind, document in (("incident", first), ("target", id)):
            path = f"/api/protected/{kind}/{document}"
            response = client.post(f"{path}/reading", json={"purpose": "asked by the court"})
            assert PROTECTED in response.content, response.text
            entry = response.json()[0]["id"]
    lao.ask("commander", "POST", f"/api/protected/target/{id}/{entry}/redaction", reason="asked")
    lao.ask("commander", "POST", "/api/legal-holds", kind="incident", id=first, reason="court")
    for role in ("admin", "commander"):
        lao.ask(role, "POST", "/api/holdings", words=PROTECTED.decode(), purpose="x", good=False)
        lao.ask(role, "POST", "/api/holdings", words=f"{word}-narrative", purpose="x", good=False)


def agree(lao: Office, thai: Office) -> None:
    """Have both sign that everything crosses."""
    now = datetime.now(UTC)
    terms = {
        "name": "Joint", "purposes": ["safety of crews"], "classes": list(DATA_CLASSES),
        "valid_from": (now - timedelta(hours=1)).isoformat(),
        "valid_until": (now + timedelta(days=30)).isoformat(),
    }  # fmt: skip
    made = lao.ask("liaison", "POST", "/api/agreements", agencies=[LAO, THAI], terms=terms)
    path = f"/api/agreements/{made['id']}"
    lao.ask("liaison", "POST", f"{path}/propose")
    for office in (lao, thai):
        version = office.ask("liaison", "GET", path)["version"]
        office.ask("liaison", "POST", f"{path}/sign", version=version, office="Liaison")
    lao.keep("agreement", made["id"])
    thai.keep("agreement", made["id"])


def register(lao: Office, listeners: Listeners) -> None:
    """Have a boat that reports, and calls for help."""
    unit = lao.ask("admin", "POST", "/api/units", call_sign=f"{OPEN.decode()}-boat", kind="boat",
                   country="LA")["id"]  # fmt: skip
    address = f"position_json:{BOAT}"
    start = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    lao.ask("admin", "POST", "/api/assignments", address=address, unit=unit, start=start)
    lao.keep("unit", unit)
    lao.keep("address", address)
    headers = {"Authorization": f"Bearer {listeners.key}"}
    for distress in (False, True):
        body = {"lon": LON, "lat": LAT, "time": datetime.now(UTC).isoformat(), "distress": distress}
        url = f"{listeners.node.url}/api/positions"
        httpx.post(url, json=body, headers=headers).raise_for_status()
    wait_for("the alert", lambda: lao.ask("commander", "GET", "/api/alerts"))
    lao.keep("alert", lao.ask("commander", "GET", "/api/alerts")[0]["id"])


def ask_everything(
    offices: tuple[Office, ...], account: Account, roles: Sequence[str] = PEOPLE
) -> int:
    """Ask every route as some roles of every office, with the ids of the first; return how many."""
    kept, count = offices[0], 0
    for office in offices:
        for role in roles:
            with office.client(role) as client:
                for route in gets():
                    if route.path in WITHOUT:
                        continue
                    for path, query, _said in asked(route, kept):
                        answer = _get(client, path, query)
                        account.hear(f"answers to {office.agency}", answer.content, path)
                        count += 1
    return count


def _get(client: httpx.Client, path: str, query: dict[str, Any]) -> httpx.Response:
    """Ask, and again while the node is too busy to say."""
    end = time.monotonic() + 60
    while True:
        with suppress(httpx.TransportError):
            answer = client.get(path, params=query)
            is_late = time.monotonic() > end
            if is_late or not any(each in answer.content for each in COME_AGAIN):
                return answer
        if time.monotonic() > end:
            raise TimeoutError(f"no answer to {path}")
        time.sleep(0.1)


def make_files(offices: tuple[Office, ...], account: Account) -> None:
    """Have every report, evidence and table made for every office."""
    now = datetime.now(UTC)
    span: dict[str, Any] = {"start": (now - timedelta(hours=1)).isoformat(),
            "end": (now + timedelta(minutes=30)).isoformat()}  # fmt: skip
    for office in offices:
        for report in ("monthly", "coverage"):
            for kind in ("html", "map", "xlsx"):
                path = "/api/report-jobs"
                job = office.ask("commander", "POST", path, report=report, format=kind, **span)

                def state(office: Office = office, id: str = job["id"]) -> Any:
                    answer = office.ask("commander", "GET", f"/api/report-jobs/{id}")
                    return answer if answer["state"] in ("made", "failed") else None

                done = wait_for("the report", state)
                assert done["state"] == "made", done
                with office.client("commander") as client:
                    answer = client.get(f"{path}/{job['id']}/file").raise_for_status()
                account.hear("reports", answer.content, f"{report} {kind}")
        with office.client("commander") as client:
            for originals in ("false", "true"):
                query = span | {"originals": originals, "texts": originals}
                answer = client.get("/api/replay/evidence", params=query)
                account.hear("evidence", answer.content, f"evidence {answer.status_code}")


def main() -> int:
    """Run it; return 0 when nobody told a protected name, and all that must told an open word."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.protected_names")
    parser.add_argument("--folder", type=Path, help="empty folder to keep everything in")
    parser.add_argument(
        "--roles", nargs="+", default=PEOPLE, help="as whom every route is asked, in each agency"
    )
    options = parser.parse_args()
    account = Account()
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(exist_ok=True)
        with Listeners(folder, account) as listeners:
            node = listeners.node
            lao, thai = Office(listeners, LAO), Office(listeners, THAI)
            agree(lao, thai)
            lao.ask("commander", "POST", "/api/deliveries/browsers", **listeners.browser.fields)
            listeners.listen()
            file_documents(lao, thai, listeners)
            register(lao, listeners)
            asked_for = ask_everything((lao, thai), account, options.roles)
            make_files((lao, thai), account)
            metrics = httpx.get(
                f"{node.url}/metrics", headers={"Authorization": f"Bearer {node.token}"}
            )
            account.hear("metrics", metrics.raise_for_status().content)
            wait_for("the mail", lambda: listeners.mailbox.mails)
            with suppress(AssertionError):  # who was deaf is told at the end
                wait_for("the push", lambda: account.open.get("push, opened"))
        for words in (
            ("audit", "verify"), ("audit", "export"), ("check",), ("doctor",), ("holdings",),
            ("backups", "run"), ("backup", str(folder / "by-hand.backup")), ("set-aside", "list"),
        ):  # fmt: skip
            try:
                text = node.command(*words)
            except AssertionError as error:  # many end with 1 as things are here; the words count
                text = str(error)
            account.hear("commands", text.encode(), " ".join(words))
        for mail in listeners.mailbox.mails:
            account.hear("mail", mail.as_bytes())
            for part in mail.walk():  # in whatever way its words are encoded
                body = part.get_payload(decode=True)
                account.hear("mail, opened", body if isinstance(body, bytes) else b"")
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                kind = "logs" if file.suffix == ".log" else "files"
                account.hear(kind, file.read_bytes(), str(file.relative_to(folder)))
    print(f"{asked_for:,} answers to GET; what was heard:")
    print("| who | messages | with an open word | with a protected one |\n|---|---|---|---|")
    for who in sorted(account.messages):
        texts = account.protected.get(who, [])
        print(
            f"| {who} | {account.messages[who]:,} | {account.open.get(who, 0):,} | {len(texts)} |"
        )
    for who, each in account.protected.items():
        print(f"{who}:", *each[:8], sep="\n    ", file=sys.stderr)
    leaks = account.protected.keys() - ASKED.keys()
    leaks |= {who for who, most in ASKED.items() if len(account.protected.get(who, [])) > most}
    deaf = [who for who in MUST_TELL if not account.open.get(who)]
    silent = [who for who in MUST_SPEAK if not account.messages.get(who)]
    print(json.dumps({"leaks": sorted(leaks), "deaf": deaf, "silent": silent}), file=sys.stderr)
    return 1 if leaks or deaf or silent else 0


MUST_TELL: Final = (
    "answers to acts", f"answers to {LAO}", f"answers to {THAI}", "evidence", "files", "reports",
    "broker, opened: ask", f"frames of {LAO} commander", f"frames of {THAI} commander",
    f"feed cot-{LAO}", f"feed cot-{THAI}", "hook", "mail, opened", "push, opened",
)  # fmt: skip
"""Who tells open words where all is as it should."""

ASKED: Final = {"broker, opened: ask": 10_000, "broker, opened: answer": 2}
"""What the node's own key opens: words on their way in, and the one answer for a purpose, twice."""

MUST_SPEAK: Final = ("broker", "push", "metrics", "logs", "commands", f"feed nmea-{LAO}")


if __name__ == "__main__":
    raise SystemExit(main())
