"""Which addresses are public: anyone's, and nothing of this machine, its networks or the cloud it may run in.

`ipaddress` alone is not enough: what `is_global` says differs between versions of Python, and it takes an IPv6 address
that stands for a private IPv4 address, or reaches it through a tunnel, for a public one. Knows nothing of names.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

# The registries of special-purpose addresses at IANA, and what clouds use beside them.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers; the metadata of a cloud at 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # the host of a virtual machine in a cloud
        "169.254.0.0/16",  # link-local, metadata of clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation, as two more below
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
"""All that was ever given out; mapped, compatible, local, site-local, link-local, multicast lie outside."""
_NOT_PUBLIC_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocols: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which holds an IPv4 address
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
"""How an IPv4 address is reached from a network that has none; it ends with that address."""
_ISATAP = (0x00005EFE, 0x02005EFE)
"""The third quarter of an address that reaches an IPv4 address through a tunnel, whatever its prefix."""
_INTERFACE = re.compile("%.*")


def is_public(address: Address) -> bool:
    """Whether it is an address of the public internet."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _NOT_PUBLIC_4)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return (
        address.is_global
        and address in _PUBLIC_6
        and not any(address in network for network in _NOT_PUBLIC_6)
        and (int(address) >> 32) & 0xFFFF_FFFF not in _ISATAP
    )


def parsed(text: str) -> Address:
    """An address as a resolver gives it, the interface of a link-local one left out. Raises ValueError."""
    return ip_address(_INTERFACE.sub("", text))
