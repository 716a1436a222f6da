"""Ports: typed class constants."""

from __future__ import annotations

from typing import Any

import pytest

from ovpipe.calculator import Calculator
from ovpipe.errors import DeclarationError
from ovpipe.ports import Input, Output, SideInput, SideOutput


class SpeakCalculator(Calculator):
    text = Input[str]()
    loud = Output[str | None](streaming=True)
    voice = SideInput[list[int]](optional=True)
    anything = Input()  # type: ignore[var-annotated]  # a port without a type is what is tested


def test_a_port_knows_its_name_its_owner_and_its_type() -> None:
    assert str(SpeakCalculator.text) == "SpeakCalculator.text"
    assert SpeakCalculator.text.type is str
    assert SpeakCalculator.loud.type == str | None
    assert SpeakCalculator.voice.type == list[int]


def test_a_port_without_a_type_takes_anything() -> None:
    assert SpeakCalculator.anything.type is Any


def test_a_class_lists_its_ports_by_kind_in_the_order_of_declaration() -> None:
    ports = SpeakCalculator.ports
    assert list(ports.inputs) == ["text", "anything"]
    assert list(ports.outputs) == ["loud"]
    assert list(ports.side_inputs) == ["voice"]
    assert ports.has_streams


def test_a_subclass_shares_the_ports_of_its_base_and_may_hide_one() -> None:
    class QuietCalculator(SpeakCalculator):
        anything = None  # type: ignore[assignment]  # hiding a port is what is tested
        more = Output[int]()

    assert QuietCalculator.ports.inputs["text"] is SpeakCalculator.text
    assert list(QuietCalculator.ports.inputs) == ["text"]
    assert list(QuietCalculator.ports.outputs) == ["loud", "more"]


def test_a_type_written_as_a_string_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(DeclarationError, match="must be written as a class"):

        class LaterCalculator(Calculator):
            text = Input["NotYetDefined"]()  # type: ignore[name-defined]  # the mistake that is tested


def test_streams_and_side_outputs_do_not_go_together() -> None:
    with pytest.raises(DeclarationError, match="has streams and side outputs"):

        class BothCalculator(Calculator):
            text = Input[str]()
            model = SideOutput[str]()
