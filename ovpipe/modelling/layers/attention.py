"""Self-attention of one layer, with its cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import openvino as ov
from openvino import opset13 as ops
from openvino.op.util import Variable, VariableInfo

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.layers.parameters import Parameters
from ovpipe.modelling.layers.rotation import Rotation
from ovpipe.modelling.layers.values import capped, floats, ints, times


@dataclass(frozen=True)
class Attention:
    """Adds attention to the graph. Shapes: B batch, T new tokens, S past and new tokens, D head_dim.

    `batch` is the node of B, i64 [1]; `beam_idx` says whose past each sequence continues. `assigns`
    collects the nodes that keep keys and values for the next call.
    """

    config: DecoderConfig
    parameters: Parameters
    batch: Any
    beam_idx: Any
    assigns: list[Any]

    def __call__(self, index: int, hidden: Any, mask: Any, rotation: Rotation | None) -> Any:
        """The attention of layer `index`: [B, T, H] -> [B, T, H]."""
        layer = f"model.layers.{index}.self_attn"
        query, key, value = self._projected(layer, hidden)
        if rotation is not None:
            key = rotation.turn(key, self.config.head_dim)
        key = self._remembered(f"past_key_values.{index}.keypresent.{index}.key", key)
        value = self._remembered(f"past_key_values.{index}.valuepresent.{index}.value", value)
        if rotation is not None:
            query = rotation.turn(query, self.config.head_dim)
        attended = self._attended(query, self._repeated(key), self._repeated(value), mask)
        width = self.config.num_heads * self.config.head_dim
        joined = ops.reshape(ops.transpose(attended, ints([0, 2, 1, 3])), ints([0, 0, width]), True)
        return self.parameters.linear(joined, f"{layer}.o_proj", bias=self.config.output_bias)

    def _projected(self, layer: str, hidden: Any) -> list[Any]:
        """Query, key and value of the new tokens, [B, heads, T, D], normalised where the model does so."""
        config, norm = self.config, self.parameters.rms_norm
        counts = (config.num_heads, config.num_kv_heads, config.num_kv_heads)
        names = ("qkv_proj",) if config.fused_projections else ("q_proj", "k_proj", "v_proj")
        widths = [count * config.head_dim for count in counts]
        parts = self.parameters.linears(hidden, layer, names, widths, bias=config.attention_bias)
        if config.qk_norm == "projection":
            parts[:2] = norm(parts[0], f"{layer}.q_norm"), norm(parts[1], f"{layer}.k_norm")
        heads = [
            ops.reshape(part, ints([0, 0, count, config.head_dim]), True)
            for part, count in zip(parts, counts, strict=True)
        ]
        if config.qk_norm == "head":
            heads[:2] = norm(heads[0], f"{layer}.q_norm"), norm(heads[1], f"{layer}.k_norm")
        return [ops.transpose(one, ints([0, 2, 1, 3])) for one in heads]

    def _attended(self, query: Any, key: Any, value: Any, mask: Any) -> Any:
        """softmax(query * key * scale + mask) * value: [B, heads, T, D]."""
        scale = self.config.attention_scale
        if self.config.attention_cap is None:
            factor = () if scale is None else (floats(scale),)
            return ops.scaled_dot_product_attention(query, key, value, mask, *factor, causal=False)
        # ScaledDotProductAttention has no place for a cap.
        scale = self.config.head_dim**-0.5 if scale is None else scale
        scores = capped(times(ops.matmul(query, key, False, True), scale), self.config.attention_cap)
        return ops.matmul(ops.softmax(ops.add(scores, mask), -1), value, False, False)

    def _remembered(self, name: str, new: Any) -> Any:
        """The state's past followed by `new`, [B, kv heads, S, D]; it becomes the state's next value."""
        count, head_dim = self.config.num_kv_heads, self.config.head_dim
        info = VariableInfo()
        info.data_shape = ov.PartialShape([-1, count, -1, head_dim])
        info.data_type = ov.Type.f32
        info.variable_id = name
        state = Variable(info)
        nothing = ops.concat([self.batch, ints([count]), ints([0]), ints([head_dim])], 0)
        past = ops.read_value(ops.broadcast(floats(0), nothing), state)
        joined = ops.concat([ops.gather(past, self.beam_idx, ints(0)), new], 2)
        self.assigns.append(ops.assign(joined, state))
        return joined

    def _repeated(self, x: Any) -> Any:
        """Each key/value head beside itself for every query head it serves: [B, kv, S, D] -> [B, q, S, D]."""
        config = self.config
        if config.num_heads == config.num_kv_heads:
            return x
        copies = ints([config.num_heads // config.num_kv_heads])
        shape = ops.concat(
            [self.batch, ints([config.num_kv_heads]), copies, ints([1]), ints([config.head_dim])], 0
        )
        spread = ops.broadcast(ops.unsqueeze(x, ints(2)), shape, broadcast_spec="BIDIRECTIONAL")
        return ops.reshape(spread, ints([0, config.num_heads, -1, config.head_dim]), True)
