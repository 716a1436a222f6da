"""The values that a node gives to the parameters of its subgraph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ovpipe.graph import check_graph
from ovpipe.registry import Registry
from tests.graph.subgraphs import CALCULATORS, CHAT, FILTER, Load, Mistakes, load_files

load = load_files

MARK = """
    version: 1
    parameters:
      mark: {type: string, default: "?"}
      times: {type: integer, description: How often.}
      path: {type: path, default: words}
    inputs: [text]
    nodes:
      model: {calculator: Model, side_outputs: {model: model}}
      mark:
        calculator: Mark
        inputs: {text: text}
        side_inputs: {model: model}
        options: {mark: "${mark}", times: "${times}", path: "${path}"}
"""


def marked(parameters: str, mark: str = "mark.yaml") -> str:
    return f"""
        version: 1
        parameters:
          n: {{type: integer}}
        inputs: [question]
        nodes:
          mark:
            graph: {mark}
            inputs: {{text: question}}
            parameters: {parameters}
    """


def test_a_node_gives_values_to_the_parameters_of_its_subgraph(load: Load, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "mark.yaml").write_text(dedent(MARK))

    def options(parameters: str) -> Mapping[str, Any]:
        return load(marked(parameters, "parts/mark.yaml"), {"n": 3}).nodes[0].options

    assert options('{times: "${n}"}') == {"mark": "?", "times": 3, "path": str(tmp_path / "parts" / "words")}
    assert options('{times: 2, mark: "${n}!", path: mine}') == {
        "mark": "3!",
        "times": 2,
        "path": str(tmp_path / "mine"),
    }


def test_a_path_is_relative_to_the_file_of_the_node_that_gives_it(load: Load, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "mark.yaml").write_text(dedent(MARK))
    (tmp_path / "parts" / "outer.yaml").write_text(dedent(marked("{times: 1, path: mine}")))
    chat = """
        version: 1
        inputs: [question]
        nodes:
          outer: {graph: parts/outer.yaml, inputs: {question: question}, parameters: {n: 1}}
    """
    outer = tmp_path / "parts" / "outer.yaml"
    outer.write_text(outer.read_text().replace("path: mine}", 'path: mine, mark: "${n}."}'))

    assert load(chat).nodes[0].options["path"] == str(tmp_path / "parts" / "mine")


def test_a_value_under_a_wrong_key_is_told_once(mistakes: Mistakes) -> None:
    chat = marked('{times: "${n}"}').replace("            parameters:", "            parametres:")
    (finding,) = mistakes(chat, {"n": 1}, mark=MARK)
    assert finding.startswith(
        "chat.yaml:9: unknown key 'parametres' in nodes.mark; did you mean 'parameters'?"
    )


def test_the_graph_of_a_node_may_be_a_parameter(load: Load) -> None:
    chat = CHAT.replace("graph: filter.yaml", 'graph: "${filter}"').replace(
        "    inputs: [question]", "    parameters: {filter: {type: string}}\n    inputs: [question]"
    )
    assert len(load(chat, {"filter": "filter.yaml"}, filter=FILTER).nodes) == 4


@pytest.mark.parametrize(
    ("parameters", "finding"),
    [
        (
            '{mark: "${n}."}',
            "chat.yaml:6: parameter 'times' of graph mark.yaml needs a value (How often.); "
            "add `times: ...` under the parameters of the node",
        ),
        ('{times: "${n}", mark: 3}', "chat.yaml:9: parameter 'mark' takes a string, not 3"),
        (
            '{times: "${n}", makr: x}',
            "chat.yaml:9: a value is given for parameter 'makr'; the graph has no such parameter; "
            "did you mean 'mark'?",
        ),
        (
            '{times: 0, mark: "${n}."}',
            "mark.yaml:13: Mark refuses its options: times must be 1 or more, not 0 "
            "(in subgraph 'mark', used at chat.yaml:6)",
        ),
    ],
)
def test_a_wrong_value_is_told_where_it_is_given(mistakes: Mistakes, parameters: str, finding: str) -> None:
    assert mistakes(marked(parameters), {"n": 3}, mark=MARK) == [finding]


def test_a_value_that_is_not_known_is_told_once(load: Load, mistakes: Mistakes) -> None:
    assert mistakes(marked('{times: "${n}"}'), mark=MARK) == [
        "chat.yaml:3: parameter 'n' needs a value; set it, as in --set n=..., or add a default"
    ]
    assert check_graph("chat.yaml", registry=Registry.of(*CALCULATORS)) == ("n",)


def test_a_value_inside_a_list_that_is_not_known_is_told_once(mistakes: Mistakes) -> None:
    mark = MARK.replace("times: {type: integer, description: How often.}", "times: {type: array}").replace(
        '"${times}"', '"up to ${times}"'
    )
    assert mistakes(marked('{times: ["${n}"]}'), mark=mark) == [
        "chat.yaml:3: parameter 'n' needs a value; set it, as in --set n=..., or add a default"
    ]
