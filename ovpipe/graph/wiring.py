"""Wiring: the producers and the consumers of each stream and each side packet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ovpipe.errors import did_you_mean, nearest
from ovpipe.graph.config import Mention
from ovpipe.graph.nodes import ResolvedNode
from ovpipe.graph.place import Findings
from ovpipe.graph.ports import PortKind, kind_of
from ovpipe.graph.types import fits, names_of


@dataclass(frozen=True, slots=True)
class WireEnd:
    """One end of a wire: a port of a node. Its type is Any where the port is not known.

    It is misplaced when the port is of another kind; then the name belongs to another sort of wires, too.
    """

    node: ResolvedNode
    port: str
    mention: Mention
    type: Any
    misplaced: bool

    def __str__(self) -> str:
        return self.node.port(self.port)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of messages about one sort of wires."""

    thing: str
    produces: str
    consumes: str
    outside: str
    outside_key: str


STREAMS = Words("stream", "writes", "reads", "an input of the graph", "inputs")
SIDE_PACKETS = Words("side packet", "makes", "takes", "a side input of the graph", "side_inputs")


@dataclass(frozen=True, slots=True)
class Wiring:
    """All streams of a graph, or all its side packets: given from outside, or produced by one node."""

    words: Words
    given: dict[str, Mention]
    produced: dict[str, WireEnd]
    """Each name with its producer, the first where there are several."""
    producers: tuple[WireEnd, ...]
    consumers: tuple[WireEnd, ...]

    def misplaced(self) -> set[str | None]:
        """Names that belong to another sort of wires."""
        return {end.mention.name for end in self.consumers if end.misplaced}

    def edges(self) -> Iterator[tuple[WireEnd, WireEnd]]:
        """Each wire between two nodes: producer and consumer."""
        for consumer in self.consumers:
            producer = self.produced.get(consumer.mention.name)
            if producer is not None:
                yield producer, consumer


def wire_streams(nodes: Sequence[ResolvedNode], inputs: Iterable[Mention]) -> Wiring:
    """The streams of some nodes."""
    return _wired(STREAMS, inputs, _ends(nodes, PortKind.OUTPUTS), _ends(nodes, PortKind.INPUTS))


def wire_side_packets(nodes: Sequence[ResolvedNode], inputs: Iterable[Mention]) -> Wiring:
    """The side packets of some nodes."""
    return _wired(
        SIDE_PACKETS, inputs, _ends(nodes, PortKind.SIDE_OUTPUTS), _ends(nodes, PortKind.SIDE_INPUTS)
    )


def _wired(
    words: Words, inputs: Iterable[Mention], producers: Iterable[WireEnd], consumers: Iterable[WireEnd]
) -> Wiring:
    given: dict[str, Mention] = {}
    for mention in inputs:
        given.setdefault(mention.name, mention)
    producers = tuple(producers)
    produced: dict[str, WireEnd] = {}
    for end in producers:
        produced.setdefault(end.mention.name, end)
    return Wiring(words, given, produced, producers, tuple(consumers))


def check_producers(wiring: Wiring, findings: Findings) -> None:
    """Notes each stream or side packet that has two producers."""
    words = wiring.words
    for end in wiring.producers:
        name = end.mention.name
        first = wiring.produced[name]
        if name in wiring.given:
            other = f"which is {words.outside} ({wiring.given[name].place})"
        elif first is not end:
            other = f"which {first} {words.produces} too ({first.mention.place})"
        else:
            continue
        findings.add(
            end.mention.place, f"{end} {words.produces} {words.thing} {name!r}, {other}; rename one of them"
        )


def check_types(wiring: Wiring, findings: Findings) -> None:
    """Notes wires whose two ends do not fit."""
    for producer, consumer in wiring.edges():
        if not fits(producer.type, consumer.type):
            made, taken = names_of(producer.type, consumer.type)
            findings.add(
                consumer.mention.place,
                f"{consumer} takes {taken}, but {wiring.words.thing} {consumer.mention.name!r} "
                f"carries {made}, from {producer} ({producer.mention.place})",
            )


def check_produced(wiring: Wiring, other: Wiring, findings: Findings) -> set[str | None]:
    """Notes consumed names that do not exist; `other` may have them instead.

    Returns the names that were most likely meant.
    """
    words = wiring.words
    meant = other.misplaced()
    for consumer in wiring.consumers:
        name = consumer.mention.name
        if consumer.misplaced or name in wiring.given or name in wiring.produced:
            continue
        own = {key for key, end in wiring.produced.items() if end.node is consumer.node}
        known = (wiring.given.keys() | wiring.produced.keys()) - own
        if name in other.given or name in other.produced:
            remedy = f"there is a {other.words.thing} of that name"
        else:
            meant.add(nearest(name, known))
            remedy = did_you_mean(name, known)
        unless = "" if wiring.words is STREAMS else f" and {words.outside_key} does not name"
        message = (
            f"{consumer} {words.consumes} {words.thing} {name!r}, which no node produces{unless}; {remedy}"
        )
        findings.add(consumer.mention.place, message)
    return meant


def check_consumed(wiring: Wiring, meant: set[str | None], findings: Findings) -> None:
    """Notes inputs of the graph that no node consumes, except names that were `meant`."""
    consumed = {consumer.mention.name for consumer in wiring.consumers} | meant
    for name, mention in wiring.given.items():
        if name not in consumed:
            words = wiring.words
            findings.add(
                mention.place,
                f"{words.thing} {name!r} is {words.outside}, but no node {words.consumes} it; "
                f"wire it, or take it out of {words.outside_key}",
            )


def check_outputs(wiring: Wiring, outputs: Iterable[Mention], whole: bool, findings: Findings) -> None:
    """Notes outputs of the graph that no node produces."""
    words = wiring.words
    for mention in outputs:
        name = mention.name
        if name in wiring.given:
            message = f"output {name!r} is {words.outside}; an output is a {words.thing} that a node produces"
            findings.add(mention.place, message)
        elif name not in wiring.produced and whole:
            remedy = did_you_mean(name, wiring.produced)
            findings.add(
                mention.place,
                f"the graph's output {name!r} is a {words.thing} that no node produces; {remedy}",
            )


def check_once(mentions: Iterable[Mention], key: str, findings: Findings) -> None:
    """Notes names that stand twice in a list."""
    found: dict[str, Mention] = {}
    for mention in mentions:
        first = found.setdefault(mention.name, mention)
        if first is not mention:
            findings.add(
                mention.place, f"{mention.name!r} stands twice in {key} (first at {first.place}); remove one"
            )


def _ends(nodes: Sequence[ResolvedNode], kind: PortKind) -> Iterator[WireEnd]:
    for node in nodes:
        known = kind.ports(node.ports) if node.ports is not None else {}
        for name, mention in kind.wired(node).items():
            port = name.partition("[")[0]
            found = kind_of(node.ports, port) if node.ports is not None else None
            carried = known[port].type if port in known else Any
            yield WireEnd(node, name, mention, carried, misplaced=found not in (None, kind))
