from __future__ import annotations

import collections
import collections.abc as abc
import typing
from dataclasses import dataclass
from enum import Enum
from types import GenericAlias
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NewType,
    Optional,
    Protocol,
    TypedDict,
    TypeVar,
    Union,
    Unpack,
    runtime_checkable,
)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.graph.types import fits, name_of, names_of

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)
UserId = NewType("UserId", int)


class Animal:
    pass


class Dog(Animal):
    def speak(self) -> str:
        return "woof"


class Speaker(Protocol):
    def speak(self) -> str: ...


@runtime_checkable
class CheckedSpeaker(Protocol):
    def speak(self) -> str: ...


class Shape(TypedDict):
    sides: int


class Color(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Box(Generic[T]):
    content: T


class Handler(Generic[T_contra]):
    pass


@runtime_checkable
class Pairs(Protocol[T_co]):
    def __iter__(self) -> abc.Iterator[tuple[T_co, T_co]]: ...


class Rows(abc.Iterable[tuple[T, T]]):
    pass


class Dogs(list[Dog]):
    pass


@pytest.mark.parametrize(
    ("produced", "consumed"),
    [
        (Any, int),
        (int, Any),
        (int, object),
        (Dog, Animal),
        (bool, int),
        (int, float),
        (bool, float),
        (float, complex),
        (bytearray, bytes),
        (None, None),
        (None, type(None)),
        (int, int | str),
        (int | str, str | int | None),
        (Optional[int], int | None),  # noqa: UP045  - the old spelling is what is tried
        (Union[int, str], bytes | str | int),  # noqa: UP007  - so too
        (Literal["a"], str),
        (Literal["a", 1], str | int),
        (Literal["a"], Literal["a", "b"]),
        (Literal["a"], Literal["a"] | int),
        (bool, Literal[True, False]),
        (Color, Literal[Color.RED, Color.BLUE]),
        (Color, Literal[Color.RED] | Literal[Color.BLUE]),
        (Literal[Color.RED], Color),
        (Annotated[int, "positive"], int),
        (int, Annotated[float, "positive"]),
        (UserId, int),
        (int, UserId),
        (list[int], list),
        (list, list[int]),
        (list[int], list[int]),
        (list[bool], list[int]),
        (list[int], list[Any]),
        (list[int], abc.Sequence[int]),
        (list[int], abc.Sized),
        (typing.List[int], list[int]),  # noqa: UP006  - the old spelling is what is tried
        (dict[str, int], abc.Mapping[str, float]),
        (dict[str, int], abc.Iterable[str]),
        (str, abc.Sequence[str]),
        (tuple[int, str], tuple[int, str]),
        (tuple[int, int], tuple[int, ...]),
        (tuple[int, ...], tuple[int, int]),
        (tuple[int, ...], tuple[float, ...]),
        (tuple[int, str], abc.Sequence[int | str]),
        (tuple[int, ...], abc.Iterable[int]),
        (tuple[int, *tuple[str, ...]], tuple[int, str, str]),
        (tuple[int, Unpack[tuple[str, ...]]], tuple[int, str, str]),  # noqa: UP044  - the old spelling again
        (tuple, tuple[int, str]),
        (tuple[int, str], tuple),
        (tuple[int, str], Pairs[int]),
        (list[int], Pairs[str]),
        (Rows[int], abc.Iterable[tuple[int, int]]),
        (list["int"], list[str]),
        (T, Literal["a"]),
        (Shape, abc.Mapping[str, int]),
        (abc.Generator[int, object, None], abc.Generator[int, str, None]),
        (collections.Counter[str], abc.Mapping[str, int]),
        (abc.AsyncGenerator[int, None], abc.AsyncIterator[int]),
        (abc.Callable[[int], str], abc.Callable[..., Any]),
        (abc.Callable[[int], str], abc.Callable[[str], str]),
        (Dogs, list[Dog]),
        (Dogs, list[int]),
        (Box[int], Box),
        (Box[int], Box[int]),
        (Handler[Animal], Handler[Dog]),
        (Handler[Dog], Handler[Animal]),
        (Dog, Speaker),
        (Animal, Speaker),
        (Dog, CheckedSpeaker),
        (Shape, dict),
        (dict[str, int], Shape),
        (Shape, Shape),
        (T, int),
        (int, T),
        (list["int"], list[int]),
        ("Dog", Animal),
        (type[Dog], type[Animal]),
        (Dog, type[Animal] | Animal),
    ],
)
def test_what_fits(produced: Any, consumed: Any) -> None:
    assert fits(produced, consumed)


@pytest.mark.parametrize(
    ("produced", "consumed"),
    [
        (str, int),
        (Animal, Dog),
        (float, int),
        (object, int),
        (None, int),
        (int, None),
        (int | str, int),
        (int | None, int),
        (int, str | bytes),
        (Literal["a"], int),
        (Literal["a", "c"], Literal["a", "b"]),
        (Literal[True], Literal[1]),
        (str, Literal["a"]),
        (bool, Literal[True]),
        (Color, Literal[Color.RED]),
        (Color, str),
        (Annotated[str, "x"], int),
        (UserId, str),
        (list[int], list[str]),
        (list[int], dict[str, int]),
        (list[str], abc.Sequence[int]),
        (dict[str, int], dict[str, str]),
        (dict[str, list[int]], abc.Mapping[str, list[str]]),
        (tuple[int, str], tuple[int, int]),
        (tuple[int], tuple[int, int]),
        (tuple[int, str], tuple[int, ...]),
        (tuple[str, ...], tuple[int, ...]),
        (tuple[str, ...], tuple[str, int]),
        (tuple[int, str], abc.Sequence[int]),
        (Box[int], Box[str]),
        (Box[int], list[int]),
        (str, Box[str]),
        (Animal, CheckedSpeaker),
        (Dog, list[Dog]),
        (int, type[int]),
        (Box[int], Literal["a"] | int),
        (Shape, int),
    ],
)
def test_what_does_not_fit(produced: Any, consumed: Any) -> None:
    assert not fits(produced, consumed)


def recursive() -> Any:
    """What `type X = list[X]` gives in Python 3.12, for any Python."""

    class TypeAliasType:
        __value__: Any = None

    alias: Any = TypeAliasType()
    alias.__value__ = list[alias]
    return alias


def test_types_defined_by_themselves_fit() -> None:
    assert fits(recursive(), list)
    assert fits(list[list[int]], recursive()) is False
    assert fits(recursive(), recursive())
    assert not fits(int, recursive())


CLASSES = st.sampled_from([int, str, bool, float, bytes, Animal, Dog, Color, type(None)])
TYPES: st.SearchStrategy[Any] = st.recursive(
    CLASSES | st.sampled_from([Any, Literal["a"], Literal[1, "b"]]),
    lambda inner: (
        inner.map(lambda one: GenericAlias(list, (one,)))
        | st.tuples(inner, inner).map(lambda two: GenericAlias(dict, two))
        | st.lists(inner, min_size=1, max_size=3).map(lambda some: GenericAlias(tuple, tuple(some)))
        | st.tuples(inner, inner).map(lambda two: two[0] | two[1])
    ),
    max_leaves=6,
)


@given(TYPES)
def test_every_type_fits_itself_and_object_and_any(one: Any) -> None:
    assert fits(one, one)
    assert fits(one, object)
    assert fits(one, Any)
    assert fits(Any, one)


@given(TYPES, TYPES)
def test_a_type_fits_every_union_it_belongs_to(one: Any, other: Any) -> None:
    assert fits(one, one | other)
    assert fits(one | other, other | one)


@given(TYPES, TYPES, TYPES)
def test_a_union_fits_where_each_of_its_members_does(one: Any, other: Any, consumed: Any) -> None:
    if Any not in (one, other):
        assert fits(one | other, consumed) == (fits(one, consumed) and fits(other, consumed))


@given(TYPES, TYPES)
def test_a_list_fits_as_its_items_do(one: Any, other: Any) -> None:
    assert fits(GenericAlias(list, (one,)), GenericAlias(list, (other,))) == fits(one, other)
    assert fits(GenericAlias(list, (one,)), abc.Iterable[other]) == fits(one, other)


@given(CLASSES, CLASSES)
def test_a_value_is_never_refused_by_its_own_class(one: type, other: type) -> None:
    assert fits(one, other) or not issubclass(one, other)


def test_types_are_named_as_their_author_wrote_them() -> None:
    assert name_of(int) == "int"
    assert name_of(Dog) == "Dog"
    assert name_of(list[int]) == "list[int]"
    assert name_of(T) == "~T"
    assert name_of(int | None) == "int | None"


def test_types_of_one_name_are_told_apart_by_their_modules() -> None:
    other = type("Dog", (), {"__module__": "kennel"})

    assert names_of(Dog, Animal) == ("Dog", "Animal")
    assert names_of(Dog, other) == (f"{Dog.__module__}.Dog", "kennel.Dog")
