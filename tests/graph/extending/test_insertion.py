"""Nodes that are put on streams of another graph: who reads what then."""

from __future__ import annotations

import pytest

from tests.graph.subgraphs import Load, Mistakes, load_files, wired

load = load_files

BASE = """
    version: 1
    inputs: [question]
    outputs: [answer]
    nodes:
      first: {calculator: Pass, inputs: {text: question}, outputs: {out: asked}}
      second: {calculator: Pass, inputs: {text: asked, extra: question}, outputs: {out: kept}}
      third: {calculator: Pass, inputs: {text: asked}, outputs: {out: other}}
      last: {calculator: Join, inputs: {parts: [kept, other]}, outputs: {out: answer}}
"""


def extending(changes: str) -> str:
    return "version: 1\nextends: base.yaml\n" + changes


def streams(load: Load, changes: str, **files: str) -> dict[str, dict[str, str]]:
    return wired(load(extending(changes), base=BASE, **files))


def test_all_readers_of_the_stream_read_what_the_node_writes(load: Load) -> None:
    found = streams(load, "insert: {mask: {on: asked, calculator: Pass}}")
    assert found["mask"] == {"text": "asked", "out": "mask"}
    assert found["second"] == {"text": "mask", "extra": "question", "out": "kept"}
    assert found["third"] == {"text": "mask", "out": "other"}
    assert found["first"] == {"text": "question", "out": "asked"}


def test_the_node_names_its_stream_and_its_further_inputs(load: Load) -> None:
    node = "{on: asked, calculator: Pass, inputs: {extra: question}, outputs: {out: masked}}"
    found = streams(load, f"insert: {{mask: {node}}}")
    assert found["mask"] == {"text": "asked", "extra": "question", "out": "masked"}
    assert found["third"]["text"] == "masked"


def test_nodes_on_one_stream_stand_behind_one_another_in_the_files_order(load: Load) -> None:
    found = streams(load, "insert: {b: {on: asked, calculator: Pass}, a: {on: asked, calculator: Pass}}")
    assert [found[name]["text"] for name in ("b", "a", "second", "third")] == ["asked", "b", "a", "a"]


def test_a_graph_in_between_has_inserted_before_and_its_stream_has_a_name_too(load: Load) -> None:
    mid = "version: 1\nextends: base.yaml\ninsert: {a: {on: asked, calculator: Pass}}"
    changes = "insert: {b: {on: asked, calculator: Pass}, c: {on: a, calculator: Pass}}"
    found = wired(load("version: 1\nextends: mid.yaml\n" + changes, base=BASE, mid=mid))
    assert [found[name]["text"] for name in ("a", "b", "c", "second")] == ["asked", "a", "b", "c"]


def test_on_an_input_of_the_graph_its_readers_read_the_node(load: Load) -> None:
    found = streams(load, "insert: {mask: {on: question, calculator: Pass}}")
    assert found["mask"] == {"text": "question", "out": "mask"}
    assert (found["first"]["text"], found["second"]["extra"]) == ("mask", "mask")


def test_on_an_output_of_the_graph_the_node_writes_it(load: Load) -> None:
    changes = "insert: {a: {on: answer, calculator: Pass}, b: {on: answer, calculator: Pass}}"
    found = streams(load, changes)
    assert found["last"]["out"] == "answer_before_a"
    assert found["a"] == {"text": "answer_before_a", "out": "answer_before_b"}
    assert found["b"] == {"text": "answer_before_b", "out": "answer"}


def test_a_stream_that_a_subgraph_and_a_list_read(load: Load) -> None:
    base = BASE.replace("third: {calculator: Pass, ", "third: {graph: inner.yaml, ").replace(
        "[kept, other]", "[kept, other, asked]"
    )
    inner = """
        version: 1
        inputs: [text]
        outputs: [out]
        nodes: {deep: {calculator: Pass, inputs: {text: text}, outputs: {out: out}}}
    """
    chat = extending("insert: {mask: {on: asked, calculator: Pass}}")
    found = wired(load(chat, base=base, inner=inner))
    assert found["third.deep"]["text"] == "mask"
    assert found["last"]["parts[2]"] == "mask"


def test_a_graph_may_be_inserted(load: Load) -> None:
    inner = """
        version: 1
        inputs: [text]
        outputs: [out]
        nodes: {deep: {calculator: Pass, inputs: {text: text}, outputs: {out: out}}}
    """
    node = "{on: asked, graph: inner.yaml, inputs: {text: asked}, outputs: {out: masked}}"
    found = wired(load(extending(f"insert: {{mask: {node}}}"), base=BASE, inner=inner))
    assert found["mask.deep"] == {"text": "asked", "out": "masked"}
    assert found["second"]["text"] == "masked"


def test_a_back_edge_that_is_rewired_stays_one(load: Load) -> None:
    base = """
        version: 1
        inputs: [question]
        nodes:
          loop:
            calculator: Pass
            inputs: {text: question, extra: {stream: said, back_edge: true}}
            outputs: {out: asked}
          say: {calculator: Pass, inputs: {text: asked}, outputs: {out: said}}
    """
    plan = load(extending("insert: {mask: {on: said, calculator: Pass}}"), base=base)
    assert wired(plan)["loop"]["extra"] == "mask"
    assert next(node for node in plan.nodes if node.name == "loop").back_edges == {1}


def test_what_is_inserted_on_another_stream_reads_as_all_readers_do(load: Load) -> None:
    node = "{on: kept, calculator: Pass, inputs: {extra: asked}}"
    for changes in (
        f"insert: {{a: {node}, b: {{on: asked, calculator: Pass}}}}",
        f"insert: {{b: {{on: asked, calculator: Pass}}, a: {node}}}",
    ):
        assert streams(load, changes)["a"] == {"text": "kept", "extra": "b", "out": "a"}


@pytest.mark.parametrize(
    ("node", "finding"),
    [
        (
            "{on: askd, calculator: Pass}",
            "chat.yaml:3: no node writes a stream 'askd'; did you mean 'asked'?",
        ),
        (
            "{on: asked, calculator: Count, inputs: {text: asked}, output: out}",
            "chat.yaml:3: Count has no output 'out'; did you mean 'count'?",
        ),
        (
            "{on: asked, calculator: Ear}",
            "chat.yaml:3: Ear has no single input that could read 'asked' (there are: sound, noise); "
            "wire the one that does: `inputs: {PORT: asked}`",
        ),
        (
            "{on: asked, calculator: Ear, inputs: {sound: asked}}",
            "chat.yaml:3: Ear has no single output that the readers of 'asked' could read "
            "(there are: none); name it: `output: PORT`",
        ),
        (
            "{on: asked, graph: base.yaml}",
            "chat.yaml:3: the ports of a graph are not known here; wire them, as in `inputs: {PORT: asked}` "
            "and `outputs: {PORT: STREAM}`",
        ),
        (
            "{on: asked, calculator: Pas}",
            "chat.yaml:3: unknown calculator 'Pas': did you mean 'Pass'?",
        ),
        (
            "{on: answer, calculator: Pass, outputs: {out: mine}}",
            "chat.yaml:3: 'answer' is an output of the graph, so the inserted node 'mask' writes it itself; "
            "name no other stream for its output 'out'",
        ),
        ("{calculator: Pass}", "chat.yaml:3: insert.mask needs the key 'on'"),
        ("{on: asked}", "chat.yaml:3: insert.mask needs the key 'calculator'"),
    ],
)
def test_what_cannot_be_inserted(mistakes: Mistakes, node: str, finding: str) -> None:
    assert mistakes(extending(f"insert: {{mask: {node}}}"), base=BASE) == [finding]


def test_nothing_is_inserted_on_side_packets(mistakes: Mistakes) -> None:
    base = BASE + "      model: {calculator: Model, side_outputs: {model: model}}\n"
    assert mistakes(extending("insert: {mask: {on: model, calculator: Pass}}"), base=base) == [
        "chat.yaml:3: 'model' is a side packet, and nodes are inserted on streams; replace the node that makes "
        "it, or give it from outside"
    ]


def test_a_node_of_several_outputs_says_which_is_read(load: Load, mistakes: Mistakes) -> None:
    two = """
        version: 1
        inputs: [text]
        outputs: [clean, dirt]
        nodes:
          clean: {calculator: Pass, inputs: {text: text}, outputs: {out: clean}}
          dirt: {calculator: Pass, inputs: {text: text}, outputs: {out: dirt}}
    """
    node = "on: asked, graph: two.yaml, inputs: {text: asked}, outputs: {clean: clean, dirt: dirt}"
    assert mistakes(extending(f"insert: {{mask: {{{node}}}}}"), base=BASE, two=two) == [
        "chat.yaml:3: the inserted node 'mask' writes several streams, by clean, dirt; name the port whose "
        "stream the readers of 'asked' then read: `output: clean`"
    ]
    plan = load(extending(f"insert: {{mask: {{{node}, output: dirt}}}}"), base=BASE, two=two)
    assert wired(plan)["third"]["text"] == "dirt"


def test_types_that_do_not_fit_are_told_with_the_lines_of_both_files(mistakes: Mistakes) -> None:
    assert mistakes(extending("insert:\n  count: {on: asked, calculator: Count}"), base=BASE) == [
        f"base.yaml:{line}: Pass.text takes str, but stream 'count' carries int, from Count.count "
        "(chat.yaml:4) (extended at chat.yaml:2) (rewired by the node 'count' inserted at chat.yaml:4)"
        for line in (6, 7)
    ]


def test_a_circle_of_inserted_nodes_is_found(mistakes: Mistakes) -> None:
    (finding,) = mistakes(
        extending("insert: {mask: {on: asked, calculator: Pass, inputs: {extra: kept}}}"), base=BASE
    )
    assert finding.startswith("chat.yaml:3: the nodes mask -> second -> mask wait for one another in a cycle")
