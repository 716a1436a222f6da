"""Wording: a value type in the words of an error, a page, or a sentence: what stands after "must be"."""

from __future__ import annotations

from typing import Any, Final

from msgspec import inspect

from ovpipe.calculators.llm.parameters.value_types import WORDS


def words_of(kind: inspect.Type) -> str:
    """What a type allows."""
    match kind:
        case inspect.Metadata(type=inner, extra=extra):
            return str(extra[WORDS]) if extra and WORDS in extra else words_of(inner)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=least, le=most):
            return f"an integer from {least} to {most}"
        case inspect.FloatType():
            return words_of_number(kind)
        case inspect.StrType(min_length=shortest, max_length=longest):
            words = "a non-empty string" if shortest else "a string"
            return words if longest is None else f"{words} of at most {longest} characters"
        case inspect.LiteralType(values=values):
            return one_of(values)
        case inspect.DictType():
            return "an object"
        case inspect.StructType():
            return words_of_struct(kind)
        case inspect.UnionType(types=types):
            return words_of_union(types)
    return PLAIN.get(type(kind), "of another type")


PLAIN: Final = {inspect.ListType: "a list", inspect.VarTupleType: "a list", inspect.AnyType: "any value"}


def words_of_number(kind: inspect.FloatType) -> str:
    """The limits of a number, which is above or from the one and below or to the other."""
    least = f"above {kind.gt:g}" if kind.gt is not None else f"from {kind.ge:g}"
    if kind.lt is not None:
        most = f"below {kind.lt:g}"
        return f"a number {least} {'and' if kind.gt is not None else 'to'} {most}"
    return f"a number {least} {'and at most' if kind.gt is not None else 'to'} {kind.le:g}"


def words_of_union(types: tuple[inspect.Type, ...]) -> str:
    """Each of several types, null left out. Structs are told apart by their tag."""
    structs = [kind for kind in types if isinstance(kind, inspect.StructType)]
    words = [words_of(kind) for kind in types if not isinstance(kind, inspect.StructType | inspect.NoneType)]
    if len(structs) > 1:
        words.append(f"an object whose '{structs[0].tag_field}' is {one_of(tags_of(structs))}")
    elif structs:
        words.append(words_of(structs[0]))
    return ", or ".join(words)


def tags_of(structs: list[inspect.StructType]) -> tuple[Any, ...]:
    """What tells the structs of a union apart."""
    return tuple(kind.tag for kind in structs)


def words_of_struct(kind: inspect.StructType) -> str:
    """The members of an object: its tag and what it must have, then what it may have."""
    needed = [] if kind.tag_field is None else [kind.tag_field]
    needed += [field.encode_name for field in kind.fields if field.required]
    others = [f"'{field.encode_name}'" for field in kind.fields if not field.required]
    optional = f"optionally {', '.join(others)}" if others else ""
    if not needed:
        return f"an object with {optional}"
    quoted = [f"'{name}'" for name in needed]
    words = " and ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))
    return f"an object with {words}" + (f", and {optional}" if optional else "")


def one_of(values: tuple[Any, ...]) -> str:
    """The values allowed: "'auto'", or "one of 'none', 'auto'"."""
    quoted = [f"'{value}'" for value in values]
    return quoted[0] if len(quoted) == 1 else "one of " + ", ".join(quoted)
