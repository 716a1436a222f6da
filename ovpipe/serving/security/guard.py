"""The guard at the front door: asks each policy about a request before anything of its body is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aiohttp import HttpVersion11, web
from aiohttp.hdrs import METH_OPTIONS

from ovpipe.http import Client
from ovpipe.serving.admission.clients import CLIENT
from ovpipe.serving.refusals import only_from_this_machine
from ovpipe.serving.routes.patterns import tidied
from ovpipe.serving.security.binding import is_loopback_address
from ovpipe.serving.security.credentials import secret_in
from ovpipe.serving.security.hosts import AllowedHosts
from ovpipe.serving.security.key_ring import KeyRing
from ovpipe.serving.security.origins import AllowedOrigins
from ovpipe.serving.security.refusals import unknown_origin, wrong_key, wrong_role
from ovpipe.serving.security.roles import Role, is_public, roles_for


@dataclass(frozen=True, slots=True)
class Guard:
    """The policies of one server. Without keys, everybody may do everything but what needs an admin.

    An admin then is whoever asks from this machine.
    """

    keys: KeyRing = field(default_factory=KeyRing)
    hosts: AllowedHosts = field(default_factory=lambda: AllowedHosts.of("127.0.0.1", ()))
    origins: AllowedOrigins = field(default_factory=AllowedOrigins)

    def check(self, request: web.Request) -> None:
        """Raises RequestError for a request that may not come in."""
        path = tidied(request.rel_url.path_safe)
        if is_public(path):
            return
        self._check_page(request)
        needed = roles_for(path)
        if self.keys.required:
            self._check_key(request, needed)
        elif needed == {Role.ADMIN} and not is_loopback_address(request.remote or ""):
            raise only_from_this_machine()

    def preflight(self, request: web.Request) -> web.Response | None:
        """The answer to what a browser asks before it sends the request of a page; None for other requests.

        It has no key: browsers send none. Raises RequestError for a page that may not ask.
        """
        asked = request.headers
        if request.method != METH_OPTIONS or "Origin" not in asked:
            return None
        if "Access-Control-Request-Method" not in asked:
            return None
        self._check_page(request)
        headers = self.origins.preflight_headers(asked.get("Access-Control-Request-Headers"))
        return web.Response(status=204, headers=headers)

    async def say_who_may_read(self, request: web.Request, response: web.StreamResponse) -> None:
        """Says to browsers whether the page that asked may read the answer."""
        if self.origins.some:
            response.headers.update(self.origins.headers(request.headers.get("Origin")))

    def _check_page(self, request: web.Request) -> None:
        """Refuses what a page of another site has a browser send, by its Host or by its Origin."""
        self.hosts.check(_hosts(request), required=request.version >= HttpVersion11)
        for origin in request.headers.getall("Origin", ()):
            if not self.origins.allows(origin, request.headers.get("Host", "")):
                raise unknown_origin()

    def _check_key(self, request: web.Request, needed: frozenset[Role]) -> None:
        key = self.keys.find(secret_in(request.headers))
        if key is None:
            raise wrong_key()
        if not key.roles & needed:
            raise wrong_role(needed)
        request[CLIENT] = Client(f"key:{key.name}", key.priorities)


def _hosts(request: web.Request) -> Iterator[str]:
    """What the request says of where it leads: its Host header, and its URL where that is a whole one."""
    yield from request.headers.getall("Host", ())
    target = request.raw_path
    if "://" in target and not target.startswith("/"):
        authority = target.partition("://")[2]
        yield authority.partition("?")[0].partition("#")[0].partition("/")[0]
