"""What msgspec finds wrong with a value, as the API's error: where it stands, and what would be right there.

msgspec says where it stopped, and why. What would be right there says the type that stands at that place,
so no word of msgspec's, nor a byte of the client's, gets into an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import inspect

from ovpipe.calculators.llm.parameters.errors import missing, unsupported, wrong_type, wrong_value
from ovpipe.calculators.llm.parameters.value_types import UNSUPPORTED
from ovpipe.calculators.llm.parameters.whole_floats import convert
from ovpipe.calculators.llm.parameters.wording import tags_of, words_of
from ovpipe.errors import RequestError

PLACE: Final = re.compile(r" - at (?:`key` in )?`\$([^`]*)`\Z")
STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
SURROGATE: Final = "The request has a string with a lone surrogate (half of a \\u pair)."
Unreadable = msgspec.ValidationError | UnicodeEncodeError
UNREADABLE: Final = (msgspec.ValidationError, UnicodeEncodeError)
"""What msgspec raises. It needs UTF-8 of a string where it expects none."""
WRONG_TYPE: Final = re.compile(r"Expected `[^`]*`, got `")


def read_as(value: Any, kind: Any, path: str, *, first: int = 0) -> Any:
    """The value as a type has it; raises RequestError 400, in which `path` is the value's place.

    `first` is the index of the first item of a part of a list.
    """
    described = inspect.type_info(kind)
    try:
        return convert(value, kind, described)
    except UNREADABLE as error:
        raise to_request_error(error, value, described, path, first=first) from None


def to_request_error(
    error: Unreadable, value: Any, kind: inspect.Type, path: str = "", *, first: int = 0
) -> RequestError:
    """The error of a value that is not of a type; `path` is the value's place, empty for a whole body.

    `first` is the index that the first item has of the outermost list in it.
    """
    if isinstance(error, UnicodeEncodeError):  # which knows no place
        return RequestError(400, SURROGATE, code="invalid_value", param=path or None)
    said = str(error)
    found = PLACE.search(said)
    steps = STEP.findall(found[1]) if found else []
    absent = MISSING.match(said)
    if absent:
        steps.append((absent[1], ""))
    place = parent = ValuePlace(path, kind, value, first)
    for name, index in steps:
        parent, place = place, place.member(name) if name else place.item(int(index))
    for extra in place.extras():
        if refusal := refused_by_name(extra, place, parent):
            return refusal
    words = words_of(place.kind)
    if absent or (place.value is None and steps and steps[-1][0]):
        return missing(place.path, words)
    absent_only = all(isinstance(kind, inspect.NoneType) for kind, _ in alternatives(place.kind))
    is_wrong_type = WRONG_TYPE.match(said) and not absent_only
    return (wrong_type if is_wrong_type else wrong_value)(place.path, words)


@dataclass(frozen=True, slots=True)
class ValuePlace:
    """Somewhere in a body: its path, the type that is expected there, and what the client sent."""

    path: str
    kind: inspect.Type
    value: Any
    first: int = 0
    """The index of the first item, where this is a part of a list or has one."""

    def member(self, name: str) -> ValuePlace:
        """A member of the object that stands here. A tag's type is that of all tags."""
        structs = [kind for kind, _ in alternatives(self.kind) if isinstance(kind, inspect.StructType)]
        value = self.value.get(name)
        path = f"{self.path}.{name}" if self.path else name
        tag_field = structs[0].tag_field
        if name == tag_field:
            extra = next((extra for kind, extra in alternatives(self.kind) if kind is structs[0]), None)
            return ValuePlace(
                path, inspect.Metadata(inspect.LiteralType(tags_of(structs)), extra=extra), value
            )
        tag = None if tag_field is None else self.value.get(tag_field)
        struct = next((struct for struct in structs if struct.tag == tag), structs[0])
        kind = next(field.type for field in struct.fields if field.encode_name == name)
        return ValuePlace(path, kind, value, self.first)

    def item(self, index: int) -> ValuePlace:
        """An item of the list that stands here."""
        kind = next(
            kind.item_type
            for kind, _ in alternatives(self.kind)
            if isinstance(kind, inspect.ListType | inspect.VarTupleType)
        )
        return ValuePlace(f"{self.path}[{self.first + index}]", kind, self.value[index])

    def extras(self) -> Iterator[Mapping[str, Any]]:
        """What value_types.py lays down of the types that may stand here."""
        return (extra for _, extra in alternatives(self.kind) if extra)


def alternatives(
    kind: inspect.Type, extra: dict[str, Any] | None = None
) -> Iterator[tuple[inspect.Type, dict[str, Any] | None]]:
    """The types that a type allows, each with what is laid down of it."""
    if isinstance(kind, inspect.Metadata):
        yield from alternatives(kind.type, kind.extra or extra)
    elif isinstance(kind, inspect.UnionType):
        for member in kind.types:
            yield from alternatives(member, extra)
    else:
        yield kind, extra


def refused_by_name(extra: Mapping[str, Any], place: ValuePlace, parent: ValuePlace) -> RequestError | None:
    """The error of a value that the API knows, and that is refused here."""
    reasons = extra.get(UNSUPPORTED)
    if isinstance(reasons, str):
        return unsupported(place.path, reasons)
    if reasons and isinstance(place.value, str) and place.value in reasons:
        return unsupported(parent.path, reasons[place.value])
    return None
