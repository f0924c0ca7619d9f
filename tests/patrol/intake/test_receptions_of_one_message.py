"""One message heard by several gateways: who heard it, how well, told in whatever order."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patrol.reception.receptions import Reception, best
from radio_gateway.messages.transmission import Signal, Transmission
from tests.fixtures.examples import examples
from tests.patrol.nodes.running import Node, at, said

WINDOWS: dict[str, float | None] = {"aprs": 30.0, "ais": 3.0, "meshtastic": None, "dsc": 600.0}
"""Seconds within which the same content is the same message; None: for ever."""

signals = st.none() | st.builds(
    Signal,
    rssi_dbm=st.none() | st.sampled_from([-120.0, -90.0, -60.0]),
    snr_db=st.none() | st.sampled_from([-7.5, 0.0, 9.5]),
)
receptions = st.lists(
    st.tuples(st.sampled_from(["hill", "pier"]), st.floats(0, 1), signals), min_size=1, max_size=4
)
messages: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    protocol=st.sampled_from(sorted(WINDOWS)),
    same_words=st.booleans(),
    lon=st.sampled_from([None, 100.4, 100.4003, 101.0]),
    text=st.none() | st.sampled_from(["help is near", "two ashore"]),
    status=st.none() | st.sampled_from(["ok", "busy"]),
    clock=st.booleans(),
    receptions=receptions,
)


def as_heard(drawn: list[dict[str, Any]]) -> list[Transmission]:
    """Return all receptions: of each message within its window, equal words well apart."""
    transmissions: list[Transmission] = []
    second = 0.0
    numbers = itertools.count()
    for number, each in enumerate(drawn):
        window_s = WINDOWS[each["protocol"]]
        spread_s = 7200.0 if window_s is None else window_s
        words = "again" if each["same_words"] and window_s is not None else str(number)
        more: dict[str, Any] = {} if each["clock"] else {"device_time": None}
        for gateway, late, signal in each["receptions"]:
            transmissions.append(
                said(
                    "574123456",
                    second,
                    protocol=each["protocol"],
                    heard=second + round(late * spread_s, 3),
                    lon=each["lon"],
                    text=each["text"],
                    status=each["status"],
                    channel=f"{gateway}-{each['protocol']}",
                    reception_id=f"{gateway}/boot/{next(numbers)}",
                    signal=signal,
                    duplicate_key=words,
                    duplicate_window_s=window_s,
                    **more,
                )
            )
        # Far enough from the last one for equal words to be new ones.
        second += 2 * (window_s or 5.0) + 1.5
    return transmissions


async def end_of(order: list[Transmission], sizes: list[int]) -> list[Any]:
    """Return what is stored, who heard it, who heard it best, and what is known in the end."""
    with tempfile.TemporaryDirectory() as folder:
        node = Node(Path(folder, "p.db"))
        await node.start()
        rest, batches = iter(order), itertools.cycle(sizes)
        while batch := list(itertools.islice(rest, next(batches))):
            await node.hear(*batch)
        async with node.watch.turn:  # answered once stored; shown a moment later
            pass
        stored = node.rows(
            "SELECT address, duplicate_key, time_us, heard_us, channel, reception_id, lon, text"
            " FROM transmissions ORDER BY address, heard_us, reception_id"
        )
        known: list[Any] = [[tuple(row) for row in stored]]
        desk = node.desk("technician")
        for address, state in sorted(node.states().items()):
            messages = await desk.visible.received_messages(address, limit=1000)
            place = None if state.last is None else (state.last.lon, state.last.time)
            known.append((address, place, state.text, state.status, state.heard_at))
            known.append(sorted(repr((each.heard_by, each.best)) for each in messages))
        await node.stop()
        return known


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    drawn=st.lists(messages, min_size=1, max_size=6),
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    data=st.data(),
)
def test_two_gateways_in_any_order_end_in_the_same_records_receptions_signals_and_picture(
    drawn: list[dict[str, Any]], sizes: list[int], data: st.DataObject
) -> None:
    transmissions = as_heard(drawn)
    in_time = sorted(transmissions, key=lambda each: (each.heard_at, each.reception_id))
    expected = asyncio.run(end_of(in_time, [1]))
    assert len(expected[0]) == len(drawn)
    assert asyncio.run(end_of(data.draw(st.permutations(transmissions)), sizes)) == expected


def test_the_best_signal_is_the_clearest_and_where_none_says_how_clear_the_strongest() -> None:
    def by(channel: str, rssi_dbm: float | None, snr_db: float | None) -> Reception:
        return Reception(
            reception_id=channel, channel=channel, heard_at=at(0), rssi_dbm=rssi_dbm, snr_db=snr_db
        )

    loud, clear, silent = by("loud", -40.0, -2.0), by("clear", -110.0, 0.0), by("x", None, None)
    near, far = by("near", -50.0, None), by("far", -100.0, None)
    assert best([silent, loud, clear, near]) == clear
    assert best([far, near, silent]) == near
    assert best([silent]) is None
    assert best([]) is None


async def test_the_first_reception_stands_for_the_message_and_the_others_stay_known(
    node: Node,
) -> None:
    own: dict[str, Any] = {"device_time": None, "duplicate_key": "w", "duplicate_window_s": 30.0}
    late = said("a", 9, channel="hill", reception_id="g2/b/1", signal=Signal(snr_db=4.0), **own)
    early = said(
        "a", 2, channel="pier", reception_id="g1/b/1", signal=Signal(rssi_dbm=-70.0), **own
    )
    await node.hear_in_turn(late, said("a", 5, device_time=None, lon=100.401), early)
    async with node.watch.turn:
        pass
    last = node.state().last
    assert last is not None
    assert (last.lon, last.time) == (100.401, at(5))  # the other was said before it after all
    assert node.state().heard_at == at(9)
    message = next(
        each
        for each in await node.desk().visible.received_messages("test:a")
        if each.transmission.duplicate_key == "w"
    )
    assert message.transmission.channel == "pier"
    assert [(each.gateway, each.channel) for each in message.heard_by] == [
        ("g1", "pier"),
        ("g2", "hill"),
    ]
    assert message.best is not None
    assert message.best.channel == "hill"


@pytest.mark.parametrize("window_s", [3.0, None])
async def test_a_reception_handed_in_twice_is_counted_once_also_after_a_restart(
    node: Node, window_s: float | None
) -> None:
    own: dict[str, Any] = {"duplicate_key": "w", "duplicate_window_s": window_s}
    late = said("a", 2, channel="hill", reception_id="g2/b/1", **own)
    early = said("a", 1, channel="pier", reception_id="g1/b/1", **own)
    await node.hear_in_turn(late, early, late, early)
    again = await node.again()
    await again.hear_in_turn(early, late)
    (message,) = await again.desk().visible.received_messages("test:a")
    assert [each.reception_id for each in message.heard_by] == ["g1/b/1", "g2/b/1"]
    await again.stop()
