"""What the nodes of an engine's graph bring: the request parameters that its engine honours."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ovpipe.engines.graph.capabilities import ALL
from ovpipe.errors import did_you_mean
from ovpipe.graph.plan import NodePlan, Plan


def effective_nodes(plan: Plan, output: str) -> tuple[NodePlan, ...]:
    """The nodes on which a graph's output depends, back edges included, in the order of the plan.

    What any other node makes reaches nobody, as that of a logits processor whose output nothing reads.
    """
    names = [stream.name for stream in plan.streams]
    wanted, found = {names.index(output)}, set[str]()
    grows = True
    while grows:
        grows = False
        for node in plan.nodes:
            if node.name not in found and not wanted.isdisjoint(stream for _, stream in node.outputs):
                found.add(node.name)
                wanted.update(stream for _, stream in node.inputs)
                grows = True
    return tuple(node for node in plan.nodes if node.name in found)


def capabilities_of(nodes: Iterable[NodePlan]) -> frozenset[str]:
    """What these nodes honour together: each calculator says it in `capabilities`, if it honours anything.

    Raises ValueError for a declaration that is no set of the names that a core `graph` may honour.
    """
    found = frozenset[str]()
    for node in nodes:
        found = found.union(_declared(node))
    return found


def _declared(node: NodePlan) -> Collection[str]:
    declared: object = getattr(node.calculator, "capabilities", ())
    where = f"{node.place}: node {node.name!r} ({node.calculator.__name__})"
    if isinstance(declared, str) or not isinstance(declared, Collection):
        raise ValueError(f"{where}: its capabilities are {declared!r}; they must be a set of names")
    for name in declared:
        if name not in ALL:
            raise ValueError(
                f"{where}: its capabilities have {name!r}, which is no request parameter of the engine's; "
                f"{did_you_mean(str(name), ALL)}"
            )
    return declared
