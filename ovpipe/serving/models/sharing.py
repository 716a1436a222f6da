"""Sharing: which side packets of resources the graphs of models take, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ovpipe.errors import GraphError, did_you_mean
from ovpipe.graph.load import check_graph, load_graph
from ovpipe.graph.outside import OutsidePacket
from ovpipe.graph.place import Findings, Place
from ovpipe.graph.plan import Plan
from ovpipe.registry import Registry
from ovpipe.serving.config import ModelConfig, ResourceConfig, ResourceUse
from ovpipe.serving.models.file_stamps import stamps_of
from ovpipe.serving.models.resource import Resource, SharedPacket
from ovpipe.serving.models.served_graph import ServedGraph


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


def load_model(
    config: ModelConfig, resources: Mapping[str, Resource], registry: Registry, findings: Findings
) -> ServedGraph | None:
    """A model's graph with what its graph takes of resources; None, and notes, where something is wrong.

    A resource that is not among `resources` is wrong itself; what a graph takes of it is not known.
    """
    try:
        if any(use.resource not in resources for use in config.resources):
            check_graph(
                config.graph,
                registry=registry,
                parameters=config.parameters,
                base=config.base,
                entry=config.entry,
            )
            return None
        shared, outside = _offered(config, resources, findings)
        plan = load_graph(
            config.graph,
            registry=registry,
            parameters=config.parameters,
            base=config.base,
            outside=outside,
            entry=config.entry,
        )
        _check_taken(config, plan, shared, resources, findings)
        known = plan.from_outside()
        taken = {name: one for name, one in shared.items() if name in known}
        files = stamps_of(config.parameters, config.base)
        return ServedGraph(config.name, plan, taken, files, config.residence)
    except GraphError as error:
        findings.add_all(error.findings)
        return None


def check_used(configs: Iterable[ResourceConfig], models: Iterable[ModelConfig], findings: Findings) -> None:
    """Notes resources that no model uses: they would be loaded for nobody."""
    used = {use.resource for model in models for use in model.resources}
    for config in configs:
        if config.name not in used:
            findings.add(
                config.entry.place,
                f"no model uses resource {config.name!r}; name it under a model's `resources:`, or remove it",
            )


def _offered(
    config: ModelConfig, resources: Mapping[str, Resource], findings: Findings
) -> tuple[dict[str, SharedPacket], dict[str, OutsidePacket]]:
    """What resources give a model's graph, by the names there, as it is and as checks see it."""
    shared: dict[str, SharedPacket] = {}
    outside: dict[str, OutsidePacket] = {}
    for use in config.resources:
        resource = resources[use.resource]
        for taken, given in _names(use, resource, findings):
            other = shared.setdefault(taken, SharedPacket(resource, given)).resource
            if other is not resource:
                findings.add(
                    use.place,
                    f"resources {other.name!r} and {resource.name!r} both give side packet {taken!r}; write "
                    f"which one model {config.name!r} takes, as in `{taken}: {resource.name}.{given}`",
                )
            else:
                outside[taken] = _outside(use, resource, given)
    return shared, outside


def _names(use: ResourceUse, resource: Resource, findings: Findings) -> Iterable[tuple[str, str]]:
    """The side packets that are meant: their names in the model's graph and in the resource's."""
    if use.given is None or use.taken is None:
        return [(name, name) for name in resource.gives]
    if use.given in resource.gives:
        return [(use.taken, use.given)]
    remedy = did_you_mean(use.given, resource.gives)
    findings.add(use.place, f"resource {resource.name!r} gives no side packet {use.given!r}; {remedy}")
    return []


def _outside(use: ResourceUse, resource: Resource, given: str) -> OutsidePacket:
    port = resource.gives[given].port
    giver = f"from {port} of resource {resource.name!r} ({resource.gives[given].place})"
    return OutsidePacket(resource.gives[given].type, giver, use.place, wanted=use.given is not None)


def _check_taken(
    config: ModelConfig,
    plan: Plan,
    shared: Mapping[str, SharedPacket],
    resources: Mapping[str, Resource],
    findings: Findings,
) -> None:
    """Notes resources of which the graph takes nothing, and side packets that it misses."""
    known = plan.from_outside()
    for use in config.resources:
        gives = resources[use.resource].gives
        if use.given is None and known.isdisjoint(gives):
            findings.add(
                use.place,
                f"graph {plan.name!r} takes nothing of resource {use.resource!r}, which gives "
                f"{', '.join(gives)}; {_takes(known)}; map the names, or remove the resource here",
            )
    place = config.entry.place if config.entry is not None else Place(plan.file, 1)
    for name in plan.side_inputs:
        if name not in shared:
            findings.add(
                place,
                f"graph {plan.name!r} cannot be served: it requires side packet {name!r} from outside, which "
                f"nothing gives; {_remedy(name, resources)}",
            )


def _takes(known: Collection[str]) -> str:
    return f"it takes or makes {', '.join(sorted(known))}" if known else "it takes and makes none"


def _remedy(name: str, resources: Mapping[str, Resource]) -> str:
    for resource in resources.values():
        if name in resource.gives:
            return f"resource {resource.name!r} gives one: name it under the model's `resources:`"
    return "let a resource of server.yaml give it, or a node of the graph make it"
