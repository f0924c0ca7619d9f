"""Every visible test vector of our protocols agrees."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from radio_gateway.technician.decode import decode_vector, protocol_named
from tests.fixtures.needs import shared
from tests.radio_gateway.technician.vectors import CONTRADICTED, WRONG, disagreements


def _vectors() -> list[bytes]:
    folder = os.environ.get("JOINT_PATROL_SHARED")
    path = None if folder is None else Path(folder, "vectors", "vectors.jsonl")
    return [] if path is None or not path.exists() else path.read_bytes().splitlines()


OURS = [line for line in _vectors() if protocol_named(json.loads(line)["protocol"]) is not None]


@pytest.mark.parametrize("line", OURS, ids=[json.loads(line)["id"] for line in OURS])
def test_agrees_with_the_vector(line: bytes) -> None:
    vector, decoded = json.loads(line), decode_vector(line)
    if vector["id"] in WRONG:
        assert (decoded["transmissions"], decoded["errors"]) == ([], 1)
        return
    if vector["id"] in CONTRADICTED:
        assert "no_checksum" in decoded["transmissions"][0]["flags"]
        return
    assert disagreements(vector["expect"], decoded) == []


def test_vector_of_a_protocol_we_do_not_speak_counts_as_one_error() -> None:
    for line in shared("vectors", "vectors.jsonl").read_bytes().splitlines():
        decoded = decode_vector(line)
        assert decoded["id"] == json.loads(line)["id"]
        if protocol_named(json.loads(line)["protocol"]) is None:
            assert (decoded["transmissions"], decoded["errors"]) == ([], 1)
