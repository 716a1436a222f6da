"""Decoder-only language models as OpenVINO graphs, in the form ContinuousBatchingPipeline takes.

The layers are those of Hugging Face's LlamaModel, Qwen2Model and Qwen3Model. The
form is that of optimum-intel's stateful exports, which OpenVINO's paged-attention transformation looks
for: a ReadValue/Assign pair for each layer's keys and values, a Gather by beam_idx behind it, and a
ScaledDotProductAttention with an additive mask.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops
from openvino.op.util import Variable, VariableInfo

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.constants import Precision, matrix_constant, vector_constant
from ovpipe.modelling.naming import number_nodes
from ovpipe.modelling.weights import Weights


def build_decoder(config: DecoderConfig, weights: Weights, *, precision: Precision = "f32") -> ov.Model:
    """A stateful causal language model.

    Inputs: input_ids, attention_mask, position_ids i64 [batch, tokens] (the mask over past and present
    tokens) and beam_idx i32 [batch]. Output: logits f32 [batch, tokens, vocab_size]. State: each
    layer's keys and values, f32 [batch, num_kv_heads, past, head_dim].

    `weights` gives each parameter of `config.shapes()` by name. `precision` says how matrices are stored,
    embeddings included; norms and biases are f32 always.
    """
    return _DecoderGraph(config, weights, precision).model()


class _DecoderGraph:
    """The graph under construction. Methods add nodes and hand back the last of them.

    Shapes in docstrings: B batch, T new tokens, S past and new tokens, H hidden_size, D head_dim.
    """

    def __init__(self, config: DecoderConfig, weights: Weights, precision: Precision) -> None:
        self.config = config
        self.weights = weights
        self.shapes = config.shapes()
        self.precision = precision
        self.input_ids = _parameter("input_ids", [-1, -1], np.int64)
        self.attention_mask = _parameter("attention_mask", [-1, -1], np.int64)
        self.position_ids = _parameter("position_ids", [-1, -1], np.int64)
        self.beam_idx = _parameter("beam_idx", [-1], np.int32)
        self.batch = _dimension(self.input_ids, 0)
        self.assigns: list[Any] = []

    def model(self) -> ov.Model:
        embeddings = self.weight("model.embed_tokens.weight")
        hidden = ops.gather(embeddings, ops.convert(self.input_ids, "i32"), _ints(0, np.int32))
        self.cos, self.sin = self.rotation()
        self.mask = self.causal_mask()
        for index in range(self.config.num_layers):
            layer = f"model.layers.{index}"
            attended = self.attention(index, self.rms_norm(hidden, f"{layer}.input_layernorm"))
            hidden = ops.add(hidden, attended)
            normed = self.rms_norm(hidden, f"{layer}.post_attention_layernorm")
            hidden = ops.add(hidden, self.mlp(f"{layer}.mlp", normed))
        hidden = self.rms_norm(hidden, "model.norm")
        head = embeddings if self.config.tie_embeddings else self.weight("lm_head.weight")
        logits = ops.result(ops.matmul(hidden, head, False, True), name="logits")
        logits.output(0).get_tensor().set_names({"logits"})
        inputs = [self.input_ids, self.attention_mask, self.position_ids, self.beam_idx]
        model = ov.Model([logits], self.assigns, inputs, self.config.model_type)
        number_nodes(model)
        return model

    # --- layers

    def attention(self, index: int, hidden: Any) -> Any:
        """Self-attention of one layer: [B, T, H] -> [B, T, H]."""
        config, layer = self.config, f"model.layers.{index}.self_attn"
        bias = config.attention_bias
        query = self.heads(self.linear(hidden, f"{layer}.q_proj", bias=bias), config.num_heads)
        key = self.heads(self.linear(hidden, f"{layer}.k_proj", bias=bias), config.num_kv_heads)
        value = self.heads(self.linear(hidden, f"{layer}.v_proj", bias=bias), config.num_kv_heads)
        if config.qk_norm:
            query = self.rms_norm(query, f"{layer}.q_norm")
            key = self.rms_norm(key, f"{layer}.k_norm")
        query, key, value = (ops.transpose(heads, _ints([0, 2, 1, 3])) for heads in (query, key, value))
        key = self.remembered(f"past_key_values.{index}.keypresent.{index}.key", self.rotate(key))
        value = self.remembered(f"past_key_values.{index}.valuepresent.{index}.value", value)
        attended = ops.scaled_dot_product_attention(
            self.rotate(query), self.repeat(key), self.repeat(value), self.mask, causal=False
        )
        width = config.num_heads * config.head_dim
        joined = ops.reshape(ops.transpose(attended, _ints([0, 2, 1, 3])), _ints([0, 0, width]), True)
        return self.linear(joined, f"{layer}.o_proj")

    def mlp(self, name: str, hidden: Any) -> Any:
        """SwiGLU: down(silu(gate(x)) * up(x)), [B, T, H] -> [B, T, H]."""
        gate = ops.swish(self.linear(hidden, f"{name}.gate_proj"))
        return self.linear(ops.multiply(gate, self.linear(hidden, f"{name}.up_proj")), f"{name}.down_proj")

    def linear(self, x: Any, name: str, *, bias: bool = False) -> Any:
        product = ops.matmul(x, self.weight(f"{name}.weight"), False, True)
        # The name torch tracing gives it, by which genai finds where a LoRA adapter belongs.
        product.set_friendly_name(f"__module.{name}/ov_ext::linear/MatMul")
        return ops.add(product, self.vector(f"{name}.bias", rank=3)) if bias else product

    def rms_norm(self, x: Any, name: str) -> Any:
        """Root-mean-square norm: x / sqrt(mean(x²) + eps) * weight, over the last axis."""
        mean = ops.reduce_mean(ops.power(x, _floats(2)), _ints([-1]), keep_dims=True)
        scale = ops.divide(_floats(1), ops.sqrt(ops.add(mean, _floats(self.config.rms_eps))))
        rank = len(x.get_output_partial_shape(0))
        return ops.multiply(ops.multiply(x, scale), self.vector(f"{name}.weight", rank=rank))

    # --- weights

    def weight(self, name: str) -> Any:
        return matrix_constant(self.checked(name), name, self.precision)

    def vector(self, name: str, *, rank: int) -> Any:
        """A norm's weight or a bias, with leading dimensions of 1."""
        return vector_constant(self.checked(name), name, rank)

    def checked(self, name: str) -> Any:
        values = np.asarray(self.weights(name), np.float32)
        if values.shape != self.shapes[name]:
            raise ValueError(f"{name} has shape {values.shape}; the config makes it {self.shapes[name]}")
        return values

    # --- heads and the cache

    def heads(self, x: Any, count: int) -> Any:
        """[B, T, count * D] -> [B, T, count, D]."""
        return ops.reshape(x, _ints([0, 0, count, self.config.head_dim]), True)

    def remembered(self, name: str, new: Any) -> Any:
        """The state's past followed by `new`, [B, kv heads, S, D]; it becomes the state's next value."""
        config = self.config
        info = VariableInfo()
        info.data_shape = ov.PartialShape([-1, config.num_kv_heads, -1, config.head_dim])
        info.data_type = ov.Type.f32
        info.variable_id = name
        state = Variable(info)
        nothing = ops.concat(
            [self.batch, _ints([config.num_kv_heads]), _ints([0]), _ints([config.head_dim])], 0
        )
        past = ops.read_value(ops.broadcast(_floats(0), nothing), state)
        joined = ops.concat([ops.gather(past, self.beam_idx, _ints(0)), new], 2)
        self.assigns.append(ops.assign(joined, state))
        return joined

    def repeat(self, x: Any) -> Any:
        """Each key/value head beside itself for every query head it serves: [B, kv, S, D] -> [B, q, S, D]."""
        config = self.config
        if config.num_heads == config.num_kv_heads:
            return x
        times = _ints([config.num_heads // config.num_kv_heads])
        shape = ops.concat(
            [self.batch, _ints([config.num_kv_heads]), times, _ints([1]), _ints([config.head_dim])], 0
        )
        copies = ops.broadcast(ops.unsqueeze(x, _ints(2)), shape, broadcast_spec="BIDIRECTIONAL")
        return ops.reshape(copies, _ints([0, config.num_heads, -1, config.head_dim]), True)

    # --- positions

    def rotation(self) -> tuple[Any, Any]:
        """Cosine and sine of position * theta^(-2i/D), each angle twice: [B, 1, T, D] (RoFormer, eq. 34)."""
        dim = self.config.head_dim
        exponents = np.arange(0, dim, 2, dtype=np.float64) / dim
        frequencies = ops.constant(
            (self.config.rope_theta**-exponents).astype(np.float32).reshape(1, dim // 2, 1)
        )
        column = ops.broadcast(
            frequencies, ops.concat([self.batch, _ints([1]), _ints([1])], 0), broadcast_spec="BIDIRECTIONAL"
        )
        positions = ops.convert(ops.unsqueeze(self.position_ids, _ints(1)), "f32")
        angles = ops.transpose(ops.matmul(column, positions, False, False), _ints([0, 2, 1]))
        twice = ops.concat([angles, angles], -1)
        return ops.unsqueeze(ops.cos(twice), _ints(1)), ops.unsqueeze(ops.sin(twice), _ints(1))

    def rotate(self, x: Any) -> Any:
        """Turns [B, heads, T, D] by its positions: x * cos + (-second half, first half) * sin."""
        half, end = self.config.head_dim // 2, np.iinfo(np.int64).max
        first = ops.slice(x, _ints([0]), _ints([half]), _ints([1]), _ints([3]))
        second = ops.slice(x, _ints([half]), _ints([end]), _ints([1]), _ints([3]))
        minus = ops.multiply(second, ops.constant(np.full((1, 1, 1, 1), -1, np.float32)))
        turned = ops.concat([minus, first], -1)
        return ops.add(ops.multiply(x, self.cos), ops.multiply(turned, self.sin))

    def causal_mask(self) -> Any:
        """0 where a token may look, the lowest f16 elsewhere: [B, 1, T, S].

        A token looks at itself and what stands before it, as far as attention_mask is 1.
        """
        new = ops.squeeze(_dimension(self.input_ids, 1), _ints([0]))
        total = ops.squeeze(_dimension(self.attention_mask, 1), _ints([0]))
        past = ops.subtract(total, new)
        rows = ops.unsqueeze(ops.add(ops.range(_ints(0), new, _ints(1), "i64"), past), _ints(1))
        columns = ops.unsqueeze(ops.range(_ints(0), total, _ints(1), "i64"), _ints(0))
        before = ops.unsqueeze(ops.less_equal(columns, rows), _ints([0, 1]))
        real = ops.unsqueeze(ops.convert(self.attention_mask, "boolean"), _ints([1, 2]))
        return ops.select(ops.logical_and(before, real), _floats(0), _floats(float(np.finfo(np.float16).min)))


def _parameter(name: str, shape: list[int], dtype: type[np.integer[Any]]) -> Any:
    parameter = ops.parameter(shape, dtype, name=name)
    parameter.output(0).get_tensor().set_names({name})
    return parameter


def _dimension(x: Any, axis: int) -> Any:
    """One dimension of x, i64 [1]."""
    return ops.gather(ops.shape_of(x, "i64"), _ints([axis]), _ints(0))


def _ints(value: int | list[int], dtype: type[np.integer[Any]] = np.int64) -> Any:
    return ops.constant(np.array(value, dtype))


def _floats(value: float) -> Any:
    return ops.constant(np.array(value, np.float32))
