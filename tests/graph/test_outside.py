"""Side packets from outside: they replace the nodes that would make them, as far as the plan can tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ovpipe.calculator import Calculator
from ovpipe.graph import Plan
from ovpipe.graph.outside import OutsidePacket
from ovpipe.graph.parameters import GraphEntry
from ovpipe.graph.place import Place
from ovpipe.ports import Input, Output, SideInput, SideOutput

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


class Folder(Calculator):
    folder = SideOutput[Path]()

    def __init__(self, *, path: str) -> None:
        self.path = path


class Model(Calculator):
    folder = SideInput[Path]()
    engine = SideOutput[int]()
    tokenizer = SideOutput[str]()

    def __init__(self, *, device: str = "CPU", label: str = "") -> None:
        self.device = device


class Index(Calculator):
    folder = SideInput[Path](optional=True)
    index = SideOutput[bytes]()


class Chat(Calculator):
    engine = SideInput[int]()
    tokenizer = SideInput[str](optional=True)
    index = SideInput[bytes](optional=True)
    text = Input[str]()
    answer = Output[str]()

    def __init__(self, *, limit: int = 1, label: str = "") -> None:
        self.limit = limit


ALL = (Folder, Model, Index, Chat)
CHAT = """
version: 1
parameters:
  path: {type: path}
  device: {type: string, default: CPU}
  limit: {type: integer}
  label: {type: string, default: x}
inputs: [text]
outputs: [answer]
nodes:
  folder: {calculator: Folder, side_outputs: {folder: folder}, options: {path: "${path}"}}
  model:
    calculator: Model
    side_inputs: {folder: folder}
    side_outputs: {engine: engine, tokenizer: tokenizer}
    options: {device: "${device}", label: "${label}"}
  chat:
    calculator: Chat
    side_inputs: {engine: engine, tokenizer: tokenizer}
    inputs: {text: text}
    outputs: {answer: answer}
    options: {limit: "${limit}", label: "${label}"}
"""
INDEX = """  index: {calculator: Index, side_inputs: {folder: folder}, side_outputs: {index: index}}
"""
BOTH = {"engine": OutsidePacket(int), "tokenizer": OutsidePacket(str)}


def resources(plan: Plan) -> list[str]:
    return [node.name for node in plan.resources]


def test_what_is_given_replaces_its_maker_and_what_fed_only_that(load: Load) -> None:
    values = {"limit": 1, "path": "m"}
    whole = load(CHAT, *ALL, parameters=values)
    assert (resources(whole), whole.side_inputs) == (["folder", "model"], ())
    shared = load(CHAT, *ALL, parameters={"limit": 1}, outside=BOTH)
    assert (resources(shared), shared.side_inputs) == ([], ("engine", "tokenizer"))
    assert [node.name for node in shared.nodes] == ["chat"]


def test_a_node_that_somebody_else_reads_is_built_still(load: Load) -> None:
    plan = load(CHAT + INDEX, *ALL, parameters={"limit": 1, "path": "m"}, outside=BOTH)
    assert resources(plan) == ["folder", "index"]


def test_a_node_that_nobody_read_in_the_first_place_is_built_as_ever(load: Load) -> None:
    alone = "  index: {calculator: Index, side_outputs: {index: index}}\n"
    assert resources(load(CHAT + alone, *ALL, parameters={"limit": 1}, outside=BOTH)) == ["index"]


def test_what_the_graph_gives_itself_is_made_still(load: Load) -> None:
    text = CHAT.replace("outputs: [answer]", "outputs: [answer]\nside_outputs: [folder]", 1)
    plan = load(text, *ALL, parameters={"limit": 1, "path": "m"}, outside=BOTH)
    assert resources(plan) == ["folder"]
    (given,) = plan.side_outputs
    assert (given.name, given.type, given.port, given.place) == (
        "folder",
        Path,
        "Folder.folder",
        "chat.yaml:9",
    )


def test_some_of_what_a_node_makes_is_a_mistake(mistakes: Mistakes) -> None:
    assert mistakes(CHAT, *ALL, parameters={"limit": 1}, outside={"engine": OutsidePacket(int)}) == [
        "chat.yaml:1: side packet 'engine' is given from outside in place of node 'model' (chat.yaml:11), "
        "which makes 'tokenizer' too; give that as well, or let the node make all of them"
    ]


def test_a_name_that_the_graph_does_not_know_is_a_mistake_unless_it_is_only_offered(
    load: Load, mistakes: Mistakes
) -> None:
    values = {"limit": 1, "path": "m"}
    assert mistakes(CHAT, *ALL, parameters=values, outside={"engin": OutsidePacket()}) == [
        "chat.yaml:1: graph 'chat' takes no side packet 'engin' from outside: did you mean 'engine'?"
    ]
    plan = load(CHAT, *ALL, parameters=values, outside={"engin": OutsidePacket(wanted=False)})
    assert (resources(plan), plan.side_inputs) == (["folder", "model"], ())


def test_types_are_compared_with_what_the_nodes_take_that_are_built(mistakes: Mistakes) -> None:
    outside = {
        "engine": OutsidePacket(bytes, "from Other.engine of resource 'qwen'", Place("server.yaml", 7)),
        "tokenizer": OutsidePacket(int),
        "folder": OutsidePacket(str),  # only `model` takes it, which is replaced
    }
    assert mistakes(CHAT, *ALL, parameters={"limit": 1}, outside=outside) == [
        "chat.yaml:18: Chat.tokenizer takes str, but side packet 'tokenizer' carries int, from outside",
        "server.yaml:7: Chat.engine (chat.yaml:18) takes int, but side packet 'engine' carries bytes, "
        "from Other.engine of resource 'qwen'",
    ]


def test_a_declared_side_input_is_checked_too(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        side_inputs: [engine]
        nodes:
          chat: {calculator: Chat, side_inputs: {engine: engine}, inputs: {text: text}}
        """
    assert mistakes(text, *ALL, outside={"engine": OutsidePacket(str)}) == [
        "chat.yaml:5: Chat.engine takes int, but side packet 'engine' carries str, from outside"
    ]


def test_a_value_for_a_replaced_node_alone_has_no_effect_and_is_a_mistake(mistakes: Mistakes) -> None:
    values: dict[str, Any] = {"limit": 1, "path": "m", "device": "GPU", "label": "y"}
    entry = GraphEntry(
        "graph chat", "model 'qwen'", Place("server.yaml", 4), {"path": Place("server.yaml", 6)}
    )
    assert mistakes(CHAT, *ALL, parameters=values, outside=BOTH, entry=entry) == [
        "server.yaml:4: parameter 'device' has no effect: only node 'model' refers to it, which side "
        "packets from outside replace; remove it",
        "server.yaml:6: parameter 'path' has no effect: only node 'folder' refers to it, which side "
        "packets from outside replace; remove it",
    ]


def test_a_parameter_that_is_still_needed_is_missed_where_the_values_are_given(mistakes: Mistakes) -> None:
    entry = GraphEntry("graph chat", "model 'qwen'", Place("server.yaml", 4), {})
    assert mistakes(CHAT, *ALL, outside=BOTH) == [
        "chat.yaml:5: parameter 'limit' needs a value; set it, as in --set limit=..., or add a default"
    ]
    assert mistakes(CHAT, *ALL, outside=BOTH, entry=entry) == [
        "server.yaml:4: parameter 'limit' of graph chat needs a value; "
        "add `limit: ...` under the parameters of model 'qwen'"
    ]


def test_parameters_are_followed_into_subgraphs(load: Load, mistakes: Mistakes, tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text(
        """version: 1
parameters: {path: {type: path}, size: {type: integer, default: 7}}
side_outputs: [folder]
max_queue_size: ${size}
nodes:
  read: {calculator: Folder, side_outputs: {folder: folder}, options: {path: "${path}"}}
"""
    )
    text = """version: 1
parameters: {path: {type: path}, size: {type: integer}}
inputs: [text]
nodes:
  inner:
    graph: inner.yaml
    parameters: {path: "${path}", size: "${size}"}
    side_outputs: {folder: folder}
  model: {calculator: Model, side_inputs: {folder: folder}, side_outputs: {engine: engine}}
  chat: {calculator: Chat, side_inputs: {engine: engine}, inputs: {text: text}}
"""
    outside = {"engine": OutsidePacket(int)}
    plan = load(text, *ALL, parameters={"size": 3}, outside=outside, base=tmp_path)
    assert (resources(plan), plan.side_inputs) == ([], ("engine",))
    assert mistakes(text, *ALL, parameters={"path": "x"}, outside=outside, base=tmp_path) == [
        "chat.yaml:2: parameter 'size' needs a value; set it, as in --set size=..., or add a default",
        "chat.yaml:2: parameter 'path' has no effect: only node 'inner.read' refers to it, which side "
        "packets from outside replace; remove it",
    ]
