"""A real Mosquitto with the configuration that ships in `deploy/mosquitto`, only elsewhere.

with mosquitto(tmp_path) as broker:
    client.username_pw_set("gw-1", broker.passwords["gw-1"])
    client.connect("127.0.0.1", broker.port)
"""

from __future__ import annotations

import getpass
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import needs
from tests.ports import free_port

SHIPPED = Path(__file__).parent.parent / "deploy" / "mosquitto"
USERS = ("node", "gw-1", "boat-1")
SPEAKS_FOR_ALL = "\nuser gw-1\ntopic write joint-patrol/v1/position/+\n"  # not as shipped


class Mosquitto:
    """A broker in a folder of its own.

    Args:
        folder: Where its files go.
        users: Who may sign in; each gets a password.
        acl: Lines to add to the shipped access list, as an administrator would; they stand in the
            part of `gw-1`, which may write every position, if they begin no other.
        tls: Make certificates and listen with TLS too.

    Attributes:
        port: Port of plain MQTT.
        passwords: By user.
        tls_port: Port of TLS with passwords; 0 without `tls`.
        tls_client_port: Port of TLS with client certificates; 0 without `tls`.
        ca_file: The certificate authority, PEM.
        client_cert: Certificate of user `gw-1`, PEM; its key is `client_key`.
        client_key: See there.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: tuple[str, ...] = USERS,
        acl: str = "",
        tls: bool = False,
    ) -> None:
        self._program = needs.program("mosquitto")
        passwd = needs.program("mosquitto_passwd", hint="mosquitto")
        self._etc, self._data = folder / "etc", folder / "data"
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None
        shutil.copytree(SHIPPED, self._etc)
        self._data.mkdir()
        self.port = free_port()
        self.tls_port = self.tls_client_port = 0
        certs = self._etc / "certs"
        self.ca_file = certs / "ca.crt"
        self.client_cert, self.client_key = certs / "gw-1.crt", certs / "gw-1.key"
        if tls:
            _make_certificates(certs)
            self.tls_port, self.tls_client_port = free_port(), free_port()
            for name in ("tls.conf", "tls-client.conf"):
                (self._etc / "conf.d" / f"{name}.example").rename(self._etc / "conf.d" / name)
        with (self._etc / "acl").open("a") as file:
            file.write(SPEAKS_FOR_ALL + acl)
        (self._etc / "acl").chmod(0o600)
        ports = {1883: self.port, 8883: self.tls_port, 8884: self.tls_client_port}
        for file_path in (self._etc / "mosquitto.conf", *(self._etc / "conf.d").glob("*.conf")):
            text = file_path.read_text(encoding="utf-8")
            text = text.replace("/etc/mosquitto", str(self._etc))
            text = text.replace("/var/lib/mosquitto", str(self._data))
            for shipped, ours in ports.items():
                text = text.replace(f"listener {shipped}\n", f"listener {ours} 127.0.0.1\n")
                text = text.replace(f"listener {shipped} ", f"listener {ours} ")
            file_path.write_text(text, encoding="utf-8")
        # started as root it would become a user who cannot read a test's folder
        user = self._etc / "conf.d" / "user.conf"
        user.write_text(f"user {getpass.getuser()}\nlog_type subscribe\n", encoding="utf-8")
        self.passwords = {user: secrets.token_urlsafe(12) for user in users}
        (self._etc / "passwords").touch(mode=0o600)
        for name, password in self.passwords.items():
            command = [passwd, "-b", str(self._etc / "passwords"), name, password]
            subprocess.run(command, check=True, capture_output=True)

    @property
    def pid(self) -> int:
        """The running broker's process id."""
        assert self._process is not None
        return self._process.pid

    def subscriptions(self, topic: str) -> int:
        """Return how many times `topic` was subscribed to; what is published then is heard."""
        lines = self._log.read_text(errors="replace").splitlines()
        return sum(line.rpartition(" ")[2] == topic for line in lines)

    def start(self) -> None:
        """Start the broker and wait until it listens."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self._etc / "mosquitto.conf")], stdout=log, stderr=log
            )
        for port in filter(None, (self.port, self.tls_port, self.tls_client_port)):
            end = time.monotonic() + 10
            while True:
                assert self._process.poll() is None, self._log.read_text(errors="replace")
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert time.monotonic() < end, self._log.read_text(errors="replace")
                    time.sleep(0.02)

    def kill(self) -> None:
        """Kill -9, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        self._process = None

    def stop(self) -> None:
        """Stop it as a service manager would; no effect if it does not run."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@contextmanager
def mosquitto(
    folder: Path, *, users: tuple[str, ...] = USERS, acl: str = "", tls: bool = False
) -> Iterator[Mosquitto]:
    """Yield a running broker; stop it at the end. Skips the test where there is no Mosquitto."""
    broker = Mosquitto(folder / "mosquitto", users=users, acl=acl, tls=tls)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def _make_certificates(folder: Path) -> None:
    """Make what the shipped README tells to make, for loopback."""
    openssl = needs.program("openssl")
    folder.mkdir()
    (folder / "server.ext").write_text(
        "subjectAltName=DNS:localhost,IP:127.0.0.1\n"
        "authorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth\n"
    )
    new_key = "-newkey rsa:2048 -nodes"
    usage = "keyUsage=critical,keyCertSign,cRLSign"
    sign = "-CA ca.crt -CAkey ca.key -CAcreateserial -days 2"
    for command in (
        f"req -x509 {new_key} -days 2 -subj /CN=Test -addext {usage} -keyout ca.key -out ca.crt",
        f"req {new_key} -subj /CN=localhost -keyout server.key -out server.csr",
        f"x509 -req -in server.csr {sign} -extfile server.ext -out server.crt",
        f"req {new_key} -subj /CN=gw-1 -keyout gw-1.key -out gw-1.csr",
        f"x509 -req -in gw-1.csr {sign} -out gw-1.crt",
    ):
        command_line = [openssl, *command.split()]
        subprocess.run(command_line, cwd=folder, check=True, capture_output=True)
