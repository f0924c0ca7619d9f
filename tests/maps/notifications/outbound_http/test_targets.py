"""Where this server may be sent: only what is public, unless a network is listed."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.notifications.errors.errors import TemporaryFailure, Undeliverable
from maps.notifications.outbound_http.allowed_addresses import is_permitted, literal, resolve
from tests.maps.notifications.receiving import LOCAL

PRIVATE = [
    "127.0.0.1/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "0.0.0.0/8",
    "192.0.2.0/24",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::1/128",
    "::/128",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "2001:db8::/32",
]
NETWORKS = [ipaddress.ip_network(each, strict=False) for each in PRIVATE]


@st.composite
def inside(
    draw: st.DrawFn, version: int | None = None
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    networks = [each for each in NETWORKS if version in (None, each.version)]
    network = draw(st.sampled_from(networks))
    return network[draw(st.integers(0, network.num_addresses - 1))]


@given(inside())
def test_no_address_of_a_private_network_is_permitted(address: ipaddress.IPv4Address) -> None:
    assert not is_permitted(address)


@given(inside(version=4))
def test_nor_in_any_disguise_of_ipv6(address: ipaddress.IPv4Address) -> None:
    low = int(address)
    for disguise in (
        ipaddress.IPv6Address((0xFFFF << 32) | low),  # IPv4-mapped
        ipaddress.IPv6Address((0x64FF9B << 96) | low),  # NAT64
        ipaddress.IPv6Address((0x2002 << 112) | (low << 80) | 1),  # 6to4
        ipaddress.IPv6Address((0x20010000 << 96) | (~low & 0xFFFFFFFF)),  # Teredo's client
        ipaddress.IPv6Address(low),  # IPv4-compatible
    ):
        assert not is_permitted(disguise), disguise


@given(st.ip_addresses(v=4))
def test_what_is_permitted_is_global_and_in_no_special_network(
    address: ipaddress.IPv4Address,
) -> None:
    if is_permitted(address):
        assert address.is_global
        assert not any(address in each for each in NETWORKS if each.version == 4)


def test_a_listed_network_is_permitted_and_its_neighbours_are_not() -> None:
    listed = [ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00:1::/32")]
    assert is_permitted(ipaddress.ip_address("10.1.2.3"), listed)
    assert is_permitted(ipaddress.ip_address("::ffff:10.1.2.3"), listed)
    assert is_permitted(ipaddress.ip_address("fd00:1::5"), listed)
    assert not is_permitted(ipaddress.ip_address("10.2.0.1"), listed)
    assert not is_permitted(ipaddress.ip_address("169.254.169.254"), listed)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "169.254.169.254",
        "2852039166",
        "localhost",
        "0.0.0.0",
        "0",
        "fe80::1%lo",
    ],
)
async def test_every_way_to_write_an_address_of_this_machine_is_refused(host: str) -> None:
    with pytest.raises((Undeliverable, TemporaryFailure)) as refused:
        await resolve(host, 80)
    if refused.type is TemporaryFailure:  # the resolver does not take that form at all
        assert "not known" in str(refused.value)


async def test_a_name_of_a_listed_address_resolves_to_it() -> None:
    assert str(await resolve("2130706433", 80, LOCAL)) == "127.0.0.1"


def test_literals_are_known_in_every_form() -> None:
    for text in ("127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1"):
        assert literal(text) == ipaddress.ip_address("127.0.0.1")
    assert literal("[::1]") == ipaddress.ip_address("::1")
    for text in ("push.example", "", "1.2.3.4.5", "a.1"):
        assert literal(text) is None
