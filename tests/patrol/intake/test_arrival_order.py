"""The order in which messages arrive changes nothing of what is known in the end."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patrol.picture.picture import Picture
from patrol.reception.record import record_of
from radio_gateway.messages.transmission import Transmission
from tests.fixtures.examples import examples
from tests.patrol.nodes.running import Node, address, said

words = st.none() | st.sampled_from(["help is near", "ສະບາຍດີ", ""])
messages: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    second=st.integers(0, 60),
    behind=st.integers(-90, 40),
    lon=st.sampled_from([100.4, 100.4004, 100.41, 101.0, 101.0004, 0.0, 120.0]),
    text=words,
    status=words,
    clock=st.booleans(),
    own=st.booleans(),
)


class End(NamedTuple):
    """What is known in the end."""

    last: Any
    text: str | None
    status: str | None
    heard_at: Any
    stored: list[bytes]


def as_heard(number: int, drawn: dict[str, Any]) -> Transmission:
    second, behind = drawn["second"], drawn["behind"]
    more: dict[str, Any] = {} if drawn["clock"] else {"device_time": None}
    if drawn["own"]:
        more |= {"duplicate_key": f"{second}", "duplicate_window_s": None}
    return said(
        "a",
        second,
        heard=second + behind,
        lon=drawn["lon"],
        text=drawn["text"],
        status=drawn["status"],
        reception_id=f"gw/boot/{number}",
        **more,
    )


async def end_of(order: list[Transmission], sizes: list[int]) -> End:
    with tempfile.TemporaryDirectory() as folder:
        node = Node(Path(folder, "p.db"))
        await node.start()
        rest, batches = iter(order), itertools.cycle(sizes)
        while batch := list(itertools.islice(rest, next(batches))):
            await node.hear(*batch)
        state = node.state(address())
        gids = [row["gid"] for row in node.rows("SELECT gid FROM transmissions")]
        await node.stop()
        last = state.last
        place = None if last is None else (last.lon, last.time)
        return End(place, state.text, state.status, state.heard_at, sorted(gids))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    drawn=st.lists(messages, min_size=1, max_size=14),
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    data=st.data(),
)
def test_any_order_and_any_batches_end_in_the_same_picture_and_the_same_records(
    drawn: list[dict[str, Any]], sizes: list[int], data: st.DataObject
) -> None:
    # The same identity must be the same message, whichever copy comes first.
    bodies: dict[str, dict[str, Any]] = {}
    for each in drawn:
        if each["own"]:
            first = bodies.setdefault(str(each["second"]), each)
            each.update(first)
    order = [as_heard(number, each) for number, each in enumerate(drawn)]
    other = data.draw(st.permutations(order))
    one = asyncio.run(end_of(order, sizes))
    assert asyncio.run(end_of(other, [3])) == one


@settings(max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=st.lists(messages, min_size=2, max_size=24), data=st.data())
def test_more_messages_than_are_kept_in_mind_end_in_the_same_picture(
    drawn: list[dict[str, Any]], data: st.DataObject
) -> None:
    order = [as_heard(number, each | {"own": False}) for number, each in enumerate(drawn)]

    def state_after(messages: list[Transmission]) -> tuple[Any, ...]:
        picture = Picture(agency="la-hx", origin="node-hx")
        for message in messages:
            picture.take(record_of(message, picture.believed_address))
        state = picture.contact(address()).state()
        place = None if state.last is None else (state.last.lon, state.last.time)
        return place, state.text, state.status, state.heard_at

    assert state_after(data.draw(st.permutations(order))) == state_after(order)
