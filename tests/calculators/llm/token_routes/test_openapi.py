"""What the tokenizer's graph says of itself: bodies that fit are read, and others refused."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ovpipe.calculators.llm import parse_request_parser, tokenize_request_parser
from ovpipe.calculators.llm.parse_request_parser import ParseRequestParserCalculator
from ovpipe.calculators.llm.token_routes import openapi
from ovpipe.calculators.llm.tokenize_request_parser import TokenizeRequestParserCalculator
from ovpipe.errors import RequestError
from ovpipe.graph.files import shipped_graphs
from ovpipe.graph.load import load_graph
from ovpipe.http import HttpRequest
from ovpipe.registry import Registry
from ovpipe.serving.openapi.merging import fragment_of

HI = [{"role": "user", "content": "hi"}]


def fits(path: str, body: dict[str, Any], **options: Any) -> bool:
    """Whether a body is valid; what is valid is read as well, and what is not is refused."""
    parsing = path == "/parse"
    node: Any = ParseRequestParserCalculator if parsing else TokenizeRequestParserCalculator
    parse: Any = parse_request_parser.parse if parsing else tokenize_request_parser.parse
    said = node(**options).openapi()
    content = said["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    valid = Draft202012Validator(content["schema"] | {"components": said["components"]}).is_valid(body)
    try:
        parse(HttpRequest("POST", path, json=body), **options)
    except RequestError as error:
        assert not valid, error.message
    else:
        assert valid
    return valid


@pytest.mark.parametrize("path", openapi.FORMS)
def test_the_example_is_valid(path: str) -> None:
    assert fits(path, {"model": "m", **openapi.EXAMPLES[path]})


def test_a_body_has_one_of_its_forms() -> None:
    assert fits("/tokenize", {"prompt": "", "return_token_strs": None})
    assert fits("/tokenize", {"messages": HI, "tools": None})
    assert not fits("/tokenize", {"prompt": ["x"]})
    assert not fits("/tokenize", {"messages": []})
    assert not fits("/tokenize", {})
    assert fits("/detokenize", {"tokens": []})
    assert not fits("/detokenize", {"tokens": [-1]})
    assert not fits("/detokenize", {"tokens": None})
    assert fits("/parse", {"text": ["a", "b"], "finish_reason": "length"})
    assert not fits("/parse", {"text": 5})
    assert not fits("/parse", {"token_ids": [-1]})


def test_unknown_parameters_are_valid_unless_the_server_refuses_them() -> None:
    assert fits("/tokenize", {"prompt": "x", "mystery": 1})
    assert not fits("/tokenize", {"prompt": "x", "mystery": 1}, unknown_parameters="error")


@pytest.mark.parametrize("form", [form for forms in openapi.FORMS.values() for form in forms])
def test_every_row_of_a_table_lands_in_a_field_and_is_a_property_with_its_meaning(form: Any) -> None:
    said = openapi.requests(openapi.FORMS, unknown=True)
    properties = said["components"]["schemas"][form.request.__name__]["properties"]
    assert list(properties) == list(form.rows)
    for name, row in form.rows.items():
        assert properties[name]["description"].startswith(row.doc)
        assert row.lands_in in form.request.__struct_fields__ or name == "chat_template"


@pytest.mark.parametrize(
    ("graph", "paths"),
    [
        ("tokenize", ["/tokenize", "/detokenize"]),
        ("parse", ["/parse"]),
        ("render", ["/chat/completions/render", "/completions/render"]),
    ],
)
def test_the_nodes_of_the_shipped_graphs_say_it_all(graph: str, paths: list[str]) -> None:
    plan = load_graph(shipped_graphs()[graph], registry=Registry.installed(), parameters={"models_path": "m"})
    fragment = fragment_of(plan)
    assert list(fragment["paths"]) == paths
    for path in paths:
        operation = fragment["paths"][path]["post"]
        assert operation.keys() >= {"operationId", "summary", "tags", "requestBody", "responses"}
