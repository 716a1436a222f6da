"""Mistakes in graphs of several files: each told once, where it stands, with the way there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.graph.parts import MAX_NESTING, MAX_SUBGRAPHS
from tests.graph.subgraphs import CHAT, FILTER, Mistakes, load_files

load = load_files


@pytest.mark.parametrize(
    ("old", "new", "findings"),
    [
        (
            "{text: asked}",
            "{txt: asked}",
            ["chat.yaml:8: graph filter.yaml has no input 'txt'; did you mean 'text'?"],
        ),
        (
            "        inputs: {text: asked}\n",
            "",
            [
                "chat.yaml:6: node 'filter' does not wire input filter.text; "
                "add `text: <stream>` under its inputs"
            ],
        ),
        (
            "{text: asked}",
            "{text: [asked]}",
            ["chat.yaml:8: nodes.filter.inputs.text must be a stream name (lower-case"],
        ),
        (
            "{text: asked}",
            "{text: ask}",
            ["chat.yaml:8: filter.text reads stream 'ask', which no node produces; did you mean 'asked'?"],
        ),
        (
            "{kept: answer}",
            "{kept: asked}",
            [
                "chat.yaml:3: the graph's output 'answer' is a stream that no node produces; there are: asked",
                "chat.yaml:9: filter.kept writes stream 'asked', which Pass.out writes too (chat.yaml:5); "
                "rename one of them",
            ],
        ),
        (
            "graph: filter.yaml",
            "graph: filter.yaml\n        options: {}",
            ["chat.yaml:8: unknown key 'options' in nodes.filter"],
        ),
        (
            "graph: filter.yaml",
            "graph: filter.yaml\n        calculator: Pass",
            ["chat.yaml:8: unknown key 'calculator' in nodes.filter"],
        ),
        (
            "graph: filter.yaml",
            "graph: filtr.yaml",
            ["chat.yaml:7: there is no graph file '"],
        ),
        (
            "graph: filter.yaml",
            "graph: filter",
            ["chat.yaml:7: unknown graph 'filter': no file of that name, and no graph that ships"],
        ),
    ],
)
def test_a_node_that_does_not_fit_its_subgraph_is_told_at_its_own_line(
    mistakes: Mistakes, old: str, new: str, findings: list[str]
) -> None:
    assert old in CHAT
    found = mistakes(CHAT.replace(old, new), filter=FILTER)

    assert [one[: len(finding)] for one, finding in zip(found, findings, strict=True)] == findings


@pytest.mark.parametrize(
    ("old", "new", "findings"),
    [
        (
            "calculator: Pass, inputs: {text: tokens}",
            "calculator: Psas, inputs: {text: tokens}",
            ["filter.yaml:6: unknown calculator 'Psas': did you mean 'Pass'?"],
        ),
        (
            "{text: tokens}",
            "{text: token}",
            [
                "filter.yaml:6: Pass.text reads stream 'filter.token', which no node produces; "
                "did you mean 'filter.tokens'?"
            ],
        ),
        (
            "tokenize: {calculator: Pass, inputs: {text: text}, outputs: {out: tokens}}",
            "tokenize: {calculator: Count, inputs: {text: text}, outputs: {count: tokens}}",
            [
                "filter.yaml:6: Pass.text takes str, but stream 'filter.tokens' carries int, "
                "from Count.count (filter.yaml:5)"
            ],
        ),
        (
            "[kept, rest]",
            "[kept, best]",
            [
                "filter.yaml:3: the graph's output 'filter.best' is a stream that no node produces; "
                "did you mean 'filter.rest'?"
            ],
        ),
        (
            "[text]",
            "[text, other]",
            [
                "filter.yaml:2: stream 'filter.other' is an input of the graph, but no node reads it; "
                "wire it, or take it out of inputs",
            ],
        ),
        ("version: 1", "version: 2", ["filter.yaml:1: version 2 is not supported; write `version: 1`"]),
        ("nodes:", "nodes: [", ["filter.yaml:6: "]),
        (
            "outputs: [kept",
            "output: [kept",
            ["filter.yaml:3: unknown key 'output'; did you mean 'outputs'?"],
        ),
    ],
)
def test_a_mistake_inside_is_told_at_its_line_with_its_use(
    mistakes: Mistakes, old: str, new: str, findings: list[str]
) -> None:
    assert old in FILTER
    found = mistakes(CHAT, filter=FILTER.replace(old, new, 1))
    found = [one for one in found if one.startswith("filter")]

    assert [one[: len(finding)] for one, finding in zip(found, findings, strict=True)] == findings
    assert all(one.endswith(" (in subgraph 'filter', used at chat.yaml:6)") for one in found)


def test_what_follows_from_a_broken_subgraph_is_not_told(mistakes: Mistakes) -> None:
    for old, new in (
        ("version: 1", "version: 2"),
        ("nodes:", "nodes: ["),
        ("inputs: [text]", "input: [text]"),
    ):
        assert len(mistakes(CHAT, filter=FILTER.replace(old, new, 1))) == 1


def test_types_are_compared_across_files(mistakes: Mistakes) -> None:
    chat = CHAT.replace("calculator: Pass", "calculator: Count").replace("out: asked", "count: asked")
    assert mistakes(chat, filter=FILTER) == [
        "filter.yaml:5: Pass.text takes str, but stream 'asked' carries int, from Count.count (chat.yaml:5) "
        "(in subgraph 'filter', used at chat.yaml:6)"
    ]


def test_a_mistake_deep_inside_tells_the_whole_way(mistakes: Mistakes) -> None:
    outer = """
        version: 1
        inputs: [text]
        outputs: [kept]
        nodes:
          inner: {graph: filter.yaml, inputs: {text: text}, outputs: {kept: kept}}
    """
    assert mistakes(
        CHAT.replace("filter.yaml", "outer.yaml"), outer=outer, filter=FILTER.replace("Pass", "Psas", 1)
    ) == [
        "filter.yaml:5: unknown calculator 'Psas': did you mean 'Pass'? "
        "(in subgraph 'filter.inner', used at outer.yaml:5, which is used at chat.yaml:6)"
    ]


def test_a_graph_cannot_be_inside_itself(mistakes: Mistakes) -> None:
    assert mistakes("version: 1\nnodes: {again: {graph: chat.yaml}}") == [
        "chat.yaml:2: a graph cannot be inside itself: chat.yaml -> chat.yaml; "
        "let one of them use another graph"
    ]
    assert mistakes(
        "version: 1\nnodes: {a: {graph: a.yaml}}",
        a="version: 1\nnodes: {b: {graph: ./b.yaml}}",
        b="version: 1\nnodes: {a: {graph: a.yaml}}",
    ) == [
        "b.yaml:2: a graph cannot be inside itself: a.yaml -> b.yaml -> a.yaml; "
        "let one of them use another graph (in subgraph 'a.b', used at a.yaml:2, which is used at chat.yaml:2)"
    ]


def test_a_link_to_the_file_itself_is_no_way_around(mistakes: Mistakes, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").symlink_to("chat.yaml")
    (finding,) = mistakes("version: 1\nnodes: {again: {graph: other.yaml}}")
    assert finding.startswith("chat.yaml:2: a graph cannot be inside itself: chat.yaml -> other.yaml;")


def test_graphs_that_multiply_are_refused(mistakes: Mistakes) -> None:
    files = {
        f"g{n}": "version: 1\nnodes:\n" + "".join(f"  n{i}: {{graph: g{n + 1}.yaml}}\n" for i in range(10))
        for n in range(4)
    }
    model = "version: 1\nnodes: {m: {calculator: Model, side_outputs: {model: m}}}"
    found = mistakes("version: 1\nnodes: {a: {graph: g0.yaml}}", **files, g4=model)
    assert f"the graph has more than {MAX_SUBGRAPHS} subgraphs" in found[0]


def test_subgraphs_may_be_nested_only_so_deep(mistakes: Mistakes) -> None:
    files = {f"g{n}": f"version: 1\nnodes: {{n: {{graph: g{n + 1}.yaml}}}}" for n in range(MAX_NESTING + 1)}
    (finding,) = mistakes("version: 1\nnodes: {n: {graph: g0.yaml}}", **files)
    assert f"subgraphs are nested deeper than {MAX_NESTING} levels (in subgraph 'n.n.n" in finding


def test_a_name_with_a_dot_is_a_mistake_and_nothing_worse(mistakes: Mistakes) -> None:
    found = mistakes(CHAT.replace("asked", "filter.text"), filter=FILTER)
    assert all("must be a stream name" in finding for finding in found)
