"""Hosts: the names that this server answers to. A page whose own name was made to lead here has another."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from ovpipe.serving.security.binding import WILDCARDS, is_loopback
from ovpipe.serving.security.errors import SecurityError
from ovpipe.serving.security.refusals import malformed_host, unknown_host

HOST: Final = re.compile(r"(\[[0-9A-Za-z:.%]+\]|[A-Za-z0-9_.*-]+)(:\d{1,5})?")
EVERY: Final = "*"


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """The names that the Host header may have, in lower case. `*` allows all, `*.site` those below a site.

    An address of digits is always allowed. A page can be made to lead here by its name only (DNS rebinding),
    and this name then is in the header.
    """

    names: frozenset[str]

    @classmethod
    def of(cls, bound: str, listed: Iterable[str]) -> AllowedHosts:
        """The listed names, the bound one, localhost; the machine's own, too, when others can reach it."""
        names = {"localhost", *map(_listed, listed)}
        if bound not in WILDCARDS:
            names.add(bound.lower())
        if not is_loopback(bound):
            names.add(socket.gethostname().lower())
        return cls(frozenset(names))

    def check(self, stated: Iterable[str], *, required: bool) -> None:
        """Raises RequestError for a Host that is none (400), or that is not allowed (421).

        `stated` are the headers, and what the URL says where it is a whole one. `required`: by HTTP/1.1.
        """
        values = list(stated)
        if required and not values:
            raise malformed_host()
        for value in values:
            name = name_in(value)
            if name is None:
                raise malformed_host()
            if not self.allows(name):
                raise unknown_host()

    def allows(self, name: str) -> bool:
        """Whether a name from `name_in` is allowed."""
        if EVERY in self.names or name in self.names or _is_address(name):
            return True
        above = name
        while "." in above:
            above = above.partition(".")[2]
            if f"*.{above}" in self.names:
                return True
        return name.endswith(".localhost")


def name_in(host: str) -> str | None:
    """The name of a Host header, without its port and a dot at its end, in lower case; None for no host."""
    found = HOST.fullmatch(host)
    if found is None or "*" in found[1]:
        return None
    return found[1].lower().removesuffix(".") or None


def _listed(name: str) -> str:
    """A name of a configuration, checked."""
    found = HOST.fullmatch(name.strip())
    if name.strip() != EVERY and (found is None or "*" in found[1].removeprefix("*.")):
        raise SecurityError(
            f"{name!r} is no allowed host; write a name as in 'llm.example.com', '*.example.com' for all "
            "below it, or '*' for every one"
        )
    return name.strip().lower() if found is None else found[1].lower().removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
