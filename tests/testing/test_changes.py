"""A calculator that changes what it got is found by its test."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import pytest

from ovpipe import Calculator, Context, Input, Output
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.changes import content


class Slots:
    __slots__ = ("names",)

    def __init__(self) -> None:
        self.names = {"a"}


class Message(msgspec.Struct):
    parts: list[Any]


@dataclass
class Holder:
    held: Any = field(default_factory=lambda: [Message([1])])


class Remembering:
    def __init__(self) -> None:
        self.parts = [1, 2]

    @cached_property
    def total(self) -> int:
        return sum(self.parts)


class ChangeCalculator(Calculator):
    """Does with its input what the test says."""

    value = Input[Any]()
    out = Output[Any]()

    def __init__(self, change: Any) -> None:
        self.change = change

    def process(self, cx: Context) -> None:
        self.change(cx[self.value])
        cx.send(self.out, cx[self.value])


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ([1, [2]], lambda value: value[1].append(3)),
        ({"a": 1}, lambda value: value.pop("a")),
        ({1}, lambda value: value.add(2)),
        (np.zeros(3), lambda value: value.fill(1)),
        (Holder(), lambda value: value.held[0].parts.append(2)),
        (Slots(), lambda value: value.names.clear()),
        (bytearray(b"ab"), lambda value: value.append(1)),
    ],
)
def test_a_change_of_an_input_fails_its_test(value: Any, change: Any) -> None:
    with pytest.raises(AssertionError, match="ChangeCalculator changes the value of its input 'value' at 0"):
        CalculatorRunner(ChangeCalculator(change)).run(value=[value])


@pytest.mark.parametrize("value", [[1], {"a": [1]}, np.zeros(2), Holder(), Slots(), float("nan"), {1, "a"}])
def test_a_value_that_stays_as_it_is_is_no_change(value: Any) -> None:
    assert content(value) == content(value)
    out = CalculatorRunner(ChangeCalculator(lambda value: None)).run(value=[value])
    assert out[ChangeCalculator.out][0] is value


def test_a_property_that_is_kept_once_it_was_asked_for_is_no_change() -> None:
    CalculatorRunner(ChangeCalculator(lambda value: value.total)).run(value=[Remembering()])


def test_a_value_inside_itself_ends() -> None:
    value: list[Any] = []
    value.append(value)
    assert content(value) == content(value)
