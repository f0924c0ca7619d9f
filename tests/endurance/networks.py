"""A network of the run's own, and a border post's link in it that can be cut and can lose packets.

`enter_private` starts the command again in network and mount namespaces of its own, where nothing
but its own loopback is; nothing of it is left behind. There the gateway sits in one more network
namespace, behind a pair of virtual Ethernet ports. Packets of its way to the broker are dropped by
nftables; what radios send to the gateway goes the same cable and is let alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Final

from tests.fixtures.ports import free_port

_INSIDE: Final = "JOINT_PATROL_ENDURANCE_PRIVATE"
_ENTER: Final = ("unshare", "--net", "--mount", "--propagation", "private")


def is_private() -> bool:
    """Return whether this process is in namespaces of its own."""
    return os.environ.get(_INSIDE) == "1"


def enter_private(module: str) -> str | None:
    """Start `python -m MODULE` with the same arguments again, in namespaces of its own.

    Returns:
        Why that cannot be, in words; it does not return when it can. None when it is so already.
    """
    if is_private():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return None
    for program in ("unshare", "ip"):
        if shutil.which(program) is None:
            return f"{program} is not on this machine (apt-get install util-linux iproute2)"
    tried = subprocess.run([*_ENTER, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        return f"no namespaces of one's own: {tried.stderr.strip()}"
    os.execvpe(
        "unshare",
        [*_ENTER, sys.executable, "-m", module, *sys.argv[1:]],
        os.environ | {_INSIDE: "1"},
    )
    raise AssertionError("it is another program now")


class GatewayNetwork:
    """Where the gateway is; only inside private namespaces.

    Attributes:
        node: Address of the office's end of the cable.
        gateway: Address of the border post's end.
        broker_port: Where the broker is to listen at `node`.
    """

    node: Final = "10.77.0.1"
    gateway: Final = "10.77.0.2"

    def __init__(self) -> None:
        assert is_private(), "only in namespaces of one's own"
        self.broker_port = free_port()
        self._name = "border-post"
        _run("mkdir", "-p", "/run/netns")
        _run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")  # of this mount namespace alone
        _run("ip", "netns", "add", self._name)
        _run("ip", "link", "add", "office", "type", "veth", "peer", "name", "post", "netns",
             self._name)  # fmt: skip
        _run("ip", "address", "add", f"{self.node}/24", "dev", "office")
        _run("ip", "link", "set", "office", "up")
        self._in("ip", "address", "add", f"{self.gateway}/24", "dev", "post")
        self._in("ip", "link", "set", "post", "up")
        self._in("ip", "link", "set", "lo", "up")

    @property
    def inside(self) -> list[str]:
        """What to put before a command for it to run at the border post."""
        return ["ip", "netns", "exec", self._name]

    def cut(self) -> None:
        """Let no packet between gateway and broker through."""
        self._filter("")

    def lose(self, percent: int) -> None:
        """Drop so many of a hundred packets between gateway and broker, each way, by chance."""
        self._filter(f"numgen random mod 100 < {percent} ")

    def mend(self) -> None:
        """Let everything through again."""
        self._in("nft", "delete", "table", "inet", "endurance")

    def _filter(self, chance: str) -> None:
        port = self.broker_port
        rules = f"""
table inet endurance {{
  chain heard {{
    type filter hook input priority 0; policy accept;
    ip saddr {self.node} tcp sport {port} {chance}drop
  }}
  chain said {{
    type filter hook output priority 0; policy accept;
    ip daddr {self.node} tcp dport {port} {chance}drop
  }}
}}
"""
        subprocess.run([*self.inside, "nft", "-f", "-"], input=rules, text=True, check=True)

    def _in(self, *command: str) -> None:
        _run(*self.inside, *command)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
