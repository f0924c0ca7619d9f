"""How much goes into one envelope, by what the link carried before."""

from __future__ import annotations

from radio_gateway.uplink.sender.envelope_size import ENVELOPE_BYTES, LEAST_BYTES, EnvelopeSize


def test_it_grows_with_full_envelopes_that_are_prompt_and_shrinks_with_slow_ones() -> None:
    size = EnvelopeSize()
    at_first = size.most_bytes
    size.note_receipt(0.2, size=at_first)
    assert size.most_bytes == 2 * at_first
    for _ in range(20):
        size.note_receipt(0.2, size=size.most_bytes)
    assert size.most_bytes == ENVELOPE_BYTES
    for _ in range(20):
        size.note_receipt(8.0, size=100)
    assert size.most_bytes == LEAST_BYTES


def test_a_small_envelope_that_was_prompt_says_nothing_of_the_link() -> None:
    size = EnvelopeSize()
    at_first = size.most_bytes
    for _ in range(20):
        size.note_receipt(0.2, size=200)
    assert size.most_bytes == at_first
