"""GraphTransport: questions to a graph in this process, without a server."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec

from ovpipe.cli.chatting.transport import ChatError, ChatResponse
from ovpipe.cli.display import display_for
from ovpipe.errors import RequestError, RunError
from ovpipe.http import HttpRequest
from ovpipe.registry import Registry
from ovpipe.serving.config import ModelConfig
from ovpipe.serving.limits import Limits
from ovpipe.serving.models.graph_lease import GraphLease
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.requests.body import parse_body
from ovpipe.serving.requests.served_run import ServedRun, joined

log = logging.getLogger(__name__)

PATH = "/chat/completions"


class GraphTransport:
    """A graph that `ovpipe serve` could serve. Each question is a run with the front door's packet.

    The constructor raises GraphError with every mistake in the graph's file, before anything is loaded.
    """

    def __init__(self, config: ModelConfig, registry: Registry) -> None:
        self.model = config.name
        self.place = f"graph {config.graphs[0].file.stem}"
        self._repository = Repository.load([config], registry)
        self._limits = Limits()

    async def open(self) -> None:
        """Loads the model and shows the progress on stderr."""
        with display_for([f"model {self.model}"], sys.stderr) as lines:
            lines.begin()
            await self._repository.open(lines)
        if self._repository.all_failed():
            raise ChatError("the model could not be loaded; the lines above say why")

    @asynccontextmanager
    async def post(self, body: Mapping[str, Any]) -> AsyncIterator[ChatResponse]:
        """A run of the graph. It has ended when the block is left."""
        # Only ovpipe gets stream_options: some servers refuse a body with keys that they do not know.
        encoded = msgspec.json.encode({**body, "stream_options": {"include_usage": True}})
        headers = {"content-type": "application/json", "content-length": str(len(encoded))}
        request = HttpRequest("POST", PATH, headers, encoded, await parse_body(encoded))
        model = self._repository.find(self.model).lease()
        lease = GraphLease(model, model.served.graphs[0])
        run = ServedRun(lease, self._limits, request.id, to_client_error=to_client_error)
        try:
            try:
                start = await run.start(request)
            except Exception as error:
                raise run.to_client_error(error) from error
            named = {name.lower(): value for name, value in start.headers.items()}
            media_type = named.get("content-type", "").partition(";")[0].strip().lower()
            async with aclosing(_pieces(run)) as pieces:
                yield ChatResponse(start.status, media_type, pieces)
            run.reader.close()
            await run.nodes_to_end()
            if run.failure is not None:  # the answer was whole before
                log.warning("%s", run.failure)
        finally:
            await run.end()

    async def close(self) -> None:
        """Closes the graph, which ends its engine's process."""
        await self._repository.close(self._limits.graph_close_seconds)


async def _pieces(run: ServedRun) -> AsyncGenerator[bytes]:
    try:
        async for packet in run.reader:
            yield joined([packet.value], run)
    except Exception as error:
        raise run.to_client_error(error) from error


def to_client_error(error: Exception, model: str) -> RequestError:
    """What failed, with its node and place. Here the person who asks may see the graph's internals."""
    cause = error.__cause__ if isinstance(error, RunError) else error
    if isinstance(cause, RequestError):
        return cause
    log.debug("model %r: a run failed", model, exc_info=error)
    fact = str(error) if isinstance(error, RunError) else f"{type(error).__name__}: {error}"
    return RequestError(500, fact, code="internal_error")
