"""Parts of OpenAPI documents as plain JSON: merged, copied, and searched for references to schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Json = dict[str, Any]
Pointer = tuple[str, ...]
SCHEMAS: Final = "#/components/schemas/"


def merge(into: Json, part: Mapping[str, Any], at: Pointer = ()) -> Iterator[Pointer]:
    """Adds a part to what there is; yields where the two say different things, which is left as it was."""
    for key, value in part.items():
        there = into.get(key)
        if key not in into:
            into[key] = renamed(value, {})
        elif isinstance(there, dict) and isinstance(value, dict):
            yield from merge(there, value, (*at, key))
        elif there != value:
            yield (*at, key)


def has(value: Any, pointer: Sequence[str]) -> bool:
    """Whether something stands there."""
    for key in pointer:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


def references(value: Any) -> set[str]:
    """The names of the schemas that a value refers to, however deep."""
    if isinstance(value, list):
        return {name for member in value for name in references(member)}
    if not isinstance(value, dict):
        return set()
    names = {name for member in value.values() for name in references(member)}
    target = value.get("$ref")
    if isinstance(target, str) and target.startswith(SCHEMAS):
        names.add(target.removeprefix(SCHEMAS))
    return names


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A deep copy that refers to schemas by their new names."""
    if isinstance(value, list):
        return [renamed(member, names) for member in value]
    if not isinstance(value, dict):
        return value
    copy = {key: renamed(member, names) for key, member in value.items()}
    target = copy.get("$ref")
    if isinstance(target, str) and target.startswith(SCHEMAS):
        name = target.removeprefix(SCHEMAS)
        copy["$ref"] = SCHEMAS + names.get(name, name)
    return copy


def reference_to(name: str) -> Json:
    """A reference to a schema."""
    return {"$ref": SCHEMAS + name}


def in_json(schema: str) -> Json:
    """Content of that schema."""
    return {"application/json": {"schema": reference_to(schema)}}


def either(schemas: Sequence[Any]) -> Any:
    """A schema for what is valid by any of these."""
    distinct = [schema for at, schema in enumerate(schemas) if schema not in schemas[:at]]
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def new_names(own: Mapping[str, Any], taken: Mapping[str, Any], suffix: str) -> dict[str, str]:
    """For each of these schemas a name that no other schema has; schemas that mean the same share theirs."""
    names = {}
    for name in own:
        reached = reach(name, own)
        if name not in taken or all(taken.get(other) == own[other] for other in reached):
            names[name] = name
        else:
            names[name] = f"{name}.{suffix}"
            while names[name] in taken:
                names[name] += "_"
    return names


def reach(name: str, schemas: Mapping[str, Any]) -> set[str]:
    """The schemas that one refers to, itself and those that they refer to included."""
    found: set[str] = set()
    new = {name}
    while new:
        found |= new
        new = {other for one in new for other in references(schemas[one]) if other in schemas} - found
    return found
