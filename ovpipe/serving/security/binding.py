"""Binding: which addresses only this machine can reach, and what others need before a server has another."""

from __future__ import annotations

import socket
from ipaddress import IPv6Address, ip_address
from typing import Final

from ovpipe.serving.security.errors import SecurityError

WILDCARDS: Final = ("", "0.0.0.0", "::")
"""They stand for all addresses of the machine."""


def check_binding(host: str, *, has_keys: bool, insecure: bool) -> None:
    """Raises SecurityError for an address that others can reach, where anybody would be let in."""
    if has_keys or insecure or is_loopback(host):
        return
    raise SecurityError(
        f"the address {host or '0.0.0.0'!r} can be reached from other machines, and this server asks nobody "
        "for a key. Give it keys (`ovpipe keys new NAME`, then --api-keys api-keys; or OVPIPE_API_KEY in the "
        "environment), listen on 127.0.0.1, or let everybody in with --insecure"
    )


def is_loopback(host: str) -> bool:
    """Whether all addresses of a host are this machine's alone. A name that nobody knows is not."""
    if host in WILDCARDS:
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(is_loopback_address(str(address[0])) for *_, address in found)


def is_loopback_address(address: str) -> bool:
    """Whether an address is this machine's alone. The peer of a Unix socket, which has none, is here, too."""
    if not address:
        return True
    known = ip_address(address.partition("%")[0])
    if isinstance(known, IPv6Address) and known.ipv4_mapped is not None:
        return known.ipv4_mapped.is_loopback
    return known.is_loopback
