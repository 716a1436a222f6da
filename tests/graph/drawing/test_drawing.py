"""Pictures of graphs: what is drawn, and that each format can be read."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from textwrap import dedent
from typing import Literal
from xml.etree import ElementTree

import pytest

from ovpipe.calculator import Calculator
from ovpipe.graph import shipped_graphs
from ovpipe.graph.drawing import Picture, dot, mermaid, picture_of, svg, terminal
from ovpipe.graph.drawing.layers import layered
from ovpipe.graph.drawing.layout import Rectangle, labels_of, laid_out
from ovpipe.graph.drawing.picture import ArrowKind, BoxKind
from ovpipe.graph.load import draft_plan
from ovpipe.ports import Input, Output, RepeatedInput, SideInput, SideOutput
from ovpipe.registry import Registry, register

ODD = Literal['a"b', "<i>&", "back\\slash", "#5;|]"]
SVG = "{http://www.w3.org/2000/svg}"


class Maker(Calculator):
    model = SideOutput[dict[str, int]]()


@register(name="odd.Name")
class Joiner(Calculator):
    texts = RepeatedInput[str]()
    again = Input[str](optional=True)
    model = SideInput[dict[str, int]](optional=True)
    out = Output[str]()


class Odd(Calculator):
    text = Input[str]()
    out = Output[ODD]()


LOOP = """
    version: 1
    inputs: [question]
    outputs: [answer]
    side_inputs: [{name: given, optional: true}]
    side_outputs: [model]
    nodes:
      maker: {calculator: Maker, side_outputs: {model: model}}
      first:
        calculator: odd.Name
        inputs: {texts: [question], again: {stream: answer, back_edge: true}}
        side_inputs: {model: model}
        outputs: {out: asked}
      second: {calculator: odd.Name, inputs: {texts: [asked, question]}, side_inputs: {model: given}, outputs: {out: answer}}
"""
OUTER = """
    version: 1
    inputs: [question]
    outputs: [answer]
    nodes:
      inner: {graph: inner.yaml, inputs: {text: question}, outputs: {out: found}}
      beside: {calculator: odd.Name, inputs: {texts: [question]}, outputs: {out: other}}
      last: {calculator: odd.Name, inputs: {texts: [found, other]}, outputs: {out: answer}}
"""
INNER = """
    version: 1
    inputs: [text]
    outputs: [out]
    nodes:
      maker: {calculator: Maker, side_outputs: {model: model}}
      one: {calculator: Odd, inputs: {text: text}, outputs: {out: odd}}
      two: {calculator: odd.Name, inputs: {texts: [text]}, side_inputs: {model: model}, outputs: {out: out}}
"""


def drawn(folder: Path, text: str, **inner: str) -> Picture:
    for name, one in {"graph": text, **inner}.items():
        (folder / f"{name}.yaml").write_text(dedent(one))
    registry = Registry()
    for calculator in (Maker, Joiner, Odd):
        registry.add(calculator)
    return picture_of(draft_plan(folder / "graph.yaml", registry=registry))


@pytest.fixture(scope="module")
def shipped() -> dict[str, Picture]:
    """The pictures of all shipped graphs."""
    registry = Registry.installed()
    return {name: picture_of(draft_plan(file, registry=registry)) for name, file in shipped_graphs().items()}


def test_a_picture_has_the_nodes_and_the_ends_of_the_graph_and_what_goes_between_them(tmp_path: Path) -> None:
    picture = drawn(tmp_path, LOOP)
    assert [(box.name, box.kind, box.calculator) for box in picture.boxes] == [
        ("given", BoxKind.SIDE_INPUT, ""),
        ("maker", BoxKind.RESOURCE, "Maker"),
        ("question", BoxKind.INPUT, ""),
        ("first", BoxKind.NODE, "odd.Name"),
        ("second", BoxKind.NODE, "odd.Name"),
        ("answer", BoxKind.OUTPUT, ""),
        ("model", BoxKind.SIDE_OUTPUT, ""),
    ]
    names = [box.name for box in picture.boxes]
    assert [(names[one.source], names[one.target], one.label, one.kind) for one in picture.arrows] == [
        ("maker", "first", "model: dict[str, int]", ArrowKind.SIDE_PACKET),
        ("given", "second", "given: dict[str, int]", ArrowKind.SIDE_PACKET),
        ("second", "first", "answer: str", ArrowKind.BACK_EDGE),
        ("question", "first", "question: str", ArrowKind.STREAM),
        ("first", "second", "asked: str", ArrowKind.STREAM),
        ("question", "second", "question: str", ArrowKind.STREAM),
        ("second", "answer", "answer: str", ArrowKind.STREAM),
        ("maker", "model", "model: dict[str, int]", ArrowKind.SIDE_PACKET),
    ]


def test_mermaid_dashes_side_packets_and_back_edges_and_frames_subgraphs(tmp_path: Path) -> None:
    loop = mermaid(drawn(tmp_path, LOOP)).splitlines()
    assert '  n4 -.->|"answer: str"| n3' in loop
    assert '  n4 -->|"answer: str"| n5' in loop
    assert '  n1 -.->|"model: dict#91;str, int#93;"| n3' in loop
    assert '  n2(["question"])' in loop
    framed = mermaid(drawn(tmp_path, OUTER, inner=INNER))
    assert '  subgraph g1["inner"]\n    n2["one<br/>Odd"]\n    n3["two<br/>odd.Name"]\n  end\n' in framed


def test_odd_types_are_escaped_in_every_format(tmp_path: Path) -> None:
    text = """
        version: 1
        inputs: [text]
        outputs: [odd]
        nodes:
          one: {calculator: Odd, inputs: {text: text}, outputs: {out: odd}}
    """
    picture = drawn(tmp_path, text)
    label = next(arrow.label for arrow in picture.arrows if arrow.name == "odd")
    texts = [element.text for element in ElementTree.fromstring(svg(picture)).iter(f"{SVG}text")]
    assert label in texts
    line = next(line for line in mermaid(picture).splitlines() if "odd:" in line)
    assert line.count('"') == 2
    assert not set("<\\[") & set(line)
    assert 'a\\"b' in dot(picture)
    assert 'a"b' not in dot(picture)
    assert "back\\\\\\\\slash" in dot(picture)


def test_dot_frames_subgraphs_as_clusters_and_a_back_edge_does_not_order(tmp_path: Path) -> None:
    assert 'n4 -> n3 [label="answer: str", style=dashed, constraint=false];' in dot(drawn(tmp_path, LOOP))
    assert 'subgraph cluster_0 { label="inner";' in dot(drawn(tmp_path, OUTER, inner=INNER))


def test_the_terminal_has_layers_from_top_to_bottom(tmp_path: Path) -> None:
    below = terminal(drawn(tmp_path, LOOP)).partition("▼\n")[2]
    assert below == dedent("""\
        ┌──────────────┐
        │ first        │
        │ odd.Name     │
        │ ← question   │
        │ ↺ answer     │
        │ ⇠ model      │
        │ → asked: str │
        └──────────────┘
                   ▼
        ┌───────────────────┐
        │ second            │
        │ odd.Name          │
        │ ← asked, question │
        │ ⇠ given           │
        │ → answer: str     │
        └───────────────────┘
                   ▼
        ╭────────╮
        │ answer │
        │ output │
        ╰────────╯
        """)


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def inside(one: Rectangle, frame: Rectangle) -> bool:
    return (
        frame.x <= one.x
        and one.x + one.width <= frame.x + frame.width
        and frame.y <= one.y
        and one.y + one.height <= frame.y + frame.height
    )


def test_a_frame_is_around_the_nodes_of_its_subgraph_and_no_others(tmp_path: Path) -> None:
    picture = drawn(tmp_path, OUTER, inner=INNER)
    layout = laid_out(picture)
    assert [frame.name for frame in layout.frames] == ["inner", "inner"]  # of the resource, of the nodes
    for frame in layout.frames:
        for index, place in layout.boxes.items():
            assert inside(place, frame.place) or not overlap(place, frame.place)
            assert not inside(place, frame.place) or picture.boxes[index].group == ("inner",)
    held = {
        index
        for frame in layout.frames
        for index, place in layout.boxes.items()
        if inside(place, frame.place)
    }
    assert {picture.boxes[index].name for index in held} == {"inner.maker", "inner.one", "inner.two"}


def test_items_of_any_size_keep_apart_and_an_edge_that_closes_a_cycle_has_no_way() -> None:
    sizes = [(30.0, 10.0), (400.0, 90.0), (20.0, 20.0), (300.0, 10.0), (5.0, 5.0)]
    found = layered(sizes, [(0, 1), (0, 2), (0, 3), (1, 4), (4, 0), (0, 4)])
    places = [Rectangle(*found.corners[item], *size) for item, size in enumerate(sizes)]
    assert not [pair for pair in combinations(places, 2) if overlap(*pair)]
    assert set(found.ways) == {(0, 1), (0, 2), (0, 3), (1, 4), (0, 4)}
    assert len(found.ways[0, 4]) == 1, "it passes one layer"
    assert places[0].y < places[1].y < places[4].y


@pytest.mark.parametrize("name", shipped_graphs())
def test_every_shipped_graph_is_drawn_whole_and_no_two_boxes_overlap(
    name: str, shipped: dict[str, Picture]
) -> None:
    picture = shipped[name]
    layout = laid_out(picture)
    assert set(layout.boxes) == set(range(len(picture.boxes)))
    assert not [pair for pair in combinations(layout.boxes.values(), 2) if overlap(*pair)]
    root = ElementTree.fromstring(svg(picture))
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert {box.title for box in picture.boxes} <= texts
    assert {label for at in range(len(picture.boxes)) for label in labels_of(picture, at)} <= texts
    arrows = [one for one in root.iter(f"{SVG}path") if one.get("class", "").startswith("arrow")]
    assert len(arrows) == len(picture.arrows)
    assert svg(picture) == svg(picture), "the same graph is the same picture"
    assert mermaid(picture).count("->|") == dot(picture).count(" -> ") == len(picture.arrows)
    assert max(map(len, terminal(picture, 100).splitlines())) <= 100


def test_a_narrow_terminal_gets_narrow_lines(shipped: dict[str, Picture]) -> None:
    assert max(map(len, terminal(shipped["chat"], 50).splitlines())) <= 50
