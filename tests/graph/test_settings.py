"""What a graph says of its streams, executors and nodes beside their wiring."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.graph import ExecutorPlan, Plan
from ovpipe.ports import Input, Output, SideOutput

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


class Upper(Calculator):
    text = Input[str]()
    upper = Output[str]()


class Asking(Upper):
    async def process(self, cx: Context) -> None:
        return None


class Ticks(Calculator):
    tick = Output[str]()


class Model(Calculator):
    model = SideOutput[str]()


CALCULATORS = (Upper, Asking, Ticks, Model)


def graph(at_node: str = "# nothing", of_graph: str = "# nothing", calculator: str = "Upper") -> str:
    return f"""
        version: 1
        inputs: [text]
        {of_graph}
        nodes:
          shout:
            calculator: {calculator}
            inputs: {{text: text}}
            outputs: {{upper: loud}}
            {at_node}
    """


def test_a_node_says_how_it_runs(load: Load) -> None:
    plain = load(graph(), *CALCULATORS).nodes[0]
    assert (plain.executor, plain.max_in_flight, plain.on_error, plain.source_layer) == (
        "inline",
        1,
        "fail",
        0,
    )
    drops = load(graph("on_error: drop"), *CALCULATORS).nodes[0]
    assert drops.on_error == "drop"
    many = load(graph("max_in_flight: 4", calculator="Asking"), *CALCULATORS).nodes[0]
    assert many.max_in_flight == 4


def test_numbers_may_be_parameters(load: Load, mistakes: Mistakes) -> None:
    text = """
        version: 1
        parameters: {n: {type: number}}
        inputs: [text]
        executors: {pool: {threads: "${n}"}}
        streams: {text: {max_queue_size: "${n}"}}
        nodes:
          shout: {calculator: Upper, inputs: {text: text}, executor: pool, max_in_flight: "${n}"}
    """
    plan = load(text, *CALCULATORS, parameters={"n": 3})

    assert plan.executors == (ExecutorPlan("pool", 3),)
    assert plan.streams[0].max_queue_size == 3
    assert plan.nodes[0].max_in_flight == 3
    assert mistakes(text, *CALCULATORS, parameters={"n": 0.5}) == [
        "chat.yaml:4: executors.pool.threads must be a whole number, 1 or more, not 0.5",
        "chat.yaml:5: streams.text.max_queue_size must be a whole number, 1 or more, not 0.5",
        "chat.yaml:7: nodes.shout.max_in_flight must be a whole number, 1 or more, not 0.5",
    ]


def test_streams_have_settings_of_their_own(load: Load) -> None:
    streams = "streams: {text: {max_queue_size: 10, overflow: drop_oldest}, loud: {overflow: error}}"
    text, loud = load(graph(of_graph=streams), *CALCULATORS).streams

    assert (text.max_queue_size, text.overflow) == (10, "drop_oldest")
    assert (loud.max_queue_size, loud.overflow) == (None, "error")


def test_executors_come_into_the_plan_in_order(load: Load) -> None:
    executors = "executors: {slow: {threads: 1}, fast: {threads: 4}}"
    plan = load(graph("executor: fast", executors), *CALCULATORS)

    assert plan.executors == (ExecutorPlan("slow", 1), ExecutorPlan("fast", 4))
    assert plan.nodes[0].executor == "fast"


@pytest.mark.parametrize(
    ("of_graph", "finding"),
    [
        ("streams: {txt: {overflow: error}}", "no node produces a stream 'txt'; did you mean 'text'?"),
        (
            "streams: {text: {overflow: drop}}",
            "streams.text.overflow must be one of block, drop_oldest, error, not 'drop'",
        ),
        (
            "streams: {text: {size: 3}}",
            "unknown key 'size' in streams.text; there are: max_queue_size, overflow",
        ),
        ("executors: {a: {}}", "executors.a needs the key 'threads'"),
        (
            "executors: {a: {threads: 0}}",
            'executors.a.threads must be a whole number, 1 or more, or "${parameter}", not 0',
        ),
        (
            "executors: {inline: {threads: 1}}",
            "the executor 'inline' is the event loop, which every graph has; take another name",
        ),
        (
            "executors: {a: {threads: 1}, a: {threads: 2}}",
            "the key 'a' stands here and in line 3; remove one",
        ),
    ],
)
def test_a_wrong_setting_of_the_graph_is_told(mistakes: Mistakes, of_graph: str, finding: str) -> None:
    assert mistakes(graph(of_graph=of_graph), *CALCULATORS) == [f"chat.yaml:3: {finding}"]


@pytest.mark.parametrize(
    ("at_node", "calculator", "finding"),
    [
        ("executor: pol", "Upper", "unknown executor 'pol'; did you mean 'pool'?"),
        (
            "executor: pool",
            "Asking",
            "Asking.process is async and runs on the event loop; make it plain, or remove 'executor'",
        ),
        (
            "max_in_flight: 2",
            "Upper",
            "Upper.process is plain, so its calls come one by one; give the node an executor, "
            "or remove 'max_in_flight'",
        ),
        (
            "max_in_flight: 0",
            "Asking",
            'nodes.shout.max_in_flight must be a whole number, 1 or more, or "${parameter}", not 0',
        ),
        ("on_error: ignore", "Upper", "nodes.shout.on_error must be one of fail, drop, not 'ignore'"),
        (
            "source_layer: 1",
            "Upper",
            "node 'shout' reads streams and so is no source; remove 'source_layer'",
        ),
        (
            "source_layer: -1",
            "Upper",
            "nodes.shout.source_layer must be a whole number, 0 or more, not -1",
        ),
    ],
)
def test_a_wrong_setting_of_a_node_is_told(
    mistakes: Mistakes, at_node: str, calculator: str, finding: str
) -> None:
    text = graph(at_node, "executors: {pool: {threads: 1}}", calculator)
    assert mistakes(text, *CALCULATORS) == [f"chat.yaml:9: {finding}"]


def test_a_source_and_a_node_without_streams_have_no_use_for_some_keys(mistakes: Mistakes) -> None:
    text = """
        version: 1
        nodes:
          ticks:
            calculator: Ticks
            input_policy: barrier
            max_in_flight: 2
          model:
            calculator: Model
            executor: inline
            on_error: drop
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:5: node 'ticks' is a source, which is called again and again; remove 'input_policy'",
        "chat.yaml:6: node 'ticks' is a source, which is called again and again; remove 'max_in_flight'",
        "chat.yaml:9: node 'model' has no streams and so takes part in no run; remove 'executor'",
        "chat.yaml:10: node 'model' has no streams and so takes part in no run; remove 'on_error'",
    ]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (
            graph("input_policy: barrier").replace("inputs: {text: text}", "input: {text: text}"),
            "chat.yaml:7: unknown key 'input' in nodes.shout; did you mean 'inputs'?",
        ),
        (
            graph("executor: pool", "executor: {pool: {threads: 1}}"),
            "chat.yaml:3: unknown key 'executor'; did you mean 'executors'?",
        ),
        (
            graph(of_graph="streams: {loud: {overflow: error}}").replace("outputs:", "output:"),
            "chat.yaml:8: unknown key 'output' in nodes.shout; did you mean 'outputs'?",
        ),
    ],
)
def test_settings_are_not_judged_where_parts_of_the_graph_could_not_be_read(
    mistakes: Mistakes, text: str, finding: str
) -> None:
    assert mistakes(text, *CALCULATORS) == [finding]
