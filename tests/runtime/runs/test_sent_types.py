"""Which values a port of a type may be sent."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import pytest

from ovpipe import Calculator, Output, Packet, Timestamp
from ovpipe.runtime.runs.sent_types import check_sent


class Named(Protocol):
    name: str


class AllPorts(Calculator):
    whole = Output[int]()
    number = Output[float]()
    either = Output[int | str | None]()
    many = Output[list[int]]()
    word = Output[Literal["a"]]()
    named = Output[Named]()
    anything = Output[Any]()
    untyped = Output()  # type: ignore[var-annotated]  # so a port takes anything


@pytest.mark.parametrize(
    ("port", "value"),
    [("whole", 1), ("number", 1), ("number", 1.5), ("either", "a"), ("either", None)]
    + [(port, object()) for port in ("many", "word", "named", "anything", "untyped")],
)
def test_a_value_that_fits_or_may_fit(port: str, value: Any) -> None:
    check_sent(AllPorts.ports.outputs[port], Packet(value, Timestamp(0)))


@pytest.mark.parametrize(
    ("port", "value", "message"),
    [
        ("whole", "1", "AllPorts.whole is declared as int, but str was sent at 3: '1'"),
        ("number", None, "AllPorts.number is declared as float, but NoneType was sent at 3: None"),
        ("either", 1.5, "AllPorts.either is declared as int | str | None, but float was sent at 3: 1.5"),
    ],
)
def test_a_value_that_does_not(port: str, value: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        check_sent(AllPorts.ports.outputs[port], Packet(value, Timestamp(3)))
    assert str(caught.value) == message
