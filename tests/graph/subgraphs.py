"""Graphs of several files, loaded: what the tests of subgraphs share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ovpipe.calculator import Calculator
from ovpipe.graph import Plan, load_graph
from ovpipe.ports import Input, Output, RepeatedInput, SideInput, SideOutput
from ovpipe.registry import Registry

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


class Pass(Calculator):
    text = Input[str]()
    extra = Input[str](optional=True)
    out = Output[str]()


class Count(Calculator):
    text = Input[str]()
    count = Output[int]()


class Mark(Calculator):
    text = Input[str]()
    model = SideInput[str]()
    hint = SideInput[str](optional=True)
    out = Output[str]()

    def __init__(self, *, mark: str = "!", times: int = 1, path: str = "") -> None:
        if times < 1:
            raise ValueError(f"times must be 1 or more, not {times}")


class Model(Calculator):
    model = SideOutput[str]()


class Ear(Calculator):
    sound = Input[str](optional=True)
    noise = Input[str](optional=True)


class Join(Calculator):
    parts = RepeatedInput[str]()
    out = Output[str]()


CALCULATORS = (Pass, Count, Mark, Model, Ear, Join)


@pytest.fixture
def load_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Called with the text of chat.yaml, and of other files by their names without ending.

    The tests of subgraphs take it in the place of conftest.py's `load`, for its `mistakes` too: `load = load_files`.
    """
    monkeypatch.chdir(tmp_path)

    def load(chat: str, parameters: Mapping[str, Any] | None = None, **files: str) -> Plan:
        for name, text in {"chat": chat, **files}.items():
            Path(f"{name}.yaml").write_text(dedent(text).removeprefix("\n"))
        return load_graph("chat.yaml", registry=Registry.of(*CALCULATORS), parameters=parameters)

    return load


def wired(plan: Plan) -> dict[str, dict[str, str]]:
    """For each node the streams and side packets of its ports."""
    return {
        node.name: {
            **{port.name: plan.streams[index].name for port, index in (*node.inputs, *node.outputs)},
            **{port.name: name for port, name in (*node.side_inputs, *node.side_outputs)},
        }
        for node in (*plan.resources, *plan.nodes)
    }


CHAT = """
    version: 1
    inputs: [question]
    outputs: [answer]
    nodes:
      before: {calculator: Pass, inputs: {text: question}, outputs: {out: asked}}
      filter:
        graph: filter.yaml
        inputs: {text: asked}
        outputs: {kept: answer}
"""
FILTER = """
    version: 1
    inputs: [text]
    outputs: [kept, rest]
    nodes:
      tokenize: {calculator: Pass, inputs: {text: text}, outputs: {out: tokens}}
      choose: {calculator: Pass, inputs: {text: tokens}, outputs: {out: kept}}
      remain: {calculator: Pass, inputs: {text: kept}, outputs: {out: rest}}
"""
