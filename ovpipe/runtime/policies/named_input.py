"""Inputs by name, for the options of input policies."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.errors import NotFoundError, did_you_mean
from ovpipe.runtime.core.input_queue import InputQueue


def named(inputs: Sequence[InputQueue], name: str) -> InputQueue:
    """The input whose port has this name, for an option of an input policy."""
    for entry in inputs:
        if entry.port.name == name:
            return entry
    known = [entry.port.name for entry in inputs]
    raise NotFoundError(
        f"the input policy names {name!r}, which is no wired input: {did_you_mean(name, known)}"
    )
