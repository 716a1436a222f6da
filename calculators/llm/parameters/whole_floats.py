"""Whole floats: `3.0` is 3 where an integer is due, as in JSON Schema; some languages write all numbers so.

msgspec tells the two apart. So a value that does not fit its type is read once more with its whole floats as
integers, wherever its type has integers and no floats.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import inspect


def convert(value: Any, to: Any, kind: inspect.Type) -> Any:
    """The value as the type `to`, which `kind` describes; raises msgspec.ValidationError."""
    try:
        return msgspec.convert(value, to)
    except msgspec.ValidationError:
        changed = with_integers(value, kind)
        if changed is value:
            raise
    return msgspec.convert(changed, to)


def with_integers(value: Any, kind: inspect.Type) -> Any:
    """The value with integers for the whole floats that its type has no place for; itself where none is."""
    match kind:
        case inspect.Metadata(type=inner):
            return with_integers(value, inner)
        case inspect.UnionType(types=types):
            member = member_of(value, types)
            return value if member is None else with_integers(value, member)
        case inspect.IntType() if type(value) is float and value.is_integer():
            return int(value)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) if type(value) is list:
            if isinstance(item, inspect.IntType):
                return integers_of(value)
            return same_or_list(value, [with_integers(member, item) for member in value])
        case inspect.DictType(value_type=of_members) if type(value) is dict:
            return same_or_dict(
                value, {name: with_integers(member, of_members) for name, member in value.items()}
            )
        case inspect.StructType(fields=fields) if type(value) is dict:
            kinds = {field.encode_name: field.type for field in fields if field.encode_name in value}
            return same_or_dict(value, {name: with_integers(value[name], of) for name, of in kinds.items()})
    return value


def member_of(value: Any, types: tuple[inspect.Type, ...]) -> inspect.Type | None:
    """The member of a union that a value may be, where that decides on integers."""
    bare = list(members_of(types))
    if type(value) is float:
        floats = any(isinstance(kind, inspect.FloatType) for kind in bare)
        return None if floats else next((kind for kind in bare if isinstance(kind, inspect.IntType)), None)
    if type(value) is list:
        lists = (kind for kind in bare if isinstance(kind, inspect.ListType | inspect.VarTupleType))
        return next(lists, None)
    if type(value) is dict:
        objects = [kind for kind in bare if isinstance(kind, inspect.StructType | inspect.DictType)]
        if len(objects) < 2:
            return next(iter(objects), None)
        return next((kind for kind in objects if has_tag(kind, value)), None)
    return None


def members_of(types: Iterable[inspect.Type]) -> Iterator[inspect.Type]:
    """The types of a union, those of unions in it with them."""
    for kind in types:
        bare = kind.type if isinstance(kind, inspect.Metadata) else kind
        if isinstance(bare, inspect.UnionType):
            yield from members_of(bare.types)
        else:
            yield bare


def has_tag(kind: inspect.Type, value: dict[str, Any]) -> bool:
    """Whether an object is the one of several that its tag names."""
    return isinstance(kind, inspect.StructType) and value.get(kind.tag_field or "") == kind.tag


def integers_of(values: list[Any]) -> list[Any]:
    """A list with its whole floats as integers: prompts are lists of many tokens, so this is a fast one."""
    return [int(value) if type(value) is float and value.is_integer() else value for value in values]


def same_or_list(value: list[Any], changed: list[Any]) -> list[Any]:
    """The list itself where nothing in it has changed."""
    return value if all(map(operator.is_, value, changed)) else changed


def same_or_dict(value: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """The object itself where no member has changed."""
    return value if all(value[name] is member for name, member in changed.items()) else value | changed
