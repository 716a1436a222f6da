"""ValueSchema: what a tool's JSON Schema says of one value, through its references and alternatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from ovpipe.calculators.llm.packets import Tool

MOST_PARTS = 200
NUMBERS = frozenset({"number", "integer"})


class ValueSchema(NamedTuple):
    """A schema and the whole that its references point into; `schema` may be anything a client sent.

    Each part is looked at once, however often references lead to it, and no more than `MOST_PARTS`.
    """

    schema: object = None
    root: object = None

    @property
    def types(self) -> set[str]:
        """The types that a value may have; none if the schema does not say."""
        return _types(self.schema, self.root, {}) or set()

    @property
    def choices(self) -> list[object]:
        """The values that it is restricted to; none if it is not."""
        return [choice for each in self._branches() for choice in _choices(each)]

    @property
    def names(self) -> set[str]:
        """The names of an object's members that the schema lists."""
        return {name for each in self._branches() for name in _mapping(each.get("properties"))}

    def member(self, name: str) -> ValueSchema:
        """That of an object's member."""
        branches = list(self._branches())
        listed = [_mapping(each.get("properties")) for each in branches]
        found = [properties[name] for properties in listed if name in properties]
        others = [each.get("additionalProperties") for each in branches]
        return self._of(found or [schema for schema in others if isinstance(schema, Mapping)])

    def item(self, index: int) -> ValueSchema:
        """That of an array's item."""
        found = []
        for each in self._branches():
            items = each.get("items")
            first = _list(each.get("prefixItems")) or _list(items)
            if index < len(first):
                found.append(first[index])
            elif isinstance(items, Mapping):
                found.append(items)
        return self._of(found)

    def _branches(self) -> Iterator[Mapping[str, Any]]:
        """The schema and all that it refers to or is made of."""
        waiting: list[Any] = [self.schema]
        seen: set[int] = set()
        while waiting:
            schema = waiting.pop()
            if not isinstance(schema, Mapping) or id(schema) in seen or len(seen) == MOST_PARTS:
                continue
            seen.add(id(schema))
            yield schema
            waiting.append(_target(schema.get("$ref"), self.root))
            for key in ("allOf", "anyOf", "oneOf"):
                waiting += _list(schema.get(key))

    def _of(self, found: list[Any]) -> ValueSchema:
        return ValueSchema(found[0] if len(found) == 1 else {"anyOf": found} if found else None, self.root)


def arguments_of(tools: Sequence[Tool], name: str) -> ValueSchema:
    """The schema of a function's arguments."""
    for tool in tools:
        if tool.name == name:
            return ValueSchema(tool.parameters, tool.parameters)
    return ValueSchema()


def _types(schema: object, root: object, known: dict[int, set[str] | None]) -> set[str] | None:
    """The types; None for any. Whatever stands side by side in a schema must hold at once."""
    if not isinstance(schema, Mapping) or len(known) == MOST_PARTS:
        return None
    if id(schema) in known:
        return known[id(schema)]
    known[id(schema)] = None  # what a schema says of itself by a circle says nothing
    stated = schema.get("type")
    sides: list[set[str] | None] = []
    if isinstance(stated, str):
        sides.append({stated})
    elif stated := {kind for kind in _list(stated) if isinstance(kind, str)}:
        sides.append(stated)
    elif choices := _choices(schema):
        sides.append({_type(choice) for choice in choices})
    sides.append(_types(_target(schema.get("$ref"), root), root, known))
    sides += [_types(each, root, known) for each in _list(schema.get("allOf"))]
    for key in ("anyOf", "oneOf"):
        others = [_types(each, root, known) for each in _list(schema.get(key))]
        sides.append(None if None in others else {kind for other in others for kind in other or ()})
    stated_sides = [side | NUMBERS if "number" in side else side for side in sides if side]
    if stated_sides:
        types = set.intersection(*stated_sides) or set.union(*stated_sides)
        known[id(schema)] = types | {"null"} if schema.get("nullable") is True else types
    return known[id(schema)]


def _target(reference: object, root: object) -> object:
    """What a reference into the same schema points to (RFC 6901); None for any other."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    target = root
    for part in unquote(reference[1:]).split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(target, Mapping):
            target = target.get(part)
        elif isinstance(target, (list, tuple)) and part.isdecimal() and int(part) < len(target):
            target = target[int(part)]
        else:
            return None
    return target


def _choices(schema: Mapping[str, Any]) -> list[object]:
    return [schema["const"]] if "const" in schema else _list(schema.get("enum"))


def _type(value: object) -> str:
    """A value's type, as JSON Schema names it."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "integer"
        case float():
            return "number"
        case list() | tuple():
            return "array"
        case _:
            return "object"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []
