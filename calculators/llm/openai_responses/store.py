"""ResponseStore: responses that are kept, so that clients can read them again and go on with them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ovpipe.calculators.llm.openai_responses.folder import ResponseFolder
from ovpipe.calculators.llm.parameters.wire.messages import MOST_MESSAGES
from ovpipe.calculators.llm.responses_packets import Item

READ_AT_ONCE: Final = 32
"""Responses of a conversation that are read before others have their turn on the event loop."""

logger = logging.getLogger(__name__)


class KeptResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A response with its own input. What came before that stands in the responses before it."""

    owner: str
    response: dict[str, Any]
    input: list[dict[str, Any]]

    @property
    def id(self) -> str:
        """The response's."""
        found: str = self.response["id"]
        return found

    @property
    def previous(self) -> str | None:
        """The response before it."""
        found: str | None = self.response["previous_response_id"]
        return found

    @property
    def items(self) -> list[dict[str, Any]]:
        """Its input and its output."""
        return [*self.input, *self.response["output"]]


@dataclass(slots=True)
class KeptEntry:
    """A response as it lies here."""

    size: int
    items: tuple[str, ...]
    """The ids of what is in it."""
    data: bytes | None
    """None: in the folder alone."""


class Shelf:
    """The responses of one client, those used last at the end."""

    def __init__(self) -> None:
        self.entries: OrderedDict[str, KeptEntry] = OrderedDict()
        self.of_items: dict[str, str] = {}
        """The response that has an item, by the item's id."""
        self.bytes = 0

    def add(self, id: str, entry: KeptEntry) -> None:
        """Puts one there."""
        self.take(id)
        self.entries[id] = entry
        self.bytes += entry.size
        self.of_items |= dict.fromkeys(entry.items, id)

    def take(self, id: str) -> None:
        """Takes one away, if it is there."""
        entry = self.entries.pop(id, None)
        if entry is not None:
            self.bytes -= entry.size
            for item in entry.items:
                if self.of_items.get(item) == id:
                    del self.of_items[item]


class ResponseStore:
    """Keeps at most `most` responses of `most_bytes` in all, each for its owner alone.

    When there are more, the client that has most of them loses the one that it used least recently: nobody's
    are pushed out by what others keep. In a `folder` they outlive the server, and in memory are only their
    sizes. All calls come from one event loop; only reading and writing files is done elsewhere.
    """

    def __init__(self, most: int, most_bytes: int, folder: ResponseFolder | None = None) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._folder = folder
        self._shelves: dict[str, Shelf] = {}

    def __len__(self) -> int:
        return sum(len(shelf.entries) for shelf in self._shelves.values())

    def holds(self, id: str) -> bool:
        """Whether a response is kept here, whoever's it is: the server asks the model that has it."""
        return any(id in shelf.entries for shelf in self._shelves.values())

    @property
    def size(self) -> int:
        """The size of all that is kept."""
        return sum(shelf.bytes for shelf in self._shelves.values())

    def put(self, owner: str, response: Mapping[str, Any], items: Sequence[Item]) -> None:
        """Keeps a response. It can be read as soon as this returns."""
        kept = KeptResponse(owner=owner, response=dict(response), input=[dict(item) for item in items])
        data = msgspec.json.encode(kept)
        self._add(kept, len(data), data)
        entry = self._shelf(owner).entries.get(kept.id)
        if entry is None:
            logger.warning(
                "a response of %d bytes is not kept: there is room for %d", len(data), self._most_bytes
            )
        elif self._folder is not None:
            self._folder.write(kept.id, data, lambda: setattr(entry, "data", None))

    async def get(self, owner: str, id: str) -> KeptResponse | None:
        """A response of this owner's, which counts as used; None where there is none."""
        shelf = self._shelf(owner)
        entry = shelf.entries.get(id)
        data = None if entry is None else entry.data
        if entry is not None:
            shelf.entries.move_to_end(id)
        if data is None and self._folder is not None:
            data = await self._folder.read(id)
        kept = None if data is None else read_kept(data)
        if kept is None or kept.owner != owner:
            shelf.take(id)
            return None
        if entry is None and data is not None:  # another server's, or an older generation's
            self._add(kept, len(data), None)
        return kept

    async def delete(self, owner: str, id: str) -> bool:
        """Forgets a response; whether there was one of this owner's."""
        if await self.get(owner, id) is None:
            return False
        self._take(owner, id)
        return True

    async def conversation(self, owner: str, id: str) -> list[Item] | None:
        """All items up to a response, the oldest first; None where one of them is not kept."""
        found: list[KeptResponse] = []
        count = 0
        following: str | None = id
        while following is not None and count <= MOST_MESSAGES:
            kept = await self.get(owner, following)
            if kept is None:
                return None
            found.append(kept)
            count += max(1, len(kept.items))
            following = kept.previous
            if len(found) % READ_AT_ONCE == 0:
                await asyncio.sleep(0)
        return [item for kept in reversed(found) for item in kept.items]

    async def item(self, owner: str, id: str) -> Item | None:
        """An item of a response of this owner's."""
        response = self._shelf(owner).of_items.get(id)
        kept = None if response is None else await self.get(owner, response)
        items = [] if kept is None else kept.items
        return next((item for item in items if item["id"] == id), None)

    async def open(self) -> None:
        """Finds what lies in the folder."""
        if self._folder is not None:
            for data in await self._folder.open(self._most):
                kept = read_kept(data)
                if kept is not None:
                    self._add(kept, len(data), None)

    async def close(self) -> None:
        """Waits until all is written."""
        if self._folder is not None:
            await self._folder.close()

    def _shelf(self, owner: str) -> Shelf:
        return self._shelves.get(owner) or Shelf()

    def _add(self, kept: KeptResponse, size: int, data: bytes | None) -> None:
        ids = tuple([item["id"] for item in kept.items])
        self._shelves.setdefault(kept.owner, Shelf()).add(kept.id, KeptEntry(size, ids, data))
        while len(self) > self._most or self.size > self._most_bytes:
            owner = max(self._shelves, key=lambda owner: self._shelves[owner].bytes)
            self._take(owner, next(iter(self._shelves[owner].entries)))

    def _take(self, owner: str, id: str) -> None:
        shelf = self._shelves[owner]
        shelf.take(id)
        if not shelf.entries:
            del self._shelves[owner]
        if self._folder is not None:
            self._folder.remove(id)


def read_kept(data: bytes) -> KeptResponse | None:
    """What was written; None for what is none, such as a file that somebody has changed."""
    try:
        return msgspec.json.decode(data, type=KeptResponse)
    except msgspec.DecodeError:
        logger.warning("a kept response cannot be read; it counts as none")
        return None
