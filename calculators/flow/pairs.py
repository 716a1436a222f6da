"""Pairs: the inputs and outputs of a node that belong together by their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ovpipe.calculator import Context
from ovpipe.errors import PortError
from ovpipe.ports import Input, Output, RepeatedInput, RepeatedOutput

T = TypeVar("T")


def pairs(
    cx: Context, inputs: RepeatedInput[T], outputs: RepeatedOutput[T]
) -> Sequence[tuple[Input[T], Output[T]]]:
    """Each input with the output of the same place; to be asked for in `open`.

    Raises PortError when the graph does not wire as many outputs as inputs.
    """
    read, written = cx.each(inputs), cx.each(outputs)
    if len(read) != len(written):
        raise PortError(
            f"{cx.node_name} reads {len(read)} {inputs.name} and writes {len(written)} {outputs.name}; "
            f"wire one stream under {outputs.name} for each under {inputs.name}, in the same order"
        )
    return list(zip(read, written, strict=True))
