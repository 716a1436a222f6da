"""What a `$ref` of a JSON Schema points to: the schema itself, a place in it, or an anchor."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from ovpipe.engines.grammars.ebnf.problem import GrammarProblem


class References:
    """Looks up what references within one schema point to."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def target(self, reference: str) -> Any:
        """The schema; raises GrammarProblem where there is none."""
        if reference in ("", "#"):
            return self._root
        if reference.startswith("#/"):
            return self._at(reference[2:])
        if not reference.startswith("#"):
            raise GrammarProblem(
                "leads out of the schema; only what is within it (#, #/... or an anchor) is read"
            )
        if reference[1:] not in self._anchors:
            raise GrammarProblem("names an anchor that is not in the schema")
        return self._anchors[reference[1:]]

    def _at(self, pointer: str) -> Any:
        """What a JSON pointer (RFC 6901) leads to."""
        place = self._root
        for step in unquote(pointer).split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            if type(place) is dict and key in place:
                place = place[key]
            elif type(place) is list and key in map(str, range(len(place))):
                place = place[int(key)]
            else:
                raise GrammarProblem("points to a place that is not in the schema")
        if not isinstance(place, dict | bool):
            raise GrammarProblem("points to what is no schema")
        return place

    @cached_property
    def _anchors(self) -> dict[Any, Any]:
        return {
            each.get("$anchor"): each for each in _objects(self._root) if type(each.get("$anchor")) is str
        }


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if type(each) is dict:
            yield each
            waiting += each.values()
        elif type(each) is list:
            waiting += each
