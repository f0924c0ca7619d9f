"""Two offices over real TLS: they meet, say what is due at once, and are met again after a cut."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.maps.carriers.offices import Office, until


async def test_hello_both_ways(tmp_path: Path) -> None:
    ck, hx = Office(tmp_path, "ck"), Office(tmp_path, "hx", listens=False, ahead_s=600.0)
    async with ck.running(), hx.running():
        ck.knows(hx.card())
        hx.knows(ck.card())
        await until(lambda: ck.links.health() and hx.links.health())
        began = time.monotonic()
        await until(lambda: ck.health().clock and hx.health().clock)
        print("hello both ways", time.monotonic() - began)
        for here, ahead_s in ((hx.health(), -600.0), (ck.health(), 600.0)):
            assert here.is_open
            assert here.clock is not None
            assert here.clock.difference_s == pytest.approx(ahead_s, abs=here.clock.error_s + 0.001)
            assert here.clock.round_trip_s < 1
            assert here.software == "1.2.3"
            assert here.kinds == ("hello", "refusal", "note")
        assert (hx.health().direction, ck.health().direction) == ("dialed", "listening")


async def test_what_is_due_leaves_at_once_both_ways(tmp_path: Path) -> None:
    ck, hx = Office(tmp_path, "ck"), Office(tmp_path, "hx", listens=False)
    async with ck.running(), hx.running():
        ck.knows(hx.card())
        hx.knows(ck.card())
        await until(lambda: ck.links.health() and ck.health().clock)
        for number in range(20):
            text = b"%d" % number
            began = time.monotonic()
            ck.say("hx", text)
            await until(lambda: len(hx.notes.taken) > number)  # noqa: B023 - it ends here
            hx.say("ck", text)
            await until(lambda: len(ck.notes.taken) > number)  # noqa: B023
            assert time.monotonic() - began < 2
        assert [text for _, text in hx.notes.taken] == [b"%d" % each for each in range(20)]
        assert (ck.health().refused, hx.health().refused) == (0, 0)
