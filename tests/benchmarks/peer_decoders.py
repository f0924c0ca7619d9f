"""How fast another decoder is. Run by the interpreter of its environment, which has none of ours.

    PYTHON tests/benchmarks/peer_decoders.py PEER < messages, one a line, hexadecimal

Prints one JSON object: `rate`, messages a second of CPU time, and `decoded`, how many of the
messages gave something.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable

Decode = Callable[[bytes], object]


def pynmeagps() -> Decode:
    """Return what decodes one sentence."""
    reader = importlib.import_module("pynmeagps").NMEAReader
    return lambda message: reader.parse(message + b"\r\n")


def takproto() -> Decode:
    """Return what decodes one message of the TAK protocol, and asks for its place."""
    parse = importlib.import_module("takproto").parse_proto

    def decode(message: bytes) -> object:
        event = parse(bytearray(message)).cotEvent
        return event.uid, event.type, event.lat, event.lon, event.sendTime

    return decode


def aprspy() -> Decode:
    """Return what decodes one packet."""
    parse = importlib.import_module("aprspy").APRS.parse_packet
    return lambda message: parse(message.decode("latin-1"))


PEERS: dict[str, Callable[[], Decode]] = {
    "pynmeagps": pynmeagps,
    "takproto": takproto,
    "aprspy": aprspy,
}


def main() -> None:
    """Measure for at least half a second."""
    decode = PEERS[sys.argv[1]]()
    messages = [bytes.fromhex(line) for line in sys.stdin.read().split()]

    def turn() -> int:
        decoded = 0
        for message in messages:
            try:
                decode(message)
            except Exception:  # noqa: BLE001 - theirs, of any kind
                continue
            decoded += 1
        return decoded

    decoded = turn()  # warms up
    turns, start = 0, time.process_time()
    while (used := time.process_time() - start) < 0.5:
        turn()
        turns += 1
    print(json.dumps({"rate": turns * len(messages) / used, "decoded": decoded}))


if __name__ == "__main__":
    main()
