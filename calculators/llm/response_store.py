"""ResponseStoreCalculator: keeps responses of OpenAI's Responses API, in memory or in a folder."""

from __future__ import annotations

from pathlib import Path

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.openai_responses.folder import ResponseFolder
from ovpipe.calculators.llm.openai_responses.store import ResponseStore
from ovpipe.ports import SideOutput
from ovpipe.registry import register


@register
class ResponseStoreCalculator(Calculator):
    """Makes the store of responses. No streams. Side output `response_store`.

    It keeps at most `most` responses of `most_bytes` in all, the least recently used go first, and each is
    for its client alone: for one API key, or for all who have none and know the id. In memory they are gone
    with the graph; in a `folder`, which belongs to one store, they outlive the server.

        response_store:
          calculator: ResponseStoreCalculator
          side_outputs: {response_store: response_store}
          options: {most: 1000, most_bytes: 67108864, folder: null}
    """

    response_store = SideOutput[ResponseStore]()

    def __init__(
        self, *, most: int = 1_000, most_bytes: int = 64 * 2**20, folder: Path | None = None
    ) -> None:
        if most < 1:
            raise ValueError(f"most is {most}; at least 1 is needed")
        if most_bytes < 1:
            raise ValueError(f"most_bytes is {most_bytes}; at least 1 is needed")
        self._most = most
        self._most_bytes = most_bytes
        self._path = folder
        self._store: ResponseStore | None = None

    async def open(self, cx: Context) -> None:
        """Sets the side packet, with what lies in the folder."""
        folder = None if self._path is None else ResponseFolder(self._path)
        self._store = ResponseStore(self._most, self._most_bytes, folder)
        await self._store.open()
        cx.set_side(self.response_store, self._store)

    async def close(self, cx: Context) -> None:
        """Waits until all is written."""
        if self._store is not None:
            await self._store.close()
