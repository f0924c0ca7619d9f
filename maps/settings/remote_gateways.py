"""Remote gateways: `[uplink]` and `[[gateways]]`: who may report to this node, and how.

[uplink]
url = "mqtt://127.0.0.1:1883"       # through mqtts:// it needs a user that no channel has
username = "node"
password_file = "secrets/mqtt-node"
key_file = "secrets/node.key"       # made by `radio-gateway keygen`; signs our receipts

[[gateways]]
id = "chiang-khong"
key = "…"                           # what `radio-gateway keygen` printed there
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from radio_gateway.errors.errors import SettingsError
from radio_gateway.uplink.wire.signing import Verifier
from radio_gateway.uplink.wire.uplink_settings import UplinkSettings, read_uplink, verifier


@dataclass(frozen=True, kw_only=True)
class RemoteGateways:
    """Who may report to this node.

    Attributes:
        uplink: How to reach the broker, and the key that signs receipts.
        gateways: By id, what checks each one's signature.
    """

    uplink: UplinkSettings
    gateways: Mapping[str, Verifier] = field(default_factory=dict)


def read_remote_gateways(
    uplink: Mapping[str, Any] | None,
    gateways: Mapping[str, str],
    *,
    own_id: str,
    source: str,
    folder: Path,
) -> RemoteGateways | None:
    """Check the two tables; None when there is neither.

    Args:
        uplink: The table `[uplink]`.
        gateways: Public key by id.
        own_id: Id of the gateway inside this node, which no other may have.
        source: Name of the file, for faults.
        folder: Folder that relative paths start from.

    Raises:
        SettingsError: For the first fault.
    """
    if uplink is None:
        if gateways:
            raise SettingsError(f"{source}: uplink", "is missing: the gateways reach us by it")
        return None
    if own_id in gateways:
        raise SettingsError(f"{source}: gateways", f"{own_id!r} is the gateway inside this node")
    keys = {name: verifier(key, f"{source}: gateways.{name}.key") for name, key in gateways.items()}
    if not keys:
        raise SettingsError(f"{source}: gateways", "none, so nobody may report by the uplink")
    return RemoteGateways(
        uplink=read_uplink(uplink, where=f"{source}: uplink", folder=folder, at_node=True),
        gateways=keys,
    )
