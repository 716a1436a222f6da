"""/openapi.json: put together from what the nodes of all graphs say, and from the front door's own routes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from ovpipe.calculator import Calculator
from ovpipe.errors import GraphError
from ovpipe.graph.load import load_graph
from ovpipe.graph.plan import Plan
from ovpipe.http import HttpRequest, ModelIn, ResponsePart, Route
from ovpipe.ports import Input, Output
from ovpipe.registry import Registry
from ovpipe.serving.front_door import FrontDoor
from ovpipe.serving.in_flight import InFlight
from ovpipe.serving.limits import Limits
from ovpipe.serving.models.declared import Declared
from ovpipe.serving.models.model import Model
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.models.served_graph import ServedGraph
from ovpipe.serving.models.served_model import ServedModel
from ovpipe.serving.openapi.document import OpenApi, described_by, document
from ovpipe.serving.openapi.parts import references
from ovpipe.serving.routes.table import RouteTable
from ovpipe.serving.security.guard import Guard
from tests.serving.asking import get
from tests.serving.server_process import ServerProcess

GRAPH = """
version: 1
inputs: [request]
outputs: [response]
nodes:
  reader: {{calculator: Reader, inputs: {{request: request}}, outputs: {{checked: checked}}, options: {reader}}}
  writer: {{calculator: Writer, inputs: {{checked: checked}}, outputs: {{response: response}}, options: {writer}}}
"""
CHAT = "/chat/completions"
PATHS = (CHAT, "/completions")
INFERENCE = [Route("POST", f"/v1{path}", body="json", model=ModelIn("body")) for path in PATHS]
ASKED = {"$ref": "#/components/schemas/Asked"}


class Reader(Calculator):
    """Says what requests are: `most` is a limit of theirs."""

    request = Input[HttpRequest]()
    checked = Output[HttpRequest]()

    def __init__(self, *, most: int = 9) -> None:
        self.most = most

    def routes(self) -> list[Route]:
        return INFERENCE[:1]

    def openapi(self) -> Mapping[str, Any]:
        body = {"content": {"application/json": {"schema": ASKED, "example": {"count": 1}}}}
        asked = {
            "type": "object",
            "properties": {
                "count": {"type": "integer", "maximum": self.most},
                "kind": {"$ref": "#/components/schemas/Kind"},
            },
            "required": ["count"],
        }
        return {
            "paths": {CHAT: {"post": {"summary": "Counts", "requestBody": body}}},
            "components": {"schemas": {"Asked": asked, "Kind": {"enum": ["a", "b"]}}},
        }


class Writer(Calculator):
    """Says what answers are."""

    checked = Input[HttpRequest]()
    response = Output[ResponsePart]()

    def __init__(self, *, says: dict[str, Any] | None = None, fails: str = "") -> None:
        self.says = says
        self.fails = fails

    def openapi(self) -> Mapping[str, Any]:
        if self.fails:
            raise {"ZeroDivisionError": ZeroDivisionError, "SystemExit": SystemExit}[self.fails]("by nought")
        if self.says is not None:
            return self.says
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Counted"}}}
        responses = {
            "200": {"description": "Counted.", "content": content},
            "400": {"description": "No count."},
        }
        return {
            "paths": {CHAT: {"post": {"responses": responses}}, "/counts": {"get": {"summary": "No route"}}},
            "components": {"schemas": {"Counted": {"type": "integer"}}},
        }


class Mute(Calculator):
    """Says nothing but where it is."""

    request = Input[HttpRequest]()
    response = Output[ResponsePart]()

    def routes(self) -> list[Route]:
        return INFERENCE


def model(folder: Path, name: str, *, reader: Any = None, writer: Any = None) -> Model:
    file = folder / f"{name.replace('/', '_')}.yaml"
    options = (msgspec.json.encode(options or {}).decode() for options in (reader, writer))
    file.write_text(GRAPH.format(reader=next(options), writer=next(options)))
    return model_of(name, load_graph(file, registry=Registry.of(Reader, Writer, Mute)))


def mute(folder: Path) -> Model:
    file = folder / "mute.yaml"
    text = GRAPH.partition("  reader:")[0].format()
    file.write_text(
        text + "  mute: {calculator: Mute, inputs: {request: request}, outputs: {response: response}}\n"
    )
    return model_of("mute", load_graph(file, registry=Registry.of(Mute)))


def model_of(name: str, *plans: Plan) -> Model:
    return Model(ServedModel(name, [ServedGraph(name, plan) for plan in plans]))


def described(*models: Model) -> dict[str, Any]:
    return document([one for model in models for one in described_by(model)])


def refused(folder: Path, **options: Any) -> str:
    with pytest.raises(GraphError) as refusal:
        model(folder, "m", **options)
    return str(refusal.value)


def body_of(api: Mapping[str, Any], path: str = CHAT) -> Any:
    return api["paths"][path]["post"]["requestBody"]["content"]["application/json"]


def everything(value: Any) -> Iterator[dict[str, Any]]:
    """All objects inside a value."""
    if isinstance(value, dict):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from everything(member)


def test_what_the_nodes_of_a_graph_say_becomes_one_operation(tmp_path: Path) -> None:
    api = described(model(tmp_path, "m"))
    operation = api["paths"][CHAT]["post"]
    assert operation["summary"] == "Counts"
    assert body_of(api)["schema"] == ASKED
    assert operation["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Counted"
    }
    assert api["components"]["schemas"]["Counted"] == {"type": "integer"}


def test_requests_name_the_models_that_are_served(tmp_path: Path) -> None:
    api = described(model(tmp_path, "m"), model(tmp_path, "n"))
    asked = api["components"]["schemas"]["Asked"]
    assert asked["properties"]["model"] == {"type": "string", "enum": ["m", "n"]}
    assert asked["required"] == ["model", "count"]
    assert body_of(api)["example"] == {"model": "m", "count": 1}
    (name,) = api["paths"]["/models/{name}"]["parameters"]
    assert name["schema"]["enum"] == ["m", "n"]


def test_graphs_that_differ_take_either_body_and_their_schemas_do_not_clash(tmp_path: Path) -> None:
    api = described(model(tmp_path, "m"), model(tmp_path, "org/n", reader={"most": 5}), model(tmp_path, "o"))
    schemas = api["components"]["schemas"]
    assert body_of(api)["schema"] == {"anyOf": [ASKED, {"$ref": "#/components/schemas/Asked.org_n"}]}
    assert schemas["Asked"]["properties"]["model"]["enum"] == ["m", "o"]
    assert schemas["Asked.org_n"]["properties"]["model"]["enum"] == ["org/n"]
    assert schemas["Asked.org_n"]["properties"]["count"]["maximum"] == 5
    assert [name for name in schemas if name.startswith(("Kind", "Counted"))] == ["Kind", "Counted"]  # shared


def test_a_schema_that_only_refers_to_what_differs_is_another_schema(tmp_path: Path) -> None:
    def says(kind: str) -> dict[str, Any]:
        outer = {"type": "array", "items": {"$ref": "#/components/schemas/Inner"}}
        return {"components": {"schemas": {"Outer": outer, "Inner": {"type": kind}}}}

    api = described(
        model(tmp_path, "m", writer={"says": says("string")}),
        model(tmp_path, "n", writer={"says": says("integer")}),
    )
    schemas = api["components"]["schemas"]
    assert schemas["Outer.n"]["items"] == {"$ref": "#/components/schemas/Inner.n"}
    assert schemas["Inner.n"] == {"type": "integer"}


def test_a_schema_named_like_one_of_the_front_door_s_gets_another_name(tmp_path: Path) -> None:
    says = {"components": {"schemas": {"Model": {"type": "null"}}}}
    schemas = described(model(tmp_path, "m", writer={"says": says}))["components"]["schemas"]
    assert schemas["Model"]["type"] == "object"
    assert schemas["Model.m"] == {"type": "null"}


def test_of_a_graph_that_says_nothing_only_the_model_is_known(tmp_path: Path) -> None:
    api = described(mute(tmp_path))
    for path in PATHS:
        schema = body_of(api, path)["schema"]
        mute_alone = [{"type": "string", "enum": ["mute"]}, {"const": ""}, {"type": "null"}]
        assert schema["properties"] == {"model": {"anyOf": mute_alone}}
        assert schema["required"] == []
        assert "default" in api["paths"][path]["post"]["responses"]


def test_what_has_no_route_is_left_out(tmp_path: Path) -> None:
    paths = described(model(tmp_path, "m"))["paths"]
    assert "/counts" not in paths
    assert "/completions" not in paths


def test_every_inference_may_be_answered_with_the_front_doors_errors(tmp_path: Path) -> None:
    responses = described(model(tmp_path, "m"))["paths"][CHAT]["post"]["responses"]
    assert list(responses) == [
        "200",
        "400",
        "401",
        "403",
        "404",
        "408",
        "413",
        "415",
        "417",
        "421",
        "429",
        "500",
        "503",
    ]
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    assert responses["400"] == {"description": "No count.", "content": error}
    assert responses["503"] == {"$ref": "#/components/responses/Error503"}


def test_nodes_that_say_different_things_are_an_error_that_names_both(tmp_path: Path) -> None:
    says = {"paths": {CHAT: {"post": {"summary": "Sums"}}}}
    assert refused(tmp_path, writer={"says": says}) == (
        f"{tmp_path}/m.yaml:7: nodes 'reader' and 'writer' say different things in openapi() of "
        "#/paths/~1chat~1completions/post/summary; let one of them say it, or both the same"
    )


def test_nodes_may_say_the_same_thing(tmp_path: Path) -> None:
    says = {"paths": {CHAT: {"post": {"summary": "Counts"}}}}
    assert (
        described(model(tmp_path, "m", writer={"says": says}))["paths"][CHAT]["post"]["summary"] == "Counts"
    )


@pytest.mark.parametrize(
    ("writer", "why"),
    [
        ({"says": {"info": {}}}, "ValueError: it has the key 'info'; a fragment has paths and components"),
        ({"says": {"paths": {"chat": {}}}}, "ValueError: its path 'chat' does not begin with a slash"),
        ({"says": {"paths": 3}}, "ValidationError: Expected `object`, got `int` - at `$[...]`"),
        ({"fails": "ZeroDivisionError"}, "ZeroDivisionError: by nought"),
        ({"fails": "SystemExit"}, "SystemExit: by nought"),
    ],
)
def test_what_is_no_fragment_is_an_error(tmp_path: Path, writer: dict[str, Any], why: str) -> None:
    assert refused(tmp_path, writer=writer) == (
        f"{tmp_path}/m.yaml:7: openapi() of node 'writer' cannot be used: {why}"
    )


def test_a_reference_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    def says(name: str) -> dict[str, Any]:
        return {"components": {"schemas": {"Mine": {"$ref": f"#/components/schemas/{name}"}}}}

    assert (
        "node 'writer' refers in openapi() to the schema 'Yours', which no node of the graph has; there are Asked, Error, Kind, Mine"
        in refused(tmp_path, writer={"says": says("Yours")})
    )
    for name in ("Error", "Kind"):  # the front door's, and another node's
        model(tmp_path, "m", writer={"says": says(name)})


def test_every_reference_leads_somewhere_and_every_schema_is_one(tmp_path: Path) -> None:
    api = described(model(tmp_path, "m"), model(tmp_path, "n", reader={"most": 5}), mute(tmp_path))
    assert references(api) <= api["components"]["schemas"].keys()
    for part in everything(api):
        target = part.get("$ref", "")
        if "/responses/" in target:
            assert target.rpartition("/")[2] in api["components"]["responses"]
        Draft202012Validator.check_schema(part.get("schema", {}))
    for schema in api["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    operations = [part["operationId"] for part in everything(api) if "operationId" in part]
    assert len(operations) == len(set(operations))


def test_every_route_is_in_the_document_and_nothing_else(tmp_path: Path) -> None:
    served = mute(tmp_path).served
    repository = Repository(Declared((served,), (), RouteTable.of([served])))
    door = FrontDoor(repository, InFlight(), Limits(), Guard())
    routes = {
        (route.method, route.resource.canonical)
        for route in door.application().router.routes()
        if route.method not in ("HEAD", "*") and route.resource is not None
    }
    routes |= {("POST", path) for path in repository.table.literals}
    api = described(*repository)
    told = {
        (method.upper(), (server["url"] + path).replace("//", "/"))
        for path, item in api["paths"].items()
        for server in item.get("servers", api["servers"])
        for method in item.keys() & {"get", "post"}
    }
    assert {route for route in routes if not route[1].startswith("/docs/")} == told


def test_the_document_is_made_once_for_the_same_models(tmp_path: Path) -> None:
    async def ask() -> None:
        models = [model(tmp_path, "m")]
        api = OpenApi(models)
        first = await api.text()
        assert await api.text() is first
        models.append(model(tmp_path, "n"))
        assert b'"enum":["m","n"]' in await api.text()
        del models[0]
        assert b'"enum":["n"]' in await api.text()

    asyncio.run(ask())


def test_the_server_answers_it_as_json(server: ServerProcess) -> None:
    answer = get(server.url, "/openapi.json")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    api = answer.json()
    assert api["openapi"].startswith("3.1")
    assert body_of(api)["schema"]["properties"]["model"]["enum"] == ["echo", "org/echo", "counter", "bad"]


def test_the_page_of_the_document_needs_nothing_from_elsewhere_and_runs_nothing_inline(
    server: ServerProcess,
) -> None:
    page = get(server.url, "/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    html = page.body.decode()
    names = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert {"docs/docs.js", "docs/docs.css", "openapi.json"} <= set(names)
    assert not re.search(r"<style|style=|\son\w+=|<script(?! src=)", html)
    for name in names:
        if name.startswith("data:"):
            continue
        answer = get(server.url, f"/{name}")
        assert answer.status == 200
        assert not re.search(rb"\w+://|innerHTML|eval\(|Function\(|\.style\b", answer.body)
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';")
    assert "unsafe" not in policy


def test_the_page_finds_its_files_with_a_slash_behind_it_too(server: ServerProcess) -> None:
    page = get(server.url, "/docs/")
    assert page.status == 200
    assert b'<base href="../">' in page.body
    assert "base-uri 'self'" in page.headers["content-security-policy"]
    assert b"<base" not in get(server.url, "/docs").body
