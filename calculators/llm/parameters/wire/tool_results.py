"""Which call a tool's message answers, in histories that leave ids out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from ovpipe.calculators.llm.packets import ToolCall


class OpenCalls:
    """The calls of a conversation, as it goes on, that have no result so far. Each step takes the same time.

    Results that do not say which call they answer answer the calls in their order. A call without an id takes
    that of the result which answers it.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        """By id, of all calls."""
        self._latest: OrderedDict[str, None] = OrderedDict()
        """Ids of the message that called last."""
        self._by_name: dict[str, OrderedDict[str, None]] = {}
        """Ids of the message that called last, by what it called."""
        self._nameless: set[str] = set()
        """Calls that came without an id."""
        self.renamed: dict[str, str] = {}
        """Ids for those that came without one and were answered by one."""

    def add(self, calls: Sequence[ToolCall], nameless: Sequence[str]) -> None:
        """The calls of one message; `nameless` are the ids that were made up for some."""
        if not calls:
            return
        self._latest = OrderedDict.fromkeys(call.id for call in calls)
        self._nameless.update(nameless)
        for name in {call.name for call in calls}:
            self._by_name[name] = OrderedDict.fromkeys(call.id for call in calls if call.name == name)
        self._names.update({call.id: call.name for call in calls})

    def answer(self, id: str | None, name: str | None) -> str | None:
        """The id of the call that a result answers; None where nothing says it."""
        if id is not None and id in self._names:
            return self._close(id)
        found = self._first(name)
        if id is None:
            return found and self._close(found)
        if found in self._nameless:
            self.renamed[self._close(found)] = id
        return id

    def _first(self, name: str | None) -> str | None:
        calls = self._latest if name is None else self._by_name.get(name)
        return next(iter(calls), None) if calls else None

    def _close(self, id: str) -> str:
        self._latest.pop(id, None)
        self._by_name[self._names[id]].pop(id, None)
        return id
