"""Time stamps of heads, by a real authority: `openssl ts` behind a small server."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maps.__main__ import app
from maps.commands.check import check
from maps.evidence.daily_head import DailyHead
from maps.evidence.head_folder import HeadFolder
from maps.evidence.signing_journal import current_head
from maps.evidence.time_stamp import TimeStampService, time_stamps
from maps.settings.settings import read_settings
from maps.settings.settings_tables import NodeSettings
from patrol.errors.errors import AuditError
from tests.fixtures import needs
from tests.fixtures.databases import empty_store, store_table
from tests.maps.servers.running import running

AUTHORITY = """
[tsa]
basicConstraints = CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa_config]
serial = serial
signer_cert = tsa.pem
certs = ca.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


class Tsa:
    """A time stamp authority on loopback.

    Args:
        folder: Where its keys are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.refuses, self.answer = folder, False, None
        folder.mkdir()
        (folder / "tsa.cnf").write_text(AUTHORITY)
        (folder / "serial").write_text("01")
        new = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -config /dev/null"
        ca = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign"
        self._openssl(f"{new} {ca} -x509 -keyout ca.key -out ca.pem -days 30 -subj /CN=Authority")
        self._openssl(f"{new} -keyout tsa.key -out tsa.csr -subj /CN=Ministry-clock")
        signed = "-CA ca.pem -CAkey ca.key -days 30 -extfile tsa.cnf -extensions tsa"
        self._openssl(f"x509 -req -in tsa.csr -out tsa.pem {signed}")
        tsa = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/timestamp-query"
                self.send_response(503 if tsa.refuses else 200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.end_headers()
                self.wfile.write(tsa.answer or tsa.stamped(data))

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/tsa"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    answer: bytes | None

    def stamped(self, data: bytes) -> bytes:
        (self.folder / "query").write_bytes(data)
        self._openssl("ts -reply -config tsa.cnf -section tsa_config -queryfile query -out reply")
        return (self.folder / "reply").read_bytes()

    def verify(self, head: Path) -> str:
        """Return what openssl says of a stamp beside a head."""
        stamp = head.with_suffix(".tsr")
        return self._openssl(f"ts -verify -data {head} -in {stamp} -CAfile ca.pem")

    def _openssl(self, words: str) -> str:
        done = subprocess.run(
            [needs.program("openssl"), *words.split()],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    made = Tsa(tmp_path_factory.mktemp("tsa") / "authority")
    yield made
    made.server.shutdown()
    made.server.server_close()


def node(folder: Path, tsa: Tsa) -> HeadFolder:
    """Make a node that has its heads stamped; return the folder of these."""
    config = f"""
[node]
id = "hx"

[[agencies]]
id = "la-hx"
name = "Houay Xai border police"

[audit]
heads_folder = "outside"
timestamp_url = "{tsa.url}"
timestamp_ca = "{tsa.folder / "ca.pem"}"
"""
    (folder / "patrol.toml").write_text(config + store_table(folder))
    (folder / "outside").mkdir()
    empty_store(folder / "joint-patrol.db")
    return HeadFolder(folder / "outside", node="hx")


def audit(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["audit", *words, "--config", str(folder / "patrol.toml")])


def press(folder: Path, heads: HeadFolder) -> DailyHead:
    settings = read_settings(folder / "patrol.toml")

    async def sign() -> object:
        return current_head(settings)

    return DailyHead(
        NodeSettings(id="hx", time_zone="UTC"),
        agency="la-hx",
        sign=sign,  # type: ignore[arg-type]
        folder=heads,
        stamps=time_stamps(settings.audit),
        recipients=(),
        mailing=None,
        sent=None,  # type: ignore[arg-type]
        note=None,  # type: ignore[arg-type]
        now=lambda: datetime.now(UTC),
    )


async def test_a_head_is_stamped_once_the_service_answers_and_lies_there_before(
    tmp_path: Path, tsa: Tsa
) -> None:
    heads = node(tmp_path, tsa)
    daily = press(tmp_path, heads)
    tsa.refuses = True
    await daily.look()
    [left] = heads.unstamped()
    tsa.refuses = False
    assert "have no time stamp" not in str(check(tmp_path / "patrol.toml").warnings)
    assert "no time stamp" in audit(tmp_path, "heads").output
    await daily.look()
    assert heads.unstamped() == []
    tsa.verify(left)
    done = audit(tmp_path, "heads")
    assert "by CN=Ministry-clock" in done.output, done.output
    done = audit(tmp_path, "verify")
    assert (done.exit_code, "1 of them bear a time stamp" in done.output) == (0, True), done.output
    left.with_suffix(".tsr").write_bytes(tsa.stamped((tsa.folder / "query").read_bytes())[:-1])
    done = audit(tmp_path, "verify")
    assert (done.exit_code, "no time stamp that holds" in done.output) == (1, True), done.output


async def test_who_signs_the_end_on_the_page_is_shown_its_time_stamp(
    tmp_path: Path, tsa: Tsa
) -> None:
    (tmp_path / "outside").mkdir()
    told = {"heads_folder": "outside", "timestamp_url": tsa.url,
            "timestamp_ca": str(tsa.folder / "ca.pem")}  # fmt: skip
    async with (
        running(tmp_path, roles=("admin",), audit=told) as server,
        server.signed_in("admin") as admin,
    ):
        body = (await admin.post("/api/audit/head")).json()
        assert (body["time_stamp"]["by"], body["is_stamp_late"]) == ("CN=Ministry-clock", False)
        assert len(list((tmp_path / "outside").glob("*-*.tsr"))) >= 1
        tsa.refuses = True
        try:
            body = (await admin.post("/api/audit/head")).json()
        finally:
            tsa.refuses = False
        assert (body["in_folder"], body["is_stamp_late"]) == (True, True)


def test_what_is_no_stamp_of_this_request_is_refused(tmp_path: Path, tsa: Tsa) -> None:
    service = TimeStampService(tsa.url, tsa.folder / "ca.pem")
    answer, stamp = service.stamp(b"a head")
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=5)
    with pytest.raises(AuditError, match="Mismatch"):
        service.check(answer, b"another head")
    certificates = answer.index(b"\xa0\x82", 40)  # of SignedData: what no signature covers
    for at in range(certificates, certificates + 40):
        with suppress(AuditError):
            service.check(answer[:at] + b"\xff" + answer[at + 1 :], b"a head")
    try:
        tsa.answer = answer  # an old one, of the same head
        with pytest.raises(AuditError, match="Nonce"):
            service.stamp(b"a head")
        tsa.answer = b"\0" * 100_000
        with pytest.raises(AuditError, match="does not end"):
            service.stamp(b"a head")
    finally:
        tsa.answer = None
    other = Tsa(tmp_path / "other")
    other.server.shutdown()
    other.server.server_close()
    with pytest.raises(AuditError, match="certificates"):
        TimeStampService(tsa.url, other.folder / "ca.pem").check(answer, b"a head")
    with pytest.raises(AuditError, match="cannot be reached"):
        TimeStampService(other.url, tsa.folder / "ca.pem").stamp(b"a head")


def test_a_head_without_a_stamp_for_an_hour_is_reported_by_check(tmp_path: Path, tsa: Tsa) -> None:
    heads = node(tmp_path, tsa)
    assert audit(tmp_path, "head").exit_code == 0
    [left] = heads.unstamped()
    os.utime(left, (time.time() - 7200,) * 2)
    assert "1 heads have no time stamp" in str(check(tmp_path / "patrol.toml").warnings)
