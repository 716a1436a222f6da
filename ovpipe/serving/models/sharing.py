"""Sharing: the side packets that a model's graphs may take of others, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ovpipe.errors import GraphError, did_you_mean
from ovpipe.graph.load import load_graph
from ovpipe.graph.outside import OutsidePacket
from ovpipe.graph.parameters import GraphEntry
from ovpipe.graph.place import Findings, Place
from ovpipe.graph.plan import Plan
from ovpipe.registry import Registry
from ovpipe.serving.config import ModelConfig, ResourceConfig, ResourceUse
from ovpipe.serving.models.file_stamps import stamps_of
from ovpipe.serving.models.resource import Resource
from ovpipe.serving.models.served_graph import ServedGraph
from ovpipe.serving.models.shared_graph import SharedPacket


def load_resources(
    configs: Iterable[ResourceConfig], registry: Registry, findings: Findings
) -> dict[str, Resource]:
    """The resources whose graphs are right, by name; notes what is wrong with the others."""
    resources = {}
    for config in configs:
        try:
            plan = load_graph(
                config.graph,
                registry=registry,
                parameters=config.parameters,
                base=config.base,
                entry=config.entry,
            )
        except GraphError as error:
            findings.add_all(error.findings)
        else:
            for message in _why_no_resource(plan):
                findings.add(config.entry.place, f"resource {config.name!r}: {message}")
            resources[config.name] = Resource(config, plan, stamps_of(config.parameters, config.base))
    return resources


def _why_no_resource(plan: Plan) -> Iterable[str]:
    if plan.nodes or plan.inputs:
        first = f"node {plan.nodes[0].name!r} ({plan.nodes[0].place})" if plan.nodes else plan.inputs[0]
        yield (
            f"graph {plan.name!r} has streams, as {first}; a resource's graph has nodes without streams "
            "only: serve this one under models"
        )
    for name in plan.side_inputs:
        yield (
            f"graph {plan.name!r} requires side packet {name!r} from outside, and nothing gives a resource "
            "any; let a node of the graph make it"
        )
    if not plan.side_outputs and not plan.nodes:
        made = sorted(name for node in plan.resources for _, name in node.side_outputs)
        remedy = f"; add `side_outputs: [{', '.join(made)}]` to {plan.file}" if made else ""
        yield f"graph {plan.name!r} names no side_outputs, so there is nothing to share{remedy}"


def check_used(configs: Iterable[ResourceConfig], models: Iterable[ModelConfig], findings: Findings) -> None:
    """Notes resources that no model uses: they would be loaded for nobody."""
    used = {use.resource for model in models for use in model.resources}
    for config in configs:
        if config.name not in used:
            findings.add(
                config.entry.place,
                f"no model uses resource {config.name!r}; name it under a model's `resources:`, or remove it",
            )


@dataclass(frozen=True, slots=True)
class Offer:
    """A side packet that a model's graph may take: as it is, and as checks see it."""

    packet: SharedPacket
    seen: OutsidePacket


def offers_of_resources(
    config: ModelConfig, resources: Mapping[str, Resource], findings: Findings
) -> dict[str, Offer]:
    """What the resources of a model give its graphs, by the names there."""
    offers: dict[str, Offer] = {}
    for use in config.resources:
        resource = resources[use.resource]
        for taken, given in _names(use, resource, findings):
            offer = Offer(SharedPacket(resource, given), _seen(config, use, resource, given))
            other = offers.setdefault(taken, offer).packet.giver
            if other is not resource and isinstance(other, Resource):
                findings.add(
                    use.place,
                    f"resources {other.name!r} and {resource.name!r} both give side packet {taken!r}; write "
                    f"which one model {config.name!r} takes, as in `{taken}: {resource.name}.{given}`",
                )
    return offers


def offers_of_graph(graph: ServedGraph, place: Place | None) -> dict[str, Offer]:
    """What a model's first graph gives another, which is named at `place`: all that its nodes make."""
    return {
        name: Offer(
            SharedPacket(graph, name),
            OutsidePacket(
                port.type, f"from {port} of graph {graph.name!r} ({node.place})", place, wanted=False
            ),
        )
        for node in graph.plan.resources
        for port, name in node.side_outputs
    }


def _names(use: ResourceUse, resource: Resource, findings: Findings) -> Iterable[tuple[str, str]]:
    """The side packets that are meant: their names in the model's graph and in the resource's."""
    if use.given is None or use.taken is None:
        return [(name, name) for name in resource.gives]
    if use.given in resource.gives:
        return [(use.taken, use.given)]
    remedy = did_you_mean(use.given, resource.gives)
    findings.add(use.place, f"resource {resource.name!r} gives no side packet {use.given!r}; {remedy}")
    return []


def _seen(config: ModelConfig, use: ResourceUse, resource: Resource, given: str) -> OutsidePacket:
    port = resource.gives[given].port
    giver = f"from {port} of resource {resource.name!r} ({resource.gives[given].place})"
    wanted = use.given is not None and len(config.graphs) == 1  # of several, another graph may take it
    return OutsidePacket(resource.gives[given].type, giver, use.place, wanted=wanted)


def check_taken(
    config: ModelConfig,
    graphs: Sequence[ServedGraph],
    resources: Mapping[str, Resource],
    findings: Findings,
) -> None:
    """Notes what the model names of resources and none of its graphs takes."""
    known = frozenset[str]().union(*(graph.plan.from_outside() for graph in graphs))
    names = ", ".join(repr(graph.name) for graph in graphs)
    title = f"graph {names} takes" if len(graphs) == 1 else f"graphs {names} take"
    for use in config.resources:
        gives = resources[use.resource].gives
        if use.given is None and known.isdisjoint(gives):
            findings.add(
                use.place,
                f"{title} nothing of resource {use.resource!r}, which gives "
                f"{', '.join(gives)}; {_takes(known)}; map the names, or remove the resource here",
            )
        elif use.taken is not None and use.taken not in known and len(graphs) > 1:
            findings.add(
                use.place,
                f"{title} no side packet {use.taken!r} from outside: {did_you_mean(use.taken, known)}",
            )


def check_given(
    graph: ServedGraph, entry: GraphEntry | None, resources: Mapping[str, Resource], findings: Findings
) -> None:
    """Notes side packets that a graph requires from outside, and that nothing gives it."""
    place = entry.place if entry is not None else Place(graph.plan.file, 1)
    for name in graph.plan.side_inputs:
        if name not in graph.given:
            findings.add(
                place,
                f"graph {graph.name!r} cannot be served: it requires side packet {name!r} from outside, "
                f"which nothing gives; {_remedy(name, resources)}",
            )


def _takes(known: Collection[str]) -> str:
    return f"it takes or makes {', '.join(sorted(known))}" if known else "it takes and makes none"


def _remedy(name: str, resources: Mapping[str, Resource]) -> str:
    for resource in resources.values():
        if name in resource.gives:
            return f"resource {resource.name!r} gives one: name it under the model's `resources:`"
    return "let a resource of server.yaml give it, or a node of the graph make it"
