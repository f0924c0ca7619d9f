"""The demo of two nodes: two processes with a store, keys and people of their own, paired."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.server import wait_for

pytestmark = pytest.mark.system


@dataclass
class TwoNodes:
    """Both offices of a demo that runs.

    Attributes:
        links: Address and token of each person's sign-in link, by name.
        digits: Those that both compared.
        process: The process.
    """

    links: dict[str, tuple[str, str]]
    digits: str
    process: subprocess.Popen[str]

    @contextmanager
    def client(self, name: str) -> Iterator[httpx.Client]:
        """Yield a client signed in with the link of a person; it is good once."""
        url, token = self.links[name]
        port = url.rpartition(":")[2]
        # Browsers take every name under localhost for this machine; not every resolver does.
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"origin": url, "host": url.removeprefix("http://")},
            timeout=PATIENCE_S,
        ) as client:
            answer = client.post("/api/session/link", json={"token": token})
            assert answer.status_code == 200, answer.text
            yield client


@pytest.fixture(scope="module")
def two_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    """Both offices; at the end Ctrl-C ends them, and they leave nothing."""
    folder = tmp_path_factory.mktemp("two_nodes")
    process = subprocess.Popen(
        [sys.executable, "-m", "maps", "demo", "--two-nodes", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)},
    )
    assert process.stdout is not None
    links, digits = dict[str, tuple[str, str]](), ""
    try:
        for line in process.stdout:
            if found := re.search(r"([\w-]+) +(http://[^/]+)/sign-in#link=(\S+)", line):
                links[found[1]] = (found[2], found[3])
            if found := re.search(r"digits: ([0-9 ]+)", line):
                digits = found[1]
            if "Ctrl-C" in line:
                break
        yield TwoNodes(links, digits, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
        assert list(folder.iterdir()) == []
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def here(two_nodes: TwoNodes) -> Iterator[httpx.Client]:
    with two_nodes.client("liaison") as client:
        yield client


@pytest.fixture(scope="module")
def across(two_nodes: TwoNodes) -> Iterator[httpx.Client]:
    with two_nodes.client("ck-liaison") as client:
        yield client


def test_two_people_of_each_office_confirmed_the_other_by_the_same_digits(
    two_nodes: TwoNodes, here: httpx.Client, across: httpx.Client
) -> None:
    for client, other, prefix in ((here, "ck", ""), (across, "hx", "ck-")):
        [known] = client.get("/api/counterparts").json()
        assert (known["card"]["node"], known["state"]) == (other, "confirmed")
        assert known["digits"] == two_nodes.digits
        assert (known["compared_by"], known["confirmed_by"]) == (
            f"{prefix}liaison",
            f"{prefix}commander",
        )


def test_their_nodes_speak_to_each_other(here: httpx.Client, across: httpx.Client) -> None:
    def is_open(client: httpx.Client) -> bool:
        return all(each["is_open"] for each in client.get("/api/counterpart-links").json())

    wait_for("the link", lambda: is_open(here) and is_open(across))


def test_what_one_proposes_the_other_signs_and_both_have_it(
    here: httpx.Client, across: httpx.Client
) -> None:
    def standing(client: httpx.Client) -> list[tuple[str, set[str]]]:
        return [
            (each["state"], {sign["agency"] for sign in each.get("signatures", ())})
            for each in client.get("/api/agreements").json()
        ]

    signed = [("active", {"houay-xai", "chiang-khong"})]
    wait_for("both signatures", lambda: standing(here) == standing(across) == signed)


def test_each_has_its_own_boats_and_no_other(here: httpx.Client, across: httpx.Client) -> None:
    def call_signs(client: httpx.Client) -> set[str]:
        return {each["call_sign"] for each in client.get("/api/units").json()}

    assert call_signs(here) == {"Naga 1", "Naga 2", "Naga 3", "Truck 4", "BLO Houay Xai"}
    assert call_signs(across) == {"Khong 1", "Khong 2", "Foot 7", "BLO Chiang Khong"}
