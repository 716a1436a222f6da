"""Types: whether a value of one port's type fits another port.

It refuses only what is certain. An unknown construct fits, so there is never a false alarm.
"""

from __future__ import annotations

import types
from collections.abc import AsyncGenerator, Coroutine, Generator, Sequence
from enum import Enum
from typing import Annotated, Any, Literal, Union, Unpack, get_args, get_origin

# What a type checker lets pass for one another although issubclass does not (PEP 484).
PROMOTIONS = ((int, float), (int, complex), (float, complex), (bytearray, bytes), (memoryview, bytes))


def fits(produced: Any, consumed: Any) -> bool:
    """Whether every value of type `produced` is, as far as types say, one of type `consumed`."""
    try:
        return _fits(produced, consumed)
    except RecursionError:  # recursive types, defined in two different ways
        return True


def name_of(annotation: Any) -> str:
    """A type as its author would write it."""
    return annotation.__qualname__ if isinstance(annotation, type) else str(annotation)


def names_of(produced: Any, consumed: Any) -> tuple[str, str]:
    """The names of two types, with their modules where the names alone are alike."""
    names = name_of(produced), name_of(consumed)
    if names[0] == names[1] and isinstance(produced, type) and isinstance(consumed, type):
        return f"{produced.__module__}.{names[0]}", f"{consumed.__module__}.{names[1]}"
    return names


def _fits(produced: Any, consumed: Any) -> bool:
    produced, consumed = _bare(produced), _bare(consumed)
    if produced is Any or consumed is Any:
        return True
    if _is_union(produced):
        return all(_fits(member, consumed) for member in get_args(produced))
    if get_origin(produced) is Literal:
        return all(_literal_fits(value, consumed) for value in get_args(produced))
    if _is_union(consumed):
        return any(_fits(produced, member) for member in get_args(consumed)) or _exhausted(produced, consumed)
    if get_origin(consumed) is Literal:
        return not isinstance(_origin(produced), type) or _exhausted(produced, consumed)
    return _class_fits(produced, consumed)


def _bare(annotation: Any) -> Any:
    """Without Annotated, NewType and `type X = ...` around it; None is the type of None."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            return type(None) if annotation is None else annotation


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def _origin(annotation: Any) -> Any:
    return get_origin(annotation) or annotation


def _literal_fits(value: object, consumed: Any) -> bool:
    if get_origin(consumed) is Literal:
        return any(value == one and type(value) is type(one) for one in get_args(consumed))
    if _is_union(consumed):
        return any(_literal_fits(value, _bare(member)) for member in get_args(consumed))
    return _fits(type(value), consumed)


def _exhausted(produced: Any, consumed: Any) -> bool:
    """Whether the consumed literals name every value of a bool or an enum."""
    if produced is bool:
        return all(_literal_fits(value, consumed) for value in (True, False))
    if isinstance(produced, type) and issubclass(produced, Enum):
        return all(_literal_fits(member, consumed) for member in produced)
    return False


def _class_fits(produced: Any, consumed: Any) -> bool:
    made, taken = _origin(produced), _origin(consumed)
    try:
        if any(taken is wide and issubclass(made, narrow) for narrow, wide in PROMOTIONS):
            return True
        if not issubclass(made, taken):
            return False
    except TypeError:  # no class, or one that issubclass refuses, as most protocols
        return True
    return _arguments_fit(made, get_args(produced), taken, get_args(consumed))


def _arguments_fit(made: type, given: Sequence[Any], taken: type, wanted: Sequence[Any]) -> bool:
    if not given or not wanted:
        return True
    if made is tuple and _is_container(taken):
        return _tuple_fits(given, wanted if taken is tuple else (wanted[0], Ellipsis))
    if made is taken and not _is_container(made):
        # A class of an author: whether its parameter is covariant or contravariant is not known.
        pairs = zip(given, wanted, strict=False)
        return all(_fits(one, other) or _fits(other, one) for one, other in pairs)
    if len(given) != len(wanted) or not (_is_container(made) and _is_container(taken)):
        return True
    return all(_fits(one, other) for one, other in zip(given, wanted, strict=True))


def _tuple_fits(given: Sequence[Any], wanted: Sequence[Any]) -> bool:
    """Item by item; one type and `...` stand for any number of items, as many as the other has."""
    if any(getattr(one, "__unpacked__", False) or get_origin(one) is Unpack for one in (*given, *wanted)):
        return True
    lengths = {len(items) for items in (given, wanted) if items[-1] is not Ellipsis}
    if len(lengths) > 1:
        return False
    length = max(lengths, default=1)
    made, taken = ([items[0]] * length if items[-1] is Ellipsis else items for items in (given, wanted))
    return all(_fits(one, other) for one, other in zip(made, taken, strict=True))


def _is_container(annotation: type) -> bool:
    """Whether this is a container of Python's own, whose values are read and so covariant."""
    standard = annotation.__module__ in ("builtins", "collections", "collections.abc")
    return standard and annotation not in (Generator, AsyncGenerator, Coroutine)  # values go into these
