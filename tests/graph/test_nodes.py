from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ovpipe.calculator import Calculator
from ovpipe.graph import Plan
from ovpipe.ports import Input, Output

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


class Repeat(Calculator):
    text = Input[str]()
    out = Output[str]()

    def __init__(self, *, times: int, style: Literal["plain", "loud"] = "plain", extra: Any = None) -> None:
        if times < 1:
            raise ValueError(f"times must be 1 or more, not {times}")
        if extra == "break":
            raise KeyError("extra")
        self.times = times


class Positional(Calculator):
    text = Input[str]()

    def __init__(self, times: int) -> None:
        self.times = times


def graph(options: str, calculator: str = "Repeat") -> str:
    return f"""
        version: 1
        inputs: [text]
        nodes:
          repeat:
            calculator: {calculator}
            inputs: {{text: text}}
            options: {options}
    """


def test_a_node_gets_its_checked_options(load: Load) -> None:
    (node,) = load(graph("{times: 2, style: loud}"), Repeat).nodes

    assert node.options == {"times": 2, "style": "loud"}
    built = node.build()
    assert isinstance(built, Repeat)
    assert built.times == 2


def test_an_unknown_calculator_is_refused(mistakes: Mistakes) -> None:
    assert mistakes(graph("{times: 2}", calculator="Repeet"), Repeat) == [
        "chat.yaml:5: unknown calculator 'Repeet': did you mean 'Repeat'?"
    ]


def test_what_follows_from_an_unknown_calculator_is_not_told(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        outputs: [twice]
        nodes:
          first:
            calculator: Repeet
            inputs: {txt: text}
            outputs: {any: once}
            options: {what: ever}
          second:
            calculator: Repeat
            inputs: {text: once}
            outputs: {out: twice}
            options: {times: 1}
    """
    assert mistakes(text, Repeat) == ["chat.yaml:6: unknown calculator 'Repeet': did you mean 'Repeat'?"]


def test_each_wrong_option_is_told_at_its_line(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          repeat:
            calculator: Repeat
            inputs: {text: text}
            options:
              stlye: loud
              style: quiet
    """
    assert mistakes(text, Repeat) == [
        "chat.yaml:7: Repeat needs option 'times' (int)",
        "chat.yaml:8: unknown option 'stlye' of Repeat: did you mean 'style'?",
        "chat.yaml:9: option 'style' of Repeat: Invalid enum value 'quiet'",
    ]


def test_a_missing_option_stands_at_the_node_without_options(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          repeat:
            calculator: Repeat
            inputs: {text: text}
    """
    assert mistakes(text, Repeat) == ["chat.yaml:4: Repeat needs option 'times' (int)"]


def test_what_a_constructor_refuses_is_a_mistake_of_the_options(mistakes: Mistakes) -> None:
    assert mistakes(graph("{times: 0}"), Repeat) == [
        "chat.yaml:7: Repeat refuses its options: times must be 1 or more, not 0"
    ]


def test_another_exception_of_a_constructor_is_told_with_its_class(mistakes: Mistakes) -> None:
    assert mistakes(graph("{times: 1, extra: break}"), Repeat) == [
        "chat.yaml:7: Repeat refuses its options: KeyError: 'extra'"
    ]


def test_a_calculator_whose_options_cannot_be_read_is_a_mistake(mistakes: Mistakes) -> None:
    (finding,) = mistakes(graph("{times: 1}", calculator="Positional"), Positional)

    assert finding.startswith(
        "chat.yaml:5: the options of Positional cannot be read: DeclarationError: "
        "Positional.__init__: 'times' must be a keyword argument with a type"
    )
