"""Policies: the input policies that a graph or a calculator may name, and the options they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ovpipe.calculator import Calculator
from ovpipe.errors import did_you_mean
from ovpipe.graph.config import PolicyStatement
from ovpipe.graph.nodes import ResolvedNode
from ovpipe.graph.place import Findings, Place, shown
from ovpipe.graph.plan import DEFAULT_POLICY, PolicyPlan
from ovpipe.graph.ports import PortKind, is_repeated, reads_streams

COUNTS = ("batch_size", "trigger_queue_size", "target_queue_size")
POLICIES: Mapping[str, Mapping[str, str]] = {
    "default": {"batch_size": "2"},
    "immediate": {},
    "sync_sets": {"sets": "[[left, right], [other]]"},
    "fixed_size": {"trigger_queue_size": "2", "target_queue_size": "1"},
    "barrier": {},
    "early_close": {},
    "mux": {"select": "choice"},
    "timestamp_align": {"base": "camera"},
}
"""The options of each input policy, by its name, with an example. All but COUNTS are required."""

SEES_BOUNDS = ("default", "immediate", "sync_sets", "fixed_size", "early_close")
"""Those that a calculator with process_timestamp_bounds may have; the others process packets only."""


def policy_of(node: ResolvedNode, findings: Findings) -> PolicyPlan:
    """The node's input policy: its own, or the graph's, or its calculator's; notes what is wrong with it."""
    if node.calculator is None or not reads_streams(node):
        return DEFAULT_POLICY
    holder = Holder(node.calculator, node.title, tuple(port for port, _ in node.config.inputs.items()))
    if node.config.policy is None:
        return contract_policy(holder, node.config.place, findings)
    return _PolicyReading(holder, node.config.policy, "", f" of node {node.name!r}", findings).policy()


def contract_policy(holder: Holder, place: Place, findings: Findings) -> PolicyPlan:
    """The input policy that a calculator itself declares; notes what is wrong with it."""
    asked = holder.calculator.input_policy
    if asked == DEFAULT_POLICY.name or not holder.wired:
        return DEFAULT_POLICY
    whose = f" of {holder.title}"
    return _PolicyReading(holder, PolicyStatement(asked, lambda *_: place), whose, whose, findings).policy()


@dataclass(frozen=True, slots=True)
class Holder:
    """The node with an input policy: its calculator, as messages call it, and its wired inputs."""

    calculator: type[Calculator]
    title: str
    wired: tuple[str, ...]


class _PolicyReading:
    """One policy of one node. With a finding, nobody may use the policy."""

    def __init__(
        self, holder: Holder, statement: PolicyStatement, whose: str, at_node: str, findings: Findings
    ) -> None:
        self._holder = holder
        self._statement = statement
        self._whose = whose
        self._at_node = at_node
        self._findings = findings
        self._wired = holder.wired

    def policy(self) -> PolicyPlan:
        stated = self._statement.value
        named: Any = {stated: {}} if isinstance(stated, str) else stated
        if not isinstance(named, Mapping) or len(named) != 1:
            self._note(
                f"the input policy{self._whose} must be a name or {{name: options}}, not {shown(stated)}"
            )
            return DEFAULT_POLICY
        ((name, options),) = named.items()
        if name not in POLICIES:
            self._note(
                f"unknown input policy {name!r}{self._whose}; {did_you_mean(str(name), POLICIES)}", name
            )
            return DEFAULT_POLICY
        if options is not None and not isinstance(options, Mapping):
            self._say(name, f"takes a mapping of options, not {shown(options)}")
            return DEFAULT_POLICY
        if self._holder.calculator.process_timestamp_bounds and name not in SEES_BOUNDS:
            problem = f"processes packets only, but {self._holder.title} has process_timestamp_bounds"
            self._say_of_node(name, f"{problem}; take one of: {', '.join(SEES_BOUNDS)}")
        return PolicyPlan(name, self._options(name, options or {}))

    def _options(self, policy: str, given: Mapping[str, Any]) -> dict[str, Any]:
        known = POLICIES[policy]
        for option in given:
            if option not in known:
                remedy = did_you_mean(str(option), known) if known else "it has none"
                self._say(policy, f"has no option {option!r}; {remedy}", option)
        options = {}
        for option, example in known.items():
            if option in given:
                options[option] = self._option(policy, option, given[option])
            elif option not in COUNTS:
                self._say(policy, f"needs the option {option!r}, as in {{{option}: {example}}}")
        if policy == "fixed_size":
            self._check_sizes(policy, options)
        return options

    def _option(self, policy: str, option: str, value: Any) -> Any:
        if option in COUNTS:
            return self._count(policy, option, value)
        return self._sets(policy, value) if option == "sets" else self._input(policy, option, value)

    def _count(self, policy: str, option: str, value: Any) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        self._say(policy, f"takes as {option!r} a whole number, 1 or more, not {shown(value)}", option)
        return None

    def _check_sizes(self, policy: str, options: Mapping[str, int | None]) -> None:
        trigger, target = options.get("trigger_queue_size"), options.get("target_queue_size")
        if trigger is not None and target is not None and trigger < target:
            self._say(
                policy, f"takes a trigger_queue_size ({trigger}) not below target_queue_size ({target})"
            )

    def _input(self, policy: str, option: str, value: Any) -> str | None:
        """The one input that an option names."""
        found = self._inputs(policy, option, value)
        if found is not None and len(found) != 1:
            problem = f"needs as {option!r} one wired input, and {value!r} is none"
            self._say_of_node(policy, f"{problem}; there are: {', '.join(self._wired)}", option)
        return found[0] if found else None

    def _sets(self, policy: str, value: Any) -> tuple[tuple[str, ...], ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(one, list | tuple) for one in value):
            self._say(policy, f"takes as 'sets' a list of lists of inputs, not {shown(value)}", "sets")
            return ()
        sets = []
        seen: set[str] = set()
        for index, one in enumerate(value):
            members: list[str] = []
            for name in one:
                for port in self._inputs(policy, "sets", name, index) or ():
                    if port in seen:
                        self._say_of_node(policy, f"names input {port!r} twice in 'sets'", "sets", index)
                    seen.add(port)
                    members.append(port)
            if members:  # what is left of the inputs that are wired
                sets.append(tuple(members))
        return tuple(sets)

    def _inputs(self, policy: str, option: str, name: Any, *inside: int) -> list[str] | None:
        """The wired inputs behind a port's name; None for a name that the calculator does not have."""
        if name in self._wired:
            return [name]
        ports = PortKind.INPUTS.ports(self._holder.calculator.ports)
        if isinstance(name, str) and name in ports:
            of_port = [port for port in self._wired if port.startswith(f"{name}[")]
            return of_port if is_repeated(ports[name]) else []
        if isinstance(name, str):
            problem = f"names in {option!r} an input {name!r}, which it does not have; " + did_you_mean(
                name, self._wired
            )
        else:
            problem = f"takes in {option!r} names of inputs, not {shown(name)}"
        self._say_of_node(policy, problem, option, *inside)
        return None

    def _say_of_node(self, policy: str, problem: str, *inside: str | int) -> None:
        self._note(f"the input policy {policy!r}{self._at_node} {problem}", policy, *inside)

    def _say(self, policy: str, problem: str, *inside: str | int) -> None:
        self._note(f"the input policy {policy!r}{self._whose} {problem}", policy, *inside)

    def _note(self, message: str, *inside: str | int) -> None:
        self._findings.add(self._statement.at(*inside), message)
