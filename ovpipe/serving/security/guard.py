"""The guard at the front door: asks each policy about a request before anything of its body is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from ovpipe.serving.routes.patterns import tidied
from ovpipe.serving.security.api_key import ApiKey
from ovpipe.serving.security.credentials import secret_in
from ovpipe.serving.security.key_ring import KeyRing
from ovpipe.serving.security.refusals import wrong_key, wrong_role
from ovpipe.serving.security.roles import is_public, roles_for

KEY: Final = web.RequestKey[ApiKey]("api key")
"""Where a request keeps the key that it came with."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The policies of one server."""

    keys: KeyRing = field(default_factory=KeyRing)

    def check(self, request: web.Request) -> None:
        """Raises RequestError for a request that may not come in."""
        path = tidied(request.rel_url.path_safe)
        if is_public(path):
            return
        if self.keys.required:
            self._check_key(request, path)

    def _check_key(self, request: web.Request, path: str) -> None:
        key = self.keys.find(secret_in(request.headers))
        if key is None:
            raise wrong_key()
        needed = roles_for(path)
        if not key.roles & needed:
            raise wrong_role(needed)
        request[KEY] = key
