"""AX.25: the frames of amateur packet radio; of them the unnumbered information that APRS uses.

    7 bytes   destination   six characters and a byte of flags, each address the same:
    7 bytes   source           characters shifted left by one, blanks behind a short call
    7 bytes   0 to 8 relays    flags  H 1 1 SSID(4) end; H: the relay has repeated it; end: the
                               last address
    1 byte    control       03 or 13: UI, unnumbered information
    1 byte    protocol      F0: no layer above
    …         information

Inside KISS there are no flags, no bit stuffing and no check sequence: the TNC has spent them.

Source: AX.25 Link Access Protocol 2.2, 3.12 (addresses), 4.3.3.6 (UI); APRS Protocol Reference
1.0.1, chapter 3.
"""

from __future__ import annotations

import re

from radio_gateway.errors.errors import FrameError
from radio_gateway.protocols.aprs.packet import Packet, check_info

MAX_RELAYS = 8

_CALL = re.compile(r"[A-Z0-9]{1,6}", re.ASCII)
_UI = 0x03
_POLL = 0x10
_NO_LAYER = 0xF0
_ADDRESS = 7


def read_ax25(frame: bytes, payload: bytes) -> Packet | None:
    """Read an AX.25 frame.

    Args:
        frame: From the destination to the last byte of information.
        payload: What it came in, for errors.

    Returns:
        The packet; None when it is no unnumbered information without a layer above: two stations
        connected to each other, say.

    Raises:
        FrameError: `truncated`, `bad_address`, `too_many_relays`, `empty_body` or `too_long`.
    """
    addresses, end = _addresses(frame, payload)
    if len(frame) < end + 2:
        raise FrameError("truncated", payload, "no control and protocol byte")
    if frame[end] & ~_POLL != _UI or frame[end + 1] != _NO_LAYER:
        return None
    names = [_name(address, payload) for address in addresses]
    used = max((at + 1 for at, relay in enumerate(addresses[2:]) if relay[6] & 0x80), default=0)
    info = frame[end + 2 :]
    check_info(info, payload)
    return Packet(names[1], names[0], tuple(names[2:]), used, info)


def ui_frame(source: str, destination: str, relays: tuple[str, ...], info: bytes) -> bytes:
    """Return unnumbered information as an AX.25 frame.

    Args:
        source: Our call sign, with or without SSID.
        destination: Whom it is addressed to.
        relays: Path, none of it used.
        info: Information field.

    Raises:
        ValueError: If a name is no call sign or there are too many relays.
    """
    if len(relays) > MAX_RELAYS:
        raise ValueError(f"{len(relays)} relays, at most {MAX_RELAYS}")
    # version 2: a command has this bit in the destination and not in the source
    addresses = [_address(destination, 0xE0), _address(source, 0x60)]
    addresses += [_address(relay, 0x60) for relay in relays]
    addresses[-1] = addresses[-1][:6] + bytes([addresses[-1][6] | 1])
    return b"".join(addresses) + bytes([_UI, _NO_LAYER]) + info


def _addresses(frame: bytes, payload: bytes) -> tuple[list[bytes], int]:
    """Return the addresses, destination first, and where they end."""
    addresses: list[bytes] = []
    while len(addresses) < 2 + MAX_RELAYS:
        at = len(addresses) * _ADDRESS
        address = frame[at : at + _ADDRESS]
        if len(address) < _ADDRESS:
            raise FrameError("truncated", payload, f"address {len(addresses) + 1} is cut")
        addresses.append(address)
        if address[6] & 1:
            break
    else:
        raise FrameError("too_many_relays", payload, f"more than {MAX_RELAYS}")
    if len(addresses) < 2:
        raise FrameError("truncated", payload, "no source address")
    return addresses, len(addresses) * _ADDRESS


def _name(address: bytes, payload: bytes) -> str:
    if any(byte & 1 for byte in address[:6]):
        raise FrameError("bad_address", payload, f"address {address.hex()} ends inside a call sign")
    call = bytes(byte >> 1 for byte in address[:6]).decode("ascii").rstrip(" ")
    if not _CALL.fullmatch(call):
        raise FrameError("bad_address", payload, f"{call!r} is no call sign")
    ssid = address[6] >> 1 & 0x0F
    return f"{call}-{ssid}" if ssid else call


def _address(name: str, flags: int) -> bytes:
    call, _, ssid = name.partition("-")
    number = int(ssid) if ssid.isdecimal() else 0 if not ssid else 16
    if not _CALL.fullmatch(call) or number > 15:
        raise ValueError(f"{name!r} is no call sign with an SSID of 0 to 15")
    return bytes(ord(character) << 1 for character in call.ljust(6)) + bytes([flags | number << 1])
