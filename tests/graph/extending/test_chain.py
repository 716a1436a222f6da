"""Files that extend one another: found by name or path, in circles, broken, or far too many."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.graph.extending.chain import MAX_EXTENSIONS
from ovpipe.graph.load import parameters_of
from tests.graph.subgraphs import Load, Mistakes, load_files, wired

load = load_files

BASE = """
    version: 1
    inputs: [text]
    outputs: [out]
    nodes: {first: {calculator: Pass, inputs: {text: text}, outputs: {out: out}}}
"""


def test_a_shipped_graph_is_extended_by_its_name(mistakes: Mistakes) -> None:
    found = mistakes("version: 1\nextends: language_model\nremove: [engine, tokenizr]")
    assert any(
        one.startswith("chat.yaml:3: remove: the extended graph has no node 'tokenizr'; did you mean")
        for one in found
    )


@pytest.mark.parametrize(
    ("chat", "finding"),
    [
        ("extends: bse.yaml", "chat.yaml:2: there is no graph file '"),
        (
            "extends: chatt",
            "chat.yaml:2: unknown graph 'chatt': no file of that name, and no graph that ships",
        ),
        (
            "extends: chat.yaml",
            "chat.yaml:2: a graph cannot extend itself: chat.yaml -> chat.yaml; let one of",
        ),
        (
            "extends: 3",
            "chat.yaml:2: extends must be the file of a graph, or the name of a shipped one, not 3",
        ),
    ],
)
def test_what_cannot_be_extended_is_told_at_its_line(mistakes: Mistakes, chat: str, finding: str) -> None:
    (found,) = mistakes(f"version: 1\n{chat}", base=BASE)
    assert found.startswith(finding)


def test_a_circle_of_files_is_named(mistakes: Mistakes) -> None:
    mid = "version: 1\nextends: base.yaml"
    (finding,) = mistakes("version: 1\nextends: mid.yaml", mid=mid, base="version: 1\nextends: mid.yaml")
    assert finding == (
        "base.yaml:2: a graph cannot extend itself: mid.yaml -> base.yaml -> mid.yaml; let one of them extend "
        "another graph (extended at mid.yaml:2) (extended at chat.yaml:2)"
    )


def test_there_is_an_end_to_extending(mistakes: Mistakes) -> None:
    files = {f"f{index}": f"version: 1\nextends: f{index + 1}.yaml" for index in range(MAX_EXTENSIONS + 1)}
    (finding,) = mistakes("version: 1\nextends: f0.yaml", **files)
    assert f"more than {MAX_EXTENSIONS} graphs extend one another" in finding


def test_mistakes_of_an_extended_file_have_its_lines_and_those_that_extend_it(mistakes: Mistakes) -> None:
    mid = "version: 1\nextends: base.yaml\nmax_queue: 3\nnodes: {more: {calculator: Pas}}"
    assert mistakes("version: 1\nextends: mid.yaml", mid=mid, base=BASE) == [
        "mid.yaml:3: unknown key 'max_queue'; did you mean 'max_queue_size'? (extended at chat.yaml:2)",
        "mid.yaml:4: unknown calculator 'Pas': did you mean 'Pass'? (extended at chat.yaml:2)",
    ]
    assert mistakes("version: 1\nextends: base.yaml", base="a: [") == [
        "base.yaml:1: expected the node content, but found '<stream end>' (extended at chat.yaml:2)"
    ]
    assert mistakes("version: 1\nextends: base.yaml", base="nodes: {}") == [
        "base.yaml:1: the version is missing; add the line `version: 1` (extended at chat.yaml:2)"
    ]


def test_a_subgraph_may_extend_a_graph(load: Load, mistakes: Mistakes) -> None:
    chat = """
        version: 1
        inputs: [text]
        outputs: [out]
        nodes: {part: {graph: mid.yaml, inputs: {text: text}, outputs: {out: out}}}
    """
    mid = "version: 1\nextends: base.yaml\ninsert: {more: {on: text, calculator: Pass}}"
    assert wired(load(chat, mid=mid, base=BASE)) == {
        "part.more": {"text": "text", "out": "part.more"},
        "part.first": {"text": "part.more", "out": "out"},
    }
    (finding,) = mistakes(chat, mid=mid, base=BASE.replace("Pass", "Pas"))
    assert finding == (
        "base.yaml:4: unknown calculator 'Pas': did you mean 'Pass'? (extended at mid.yaml:2) "
        "(in subgraph 'part', used at chat.yaml:4)"
    )


def test_a_graph_cannot_be_inside_itself_by_what_it_extends(mistakes: Mistakes) -> None:
    base = """
        version: 1
        inputs: [text]
        outputs: [out]
        nodes: {part: {graph: chat.yaml, inputs: {text: text}, outputs: {out: out}}}
    """
    (finding,) = mistakes("version: 1\nextends: base.yaml", base=base)
    assert "a graph cannot be inside itself: chat.yaml -> chat.yaml" in finding


def test_the_parameters_of_a_file_are_those_of_what_it_extends_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "version: 1\nextends: language_model\nparameters: {device: {default: GPU}}\nremove: [tokenizer]"
    )
    found = parameters_of(file)
    assert list(found) == ["models_path", "device", "engine", "grammar_time_limit"]
    assert found["device"].default == "GPU"
