"""Option types: which values of a graph's YAML can become an option, and how paths among them do."""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect

YAML_KINDS = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})
"""The kinds of values that YAML has, as a graph's parameters call them."""

KINDS: tuple[tuple[tuple[type, ...], tuple[str, ...]], ...] = (
    ((inspect.NoneType,), ("null",)),
    ((inspect.BoolType,), ("boolean",)),
    ((inspect.IntType,), ("integer",)),
    ((inspect.FloatType,), ("number", "integer")),
    ((inspect.DecimalType,), ("number", "integer", "string")),
    ((inspect.StrType, inspect.BytesType, inspect.ByteArrayType, inspect.UUIDType), ("string",)),
    ((inspect.DateTimeType, inspect.DateType, inspect.TimeType, inspect.TimeDeltaType), ("string",)),
    ((inspect.DictType, inspect.TypedDictType, inspect.StructType, inspect.DataclassType), ("object",)),
    ((inspect.NamedTupleType, inspect.TupleType), ("array",)),
)


def converted(value: Any, annotation: Any, base: Path | None) -> Any:
    """A value as its option's type wants it. A text becomes a path where that is due, relative to `base`.

    Raises msgspec.ValidationError, and TypeError for a type that cannot be read at all.
    """
    members = set(get_args(annotation)) if get_origin(annotation) in (Union, types.UnionType) else set()
    paths = {member for member in members if _is_path(member)}
    if not paths or members - paths == {types.NoneType}:
        return msgspec.convert(value, annotation, dec_hook=lambda kind, raw: _made(kind, raw, base))
    others = members - paths  # msgspec reads no type like `Path | list[Path]`
    read = converted(value, Union[(str, *others)], base)  # made from a set
    return path_of(read, base) if isinstance(read, str) and str not in others else read


def path_of(text: str, base: Path | None) -> Path:
    """A path as people write it, `~` included. Raises ValueError for what is none."""
    if not text:
        raise ValueError("takes a path, not an empty text")
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise ValueError(f"begins with the home folder of an unknown user: {text!r}") from None
    return path if base is None else base / path


def with_paths(value: Any, annotation: Any, change: Callable[[str], str]) -> Any:
    """A value as YAML has it, of an option of this type; those of its texts that become paths are changed."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        members = get_args(annotation)
        if isinstance(value, str):
            return change(value) if str not in members and any(map(_is_path, members)) else value
        for member in members:
            value = with_paths(value, member, change)
        return value
    if isinstance(value, str):
        return change(value) if _is_path(annotation) else value
    if isinstance(value, list):
        kinds = [one for one in get_args(annotation) if one is not Ellipsis]
        if len(kinds) not in (1, len(value)):
            return value
        each = kinds * len(value) if len(kinds) == 1 else kinds
        return [with_paths(one, kind, change) for one, kind in zip(value, each, strict=True)]
    if not isinstance(value, dict):
        return value
    fields = _fields(annotation)
    return {key: with_paths(one, fields(key), change) for key, one in value.items()}


def _fields(annotation: Any) -> Callable[[str], Any]:
    """The type of each value of a mapping, or of a class with named fields."""
    arguments = get_args(annotation)
    if len(arguments) == 2:
        return lambda key: arguments[1]
    try:
        hints = get_type_hints(annotation, include_extras=True)
    except TypeError:  # no class with fields
        return lambda key: Any
    return lambda key: hints.get(key, Any)


def kinds_of(annotation: Any) -> frozenset[str]:
    """The kinds of YAML values that can become an option of this type: none for a callable, say.

    What cannot be told counts as possible.
    """
    members = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else ()
    if members:
        return frozenset().union(*map(kinds_of, members))
    try:
        return frozenset(_kinds(inspect.type_info(annotation)))
    except TypeError:  # msgspec says why when a value is read
        return YAML_KINDS


def _kinds(info: inspect.Type) -> Iterable[str]:
    if isinstance(info, inspect.CustomType):
        return ("string",) if _is_path(info.cls) else ()
    if isinstance(info, inspect.LiteralType | inspect.EnumType):
        values = info.values if isinstance(info, inspect.LiteralType) else [one.value for one in info.cls]
        return [kind for value in values for kind in _kinds(inspect.type_info(type(value)))]
    if isinstance(info, inspect.CollectionType):
        return ("array",) if _kinds(info.item_type) else ()
    return next((kinds for classes, kinds in KINDS if isinstance(info, classes)), YAML_KINDS)


def _is_path(kind: Any) -> bool:
    kind = get_origin(kind) or kind
    return kind is os.PathLike or (isinstance(kind, type) and issubclass(kind, PurePath))


def _made(kind: Any, raw: Any, base: Path | None) -> Any:
    """A value of a class that msgspec does not know."""
    if not _is_path(kind):
        raise ValueError("YAML has no form for it")
    if not isinstance(raw, str):
        raise ValueError(f"takes a path, not {raw!r}")
    path = path_of(raw, base)
    make: Callable[[Path], Any] = Path if get_origin(kind) or kind is os.PathLike else kind
    return make(path)
