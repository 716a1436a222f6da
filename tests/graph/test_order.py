from __future__ import annotations

from collections.abc import Callable

from ovpipe.calculator import Calculator
from ovpipe.graph import Plan
from ovpipe.ports import Input, Output, SideInput, SideOutput

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


class Pass(Calculator):
    a = Input[str]()
    b = Input[str](optional=True)
    out = Output[str]()


class Derive(Calculator):
    given = SideInput[str](optional=True)
    made = SideOutput[str]()


def test_nodes_come_after_those_they_read_from(load: Load) -> None:
    text = """
        version: 1
        inputs: [start]
        nodes:
          last: {calculator: Pass, inputs: {a: two, b: one}}
          second: {calculator: Pass, inputs: {a: one}, outputs: {out: two}}
          first: {calculator: Pass, inputs: {a: start}, outputs: {out: one}}
    """
    assert [node.name for node in load(text, Pass).nodes] == ["first", "second", "last"]


def test_nodes_that_do_not_depend_on_one_another_stay_as_in_the_file(load: Load) -> None:
    text = """
        version: 1
        inputs: [start]
        nodes:
          b: {calculator: Pass, inputs: {a: start}}
          c: {calculator: Pass, inputs: {a: start}}
          a: {calculator: Pass, inputs: {a: start}}
    """
    assert [node.name for node in load(text, Pass).nodes] == ["b", "c", "a"]


def test_resources_come_after_those_whose_side_packets_they_take(load: Load) -> None:
    text = """
        version: 1
        nodes:
          third: {calculator: Derive, side_inputs: {given: two}}
          second: {calculator: Derive, side_inputs: {given: one}, side_outputs: {made: two}}
          first: {calculator: Derive, side_outputs: {made: one}}
    """
    assert [node.name for node in load(text, Derive).resources] == ["first", "second", "third"]


def test_a_cycle_is_refused_with_the_nodes_around_it_in_order(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [start]
        nodes:
          adder: {calculator: Pass, inputs: {a: start, b: delayed}, outputs: {out: sum}}
          delay: {calculator: Pass, inputs: {a: doubled}, outputs: {out: delayed}}
          double: {calculator: Pass, inputs: {a: sum}, outputs: {out: doubled}}
          after: {calculator: Pass, inputs: {a: sum}}
    """
    assert mistakes(text, Pass) == [
        "chat.yaml:4: the nodes adder -> double -> delay -> adder wait for one another in a cycle, "
        "by the streams 'sum', 'doubled', 'delayed'; mark the input that closes the cycle, as in "
        "`b: {stream: delayed, back_edge: true}` of node 'adder'"
    ]


def test_each_knot_of_nodes_is_told_once_by_its_shortest_cycle(mistakes: Mistakes) -> None:
    text = """
        version: 1
        nodes:
          a: {calculator: Pass, inputs: {a: c1, b: b1}, outputs: {out: a1}}
          b: {calculator: Pass, inputs: {a: a1}, outputs: {out: b1}}
          c: {calculator: Pass, inputs: {a: b1}, outputs: {out: c1}}
          d: {calculator: Pass, inputs: {a: e1, b: c1}, outputs: {out: d1}}
          e: {calculator: Pass, inputs: {a: d1}, outputs: {out: e1}}
    """
    assert mistakes(text, Pass) == [
        "chat.yaml:3: the nodes a -> b -> a wait for one another in a cycle, "
        "by the streams 'a1', 'b1'; mark the input that closes the cycle, as in "
        "`b: {stream: b1, back_edge: true}` of node 'a'",
        "chat.yaml:6: the nodes d -> e -> d wait for one another in a cycle, "
        "by the streams 'd1', 'e1'; mark the input that closes the cycle, as in "
        "`a: {stream: e1, back_edge: true}` of node 'd'",
    ]


def test_a_node_that_reads_its_own_stream_is_refused(mistakes: Mistakes) -> None:
    text = """
        version: 1
        nodes:
          loop: {calculator: Pass, inputs: {a: own}, outputs: {out: own}}
    """
    assert mistakes(text, Pass) == [
        "chat.yaml:3: node 'loop' reads its own stream 'own'; mark the input that closes the cycle, as in "
        "`a: {stream: own, back_edge: true}` of node 'loop'"
    ]


def test_a_cycle_of_side_packets_is_refused(mistakes: Mistakes) -> None:
    text = """
        version: 1
        nodes:
          chicken: {calculator: Derive, side_inputs: {given: egg}, side_outputs: {made: chicken}}
          egg: {calculator: Derive, side_inputs: {given: chicken}, side_outputs: {made: egg}}
    """
    assert mistakes(text, Derive) == [
        "chat.yaml:3: the nodes chicken -> egg -> chicken wait for one another in a cycle, "
        "by the side packets 'chicken', 'egg'; let one of them read another side packet"
    ]


LOOP = """
    version: 1
    inputs: [start]
    nodes:
      adder:
        calculator: Pass
        inputs:
          b: {stream: delayed, back_edge: true}
          a: start
        outputs: {out: sum}
      delay: {calculator: Pass, inputs: {a: sum}, outputs: {out: delayed}}
"""


def test_a_cycle_that_is_cut_by_a_back_edge_is_fine(load: Load) -> None:
    plan = load(LOOP, Pass)

    assert [(node.name, node.inputs, node.back_edges) for node in plan.nodes] == [
        ("adder", ((Pass.a, 0), (Pass.b, 2)), frozenset({1})),
        ("delay", ((Pass.a, 1),), frozenset()),
    ]


def test_a_node_may_read_its_own_stream_by_a_back_edge(load: Load) -> None:
    text = """
        version: 1
        inputs: [start]
        nodes:
          loop: {calculator: Pass, inputs: {a: start, b: {stream: own, back_edge: true}}, outputs: {out: own}}
    """
    assert load(text, Pass).nodes[0].back_edges == {1}


def test_each_cycle_needs_a_back_edge_of_its_own(mistakes: Mistakes) -> None:
    text = """
        version: 1
        nodes:
          a: {calculator: Pass, inputs: {a: c1, b: {stream: b1, back_edge: true}}, outputs: {out: a1}}
          b: {calculator: Pass, inputs: {a: a1}, outputs: {out: b1}}
          c: {calculator: Pass, inputs: {a: b1}, outputs: {out: c1}}
    """
    assert mistakes(text, Pass) == [
        "chat.yaml:3: the nodes a -> b -> c -> a wait for one another in a cycle, by the streams "
        "'a1', 'b1', 'c1'; mark the input that closes the cycle, as in "
        "`a: {stream: c1, back_edge: true}` of node 'a'"
    ]


def test_a_back_edge_that_closes_no_cycle_is_refused(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [start]
        nodes:
          first:
            calculator: Pass
            inputs:
              a: start
              b: {stream: start, back_edge: true}
            outputs: {out: one}
          second:
            calculator: Pass
            inputs: {a: {stream: one, back_edge: true}}
    """
    assert mistakes(text, Pass) == [
        "chat.yaml:8: input 'b' of node 'first' is marked as a back edge, but it closes no cycle; "
        "remove the mark",
        "chat.yaml:12: input 'a' of node 'second' is marked as a back edge, but it closes no cycle; "
        "remove the mark",
    ]


def test_a_back_edge_of_no_stream_is_told_once(mistakes: Mistakes) -> None:
    assert mistakes(LOOP.replace("stream: delayed", "stream: delay"), Pass) == [
        "chat.yaml:7: Pass.b reads stream 'delay', which no node produces; did you mean 'delayed'?"
    ]


def test_a_mark_that_says_false_is_none(load: Load) -> None:
    text = (
        "version: 1\ninputs: [s]\nnodes: {n: {calculator: Pass, inputs: {a: {stream: s, back_edge: false}}}}"
    )
    assert load(text, Pass).nodes[0].back_edges == frozenset()
