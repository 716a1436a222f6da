"""The gated MLP of one layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from openvino import opset13 as ops

from ovpipe.modelling.config import Activation
from ovpipe.modelling.layers.parameters import Parameters

_ACTIVATIONS: Mapping[Activation, Callable[[Any], Any]] = {
    "silu": ops.swish,
    "gelu": lambda x: ops.gelu(x, "erf"),
    "gelu_tanh": lambda x: ops.gelu(x, "tanh"),
}


def mlp(parameters: Parameters, name: str, hidden: Any) -> Any:
    """down(activation(gate(x)) * up(x)), [B, T, H] -> [B, T, H]."""
    config = parameters.config
    names = ("gate_up_proj",) if config.fused_projections else ("gate_proj", "up_proj")
    widths = [config.intermediate_size] * 2
    gate, up = parameters.linears(hidden, name, names, widths, bias=config.mlp_bias)
    gated = ops.multiply(_ACTIVATIONS[config.activation](gate), up)
    return parameters.linear(gated, f"{name}.down_proj", bias=config.mlp_bias)
