"""Subgraphs: nodes in whose place the nodes of another file stand."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from ovpipe.graph import ExecutorPlan, StreamPlan, load_graph
from ovpipe.graph.files import shipped_graphs
from ovpipe.registry import Registry
from tests.graph.subgraphs import CHAT, FILTER, Load, Mistakes, load_files, wired

load = load_files


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
