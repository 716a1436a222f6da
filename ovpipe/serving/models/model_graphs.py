"""The graphs of one model, loaded and checked together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from ovpipe.errors import GraphError
from ovpipe.graph.load import check_graph, load_graph, parameters_of
from ovpipe.graph.parameters import Parameter, no_such
from ovpipe.graph.place import Findings, Place
from ovpipe.graph.plan import Plan
from ovpipe.registry import Registry
from ovpipe.serving.config import ModelConfig, ModelGraph
from ovpipe.serving.models.file_stamps import stamps_of
from ovpipe.serving.models.resource import Resource
from ovpipe.serving.models.served_graph import ServedGraph
from ovpipe.serving.models.served_model import ServedModel
from ovpipe.serving.models.sharing import (
    Offer,
    check_given,
    check_taken,
    offers_of_graph,
    offers_of_resources,
)
from ovpipe.serving.routes.patterns import served_patterns, shape_of


def load_model(
    config: ModelConfig, resources: Mapping[str, Resource], registry: Registry, findings: Findings
) -> ServedModel | None:
    """What a model serves, with what its graphs take of resources and of the first graph; None, and notes,
    where something is wrong.

    A resource that is not among `resources` is wrong itself; what a graph takes of it is not known.
    """
    loading = _Loading(config, resources, registry, findings)
    if any(use.resource not in resources for use in config.resources):
        loading.only_check(config.graphs)
        return None
    offers = offers_of_resources(config, resources, findings)
    first, *others = config.graphs
    giver = loading.graph(first, offers)
    if giver is None:  # what the others take of it is not known
        loading.only_check(others)
        return None
    graphs = [giver]
    for one in others:
        of_first = offers_of_graph(giver, one.entry.place if one.entry is not None else None)
        graph = loading.graph(one, {**of_first, **offers})
        if graph is not None:
            graphs.append(graph)
    if len(graphs) < len(config.graphs):
        return None
    check_taken(config, graphs, resources, findings)
    loading.check_effects([graph.plan for graph in graphs])
    _check_apart(config, graphs, findings)
    return ServedModel(config.name, graphs, config.residence)


class _Loading:
    """Loads the graphs of one model, one after another; each is given the parameters that it declares."""

    def __init__(
        self, config: ModelConfig, resources: Mapping[str, Resource], registry: Registry, findings: Findings
    ) -> None:
        self._config = config
        self._resources = resources
        self._registry = registry
        self._findings = findings
        self._several = len(config.graphs) > 1
        self._declared = [_parameters_of(one) for one in config.graphs] if self._several else []
        if self._several and None not in self._declared:
            self._check_parameters()

    def graph(self, one: ModelGraph, offers: Mapping[str, Offer]) -> ServedGraph | None:
        """One of the graphs, which takes of these offers what it knows."""
        config = self._config
        values = self._values(one)
        try:
            plan = load_graph(
                one.file,
                registry=self._registry,
                parameters=values,
                base=config.base,
                outside={name: offer.seen for name, offer in offers.items()},
                entry=one.entry,
                to_others=self._several,
            )
            known = plan.from_outside()
            taken = {name: offer.packet for name, offer in offers.items() if name in known}
            used = {name: value for name, value in values.items() if name not in plan.idle_parameters}
            graph = ServedGraph(config.name, plan, taken, stamps_of(used, config.base))
        except GraphError as error:
            self._findings.add_all(error.findings)
            return None
        check_given(graph, one.entry, self._resources, self._findings)
        return graph

    def only_check(self, graphs: Sequence[ModelGraph]) -> None:
        """Notes what is wrong with graphs, as far as that does not depend on what others give them."""
        for one in graphs:
            try:
                check_graph(
                    one.file,
                    registry=self._registry,
                    parameters=self._values(one),
                    base=self._config.base,
                    entry=one.entry,
                )
            except GraphError as error:
                self._findings.add_all(error.findings)

    def check_effects(self, plans: Sequence[Plan]) -> None:
        """Notes values that have an effect in none of several graphs."""
        for name in self._config.parameters if self._several else ():
            declaring = [
                plan for plan, declared in zip(plans, self._declared, strict=True) if name in (declared or ())
            ]
            if declaring and all(name in plan.idle_parameters for plan in declaring):
                self._findings.add(
                    self._place(name),
                    f"parameter {name!r} has no effect: side packets from outside replace all nodes that "
                    "refer to it; remove it",
                )

    def _values(self, one: ModelGraph) -> Mapping[str, Any]:
        values = self._config.parameters
        if not self._several:
            return values
        declared = self._declared[self._config.graphs.index(one)] or {}
        return {name: value for name, value in values.items() if name in declared}

    def _check_parameters(self) -> None:
        """Notes values for parameters that no graph has."""
        known = {name: parameter for one in self._declared for name, parameter in (one or {}).items()}
        fact = f"no graph of model {self._config.name!r} has such a parameter"
        for name in self._config.parameters:
            if name not in known:
                wrong = no_such(name, known, self._config.graphs[0].entry, fact)
                self._findings.add(self._place(name), f"a value is given for parameter {name!r}; {wrong}")

    def _place(self, parameter: str) -> Place:
        first = self._config.graphs[0]
        start = Place(str(first.file), 1)
        return start if first.entry is None else first.entry.places.get(parameter, first.entry.place)


def _parameters_of(one: ModelGraph) -> Mapping[str, Parameter] | None:
    try:
        return parameters_of(one.file)
    except GraphError:  # loading it reports this
        return None


def _check_apart(config: ModelConfig, graphs: Sequence[ServedGraph], findings: Findings) -> None:
    """Notes what two graphs of one model have in common and may not: a name, a route."""
    places = {
        graph: one.entry.place if one.entry is not None else Place(graph.plan.file, 1)
        for graph, one in zip(graphs, config.graphs, strict=True)
    }
    for one, other in combinations(graphs, 2):
        if one.name == other.name:
            findings.add(
                places[other],
                f"model {config.name!r} has two graphs of the name {one.name!r}: {one.plan.file} and "
                f"{other.plan.file}; give one of them a `name:` of its own",
            )
        there = _shapes_of(one)
        for shape, (route, place) in _shapes_of(other).items():
            if shape in there:
                findings.add(
                    places[other],
                    f"graphs {one.name!r} and {other.name!r} of model {config.name!r} both declare the route "
                    f"{route} ({there[shape][1]} and {place}); leave out one of the graphs",
                )


def _shapes_of(graph: ServedGraph) -> dict[tuple[str, str], tuple[str, str]]:
    """The routes of a graph with their places, by method and shape of the path."""
    return {
        (one.route.method, shape_of(served_patterns(one.route.pattern)[0])): (
            f"{one.route.method} {one.route.pattern}",
            one.place,
        )
        for one in graph.routes
    }
