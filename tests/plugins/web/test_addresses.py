"""Which addresses are public."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_plugins.web.addresses import is_public, parsed

NOT_PUBLIC = ["0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.1.2.3", "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.9", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::c0a8:1", "64:ff9b::a83f:8110", "64:ff9b::6464:64c8", "64:ff9b:1::7f00:1", "64:ff9b:1::808:808", "100::1", "100:0:0:1::1", "2001::1", "2001:0:7f00:1::", "2001:0:5ef5:79fd:0:0:80ff:fffe", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::", "2002:808:808::", "2002:c0a8:101::1", "3fff::1", "5f00::1", "fc00::1", "fd00::1", "fd00:ec2::254", "fd12:3456:789a::1", "fe80::1", "fe80::5efe:7f00:1", "fe80::1%eth0", "fec0::1", "feff::1", "ff02::1", "ff0e::1", "4000::1", "8000::1", "2a00:1450::5efe:127.0.0.1", "2a00:1450::200:5efe:192.168.0.1", "2607:f8b0::5efe:10.0.0.1", "2607:f8b0::200:5efe:8.8.8.8"]  # fmt: skip

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1", "168.63.129.15", "169.253.255.255", "172.15.255.255", "172.32.0.1", "192.0.3.1", "192.167.255.255", "198.17.255.255", "198.20.0.1", "223.255.255.254", "2001:4860:4860::8888", "2606:4700:4700::1111", "2a00:1450:4001:82b::200e", "2620:fe::fe", "64:ff9b::808:808"]  # fmt: skip


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_what_is_private_local_reserved_or_stands_for_such_an_address_is_not_public(text: str) -> None:
    assert not is_public(parsed(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_what_anyone_can_reach_is_public(text: str) -> None:
    assert is_public(parsed(text))


@given(st.ip_addresses(v=4))
def test_no_way_to_write_an_ipv4_address_in_an_ipv6_one_makes_it_public(address: IPv4Address) -> None:
    number = int(address)
    nat64 = IPv6Address((0x64_FF9B << 96) | number)
    assert is_public(nat64) == is_public(address)
    for stands_for in (
        IPv6Address(number),
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x2002 << 112) | (number << 80)),
        IPv6Address((0x2001 << 112) | (number ^ 0xFFFF_FFFF)),
        IPv6Address((0x2A00_1450 << 96) | (0x0000_5EFE << 32) | number),
        IPv6Address((0x64_FF9B_0001 << 80) | number),
    ):
        assert not is_public(stands_for)


@given(st.ip_addresses(v=6))
def test_only_addresses_that_were_given_out_are_public(address: IPv6Address) -> None:
    if is_public(address):
        assert int(address) >> 125 == 1 or int(address) >> 32 == 0x64_FF9B << 64
