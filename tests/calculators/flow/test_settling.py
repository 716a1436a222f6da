"""What flow calculators do not send, they settle: a join below is not held up by them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe import Calculator, Context, Input, Output
from tests.calculators.flow.running import graph_of


class OnlyListsCalculator(Calculator):
    """Sends on what is a list."""

    value = Input[Any]()
    items = Output[list[int]]()

    def process(self, cx: Context) -> None:
        if isinstance(cx[self.value], list):
            cx.send(self.items, cx[self.value])


class PairCalculator(Calculator):
    left = Input[Any]()
    right = Input[Any]()
    pair = Output[tuple[Any, Any]]()

    def process(self, cx: Context) -> None:
        cx.send(self.pair, (cx.get(self.left), cx.get(self.right)))


JOIN = "  join: {calculator: PairCalculator, inputs: {left: value, right: result}, outputs: {pair: pair}}\n"


def joined(nodes: str, *values: Any, inputs: str = "value") -> list[list[Any]]:
    """What the join had sent after each value, while the input was still open. Timestamps are 10, 20, ..."""
    text = f"version: 1\ninputs: [{inputs}]\noutputs: [pair]\nnodes:\n{nodes}{JOIN}"

    async def scenario() -> list[list[Any]]:
        pairs: list[Any] = []
        after: list[list[Any]] = []
        graph = graph_of(text, OnlyListsCalculator, PairCalculator)
        async with graph, asyncio.timeout(10), graph.run() as run:
            run.observe("pair", lambda packet: pairs.append(packet.value))
            for number, value in enumerate(values, 1):
                await run.send("value", value, at=10 * number)
                after.append(pairs.copy())
                pairs.clear()
        return after

    return asyncio.run(scenario())


def test_a_valve_drops_packets_and_moves_its_bound() -> None:
    nodes = """
  valve: {calculator: ValveCalculator, inputs: {streams: [value]}, outputs: {passed: [result]}, options: {open: false}}
"""
    assert joined(nodes, *"abcdef") == [[(value, None)] for value in "abcdef"]


def test_a_gate_settles_what_it_does_not_let_through() -> None:
    nodes = "  gate: {calculator: GateCalculator, inputs: {streams: [value]}, outputs: {passed: [result]}}\n"
    assert joined(nodes, "a", "b") == [[("a", None)], [("b", None)]]


def test_a_loop_settles_where_no_list_began() -> None:
    nodes = """
  only: {calculator: OnlyListsCalculator, inputs: {value: value}, outputs: {items: items}}
  begin: {calculator: BeginLoopCalculator, inputs: {iterable: items}, outputs: {item: item, batch_end: batch_end}}
  end: {calculator: EndLoopCalculator, inputs: {item: item, batch_end: batch_end}, outputs: {iterable: result}}
"""
    assert joined(nodes, "a", [1, 2], "b", []) == [
        [("a", None)],
        [([1, 2], [1, 2])],
        [("b", None)],
        [([], [])],
    ]


def test_a_batcher_settles_between_its_lists_and_not_within_one() -> None:
    nodes = """
  only: {calculator: OnlyListsCalculator, inputs: {value: value}, outputs: {items: items}}
  batcher: {calculator: BatcherCalculator, inputs: {item: items}, outputs: {batch: result}, options: {size: 2}}
"""
    assert joined(nodes, "a", [1], "b", [2], "c") == [
        [("a", None)],
        [],  # the list may yet turn out to end here
        [],
        [([1], None), ("b", None), ([2], [[1], [2]])],
        [("c", None)],
    ]


@pytest.mark.parametrize("options", ["{packets: 1}", "{timestamps: 5}"])
def test_a_delay_settles_what_it_has_let_pass(options: str) -> None:
    nodes = f"""
  only: {{calculator: OnlyListsCalculator, inputs: {{value: value}}, outputs: {{items: items}}}}
  delay: {{calculator: DelayCalculator, inputs: {{stream: items}}, outputs: {{delayed: result}}, options: {options}}}
"""
    after = joined(nodes, "a", [1], "b")
    assert after[0] == [("a", None)]
    assert after[1] == [([1], None)]
    assert after[2][-1] == ("b", None)


@pytest.mark.parametrize("value", ["a", [1]])
def test_a_delay_by_timestamps_settles_as_far_ahead(value: Any) -> None:
    text = """
version: 1
inputs: [value, other]
outputs: [pair]
nodes:
  only: {calculator: OnlyListsCalculator, inputs: {value: value}, outputs: {items: items}}
  delay: {calculator: DelayCalculator, inputs: {stream: items}, outputs: {delayed: result}, options: {timestamps: 10}}
  join: {calculator: PairCalculator, inputs: {left: other, right: result}, outputs: {pair: pair}}
"""

    async def scenario() -> list[Any]:
        pairs: list[Any] = []
        graph = graph_of(text, OnlyListsCalculator, PairCalculator)
        async with graph, asyncio.timeout(10), graph.run() as run:
            run.observe("pair", lambda packet: pairs.append(packet.value))
            await run.send("value", value, at=10)
            await run.send("other", "b", at=19)
            return pairs.copy()
        raise AssertionError

    assert asyncio.run(scenario()) == [("b", None)]


def test_branches_and_their_merge_hold_nobody_up() -> None:
    nodes = """
  lists: {calculator: OnlyListsCalculator, inputs: {value: value}, outputs: {items: items}}
  merge: {calculator: MergeCalculator, inputs: {streams: [items, again]}, outputs: {merged: result}}
  pass: {calculator: PassThroughCalculator, inputs: {streams: [value]}, outputs: {passed: [again]}}
"""
    assert joined(nodes, "a", [1]) == [[("a", "a")], [([1], [1])]]


def test_a_flow_limiter_settles_what_it_drops() -> None:
    nodes = """
  limiter: {calculator: FlowLimiterCalculator, inputs: {streams: [value], finished: finished}, outputs: {passed: [result]}}
"""
    after = joined(nodes, "a", "b", "c", inputs="value, finished")
    assert after == [[("a", "a")], [("b", None)], [("c", None)]]
