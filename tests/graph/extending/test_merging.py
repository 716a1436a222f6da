"""What a file changes of the graph that it extends: nodes, parameters, settings, inputs and outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.graph import load_graph
from ovpipe.registry import Registry
from tests.graph.subgraphs import CALCULATORS, Load, Mistakes, load_files, wired

load = load_files

BASE = """
    version: 1
    name: the_base
    description: Marks.
    parameters:
      mark: {type: string, default: "!", description: What is added.}
      times: {type: integer}
      path: {type: path, default: data}
    inputs: [question]
    outputs: [answer]
    max_queue_size: 7
    streams: {marked: {max_queue_size: 3, overflow: error}}
    nodes:
      model: {calculator: Model, side_outputs: {model: model}}
      mark:
        calculator: Mark
        side_inputs: {model: model}
        inputs: {text: question}
        outputs: {out: marked}
        options: {mark: "${mark}", times: "${times}", path: "${path}"}
        on_error: drop
      last: {calculator: Pass, inputs: {text: marked}, outputs: {out: answer}}
"""


def extending(changes: str) -> str:
    return f"version: 1\nextends: base.yaml\n{changes}\n"


def test_a_graph_without_changes_is_the_one_that_it_extends_under_its_own_name(load: Load) -> None:
    plan = load(extending(""), {"times": 2}, base=BASE)
    assert (plan.name, plan.file, plan.inputs, plan.outputs) == (
        "chat",
        "chat.yaml",
        ("question",),
        ("answer",),
    )
    assert wired(plan) == wired(load(BASE, {"times": 2}))
    assert plan.files == (Path("chat.yaml"), Path("base.yaml"))


def test_the_files_own_keys_come_first(load: Load) -> None:
    changes = (
        "name: mine\nmax_queue_size: 9\nstreams: {marked: {overflow: block}, answer: {max_queue_size: 1}}"
    )
    plan = load(extending(changes), {"times": 2}, base=BASE)
    assert (plan.name, plan.max_queue_size) == ("mine", 9)
    settings = {stream.name: (stream.max_queue_size, stream.overflow) for stream in plan.streams}
    assert settings == {"question": (None, "block"), "marked": (3, "block"), "answer": (1, "block")}


def test_inputs_and_outputs_may_be_others(load: Load) -> None:
    changes = "inputs: [question, hint]\noutputs: [marked, said]\nnodes: {say: {calculator: Pass, inputs: {text: hint}, outputs: {out: said}}}"
    plan = load(extending(changes), {"times": 2}, base=BASE)
    assert (plan.inputs, plan.outputs) == (("question", "hint"), ("marked", "said"))


def test_a_replacement_keeps_the_wiring_that_it_does_not_write_and_nothing_else(load: Load) -> None:
    plan = load(extending("replace: {mark: {calculator: Pass, side_inputs: {}}}"), base=BASE)
    (replaced, _) = plan.nodes
    assert wired(plan)["mark"] == {"text": "question", "out": "marked"}
    assert (dict(replaced.options), replaced.on_error) == ({}, "fail")


def test_a_replacement_may_write_other_streams(load: Load) -> None:
    changes = """
replace:
  mark: {calculator: Pass, side_inputs: {}, outputs: {out: mine}}
  last: {calculator: Pass, inputs: {text: mine}}
"""
    assert wired(load(extending(changes), base=BASE))["last"] == {"text": "mine", "out": "answer"}


def test_parameters_that_only_replaced_nodes_had_are_gone(load: Load, mistakes: Mistakes) -> None:
    changes = extending("replace: {mark: {calculator: Pass, side_inputs: {}}}")
    assert load(changes, base=BASE).nodes
    (finding,) = mistakes(changes, {"times": 2}, base=BASE)
    assert finding == "chat.yaml:1: a value is given for parameter 'times'; the graph has no parameters"


def test_a_parameter_of_which_the_file_itself_says_something_is_not_dropped(mistakes: Mistakes) -> None:
    changes = "parameters: {times: {default: 2}}\nreplace: {mark: {calculator: Pass, side_inputs: {}}}"
    (finding,) = mistakes(extending(changes), base=BASE)
    assert finding.startswith("chat.yaml:3: parameter 'times' is not used; write ${times}")


def test_parameters_are_added_and_given_defaults(load: Load) -> None:
    changes = """
parameters:
  times: {default: 3}
  hint: {type: string, default: "?"}
insert: {more: {on: question, calculator: Mark, side_inputs: {model: model}, options: {mark: "${hint}"}}}
"""
    nodes = {node.name: node.options for node in load(extending(changes), base=BASE).nodes}
    assert (nodes["mark"]["times"], nodes["more"]["mark"]) == (3, "?")
    nodes = {node.name: node.options for node in load(extending(changes), {"times": 4}, base=BASE).nodes}
    assert nodes["mark"]["times"] == 4


def test_a_fixed_parameter_takes_no_other_value(load: Load, mistakes: Mistakes) -> None:
    fixed = extending("parameters:\n  times: {fixed: 5}")
    assert next(node for node in load(fixed, base=BASE).nodes if node.name == "mark").options["times"] == 5
    assert mistakes(fixed, {"times": 4}, base=BASE) == [
        "chat.yaml:4: parameter 'times' is fixed to 5 (chat.yaml:4); remove it"
    ]
    assert mistakes(extending("parameters:\n  times: {fixed: x}"), base=BASE) == [
        "chat.yaml:4: the fixed value of parameter 'times' takes an integer, not 'x'"
    ]


def test_paths_are_relative_to_the_file_that_writes_them(tmp_path: Path) -> None:
    (tmp_path / "far" / "parts").mkdir(parents=True)
    (tmp_path / "near").mkdir()
    (tmp_path / "far" / "parts" / "inner.yaml").write_text(
        "version: 1\nparameters: {where: {type: path}}\ninputs: [text]\noutputs: [out]\nnodes:\n"
        "  model: {calculator: Model, side_outputs: {model: model}}\n"
        "  deep: {calculator: Mark, side_inputs: {model: model}, inputs: {text: text}, outputs: {out: out}, "
        'options: {path: "${where}"}}\n'
    )
    (tmp_path / "far" / "base.yaml").write_text(
        "version: 1\nparameters: {a: {type: path, default: one}, b: {type: path, default: two}}\n"
        "inputs: [text]\noutputs: [out]\nnodes:\n"
        "  inner: {graph: parts/inner.yaml, parameters: {where: three}, inputs: {text: text}, "
        "outputs: {out: first}}\n"
        "  model: {calculator: Model, side_outputs: {model: model}}\n"
        "  mark: {calculator: Mark, side_inputs: {model: model}, inputs: {text: first}, outputs: {out: second}, "
        'options: {path: "${a}"}}\n'
        "  more: {calculator: Mark, side_inputs: {model: model}, inputs: {text: second}, outputs: {out: out}, "
        'options: {path: "${b}"}}\n'
    )
    chat = tmp_path / "near" / "chat.yaml"
    chat.write_text("version: 1\nextends: ../far/base.yaml\nparameters: {b: {default: mine}}\n")
    paths = {
        node.name: node.options["path"] for node in load_graph(chat, registry=Registry.of(*CALCULATORS)).nodes
    }
    far, near = tmp_path / "near" / ".." / "far", tmp_path / "near"
    assert paths == {"inner.deep": str(far / "three"), "mark": str(far / "one"), "more": str(near / "mine")}


@pytest.mark.parametrize(
    ("changes", "findings"),
    [
        (
            "remove: [mark]",
            [
                "base.yaml:8: stream 'question' is an input of the graph, but no node reads it; wire it, or "
                "take it out of inputs (chat.yaml:3 removes node 'mark', which read it)",
                "base.yaml:21: Pass.text reads stream 'marked', which no node produces; there are: question "
                "(chat.yaml:3 removes node 'mark', which wrote it)",
            ],
        ),
        (
            "remove: [model]",
            [
                "base.yaml:16: Mark.model takes side packet 'model', which no node produces and side_inputs does "
                "not name; there are none (chat.yaml:3 removes node 'model', which made it)"
            ],
        ),
        (
            "remove: [last]",
            [
                "base.yaml:9: the graph's output 'answer' is a stream that no node produces; there are: marked "
                "(chat.yaml:3 removes node 'last', which wrote it)"
            ],
        ),
        (
            "replace:\n  mark: {calculator: Pass, side_inputs: {}, outputs: {out: mine}}",
            [
                "base.yaml:21: Pass.text reads stream 'marked', which no node produces; there are: mine, "
                "question (chat.yaml:4 replaces node 'mark', which wrote it)"
            ],
        ),
        (
            "replace:\n  mark: {calculator: Pass}",
            [
                "base.yaml:16: Pass has no side input 'model'; there are none "
                "(the node's before chat.yaml:4 replaces it)"
            ],
        ),
        (
            "remove: [marks]",
            ["chat.yaml:3: remove: the extended graph has no node 'marks'; did you mean 'mark'?"],
        ),
        (
            "replace: {marks: {calculator: Pass}}",
            ["chat.yaml:3: replace: the extended graph has no node 'marks'; did you mean 'mark'?"],
        ),
        (
            "nodes: {mark: {calculator: Pass}}",
            [
                "chat.yaml:3: there is a node 'mark' already (base.yaml:14); put it under `replace`, or take "
                "another name"
            ],
        ),
        (
            "insert: {mark: {on: marked, calculator: Pass}}",
            [
                "chat.yaml:3: there is a node 'mark' already (base.yaml:14); put it under `replace`, or take "
                "another name"
            ],
        ),
        (
            "parameters: {time: {default: 2}}",
            [
                "chat.yaml:3: parameters.time needs the key 'type': the extended graph has no such parameter; "
                "did you mean 'times'?"
            ],
        ),
        ("replace: {mark: {}}", ["chat.yaml:3: replace.mark needs the key 'calculator'"]),
        (
            "remove: mark",
            ["chat.yaml:3: remove must be a list of node names, as in [stop_strings], not 'mark'"],
        ),
    ],
)
def test_changes_that_cannot_be_made_are_told_with_the_lines_of_both_files(
    mistakes: Mistakes, changes: str, findings: list[str]
) -> None:
    base = BASE.replace("times: {type: integer}", "times: {type: integer, default: 1}")
    assert mistakes(extending(changes), base=base) == findings


@pytest.mark.parametrize("key", ["insert: {}", "replace: {}", "remove: []"])
def test_a_graph_that_extends_none_has_nothing_to_change(mistakes: Mistakes, key: str) -> None:
    name = key.partition(":")[0]
    assert mistakes(f"version: 1\n{key}\nnodes: {{model: {{calculator: Model}}}}") == [
        f"chat.yaml:2: '{name}' changes a graph that this one extends; add `extends: GRAPH`"
    ]


def test_an_inserted_node_may_be_removed_and_replaced_further_on(load: Load) -> None:
    mid = """
        version: 1
        extends: base.yaml
        parameters: {times: {fixed: 2}}
        insert:
          a: {on: marked, calculator: Pass}
          b: {on: marked, calculator: Pass, outputs: {out: behind_b}}
    """
    found = wired(load("version: 1\nextends: mid.yaml\nremove: [a]", base=BASE, mid=mid))
    assert (found["b"]["text"], found["last"]["text"]) == ("marked", "behind_b")
    changes = "version: 1\nextends: mid.yaml\nreplace: {b: {calculator: Join, inputs: {parts: [marked]}}}"
    found = wired(load(changes, base=BASE, mid=mid))
    assert found["b"] == {"parts[0]": "a", "out": "behind_b"}
    assert found["last"]["text"] == "behind_b"


def test_settings_of_an_inserted_nodes_stream_go_with_the_node(load: Load, mistakes: Mistakes) -> None:
    mid = """
        version: 1
        extends: base.yaml
        parameters: {times: {fixed: 2}}
        insert: {a: {on: marked, calculator: Pass}}
        streams: {a: {max_queue_size: 3}}
    """
    plan = load("version: 1\nextends: mid.yaml\nremove: [a]", base=BASE, mid=mid)
    assert wired(plan)["last"]["text"] == "marked"
    more = "nodes: {more: {calculator: Pass, inputs: {text: a}}}"
    (mistake,) = mistakes(f"version: 1\nextends: mid.yaml\nremove: [a]\n{more}", base=BASE, mid=mid)
    assert "(chat.yaml:3 removes node 'a', which wrote it)" in mistake
