"""Between which precisions there is a choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import openvino as ov

from ovpipe.engines.batching_options import Precision
from ovpipe.engines.model_folder import ModelFolder

SMALLEST_WEIGHTS: Final = 32 * 2**20
"""Bytes. A step of a smaller model is so short that no precision makes a difference worth measuring."""


class AsksPrecision(Protocol):
    """What a core's options say of its arithmetic."""

    @property
    def precision(self) -> Precision: ...

    @property
    def device(self) -> str: ...

    @property
    def states_precision(self) -> bool:
        """Whether the arithmetic is chosen already, by `exact` or in plugin_config."""

    @property
    def device_properties(self) -> dict[str, Any]: ...


def inference_precision(device: str, properties: Mapping[str, Any]) -> str:
    """What the device computes in with these properties: f32, bf16, f16; empty where it does not say."""
    core = ov.Core()
    name = "INFERENCE_PRECISION_HINT"
    try:
        for known in (name, "EXECUTION_MODE_HINT"):
            if known in properties:
                core.set_property(device, {known: properties[known]})
        stated = str(core.get_property(device, name).to_string())
    except RuntimeError:  # a device without this property, or a value it refuses; compiling says which
        return ""
    return "" if stated == "dynamic" else stated


def candidates_of(
    options: AsksPrecision,
    model: ModelFolder,
    computes_in: Callable[[str, Mapping[str, Any]], str] = inference_precision,
) -> tuple[Precision, ...]:
    """What `precision: auto` chooses between, the device's own first; nothing where there is no choice.

    Only CPUs that compute in bf16 or f16 by themselves have one: there compressed weights decode faster in
    f32, because the CPU then rounds their factors to 8 bits and multiplies integers. Other weights would
    take twice the memory in f32, and have nothing to gain.
    """
    if options.precision != "auto" or options.states_precision or options.device != "CPU":
        return ()
    if model.weights_bytes < SMALLEST_WEIGHTS or model.compressed_bytes < model.weights_bytes / 2:
        return ()
    own = computes_in(options.device, options.device_properties)
    return ("default", "f32") if own in ("bf16", "f16") else ()
