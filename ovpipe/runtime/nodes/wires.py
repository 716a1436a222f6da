"""Wires: a node's inputs with their queues, and its outputs."""

from __future__ import annotations

from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.core.overflow import queue_of
from ovpipe.runtime.core.stream import Stream
from ovpipe.runtime.nodes.context import OutputStreams
from ovpipe.runtime.nodes.node_blueprint import NodeBlueprint

UNWIRED_LIMIT = 16
"""The limit of a stream that nobody reads, which is never reached."""


def inputs_of(plan: NodeBlueprint, streams: list[Stream]) -> list[InputQueue]:
    """The wired inputs, each with the queue that its stream's overflow asks for."""
    inputs = [InputQueue(port, streams[index]) for port, index in plan.inputs]
    for index in plan.back_edges:
        inputs[index].back_edge = True
    for entry in inputs:
        if entry.source.overflow != "block":
            entry.replace(queue_of(entry.source), bounded=False)
    return inputs


def outputs_of(plan: NodeBlueprint, streams: list[Stream]) -> OutputStreams:
    """The streams of all outputs; one that the graph leaves unwired has a stream that nobody reads."""
    outs = OutputStreams()
    for port, index in plan.outputs:
        outs[port] = stream = streams[index]
        stream.streaming = port.streaming
    for port in plan.unwired:
        outs[port] = stream = Stream(port.name, UNWIRED_LIMIT)
        stream.streaming = port.streaming
    return outs
