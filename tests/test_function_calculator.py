"""`@calculator`: functions with types as calculators."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ovpipe import Calculator, DeclarationError, Packet, Registry, Timestamp, calculator
from ovpipe.graph import load_graph_text
from ovpipe.options import options_of
from ovpipe.testing import CalculatorRunner


@calculator
def shout(text: str, *, mark: str = "!") -> str:
    """Upper-cases a text."""
    return text.upper() + mark


@calculator(output="both", name="JoinCalculator")
def join(left: str, right: str = "-") -> str:
    return left + right


@calculator(output="kept")
def only_long(text: str, *, longer_than: int) -> str | None:
    return text if len(text) > longer_than else None


@calculator(output="word")
def words(text: str) -> Iterator[str]:
    yield from text.split()


@calculator(output="answer")
async def ask(question: str) -> str:
    await asyncio.sleep(60)
    return question + "!"


@calculator(output="letter")
async def letters(text: str) -> AsyncIterator[str]:
    for letter in text:
        await asyncio.sleep(60)
        yield letter


@calculator
def ticks(*, count: int) -> Iterator[int]:
    yield from range(count)


@calculator
async def slow_ticks(*, count: int) -> AsyncIterator[int]:
    for index in range(count):
        await asyncio.sleep(60)
        yield index


def sent(made: Calculator, output: str, **inputs: Any) -> list[Packet[Any]]:
    ran = CalculatorRunner(made, virtual_clock=True).run(**inputs)
    return ran.packets(type(made).ports.outputs[output])


def packets(*values: Any) -> list[Packet[Any]]:
    return [Packet(value, Timestamp(at)) for at, value in enumerate(values)]


def test_a_function_is_a_calculator_whose_options_are_its_keyword_only_parameters() -> None:
    assert sent(shout(mark="?"), "shout", text=["a", "b"]) == packets("A?", "B?")
    assert sent(shout(), "shout", text=["a"]) == packets("A!")
    assert shout.__doc__ == "Upper-cases a text."
    assert shout.function("a", mark=".") == "A."
    assert CalculatorRunner(shout()).run(text=["a"])["shout"] == ["A!"]
    assert {name: (spec.type, spec.default) for name, spec in options_of(shout).items()} == {
        "mark": (str, "!")
    }
    assert options_of(only_long)["longer_than"].required


def test_it_waits_for_all_inputs_but_those_with_a_default() -> None:
    late = [Packet("x", Timestamp(1))]
    assert sent(join(), "both", left=["a", "b"], right=late) == packets("a-", "bx")
    assert sent(join(), "both", left=["a"]) == packets("a-")
    assert sent(join(), "both", left=late, right=["a", "b"]) == [Packet("xb", Timestamp(1))]


def test_none_is_no_packet_where_the_type_says_so() -> None:
    assert sent(only_long(longer_than=1), "kept", text=["a", "bc"]) == [Packet("bc", Timestamp(1))]


def test_each_value_of_a_generator_is_a_packet() -> None:
    assert sent(words(), "word", text=["a b", "c"]) == packets("a", "b", "c")


def test_async_functions_and_generators() -> None:
    assert sent(ask(), "answer", question=["a", "b"]) == packets("a!", "b!")
    assert sent(letters(), "letter", text=["ab"]) == packets("a", "b")


def test_a_generator_without_inputs_is_a_source() -> None:
    assert sent(ticks(count=3), "ticks") == packets(0, 1, 2)
    assert sent(slow_ticks(count=2), "slow_ticks") == packets(0, 1)


def test_a_function_that_gives_none_has_no_output() -> None:
    seen: list[str] = []

    @calculator
    def look(text: str) -> None:
        seen.append(text)

    CalculatorRunner(look()).run(text=["a"])
    assert (seen, list(look.ports.outputs)) == (["a"], [])


def test_graphs_name_it_by_its_function_or_by_its_name() -> None:
    module = ModuleType("own")
    module.__dict__.update(shout=shout, join=join)
    registry = Registry()
    registry.collect(module)
    assert list(registry) == ["JoinCalculator", "shout"]
    plan = load_graph_text(
        """
version: 1
inputs: [text]
outputs: [loud]
nodes: {shout: {calculator: shout, inputs: {text: text}, outputs: {shout: loud}, options: {mark: "?"}}}
""",
        registry=registry,
    )
    assert dict(plan.nodes[0].options) == {"mark": "?"}


def test_an_option_may_be_a_path() -> None:
    @calculator
    def held(text: str, *, folder: Path) -> Path:
        return folder / text

    assert sent(held(folder=Path("a")), "held", text=["b"]) == packets(Path("a/b"))


def untyped(text) -> str:  # type: ignore[no-untyped-def]  # that is the mistake
    return str(text)


def untyped_option(text: str, *, mark="!") -> str:  # type: ignore[no-untyped-def]  # that is the mistake
    return text


def without_result(text: str):  # type: ignore[no-untyped-def]  # that is the mistake
    return text


def many(*texts: str) -> str:
    return ""


def now() -> float:
    return 1.0


def text(text: str) -> str:
    return text


def opened(open: str) -> str:
    return open


def count(text: str) -> int:  # type: ignore[misc]  # that is the mistake
    yield 1


def unknown(text: Nowhere) -> str:  # type: ignore[name-defined]  # noqa: F821  # that is the mistake
    return ""


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (untyped, "input 'text' of untyped has no type; write one, as in `text: str`"),
        (untyped_option, "option 'mark' of untyped_option has no type; write one, as in `mark: str`"),
        (without_result, "the result of without_result has no type; write one, as in `-> str`, or `-> None`"),
        (many, "many takes *texts; ports and options have names, so write each of them"),
        (now, "now has no inputs, so it is a source, and would be called for ever; make it a generator"),
        (text, "text has an input of the name of its output, 'text'; name the output: @calculator(output="),
        (opened, "a port of opened cannot be named 'open'; take another"),
        (count, "count is a generator; write what it yields, as in `-> Iterator[str]`"),
        (unknown, "a type of unknown is not known where it is defined: name 'Nowhere' is not defined"),
        (Registry, "@calculator makes calculators of functions, and Registry is none"),
    ],
)
def test_a_function_that_cannot_be_one_is_told(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        calculator(function)
    assert message in str(caught.value)
