"""Decoder-only language models as OpenVINO graphs, in the form ContinuousBatchingPipeline takes.

The layers are those of Hugging Face's models, as far as a DecoderConfig describes them. The form is that of
optimum-intel's stateful exports, which OpenVINO's paged-attention transformation looks for: a
ReadValue/Assign pair for each layer's keys and values, a Gather by beam_idx behind it, and a
ScaledDotProductAttention with an additive mask.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.constants import Keep, Storage, in_memory
from ovpipe.modelling.layers.attention import Attention
from ovpipe.modelling.layers.mask import Masks
from ovpipe.modelling.layers.mlp import mlp
from ovpipe.modelling.layers.parameters import Parameters
from ovpipe.modelling.layers.rotation import Rotation
from ovpipe.modelling.layers.values import capped, dimension, floats, ints, parameter, times
from ovpipe.modelling.naming import number_nodes
from ovpipe.modelling.rope import Rope
from ovpipe.modelling.weights import Weights


def build_decoder(
    config: DecoderConfig,
    weights: Weights,
    *,
    precision: Storage = "f32",
    adapters: bool = False,
    keep: Keep = in_memory,
) -> ov.Model:
    """A stateful causal language model.

    Inputs: input_ids, attention_mask, position_ids i64 [batch, tokens] (the mask over past and present
    tokens) and beam_idx i32 [batch]. Output: logits f32 [batch, tokens, vocab_size]. State: each
    layer's keys and values, f32 [batch, num_kv_heads, past, head_dim].

    `weights` gives each parameter of `config.shapes()` by name. `precision` says how matrices are stored,
    embeddings included: all alike, or each by its name. Norms and biases are f32 always.

    Query, key and value are one product, and gate and up. With `adapters` each is one of its own: LoRA
    adapters find their places by these products' names. `keep` takes each stored matrix when it comes, and
    gives what stands for it in the graph.
    """
    parameters = Parameters(config, weights, precision, keep, apart=adapters)
    return DecoderGraph(config, parameters).model()


class DecoderGraph:
    """The graph under construction, whole or a layer of it."""

    def __init__(self, config: DecoderConfig, parameters: Parameters) -> None:
        self.config = config
        self.parameters = parameters
        self.input_ids = parameter("input_ids", [-1, -1], np.int64)
        self.attention_mask = parameter("attention_mask", [-1, -1], np.int64)
        self.position_ids = parameter("position_ids", [-1, -1], np.int64)
        self.beam_idx = parameter("beam_idx", [-1], np.int32)
        self.batch = dimension(self.input_ids, 0)
        self.masks = Masks(self.input_ids, self.attention_mask)
        self.rotations: dict[Rope, Rotation] = {}
        self.attention = Attention(config, self.parameters, self.batch, self.beam_idx, [])

    @property
    def inputs(self) -> list[Any]:
        """The nodes of the model's inputs."""
        return [self.input_ids, self.attention_mask, self.position_ids, self.beam_idx]

    def model(self) -> ov.Model:
        """The whole decoder."""
        config, parameters = self.config, self.parameters
        embeddings = parameters.matrix("model.embed_tokens.weight")
        hidden = ops.gather(embeddings, ops.convert(self.input_ids, "i32"), ints(0, np.int32))
        hidden = times(hidden, config.embedding_scale)
        for index in range(config.num_layers):
            hidden = self.layer(index, hidden)
        hidden = parameters.rms_norm(hidden, "model.norm")
        if config.logits_divisor != 1:
            # Before the head, so that the head stays last, where openvino-genai looks for it.
            hidden = ops.divide(hidden, floats(config.logits_divisor))
        head = embeddings if config.tie_embeddings else parameters.matrix("lm_head.weight")
        scores = ops.matmul(hidden, head, False, True)
        if config.logits_cap is not None:
            scores = capped(scores, config.logits_cap)
        logits = ops.result(scores, name="logits")
        logits.output(0).get_tensor().set_names({"logits"})
        model = ov.Model([logits], self.attention.assigns, self.inputs, config.model_type)
        number_nodes(model)
        return model

    def layer(self, index: int, hidden: Any) -> Any:
        """Attention and MLP, each added to the stream: [B, T, H] -> [B, T, H]."""
        name, own = f"model.layers.{index}", self.config.layer(index)
        before, after = self.norms(name, "input_layernorm", "post_attention_layernorm")
        rotation = None if own.rope is None else self.rotation(own.rope)
        attended = self.attention(index, before(hidden), self.masks.of(own.window), rotation)
        hidden = ops.add(hidden, times(after(attended), self.config.residual_scale))
        around = self.config.norms == "around"
        first = "pre_feedforward_layernorm" if around else "post_attention_layernorm"
        before, after = self.norms(name, first, "post_feedforward_layernorm")
        passed = mlp(self.parameters, f"{name}.mlp", before(hidden))
        return ops.add(hidden, times(after(passed), self.config.residual_scale))

    def norms(self, layer: str, before: str, after: str) -> tuple[_Norm, _Norm]:
        """The norms on both sides of a sublayer; the side that the model does not normalise passes on."""
        where = self.config.norms
        first = _Norm(self.parameters, None if where == "after" else f"{layer}.{before}")
        return first, _Norm(self.parameters, None if where == "before" else f"{layer}.{after}")

    def rotation(self, rope: Rope) -> Rotation:
        """The cosines and sines of a rope; layers with the same one share them."""
        if rope not in self.rotations:
            self.rotations[rope] = Rotation(rope, self.position_ids, self.batch)
        return self.rotations[rope]


class _Norm:
    """A norm of that name, or none."""

    def __init__(self, parameters: Parameters, name: str | None) -> None:
        self._parameters = parameters
        self._name = name

    def __call__(self, x: Any) -> Any:
        return x if self._name is None else self._parameters.rms_norm(x, self._name)
