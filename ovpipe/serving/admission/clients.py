"""Who a request is from: whoever the door has recognised, else whoever has its address."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp import web

from ovpipe.http import Client

CLIENT: Final = web.RequestKey[Client]("client")
"""Where a request keeps its client, once its API key is known."""
IPV6_PREFIX: Final = 64
"""Bits of an IPv6 address that count: one subscriber has all addresses of such a network."""


def client_of(request: web.Request) -> Client:
    """The client that an API key has named; without one, the client at the peer's address."""
    known = request.get(CLIENT)
    return known if known is not None else client_at(request.remote)


@lru_cache(maxsize=1024)
def client_at(address: str | None) -> Client:
    """The client at an address. All addresses of an IPv6 network of 64 bits are one client's."""
    return Client(f"address:{_network(address)}" if address else "")


def _network(address: str) -> str:
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:  # a Unix socket's peer has no address
        return address
    if not isinstance(known, IPv6Address):
        return address
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(IPv6Network((int(known), IPV6_PREFIX), strict=False))
