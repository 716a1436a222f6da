"""Keys that nobody knows: found wherever a body has objects of a declared type, and let through."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import inspect

WELL_FORMED: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
MOST_IGNORED: Final = 16


class Ignored:
    """What has no effect, such as keys that nobody knows: at most 16 well-formed names are kept."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.any = False

    def add(self, name: str) -> None:
        """Notes one name."""
        self.any = True
        self.note(name)

    def note(self, name: str) -> None:
        """Notes one that is no mistake of the client's, and has no effect here all the same."""
        if len(self.names) < MOST_IGNORED and WELL_FORMED.fullmatch(name):
            self.names[name] = None

    def add_member(self, place: str, name: str) -> None:
        """Notes what stands at a place by a name; one that is not well formed goes by its place."""
        member = f"{place}.{name}"
        self.add(member if name and WELL_FORMED.fullmatch(member) else place)


Finder = Callable[[Any, Ignored], None]
"""Notes the unknown keys in a value that is of a type."""


def finder_of(kind: inspect.Type, path: str = "") -> Finder | None:
    """What finds unknown keys in values of a type; None where there are no objects of declared members.

    `path` is where such values stand, lists left out: "messages.content".
    """
    match kind:
        case inspect.Metadata(type=inner):
            return finder_of(inner, path)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return in_list(finder_of(item, path))
        case inspect.StructType():
            return in_object(kind, path)
        case inspect.UnionType(types=types):
            return in_union([(member, find) for member in types if (find := finder_of(member, path))])
    return None


def in_list(find: Finder | None) -> Finder | None:
    """In each item."""
    if find is None:
        return None

    def note(value: Any, ignored: Ignored) -> None:
        for item in value:
            find(item, ignored)

    return note


def in_object(kind: inspect.StructType, path: str) -> Finder:
    """Of an object, and in its members. null means absent."""
    prefix = f"{path}." if path else ""
    tag = () if kind.tag_field is None else (kind.tag_field,)
    known = frozenset((*tag, *(field.encode_name for field in kind.fields)))
    inner = {
        field.encode_name: find
        for field in kind.fields
        if (find := finder_of(field.type, prefix + field.encode_name))
    }

    def note(value: Any, ignored: Ignored) -> None:
        for key, member in value.items():
            if key in inner:
                if type(member) is list or type(member) is dict:
                    inner[key](member, ignored)
            elif key not in known and member is not None:
                ignored.add(prefix + key)

    return note


def in_union(members: list[tuple[inspect.Type, Finder]]) -> Finder | None:
    """By the type of a value: a list, or an object that its tag tells from others."""
    if not members:
        return None
    if len(members) == 1:
        return members[0][1]
    lists = next((find for kind, find in members if not isinstance(kind, inspect.StructType)), None)
    structs = [(kind, find) for kind, find in members if isinstance(kind, inspect.StructType)]
    tag_field = structs[0][0].tag_field or ""
    by_tag: Mapping[Any, Finder] = {kind.tag: find for kind, find in structs}

    def note(value: Any, ignored: Ignored) -> None:
        if type(value) is dict:
            by_tag[value[tag_field]](value, ignored)
        elif lists is not None:
            lists(value, ignored)

    return note
