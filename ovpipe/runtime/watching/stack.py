"""Stack: which call of which node a thread is in, by its frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Final

from ovpipe.runtime.nodes.async_node import AsyncNode
from ovpipe.runtime.nodes.drop_on_error import DropOnErrorNode
from ovpipe.runtime.nodes.join_node import JoinNode
from ovpipe.runtime.nodes.node import Node, SingleInputNode
from ovpipe.runtime.nodes.overlapping import OverlappingNode
from ovpipe.runtime.nodes.source import AsyncSourceNode, SourceNode

NODE_CLASSES: Final = (
    AsyncNode,
    AsyncSourceNode,
    DropOnErrorNode,
    JoinNode,
    Node,
    OverlappingNode,
    SingleInputNode,
    SourceNode,
)
NODE_CODES: Final[frozenset[CodeType]] = frozenset(
    method.__code__
    for cls in NODE_CLASSES
    for method in vars(cls).values()
    if isinstance(method, FunctionType)
)
"""A frame of one of these has the node as its `self`."""
RUNTIME: Final = str(Path(__file__).parents[1])


@dataclass(frozen=True, slots=True)
class NodeCall:
    """A call of a node, as a thread's stack has it at one moment."""

    node: Node
    frame: FrameType
    """Its outermost frame. Two looks at the same call find the same frame."""
    where: str
    """file:line in the calculator, and where that has led to if it is somewhere else."""


def call_on(frame: FrameType | None) -> NodeCall | None:
    """The innermost call of a node on a stack whose innermost frame this is."""
    inner: list[FrameType] = []
    while frame is not None and frame.f_code not in NODE_CODES:
        inner.append(frame)
        frame = frame.f_back
    if frame is None:
        return None
    node = frame.f_locals.get("self")
    if not isinstance(node, Node):  # a local variable that was deleted, or is not bound yet
        return None
    return NodeCall(node, inner[-1] if inner else frame, _where(inner, node))


def _where(inner: list[FrameType], node: Node) -> str:
    own = [frame for frame in inner if not frame.f_code.co_filename.startswith(RUNTIME)]
    if not own:
        return node.plan.place
    call, last = own[-1], own[0]
    place = _place(call)
    return place if last is call else f"{place}, in {_place(last)}"


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno} ({frame.f_code.co_name})"
