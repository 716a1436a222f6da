"""/v1/config: what the server serves at this moment, and a request to read its configuration again."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from ovpipe.serving.models.reloader import Reloaded, Reloader
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.refusals import (
    models_not_loaded,
    nothing_to_reload,
    refused_configuration,
)


class ConfigRoutes:
    """For those who run the server: the guard lets nobody else in."""

    def __init__(self, repository: Repository, reloader: Reloader | None) -> None:
        """Without a reloader there is no file to reload."""
        self._repository = repository
        self._reloader = reloader

    async def show(self, _: web.Request) -> web.Response:
        """The models and resources as they are."""
        return _json(self._repository.snapshot())

    async def reload(self, _: web.Request) -> web.Response:
        """Reads the configuration again; answers when all models have opened, or failed to."""
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
            "limits": reloaded.limits,
            "restart": reloaded.restart,
        }
    )


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", charset="utf-8")
