"""What a key or a person vouches for is believed of the own agency's radios, and of no other's."""

from __future__ import annotations

import pytest

from patrol.errors.errors import Conflict
from tests.patrol.nodes.running import AGENCY, OTHER, Node, address, at, said

SIDES = ((AGENCY, OTHER), (OTHER, AGENCY))
"""Whose radio it is, and who else speaks under its address; the first one is the node's own."""


async def phone(node: Node, agency: str, second: float = 1, **more: object) -> None:
    """Have a phone that nobody has registered report by its key."""
    desk = node.desk("crew", agency)
    await desk.registry.report([said("p", second, channel="key:p", **more)], source="key:p")  # type: ignore[arg-type]


async def intrude(node: Node, agency: str, second: float = 2, **more: object) -> None:
    """Have somebody of another agency report under the phone's name."""
    desk = node.desk("commander", agency)
    await desk.registry.report([said("p", second, lon=100.4001, **more)], source="user:eve")  # type: ignore[arg-type]


async def listed(node: Node, agency: str) -> dict[str, float | None]:
    """Return where an agency sees the radios that nobody has registered, by address."""
    radios = await node.desk("technician", agency).visible.unknown_radios()
    lasts = {each.address: each.state.last for each in radios}
    return {radio: None if last is None else last.lon for radio, last in lasts.items()}


@pytest.mark.parametrize(("owner", "other"), SIDES)
async def test_nobody_takes_another_s_phone_by_naming_it(
    node: Node, owner: str, other: str
) -> None:
    await phone(node, owner)
    for again in (False, True):
        node = await node.again() if again else node
        await intrude(node, other, 2 + again)
        assert await listed(node, owner) == {address("p"): 100.4}
        assert await listed(node, other) == {f"{address('p')}@user:eve": None}
    await phone(node, owner, 4, text="here")
    assert node.state(address("p")).text == "here"


async def test_who_named_a_phone_before_it_spoke_does_not_see_it(node: Node) -> None:
    await intrude(node, OTHER, 1)
    await phone(node, AGENCY, 2)
    assert await listed(node, OTHER) == {address("p"): 100.4001}
    assert await listed(node, AGENCY) == {f"{address('p')}@key:p": None}


async def test_what_the_node_s_own_agency_passes_on_is_theirs_whose_key_speaks(node: Node) -> None:
    await intrude(node, AGENCY, 1)
    boat = await node.boat(agency=OTHER)
    await phone(node, OTHER, 2)
    assert await listed(node, AGENCY) == {}
    node = await node.again()
    assert await listed(node, OTHER) == {address("p"): 100.4}
    await node.desk("commander", OTHER).registry.assign(address=address("p"), unit=boat)


@pytest.mark.parametrize(("owner", "other"), SIDES)
async def test_a_unit_bound_to_no_channel_is_moved_by_its_own_agency_alone(
    node: Node, owner: str, other: str
) -> None:
    boat = await node.boat(agency=owner)
    await node.desk("commander", owner).registry.assign(
        address=address("p"), unit=boat, start=at(-1)
    )
    await phone(node, owner)
    await intrude(node, other, distress=True)
    state = node.state(boat)
    assert state.last is not None
    assert (state.last.lon, state.distress) == (100.4, False)
    await node.hear(
        said("p", 3, lon=100.4002, channel="pier")
    )  # a radio's channel vouches for nobody
    last = node.state(boat).last
    assert last is not None
    assert last.lon == 100.4002


@pytest.mark.parametrize(("owner", "other"), SIDES)
async def test_nobody_registers_a_radio_that_another_agency_s_key_vouches_for(
    node: Node, owner: str, other: str
) -> None:
    await phone(node, owner)
    boat = await node.boat(agency=other)
    for again in (False, True):
        node = await node.again() if again else node
        with pytest.raises(Conflict, match="another's"):
            await node.desk("commander", other).registry.assign(address=address("p"), unit=boat)
    await node.hear(said("x", 1))  # what was heard by radio is whose it is that registers it
    await node.desk("commander", other).registry.assign(address=address("x"), unit=boat)


async def keyed(node: Node, agency: str, second: float, *, lon: float = 100.4) -> None:
    """Have phone `p` report by its key on a channel on which devices sign in with theirs."""
    node.watch.picture.keyed = frozenset({"phones"})
    node.watch.picture.speaks("p", agency)
    await node.hear(said("p", second, lon=lon, channel="phones"))


@pytest.mark.parametrize(("owner", "other"), SIDES)
async def test_a_keyed_channel_moves_a_unit_bound_to_none_by_its_own_agency_s_keys_alone(
    node: Node, owner: str, other: str
) -> None:
    boat = await node.boat(agency=owner)
    await node.desk("commander", owner).registry.assign(
        address=address("p"), unit=boat, start=at(-1)
    )
    await keyed(node, owner, 1)
    await keyed(node, other, 2, lon=100.4001)
    await node.hear(said("p", 3, lon=100.4001, channel="phones", distress=True))
    state = node.state(boat)
    assert state.last is not None
    assert (state.last.lon, state.distress) == (100.4, False)
    assert node.state(f"{address('p')}@phones").distress  # it rings, as what is not believed does
    assert node.state(f"{address('p')}@phones").agency == owner


async def test_a_unit_bound_to_a_keyed_channel_is_moved_by_the_key_that_speaks_there(
    node: Node,
) -> None:
    boat = await node.boat(agency=OTHER)
    desk = node.desk("commander", OTHER)
    await desk.registry.assign(address=address("p"), unit=boat, start=at(-1), channel="phones")
    await keyed(node, AGENCY, 1)
    assert node.state(boat).last is not None


async def test_who_names_what_a_channel_heard_before_neither_takes_it_nor_moves_it(
    node: Node,
) -> None:
    await node.hear(said("p", 1, channel="pier"))
    for second in (2, 3):
        await intrude(node, OTHER, second)
        assert await listed(node, AGENCY) == {address("p"): 100.4}
        assert await listed(node, OTHER) == {f"{address('p')}@user:eve": None}


async def test_what_another_agency_s_key_says_on_a_keyed_channel_is_its_own(node: Node) -> None:
    await keyed(node, OTHER, 1)
    for again in (False, True):
        node = await node.again() if again else node
        assert await listed(node, OTHER) == {address("p"): 100.4}
        assert address("p") not in await listed(node, AGENCY)
        await intrude(node, AGENCY, 2 + again)
        assert await listed(node, OTHER) == {address("p"): 100.4}
