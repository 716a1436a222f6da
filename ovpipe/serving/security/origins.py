"""Origins: the web pages that may use this server from a browser, and how CORS lets them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ovpipe.serving.security.errors import SecurityError

ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9_.*-]*)(:(\d{1,5}|\*))?")
EVERY: Final = "*"
OPAQUE: Final = "null"
"""The origin of files, of sandboxed frames, and of whoever hides."""
PORTS: Final = {"http": "80", "https": "443"}
METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
HEADER_NAMES: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,2000}")
KEPT_SECONDS: Final = 600
"""How long a browser may remember an answer to a preflight; most keep none for longer."""


@dataclass(frozen=True, slots=True)
class AllowedOrigins:
    """The origins listed, as patterns. A page that this server itself has sent is always allowed."""

    patterns: tuple[re.Pattern[str], ...] = ()
    every: bool = False

    @classmethod
    def of(cls, listed: Iterable[str]) -> AllowedOrigins:
        """Those of a list. `*` is every one; in an origin it stands for a part of the name or the port."""
        names = [name.strip() for name in listed]
        for name in names:
            if name not in (EVERY, OPAQUE) and not ORIGIN.fullmatch(name.lower()):
                raise SecurityError(
                    f"{name!r} is no origin; write one as a browser does, as in 'https://chat.example.com' "
                    "or 'http://localhost:3000': no path and no slash at the end. '*' allows every one"
                )
        patterns = (re.escape(name.lower()).replace(r"\*", r"[a-z0-9_.-]*") for name in names)
        return cls(tuple(map(re.compile, patterns)), EVERY in names)

    @property
    def some(self) -> bool:
        """Whether pages of other origins are allowed at all."""
        return self.every or bool(self.patterns)

    def lists(self, origin: str) -> bool:
        """Whether an origin is listed."""
        return self.every or any(pattern.fullmatch(origin.lower()) for pattern in self.patterns)

    def allows(self, origin: str, host: str) -> bool:
        """Whether a page of this origin may ask; `host` is the request's Host header."""
        return self.lists(origin) or _same(origin.lower(), host.lower())

    def headers(self, origin: str | None) -> Mapping[str, str]:
        """What an answer says of CORS: whether the page that asked may read it."""
        if self.every:
            return {"Access-Control-Allow-Origin": EVERY, "Access-Control-Expose-Headers": "*"}
        if not self.patterns:
            return {}
        if origin is None or not self.lists(origin):
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": "*",
            "Vary": "Origin",
        }

    def preflight_headers(self, asked: str | None) -> Mapping[str, str]:
        """What the answer to a preflight says besides; `asked` are the headers that the page will send.

        They are named: a `*` would not stand for Authorization.
        """
        headers = {"Access-Control-Allow-Methods": METHODS, "Access-Control-Max-Age": str(KEPT_SECONDS)}
        if asked and HEADER_NAMES.fullmatch(asked):
            headers["Access-Control-Allow-Headers"] = asked
        return headers


def _same(origin: str, host: str) -> bool:
    """Whether an origin is that of this server. A proxy may have taken TLS off, so schemes do not count."""
    scheme, _, netloc = origin.partition("://")
    return bool(netloc) and _with_port(netloc, scheme) == _with_port(host, scheme)


def _with_port(netloc: str, scheme: str) -> tuple[str, str]:
    """A name and a port; the scheme's where it has none."""
    name, colon, port = netloc.rpartition(":")
    if not colon or netloc.endswith("]"):
        return netloc.removesuffix("."), PORTS.get(scheme, "")
    return name.removesuffix("."), port
