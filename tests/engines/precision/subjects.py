"""Subjects and figures, as the tests of `precision: auto` use them."""

from __future__ import annotations

from typing import Any

from ovpipe.engines.batching_options import Precision
from ovpipe.engines.precision.choice import Figures
from ovpipe.engines.precision.subject import Machine, ModelContent, Subject


def subject(**changes: Any) -> Subject:
    values: dict[str, Any] = {
        "core": "genai",
        "candidates": ["default", "f32"],
        "model": ModelContent(graph="abc", weights_bytes=10**9),
        "draft": None,
        "machine": Machine(processor="Xeon", cpus=2, capabilities=["BF16"]),
        "device": "CPU",
        "properties": {"NUM_STREAMS": 1},
        "max_num_batched_tokens": 256,
        "max_num_seqs": 256,
    }
    return Subject(**{**values, **changes})


def figures(alone: float, together: float, prefill: float, streams: int = 8) -> Figures:
    """In milliseconds: steps, and a token of a prompt."""
    return Figures(alone=alone / 1000, together=together / 1000, streams=streams, prefill=prefill / 1000)


def both(default: Figures, f32: Figures) -> dict[Precision, Figures]:
    return {"default": default, "f32": f32}
