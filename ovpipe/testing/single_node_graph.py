"""SingleNodeGraph: the graph of one calculator that a CalculatorRunner runs."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from ovpipe.calculator import Calculator
from ovpipe.graph.place import Findings, Place
from ovpipe.graph.plan import INLINE, ExecutorPlan, NodePlan, Plan, PolicyPlan, StreamPlan
from ovpipe.graph.policies import Holder, contract_policy
from ovpipe.ports import Input, Output, Port, RepeatedInput, RepeatedOutput

NODE = "calculator"
POOL = "pool"

Elements = Mapping[RepeatedInput[Any] | RepeatedOutput[Any], tuple[Port[Any], ...]]


@dataclass(frozen=True, slots=True)
class SingleNodeGraph:
    """The ports of one calculator, each with a stream named like it; optional inputs only where fed."""

    calculator: type[Calculator]
    inputs: Mapping[Input[Any], Iterable[Any]]
    """What each input is fed."""
    outputs: tuple[Output[Any], ...]
    elements: Elements

    @classmethod
    def of(cls, calculator: type[Calculator], fed: Mapping[str, Any], repeated: Mapping[str, int]) -> Self:
        """The graph for these inputs; `repeated` says how many streams a repeated output has.

        A repeated output of which it says nothing has as many as the first repeated input, or one.
        """
        ports = calculator.ports
        inputs: dict[Input[Any], Iterable[Any]] = {
            port: fed.get(name, ()) for name, port in ports.inputs.items() if name in fed or not port.optional
        }
        elements: dict[RepeatedInput[Any] | RepeatedOutput[Any], tuple[Port[Any], ...]] = {}
        for name, port in ports.repeated_inputs.items():
            streams = {port.element(place): values for place, values in enumerate(fed.get(name, ()))}
            elements[port] = tuple(streams)
            inputs |= streams
        count = len(next(iter(elements.values()), ("one",)))
        outputs = list(ports.outputs.values())
        for name, repeated_output in ports.repeated_outputs.items():
            written = [repeated_output.element(place) for place in range(repeated.get(name, count))]
            elements[repeated_output] = tuple(written)
            outputs += written
        return cls(calculator, inputs, tuple(outputs), elements)

    def plan(
        self, side: Iterable[str], max_queue_size: int, *, threads: int = 0, max_in_flight: int = 1
    ) -> Plan:
        """A graph of this one node; streams and side packets are named like its ports.

        With `threads` its plain `process` runs in a pool of so many.
        """
        cls = self.calculator
        ports = cls.ports
        names = [port.name for port in (*self.inputs, *self.outputs)]
        node = NodePlan(
            name=NODE,
            calculator=cls,
            options={},
            inputs=tuple((port, names.index(port.name)) for port in self.inputs),
            outputs=tuple((port, names.index(port.name)) for port in self.outputs),
            side_inputs=tuple((ports.side_inputs[name], name) for name in side),
            side_outputs=tuple((port, name) for name, port in ports.side_outputs.items()),
            place=cls.__qualname__,
            elements=tuple(self.elements.items()),
            policy=self._policy(),
            executor=POOL if threads else INLINE,
            max_in_flight=max_in_flight,
        )
        given = tuple(port.name for port in self.inputs)
        return Plan(
            name=cls.__name__,
            file=cls.__module__,
            streams=tuple(StreamPlan(name, None if name in given else NODE, node.place) for name in names),
            inputs=given,
            outputs=tuple(port.name for port in self.outputs),
            side_inputs=tuple(side),
            resources=() if ports.has_streams else (node,),
            nodes=(node,) if ports.has_streams else (),
            max_queue_size=max_queue_size,
            executors=(ExecutorPlan(POOL, threads),) if threads else (),
        )

    def _policy(self) -> PolicyPlan:
        """The input policy that the calculator asks for. Raises GraphError where it cannot have it."""
        cls, findings = self.calculator, Findings()
        wired = tuple(port.name for port in self.inputs)
        policy = contract_policy(Holder(cls, cls.__name__, wired), _place_of(cls), findings)
        findings.check()
        return policy


def _place_of(cls: type) -> Place:
    """Where a class is written; its module alone when that is not in a file."""
    try:
        return Place(inspect.getfile(cls), inspect.getsourcelines(cls)[1])
    except (OSError, TypeError):
        return Place(cls.__module__, 1)
