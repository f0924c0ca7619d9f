"""What must hold for every framer and decoder of a tracker, however the bytes come."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from hypothesis import strategies as st

from radio_gateway.decoding.decoder import Decoder, DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from tests.radio_gateway.protocols.sentences import frame, heard


def cut(module: ModuleType, data: bytes, at: Sequence[int] = ()) -> list[bytes]:
    """Return the payloads of a stream that comes in pieces cut at these places."""
    framer = module.FRAMING()
    payloads: list[bytes] = []
    start = 0
    for end in (*sorted(each % (len(data) + 1) for each in at), len(data)):
        payloads += framer.feed(data[start:end])
        start = end
    return payloads + list(framer.close())


def streams(samples: Sequence[bytes]) -> Any:
    """Return a strategy of streams: samples, pieces of them and noise, in any order."""
    sample = st.sampled_from(list(samples))
    piece = st.tuples(sample, st.integers(0, 60), st.integers(0, 60))
    part = st.one_of(
        sample, st.binary(max_size=30), piece.map(lambda p: p[0][p[1] : -p[2] or None])
    )
    return st.lists(part, max_size=6).map(b"".join)


_SMALL = st.integers(0, 60)


def splits() -> Any:
    """Return a strategy of places to cut a stream at."""
    return st.lists(st.integers(0, 400), max_size=8)


def hear(
    module: ModuleType, data: bytes, **settings: Any
) -> tuple[list[Transmission], list[str], list[bytes]]:
    """Return what a stream that ends says, why frames were rejected, and what is answered."""
    decoder: Decoder = module.decoder(DecoderSettings(**settings))
    transmissions, reasons = heard(decoder, cut(module, data))
    return (
        transmissions,
        reasons + [error.reason for error in decoder.rejected()],
        decoder.answers(),
    )


def hear_one(module: ModuleType, data: bytes, **settings: Any) -> Transmission:
    """Return the one thing that a stream says."""
    (transmission,), reasons, _ = hear(module, data, **settings)
    assert reasons == []
    return transmission


def refusal(module: ModuleType, data: bytes, **settings: Any) -> str:
    """Return why a stream of one frame is rejected; nothing of it may be said or answered."""
    transmissions, (reason,), answers = hear(module, data, **settings)
    assert (transmissions, answers) == ([], [])
    return str(reason)


def survives(module: ModuleType, data: bytes, at: Sequence[int]) -> None:
    """Check that a stream may hold anything, and that its splitting makes no difference."""
    whole = cut(module, data)
    assert cut(module, data, at) == whole
    decoder: Decoder = module.decoder(DecoderSettings())
    for payload in whole:
        module.speaks(frame(payload))
        try:
            transmissions = decoder.decode(frame(payload))
        except FrameError:
            continue
        for each in transmissions:
            place = each.position
            assert place is None or (-90 <= place.lat <= 90 and -180 <= place.lon <= 180)
            assert list(each.flags) == sorted(set(each.flags))
