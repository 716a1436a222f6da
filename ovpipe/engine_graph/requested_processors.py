"""RequestedProcessors: the logits processors of the engine's graph that requests pick by name."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ovpipe.engines.graph.processor_arguments import ProcessorArguments
from ovpipe.engines.protocol import RequestRefused
from ovpipe.errors import did_you_mean
from ovpipe.graph.plan import NodePlan

log = logging.getLogger(__name__)

PARAMETER = "logits_processors"


class RequestedProcessors:
    """Checks a request's processors: by the names of the graph's nodes, and what each declares."""

    def __init__(self, arguments: Mapping[str, type[ProcessorArguments]]) -> None:
        self._arguments = arguments

    @classmethod
    def of(cls, nodes: Iterable[NodePlan]) -> RequestedProcessors:
        """Those among the nodes of a graph: their calculators declare `arguments`.

        Raises ValueError for a declaration that cannot be read.
        """
        found = {}
        for node in nodes:
            kind = getattr(node.calculator, "arguments", None)
            if isinstance(kind, type) and issubclass(kind, ProcessorArguments):
                _check_declaration(node, kind)
                found[node.name] = kind
        return cls(found)

    def check(self, chosen: Mapping[str, dict[str, Any]]) -> None:
        """Raises `RequestRefused` for an unknown name and for wrong arguments, with their place."""
        for number, (name, given) in enumerate(chosen.items()):
            place = f"{PARAMETER}[{number}]"
            kind = self._arguments.get(name)
            if kind is None:
                there_are = did_you_mean("", self._arguments)
                raise RequestRefused(
                    f"{place}.name is no logits processor of the engine's graph; {there_are}",
                    param=f"{place}.name",
                )
            try:
                msgspec.convert(given, kind)
            except msgspec.ValidationError as error:
                fact, _, inside = str(error).partition(" - at `$")
                place = f"{place}.arguments{inside.rstrip('`')}"
                raise RequestRefused(f"{place}: {fact[0].lower()}{fact[1:]}", param=place) from error
            except Exception as error:  # the author's own check may raise anything
                log.exception("the arguments of node %r could not be checked", name)
                place = f"{place}.arguments"
                raise RequestRefused(f"{place} cannot be checked", param=place) from error


def _check_declaration(node: NodePlan, kind: type[ProcessorArguments]) -> None:
    try:
        msgspec.convert({}, kind)
    except msgspec.ValidationError:  # of the values, which are none
        return
    except Exception as error:
        raise ValueError(
            f"{node.place}: node {node.name!r} ({node.calculator.__name__}): its arguments "
            f"({kind.__name__}) cannot be read: {error}"
        ) from error
