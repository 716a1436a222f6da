"""/v1/config: what the server serves at this moment, and a request to read its configuration again."""

from __future__ import annotations

import ipaddress
from typing import Any

import msgspec
from aiohttp import web

from ovpipe.serving.models.reloader import Reloaded, Reloader
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.refusals import (
    models_not_loaded,
    nothing_to_reload,
    only_from_this_machine,
    refused_configuration,
)
from ovpipe.serving.security.guard import KEY


class ConfigRoutes:
    """For those who run the server: whoever has an admin's key, or, without keys, is on its machine."""

    def __init__(self, repository: Repository, reloader: Reloader | None) -> None:
        """Without a reloader there is no file to reload."""
        self._repository = repository
        self._reloader = reloader

    async def show(self, request: web.Request) -> web.Response:
        """The models and resources as they are."""
        _check_operator(request)
        return _json(self._repository.snapshot())

    async def reload(self, request: web.Request) -> web.Response:
        """Reads the configuration again; answers when all models have opened, or failed to."""
        _check_operator(request)
        if self._reloader is None:
            raise nothing_to_reload()
        return _answer(await self._reloader.reload("POST /v1/config/reload"))


def _answer(reloaded: Reloaded) -> web.Response:
    """What the client gets; raises RequestError when not everything went well."""
    if reloaded.refused:
        raise refused_configuration(reloaded.refused)
    if reloaded.failed:
        raise models_not_loaded(reloaded.failed)
    change = reloaded.change
    return _json(
        {
            "added": change.added,
            "removed": change.removed,
            "renamed": {former: name for name, former in change.renamed.items()},
            "replaced": change.replaced,
            "unchanged": change.kept,
        }
    )


def _check_operator(request: web.Request) -> None:
    """RequestError 403 for a client on another machine, unless a key let it in here."""
    if KEY in request:
        return
    try:
        local = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:  # no address at all: of a Unix socket, say
        local = True
    if not local:
        raise only_from_this_machine()


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", charset="utf-8")
