"""Subgraphs: nodes in whose place the nodes of another file stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ovpipe.calculator import Calculator
from ovpipe.errors import GraphError
from ovpipe.graph import ExecutorPlan, Plan, StreamPlan, check_graph, load_graph
from ovpipe.graph.files import shipped_graphs
from ovpipe.graph.parts import MAX_NESTING, MAX_SUBGRAPHS
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
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Called with the text of chat.yaml, and of other files by their names without ending."""
    monkeypatch.chdir(tmp_path)

    def load(chat: str, parameters: Mapping[str, Any] | None = None, **files: str) -> Plan:
        for name, text in {"chat": chat, **files}.items():
            Path(f"{name}.yaml").write_text(dedent(text).removeprefix("\n"))
        return load_graph("chat.yaml", registry=Registry.of(*CALCULATORS), parameters=parameters)

    return load


@pytest.fixture
def mistakes(load: Load) -> Mistakes:
    """The findings, as text, of a graph that has some; called as `load` is."""

    def mistakes(*arguments: Any, **keywords: Any) -> list[str]:
        with pytest.raises(GraphError) as caught:
            load(*arguments, **keywords)
        return [str(finding) for finding in caught.value.findings]

    return mistakes


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


def test_the_nodes_of_a_subgraph_take_the_place_of_its_node(load: Load) -> None:
    plan = load(CHAT, filter=FILTER)

    assert wired(plan) == {
        "before": {"text": "question", "out": "asked"},
        "filter.tokenize": {"text": "asked", "out": "filter.tokens"},
        "filter.choose": {"text": "filter.tokens", "out": "answer"},
        "filter.remain": {"text": "answer", "out": "filter.rest"},
    }
    assert plan.inputs == ("question",)
    assert plan.outputs == ("answer",)
    assert plan.streams[2:] == (
        StreamPlan("filter.tokens", "filter.tokenize", "filter.yaml:5"),
        StreamPlan("answer", "filter.choose", "filter.yaml:6"),
        StreamPlan("filter.rest", "filter.remain", "filter.yaml:7"),
    )
    assert plan.nodes[1].place == "filter.yaml:5"


def test_a_subgraph_may_be_used_twice(load: Load) -> None:
    chat = """
        version: 1
        inputs: [question]
        nodes:
          one: {graph: filter.yaml, inputs: {text: question}, outputs: {kept: first}}
          two: {graph: filter.yaml, inputs: {text: first}}
    """
    found = wired(load(chat, filter=FILTER))

    assert found["one.choose"] == {"text": "one.tokens", "out": "first"}
    assert found["two.tokenize"] == {"text": "first", "out": "two.tokens"}
    assert found["two.choose"] == {"text": "two.tokens", "out": "two.kept"}


def test_a_subgraph_may_have_subgraphs_in_other_folders(load: Load, tmp_path: Path) -> None:
    (tmp_path / "parts" / "deep").mkdir(parents=True)
    (tmp_path / "parts" / "deep" / "filter.yaml").write_text(dedent(FILTER).removeprefix("\n"))
    (tmp_path / "parts" / "outer.yaml").write_text(
        "version: 1\ninputs: [in]\noutputs: [out]\n"
        "nodes: {inner: {graph: deep/filter.yaml, inputs: {text: in}, outputs: {rest: out}}}\n"
    )
    plan = load(
        CHAT.replace("filter.yaml", "parts/outer.yaml")
        .replace("text: asked", "in: asked")
        .replace("kept: answer", "out: answer")
    )

    assert wired(plan)["filter.inner.remain"] == {"text": "filter.inner.kept", "out": "answer"}
    assert plan.nodes[1].place == "parts/deep/filter.yaml:5"


def test_nodes_inside_are_ordered_with_those_outside(load: Load) -> None:
    chat = """
        version: 1
        inputs: [start]
        nodes:
          both: {graph: both.yaml, inputs: {a: start, b: middle}, outputs: {one: first}}
          middle: {calculator: Pass, inputs: {text: first}, outputs: {out: middle}}
    """
    both = """
        version: 1
        inputs: [a, b]
        outputs: [one, two]
        nodes:
          second: {calculator: Pass, inputs: {text: b}, outputs: {out: two}}
          first: {calculator: Pass, inputs: {text: a}, outputs: {out: one}}
    """
    assert [node.name for node in load(chat, both=both).nodes] == ["both.first", "middle", "both.second"]


def test_side_packets_go_in_and_out(load: Load) -> None:
    chat = """
        version: 1
        inputs: [question]
        side_inputs: [hint]
        nodes:
          models: {graph: models.yaml, side_outputs: {model: model}}
          first: {graph: mark.yaml, inputs: {text: question}, side_inputs: {model: model, hint: hint}}
          second: {graph: mark.yaml, inputs: {text: question}, side_inputs: {model: model}}
    """
    models = """
        version: 1
        side_outputs: [model]
        nodes:
          other: {calculator: Model, side_outputs: {model: unused}}
          model: {calculator: Model, side_outputs: {model: model}}
    """
    mark = """
        version: 1
        inputs: [text]
        side_inputs: [model, {name: hint, optional: true}]
        nodes:
          mark: {calculator: Mark, inputs: {text: text}, side_inputs: {model: model, hint: hint}}
    """
    plan = load(chat, models=models, mark=mark)

    assert plan.side_inputs == ("hint",)
    assert wired(plan) == {
        "models.other": {"model": "models.unused"},
        "models.model": {"model": "model"},
        "first.mark": {"text": "question", "model": "model", "hint": "hint"},
        "second.mark": {"text": "question", "model": "model"},
    }


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
            "add `times: ...` under the node's parameters",
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


def test_an_optional_input_that_is_not_wired_is_not_wired_inside(load: Load) -> None:
    talk = """
        version: 1
        inputs: [text, {name: extra, optional: true}, {name: more, optional: true}]
        nodes:
          pass: {calculator: Pass, inputs: {text: text, extra: extra}}
          join: {calculator: Join, inputs: {parts: [more, text, extra]}}
    """
    chat = """
        version: 1
        inputs: [question]
        nodes:
          bare: {graph: talk.yaml, inputs: {text: question}}
          full: {graph: talk.yaml, inputs: {text: question, extra: question}}
    """
    found = wired(load(chat, talk=talk))

    assert found["bare.pass"] == {"text": "question"}
    assert found["bare.join"] == {"parts[0]": "question"}
    assert found["full.pass"] == {"text": "question", "extra": "question"}
    assert found["full.join"] == {"parts[0]": "question", "parts[1]": "question"}
    assert load(talk).inputs == ("text", "extra", "more")


def test_an_optional_input_cannot_be_all_that_a_required_port_reads(mistakes: Mistakes) -> None:
    talk = """
        version: 1
        inputs: [{name: text, optional: true}]
        nodes:
          pass: {calculator: Pass, inputs: {text: text}}
    """
    assert mistakes(talk) == [
        "chat.yaml:4: Pass.text must be wired, but stream 'text' is an optional input of the graph; "
        "make it a required one, or let Pass.text be optional"
    ]


def test_an_optional_side_input_cannot_be_all_that_a_required_port_takes(mistakes: Mistakes) -> None:
    talk = """
        version: 1
        inputs: [text]
        side_inputs: [{name: model, optional: true}]
        nodes:
          mark: {calculator: Mark, inputs: {text: text}, side_inputs: {model: model, hint: model}}
    """
    assert mistakes(talk) == [
        "chat.yaml:5: Mark.model must be wired, but side packet 'model' is an optional side input of the "
        "graph; make it a required one, or let Mark.model be optional"
    ]


def test_an_optional_side_input_cannot_be_all_that_a_required_one_of_a_subgraph_takes(
    mistakes: Mistakes,
) -> None:
    talk = """
        version: 1
        inputs: [text]
        side_inputs: [{name: model, optional: true}]
        nodes:
          mark: {graph: mark.yaml, inputs: {text: text}, side_inputs: {model: model}}
    """
    mark = """
        version: 1
        inputs: [text]
        side_inputs: [model]
        nodes:
          mark: {calculator: Mark, inputs: {text: text}, side_inputs: {model: model}}
    """
    assert mistakes(talk, mark=mark) == [
        "chat.yaml:5: mark.model must be wired, but side packet 'model' is an optional side input of the "
        "graph; make it a required one, or let mark.model be optional"
    ]


def test_of_a_deadlock_the_outermost_graph_speaks_alone(load: Load) -> None:
    talk = """
        version: 1
        inputs: [text]
        nodes:
          mark: {graph: part.yaml, inputs: {text: text}}
    """
    part = """
        version: 1
        report_deadlock: true
        inputs: [text]
        nodes:
          count: {calculator: Count, inputs: {text: text}}
    """
    assert not load(talk, part=part).report_deadlock
    assert load(part).report_deadlock


def test_side_outputs_are_made_by_nodes(mistakes: Mistakes) -> None:
    models = """
        version: 1
        side_inputs: [given]
        side_outputs: [modle, given, model, model]
        inputs: [text]
        nodes:
          model: {calculator: Model, side_outputs: {model: model}}
          mark: {calculator: Mark, inputs: {text: text}, side_inputs: {model: given}}
    """
    assert mistakes(models) == [
        "chat.yaml:3: 'model' stands twice in side_outputs (first at chat.yaml:3); remove one",
        "chat.yaml:3: the graph's output 'modle' is a side packet that no node produces; did you mean 'model'?",
        "chat.yaml:3: output 'given' is a side input of the graph; an output is a side packet that a node "
        "produces",
    ]


def test_a_node_that_would_read_nothing_here_is_refused(mistakes: Mistakes) -> None:
    ear = """
        version: 1
        inputs: [{name: sound, optional: true}, {name: noise, optional: true}]
        nodes: {ear: {calculator: Ear, inputs: {sound: sound, noise: noise}}}
    """
    assert mistakes("version: 1\nnodes: {left: {graph: ear.yaml}}", ear=ear) == [
        "ear.yaml:3: node 'left.ear' reads only optional inputs of its graph, and none of them is wired; "
        "wire at least one of: sound, noise (in subgraph 'left', used at chat.yaml:2)"
    ]


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


def test_cycles_are_found_across_files(load: Load, mistakes: Mistakes) -> None:
    chat = """
        version: 1
        inputs: [start]
        nodes:
          filter: {graph: talk.yaml, inputs: {text: start, extra: loop}, outputs: {kept: kept}}
          after: {calculator: Pass, inputs: {text: kept}, outputs: {out: loop}}
    """
    talk = """
        version: 1
        inputs: [text, {name: extra, optional: true}]
        outputs: [kept]
        nodes:
          pass: {calculator: Pass, inputs: {text: text, extra: extra}, outputs: {out: kept}}
    """
    assert mistakes(chat, talk=talk) == [
        "talk.yaml:5: the nodes filter.pass -> after -> filter.pass wait for one another in a cycle, by the "
        "streams 'kept', 'loop'; mark the input that closes the cycle, as in "
        "`extra: {stream: loop, back_edge: true}` of node 'filter.pass' "
        "(in subgraph 'filter', used at chat.yaml:4)"
    ]
    outside = load(chat.replace("extra: loop", "extra: {stream: loop, back_edge: true}"), talk=talk)
    assert outside.nodes[0].back_edges == {1}
    inside = load(chat, talk=talk.replace("extra: extra", "extra: {stream: extra, back_edge: true}"))
    assert inside.nodes[0].back_edges == {1}
    assert mistakes(chat.replace("text: start", "text: {stream: start, back_edge: true}"), talk=talk)[0] == (
        "chat.yaml:4: input 'text' of node 'filter' is marked as a back edge, but it closes no cycle; "
        "remove the mark"
    )


def test_a_mark_outside_is_good_where_it_closes_a_cycle_for_one_of_the_nodes_inside(load: Load) -> None:
    chat = """
        version: 1
        inputs: [start]
        nodes:
          loop: {graph: loop.yaml, inputs: {text: start, back: {stream: sum, back_edge: true}}, outputs: {sum: sum}}
    """
    loop = """
        version: 1
        inputs: [text, back]
        outputs: [sum]
        nodes:
          watch: {calculator: Ear, inputs: {sound: back}}
          add: {calculator: Pass, inputs: {text: text, extra: back}, outputs: {out: sum}}
    """
    plan = load(chat, loop=loop)
    assert [node.name for node in plan.nodes] == ["loop.add", "loop.watch"]
    assert {node.name: node.back_edges for node in plan.nodes} == {
        "loop.add": {1},
        "loop.watch": set(),
    }


def test_a_file_speaks_for_its_own_nodes_and_streams(load: Load) -> None:
    chat = """
        version: 1
        inputs: [question]
        outputs: [answer]
        input_policy: barrier
        max_queue_size: 7
        executors: {pool: {threads: 1}}
        streams: {answer: {max_queue_size: 3}}
        nodes:
          filter: {graph: filter.yaml, inputs: {text: question}, outputs: {kept: answer}}
          after: {calculator: Pass, inputs: {text: answer}, executor: pool}
    """
    settings = """
    max_queue_size: 5
    executors: {pool: {threads: 2}}
    streams:
      text: {overflow: error}
      kept: {max_queue_size: 1, overflow: drop_oldest}
      tokens: {overflow: error}
    nodes:"""
    text = FILTER.replace("    nodes:", settings, 1).replace("{text: kept}", "{text: kept}, executor: pool")
    plan = load(chat, filter=text)

    assert {node.name: (node.policy.name, node.executor) for node in plan.nodes} == {
        "filter.tokenize": ("default", "inline"),
        "filter.choose": ("default", "inline"),
        "filter.remain": ("default", "filter.pool"),
        "after": ("barrier", "pool"),
    }
    assert plan.executors == (ExecutorPlan("pool", 1), ExecutorPlan("filter.pool", 2))
    assert plan.max_queue_size == 7
    assert {stream.name: (stream.max_queue_size, stream.overflow) for stream in plan.streams} == {
        "question": (None, "block"),
        "filter.tokens": (5, "error"),
        "answer": (3, "drop_oldest"),
        "filter.rest": (5, "block"),
    }


def test_a_name_with_a_dot_is_a_mistake_and_nothing_worse(mistakes: Mistakes) -> None:
    found = mistakes(CHAT.replace("asked", "filter.text"), filter=FILTER)
    assert all("must be a stream name" in finding for finding in found)


def test_a_shipped_graph_may_be_used_by_its_name(load: Load) -> None:
    chat = """
        version: 1
        inputs: [question]
        outputs: [answer]
        nodes:
          chat: {graph: chat, inputs: {http_request: question}, outputs: {http_response: answer},
                 parameters: {models_path: here}}
    """
    Path("mine.yaml").write_text(dedent(chat))
    plan = load_graph("mine.yaml", registry=Registry.installed())

    shipped = load_graph(
        shipped_graphs()["chat"], registry=Registry.installed(), parameters={"models_path": "here"}
    )
    assert [node.name for node in plan.nodes] == [f"chat.{node.name}" for node in shipped.nodes]
    assert [node.options for node in plan.resources] == [node.options for node in shipped.resources]
