from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from ovpipe.calculator import Calculator
from ovpipe.graph import Plan, PolicyPlan
from ovpipe.graph.policies import POLICIES, SEES_BOUNDS
from ovpipe.ports import Input, Output, RepeatedInput
from ovpipe.runtime.policies import POLICIES as OF_RUNTIME

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


class Join(Calculator):
    left = Input[str]()
    right = Input[str]()
    extra = Input[str](optional=True)
    parts = RepeatedInput[str](optional=True)


class Ticks(Calculator):
    tick = Output[str]()


class Aligned(Join):
    input_policy: ClassVar[str | Mapping[str, Any]] = {"timestamp_align": {"base": "left"}}


class Grouped(Join):
    input_policy: ClassVar[str | Mapping[str, Any]] = {"sync_sets": {"sets": [["left", "extra"], ["extra"]]}}


class Wrong(Join):
    input_policy: ClassVar[str | Mapping[str, Any]] = {"mux": {"choice": "left"}}


class Bounds(Join):
    process_timestamp_bounds: ClassVar[bool] = True


def graph(policy: str = "", of_graph: str = "", calculator: str = "Join") -> str:
    return f"""
        version: 1
        inputs: [a, b]
        {f"input_policy: {of_graph}" if of_graph else "# no policy"}
        nodes:
          join:
            calculator: {calculator}
            inputs: {{left: a, right: b, parts: [a, b]}}
            {f"input_policy: {policy}" if policy else "# no policy"}
    """


def policy(plan: Plan) -> PolicyPlan:
    return plan.nodes[0].policy


def test_the_graph_knows_the_policies_of_the_runtime() -> None:
    assert list(POLICIES) == list(OF_RUNTIME)
    assert set(SEES_BOUNDS) == {name for name, policy in OF_RUNTIME.items() if policy.sees_bounds}


def test_the_policy_of_a_node_goes_before_the_graphs_and_that_before_the_calculators(load: Load) -> None:
    aligned = PolicyPlan("timestamp_align", {"base": "left"})

    assert policy(load(graph(), Join)) == PolicyPlan("default")
    assert policy(load(graph(calculator="Aligned"), Aligned)) == aligned
    assert policy(load(graph(of_graph="barrier", calculator="Aligned"), Aligned)) == PolicyPlan("barrier")
    assert policy(load(graph("immediate", "barrier", "Aligned"), Aligned)) == PolicyPlan("immediate")


@pytest.mark.parametrize(
    ("written", "plan"),
    [
        ("default", PolicyPlan("default")),
        ("{default: {batch_size: 3}}", PolicyPlan("default", {"batch_size": 3})),
        ("{early_close: }", PolicyPlan("early_close")),
        ("{fixed_size: {target_queue_size: 4}}", PolicyPlan("fixed_size", {"target_queue_size": 4})),
        (
            "{fixed_size: {trigger_queue_size: 4, target_queue_size: 4}}",
            PolicyPlan("fixed_size", {"trigger_queue_size": 4, "target_queue_size": 4}),
        ),
        ("{mux: {select: right}}", PolicyPlan("mux", {"select": "right"})),
        ("{mux: {select: 'parts[1]'}}", PolicyPlan("mux", {"select": "parts[1]"})),
        (
            "{sync_sets: {sets: [[left, right], [parts]]}}",
            PolicyPlan("sync_sets", {"sets": (("left", "right"), ("parts[0]", "parts[1]"))}),
        ),
        (
            "{sync_sets: {sets: [[left, 'parts[0]'], ['parts[1]', extra], [extra]]}}",
            PolicyPlan("sync_sets", {"sets": (("left", "parts[0]"), ("parts[1]",))}),
        ),
    ],
)
def test_a_policy_comes_into_the_plan_with_its_options_and_wired_inputs(
    load: Load, written: str, plan: PolicyPlan
) -> None:
    assert policy(load(graph(written), Join)) == plan


def test_what_a_calculators_policy_says_of_unwired_inputs_is_left_out(load: Load) -> None:
    assert policy(load(graph(calculator="Grouped"), Grouped)) == PolicyPlan(
        "sync_sets", {"sets": (("left",),)}
    )


@pytest.mark.parametrize(
    ("written", "finding"),
    [
        ("imediate", "unknown input policy 'imediate'; did you mean 'immediate'?"),
        (
            "{barrier: {}, mux: {}}",
            'the input policy must be a name or {name: options}, not {"barrier": {}, "mux": {}}',
        ),
        ("{barrier: 3}", "the input policy 'barrier' takes a mapping of options, not 3"),
        ("{barrier: {batch_size: 3}}", "the input policy 'barrier' has no option 'batch_size'; it has none"),
        (
            "{default: {batch: 3}}",
            "the input policy 'default' has no option 'batch'; did you mean 'batch_size'?",
        ),
        (
            "{default: {batch_size: 0}}",
            "the input policy 'default' takes as 'batch_size' a whole number, 1 or more, not 0",
        ),
        (
            "{fixed_size: {trigger_queue_size: 2, target_queue_size: 3}}",
            "the input policy 'fixed_size' takes a trigger_queue_size (2) not below target_queue_size (3)",
        ),
        ("mux", "the input policy 'mux' needs the option 'select', as in {select: choice}"),
        (
            "{mux: {select: rigth}}",
            "the input policy 'mux' of node 'join' names in 'select' an input 'rigth', which it does not "
            "have; did you mean 'right'?",
        ),
        (
            "{mux: {select: extra}}",
            "the input policy 'mux' of node 'join' needs as 'select' one wired input, and 'extra' is none; "
            "there are: left, right, parts[0], parts[1]",
        ),
        (
            "{timestamp_align: {base: [left]}}",
            "the input policy 'timestamp_align' of node 'join' takes in 'base' names of inputs, "
            'not ["left"]',
        ),
        (
            "{sync_sets: {sets: [left]}}",
            "the input policy 'sync_sets' takes as 'sets' a list of lists of inputs, not [\"left\"]",
        ),
        (
            "{sync_sets: {sets: [[left], [right, left]]}}",
            "the input policy 'sync_sets' of node 'join' names input 'left' twice in 'sets'",
        ),
    ],
)
def test_a_wrong_policy_is_told_at_its_line(mistakes: Mistakes, written: str, finding: str) -> None:
    assert mistakes(graph(written), Join) == [f"chat.yaml:8: {finding}"]


def test_an_option_is_told_at_its_own_line(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [a, b]
        nodes:
          join:
            calculator: Join
            inputs: {left: a, right: b}
            input_policy:
              sync_sets:
                sets:
                  - [left]
                  - [rihgt]
    """
    assert mistakes(text, Join) == [
        "chat.yaml:11: the input policy 'sync_sets' of node 'join' names in 'sets' an input 'rihgt', "
        "which it does not have; did you mean 'right'?"
    ]


def test_a_wrong_policy_of_the_graph_is_told_once(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [a, b]
        input_policy: imediate
        nodes:
          first: {calculator: Join, inputs: {left: a, right: b}}
          second: {calculator: Join, inputs: {left: a, right: b}}
    """
    assert mistakes(text, Join) == ["chat.yaml:3: unknown input policy 'imediate'; did you mean 'immediate'?"]


def test_a_wrong_policy_of_a_calculator_is_told_at_its_node(mistakes: Mistakes) -> None:
    assert mistakes(graph(calculator="Wrong"), Wrong) == [
        "chat.yaml:5: the input policy 'mux' of Wrong has no option 'choice'; there are: select",
        "chat.yaml:5: the input policy 'mux' of Wrong needs the option 'select', as in {select: choice}",
    ]


def test_a_calculator_that_sees_bounds_needs_a_policy_that_does(load: Load, mistakes: Mistakes) -> None:
    assert policy(load(graph("immediate", calculator="Bounds"), Bounds)) == PolicyPlan("immediate")
    assert mistakes(graph("barrier", calculator="Bounds"), Bounds) == [
        "chat.yaml:8: the input policy 'barrier' of node 'join' processes packets only, but Bounds has "
        "process_timestamp_bounds; take one of: default, immediate, sync_sets, fixed_size, early_close"
    ]


def test_a_source_takes_no_part_in_the_policy_of_its_graph(load: Load) -> None:
    text = """
        version: 1
        input_policy: barrier
        nodes:
          ticks: {calculator: Ticks, outputs: {tick: a}}
          join: {calculator: Join, inputs: {left: a, right: a}}
    """
    assert [node.policy.name for node in load(text, Ticks, Join).nodes] == ["default", "barrier"]
