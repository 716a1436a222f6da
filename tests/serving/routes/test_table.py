"""The table of routes: what is found at a path, and what is refused before anything is served."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.calculator import Calculator
from ovpipe.errors import GraphError
from ovpipe.graph.load import load_graph
from ovpipe.http import HttpRequest, ModelIn, ResponsePart, Route
from ovpipe.ports import Input, Output
from ovpipe.registry import Registry
from ovpipe.serving.models.served_graph import ServedGraph
from ovpipe.serving.models.served_model import ServedModel
from ovpipe.serving.routes.table import RouteTable

GRAPH = """version: 1
inputs: [request]
outputs: [response]
nodes:
  door:
    calculator: Door
    inputs: {{request: request}}
    outputs: {{response: response}}
    options: {{routes: [{routes}], named: {named}, limit: {limit}}}
"""


class Door(Calculator):
    """Declares routes written as `GET /path`; with `named`, their query names the model."""

    request = Input[HttpRequest]()
    response = Output[ResponsePart]()

    def __init__(self, *, routes: list[str], named: bool = False, limit: int | None = None) -> None:
        self.declared = routes
        self.named = named
        self.limit = limit

    def routes(self) -> list[Route]:
        model = ModelIn("query") if self.named else None
        split = [text.partition(" ") for text in self.declared]
        return [Route(method, path, body_bytes=self.limit, model=model) for method, _, path in split]


class Silent(Calculator):
    """Declares whatever it is made to."""

    request = Input[HttpRequest]()
    response = Output[ResponsePart]()

    def routes(self) -> object:
        return ["GET /things"]


class Leaving(Silent):
    def routes(self) -> object:
        raise SystemExit("no routes")


def model(
    folder: Path, name: str, *routes: str, named: bool = False, limit: int | None = None, like: str = ""
) -> ServedModel:
    file = folder / f"{like or name}.yaml"
    texts = ", ".join(f'"{route}"' for route in routes)
    file.write_text(
        GRAPH.format(routes=texts, named=str(named).lower(), limit="null" if limit is None else limit)
    )
    return ServedModel(name, [ServedGraph(name, load_graph(file, registry=Registry.of(Door)))])


def refused(*models: ServedModel) -> list[str]:
    with pytest.raises(GraphError) as refusal:
        RouteTable.of(models)
    return [str(finding) for finding in refusal.value.findings]


def found(table: RouteTable, method: str, path: str) -> tuple[str, tuple[str, ...]] | None:
    """The route at a path, and the values of its parameters."""
    there = table.find(path)
    return None if there is None else (str(there[0].by_method[method]), there[1])


def test_a_path_is_found_under_both_versions_and_others_are_not(tmp_path: Path) -> None:
    table = RouteTable.of([model(tmp_path, "m", "GET /v1/things", "GET /v2/things", "GET /things")])
    for path, declared in {
        "/v1/things": "GET /v1/things",
        "/v3/things": "GET /v1/things",
        "/v2/things": "GET /v2/things",
        "/things": "GET /things",
    }.items():
        assert found(table, "GET", path) == (declared, ())
    for path in ("/", "/v1", "/v1/things/", "/v1/thing", "/v4/things", "//v1/things"):
        assert table.find(path) is None


@pytest.mark.parametrize(
    ("path", "declared", "values"),
    [
        ("/v1/a/b", "GET /v1/a/b", ()),
        ("/v1/a/x", "GET /v1/a/{id}", ("x",)),
        ("/v1/x/b", "GET /v1/{kind}/b", ("x",)),
        ("/v1/a/x/y", "GET /v1/a/{rest:path}", ("x/y",)),
        ("/v1/x/y", "GET /v1/{rest:path}", ("x/y",)),
        ("/v1/a/x:go", "GET /v1/a/{id}:go", ("x",)),
        ("/v1/a/x%2Fy%252F", "GET /v1/a/{id}", ("x/y%2F",)),
        ("/v1/a/b.c", "GET /v1/a/{id}", ("b.c",)),
    ],
)
def test_the_pattern_that_says_most_is_found(
    tmp_path: Path, path: str, declared: str, values: tuple[str, ...]
) -> None:
    table = RouteTable.of(
        [
            model(
                tmp_path,
                "m",
                "GET /v1/{rest:path}",
                "GET /v1/a/{rest:path}",
                "GET /v1/{kind}/b",
                "GET /v1/a/{id}",
                "GET /v1/a/{id}:go",
                "GET /v1/a/b",
            )
        ]
    )
    assert found(table, "GET", path) == (declared, values)


def test_what_regular_expressions_read_otherwise_is_a_literal(tmp_path: Path) -> None:
    table = RouteTable.of([model(tmp_path, "m", "GET /v1/a.b+/{id}")])
    assert found(table, "GET", "/v1/a.b+/1") == ("GET /v1/a.b+/{id}", ("1",))
    assert table.find("/v1/aXbb/1") is None


def test_methods_of_one_path_stand_together_and_get_answers_head(tmp_path: Path) -> None:
    table = RouteTable.of([model(tmp_path, "m", "PUT /v1/things/{id}", "GET /v1/things/{name}")])
    there = table.find("/v1/things/1")
    assert there is not None
    assert list(there[0].by_method) == ["GET", "HEAD", "PUT"]
    assert [one.route.parameters for one in there[0].by_method.values()] == [("name",), ("name",), ("id",)]


def test_models_share_a_route_whose_requests_name_them(tmp_path: Path) -> None:
    one = model(tmp_path, "one", "GET /v1/things", named=True)
    two = model(tmp_path, "two", "GET /v1/things", "GET /v1/others", named=True)
    things, others = RouteTable.of([one, two]).routes
    assert (list(things.models), list(others.models)) == (["one", "two"], ["two"])


def test_a_route_without_a_named_model_belongs_to_one_model(tmp_path: Path) -> None:
    one = model(tmp_path, "one", "GET /v1/things")
    two = model(tmp_path, "two", "GET /v1/things")
    assert refused(one, two) == [
        f"{tmp_path}/two.yaml:5: route GET /v1/things of model 'two' names no model and is declared by model 'one' "
        f"({tmp_path}/one.yaml:5) too, and the two share no resource; have its requests name their model, or let "
        "one graph alone declare it"
    ]


def test_models_that_share_a_resource_may_share_a_route_that_names_none(tmp_path: Path) -> None:
    one = model(tmp_path, "one", "GET /v1/things")
    two = model(tmp_path, "two", "GET /v1/things")
    one.resources = frozenset({"engine", "other"})
    two.resources = frozenset({"engine"})
    (things,) = RouteTable.of([one, two]).routes
    assert list(things.models) == ["one", "two"]


def test_a_shared_route_is_declared_alike(tmp_path: Path) -> None:
    one = model(tmp_path, "one", "GET /v1/things/{id}", named=True, limit=5)
    two = model(tmp_path, "two", "GET /v1/things/{name}", named=True)
    assert refused(one, two) == [
        f"{tmp_path}/two.yaml:5: route GET /v1/things/{{name}} of model 'two' is declared otherwise by model 'one' "
        f"({tmp_path}/one.yaml:5): pattern is '/v1/things/{{name}}' here and '/v1/things/{{id}}' there; "
        "body_bytes is None here and 5 there; the front door reads a request before it knows its model, so "
        "declare the route alike"
    ]


@pytest.mark.parametrize("path", ["/", "/health", "/ping", "/version", "/v1/health/", "/v2/health/ready"])
def test_the_server_s_own_names_are_not_for_graphs(tmp_path: Path, path: str) -> None:
    (finding,) = set(refused(model(tmp_path, "m", f"GET {path}")))
    assert finding.endswith(f"route GET {path} of model 'm' is the server's own; choose another path")


def test_what_differs_in_slashes_is_one_path(tmp_path: Path) -> None:
    table = RouteTable.of([model(tmp_path, "m", "GET /things/")])
    assert table.find("/things") is not None


@pytest.mark.parametrize("path", ["/health/live", "/v1/models", "/v3/models/{name:path}", "/docs/more"])
def test_the_server_s_own_paths_are_not_for_graphs(tmp_path: Path, path: str) -> None:
    (finding,) = {line.partition(" as all of ")[0] for line in refused(model(tmp_path, "m", f"GET {path}"))}
    assert finding == f"{tmp_path}/m.yaml:5: route GET {path} of model 'm' is the server's own,"


def test_all_conflicts_are_found_at_once(tmp_path: Path) -> None:
    one = model(tmp_path, "one", "GET /a", "GET /b", "GET /metrics")
    two = model(tmp_path, "two", "GET /a", "GET /b")
    assert len(refused(one, two)) == 3


def test_a_graph_without_routes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        GraphError,
        match=r"m.yaml:1: graph 'm' cannot be served: none of its nodes declares a route; give the calculator",
    ):
        model(tmp_path, "m")


def test_what_is_no_route_is_refused_with_its_node(tmp_path: Path) -> None:
    with pytest.raises(
        GraphError, match=r"m.yaml:5: routes\(\) of node 'door' cannot be used: ValueError: 'get' is no HTTP"
    ):
        model(tmp_path, "m", "get /things")
    file = tmp_path / "silent.yaml"
    silent = GRAPH.partition("    options")[0].format()
    file.write_text(silent.replace("Door", "Leaving"))
    with pytest.raises(GraphError, match=r"routes\(\) of node 'door' cannot be used: SystemExit: no routes"):
        ServedGraph("silent", load_graph(file, registry=Registry.of(Leaving)))
    file.write_text(silent.replace("Door", "Silent"))
    with pytest.raises(GraphError, match="TypeError: it gave a str where a Route is due"):
        ServedGraph("silent", load_graph(file, registry=Registry.of(Silent)))
