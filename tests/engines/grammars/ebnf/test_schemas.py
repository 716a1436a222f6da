"""JSON Schemas as rules: rows of members and items, references, and what allows nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ovpipe.engines.grammars.ebnf.given import as_rules
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.protocol import Grammar
from tests.engines.follower import Follower

INTEGER = {"type": "integer"}
ABC = {"a": INTEGER, "b": INTEGER, "c": INTEGER}
TREE = {
    "$defs": {
        "tree": {
            "type": "object",
            "properties": {"v": INTEGER, "l": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
            "required": ["v"],
        }
    },
    "$ref": "#/$defs/tree",
}
TAKEN: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "optional members": (
        {"type": "object", "properties": ABC, "required": ["b"]},
        ['{"b":1}', '{"a":1,"b":1}', '{"b":1,"c":1}', '{"a":1,"b":1,"c":1}'],
        ["{}", '{"a":1,"c":1}', '{,"b":1}', '{"b":1,}'],
    ),
    "members that are counted": (
        {"type": "object", "properties": ABC, "minProperties": 1, "maxProperties": 2},
        ['{"a":1}', '{"b":1,"c":1}'],
        ["{}", '{"a":1,"b":1,"c":1}'],
    ),
    "others that are counted": (
        {"type": "object", "properties": {"a": INTEGER}, "additionalProperties": True, "maxProperties": 2},
        ["{}", '{"a":1,"x":null}', '{"x":1,"y":[]}'],
        ['{"a":1,"x":1,"y":1}'],
    ),
    "a member that may not be": (
        {"type": "object", "properties": {"a": INTEGER, "b": False}},
        ['{"a":1}', "{}"],
        ['{"a":1,"b":1}'],
    ),
    "items that are counted": (
        {"type": "array", "items": INTEGER, "minItems": 2, "maxItems": 19},
        ["[1,2]", f"[{','.join('1' * 19)}]"],
        ["[]", "[1]", f"[{','.join('1' * 20)}]"],
    ),
    "first items": (
        {"type": "array", "prefixItems": [INTEGER, {"type": "null"}], "items": {"type": "boolean"}},
        ["[1,null]", "[1,null,true]"],
        ["[1]", "[1,true]"],
    ),
    "a tree": (TREE, ['{"v":1}', '{"v":1,"l":[{"v":2,"l":[]}]}'], ['{"l":[]}', '{"v":1,"l":[1]}']),
    "a chain of references": (
        {
            "$defs": {"a": {"$ref": "#/$defs/b"}, "b": INTEGER, "a/b~c": {"type": "null"}},
            "anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a~1b~0c"}],
        },
        ["1", "null"],
        ["true"],
    ),
    "types of values": (
        {"type": ["string", "null"], "enum": ["a", None, 1]},
        ['"a"', "null"],
        ["1"],
    ),
    "types without a word on them": (
        {"type": ["object", "array", "string", "number", "boolean", "null"]},
        ["{}", "[]", '""', "1.5", "true", "null"],
        ["nope"],
    ),
    "names": (
        {"type": "object", "propertyNames": {"$ref": "#/$defs/n"}, "$defs": {"n": {"enum": ["a", 1]}}},
        ['{"a":1}', "{}"],
        ['{"b":1}', "{1:1}"],
    ),
    "lengths": (
        {"type": "string", "minLength": 17, "maxLength": 33},
        [f'"{"ä" * 17}"', f'"{"a" * 33}"'],
        [f'"{"a" * 16}"', f'"{"a" * 34}"'],
    ),
}


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Follower:
    texts = [text for _, right, wrong in TAKEN.values() for text in (*right, *wrong)]
    return Follower(texts, tmp_path_factory.mktemp("follower"))


@pytest.mark.parametrize("name", TAKEN)
def test_a_schema_takes_what_is_valid(follower: Follower, name: str) -> None:
    schema, right, wrong = TAKEN[name]
    grammar = Grammar("json_schema", json.dumps(schema))
    for text in right:
        assert follower.takes(grammar, text), text
    for text in wrong:
        assert not follower.takes(grammar, text), text


REFUSED: dict[str, tuple[Any, str]] = {
    "false": (False, "allows no value"),
    "no items": ({"type": "array", "items": False, "minItems": 1}, "allows no value"),
    "no member": ({"type": "object", "properties": {"a": False}, "required": ["a"]}, "allows no value"),
    "crossed lengths": ({"type": "string", "minLength": 2, "maxLength": 1}, "allows no value"),
    "crossed bounds": ({"type": "integer", "minimum": 2, "maximum": 1}, "allows no value"),
    "a value of another type": ({"type": "string", "enum": [1]}, "allows no value"),
    "remote": ({"$ref": "https://example.com/a.json"}, "leads out of the schema"),
    "a file": ({"items": {"$ref": "a.json"}, "type": "array"}, "leads out of the schema"),
    "nowhere": ({"$ref": "#/$defs/a"}, "a place that is not in the schema"),
    "no anchor": ({"$ref": "#a"}, "an anchor that is not in the schema"),
    "itself": ({"$ref": "#"}, "leads back to itself"),
    "itself by others": (
        {"$defs": {"a": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}}}
        | {"$ref": "#/$defs/a"},
        "leads back to itself",
    ),
    "huge": ({"type": "array", "maxItems": 10**9}, "of more than 65535"),
    "too many states": (
        {"type": "object", "properties": {f"p{n}": {} for n in range(400)}, "minProperties": 200},
        "leave the bounds out",
    ),
    "far": (
        {
            "$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(2000)} | {"d2000": {}},
            "$ref": "#/$defs/d0",
        },
        "nested too deeply",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_allows_nothing_or_has_no_end_is_refused(name: str) -> None:
    schema, fact = REFUSED[name]
    with pytest.raises(GrammarProblem, match=fact):
        as_rules(Grammar("json_schema", json.dumps(schema)))


def test_many_optional_members_make_few_rules() -> None:
    schema = {"type": "object", "properties": {f"p{n}": INTEGER for n in range(2000)}}
    assert len(as_rules(Grammar("json_schema", json.dumps(schema))).text.splitlines()) < 7000
