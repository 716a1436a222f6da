"""What a source's model says in f32, with one layer in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.constants import in_memory
from ovpipe.modelling.decoder import DecoderGraph
from ovpipe.modelling.layers.parameters import Parameters
from ovpipe.modelling.weights import Array, Weights

_EXACT = {
    "INFERENCE_PRECISION_HINT": "f32",
    "KV_CACHE_PRECISION": "f32",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
}


class Reference:
    """The logits of texts, computed layer by layer when it is made.

    Memory: the largest parameter, a layer as OpenVINO compiles it, and the texts' hidden states.
    """

    def __init__(self, config: DecoderConfig, weights: Weights, texts: Sequence[Sequence[int]]) -> None:
        self._config = config
        self._core = ov.Core()
        embeddings = weights("model.embed_tokens.weight")
        hidden: list[Array] = [
            embeddings[np.asarray(ids)] * np.float32(config.embedding_scale) for ids in texts
        ]
        if not config.tie_embeddings:
            del embeddings
        for index in range(config.num_layers):
            layer = self._layer(weights, index)
            hidden = [_through(layer, one) for one in hidden]
            del layer
        self._normed = self._final_norm(weights, hidden)
        self._head = embeddings if config.tie_embeddings else weights("lm_head.weight")

    def logits(self, text: int, rows: slice) -> Array:
        """What follows after each of these tokens of a text: [rows, vocab_size]."""
        config = self._config
        scores = (self._normed[text][rows] / np.float32(config.logits_divisor)) @ self._head.T
        found: Array = scores.astype(np.float32, copy=False)
        if config.logits_cap is None:
            return found
        cap = np.float32(config.logits_cap)
        capped: Array = (np.tanh(found / cap) * cap).astype(np.float32, copy=False)
        return capped

    def _layer(self, weights: Weights, index: int) -> ov.InferRequest:
        """Layer `index` alone: hidden states in, hidden states out."""
        own = replace(self._config, num_layers=1, layers=(self._config.layer(index),))
        there = f"model.layers.{index}."
        parameters = Parameters(
            own, lambda name: weights(name.replace("model.layers.0.", there)), "f32", in_memory, apart=False
        )
        graph = DecoderGraph(own, parameters)
        hidden = ops.parameter([-1, -1, own.hidden_size], np.float32, name="hidden")
        return self._compiled(graph, hidden, graph.layer(0, hidden))

    def _compiled(self, graph: DecoderGraph, hidden: Any, result: Any) -> ov.InferRequest:
        model = ov.Model([ops.result(result)], graph.attention.assigns, [hidden, *graph.inputs], "layer")
        return self._core.compile_model(model, "CPU", _EXACT).create_infer_request()

    def _final_norm(self, weights: Weights, hidden: list[Array]) -> list[Array]:
        scale: Array = weights("model.norm.weight") + np.float32(self._config.norm_offset)
        eps = np.float32(self._config.rms_eps)
        found: list[Array] = []
        for one in hidden:
            mean: Array = (one**2).mean(axis=1, keepdims=True)
            found.append((one / np.sqrt(mean + eps) * scale).astype(np.float32, copy=False))
        return found


def _through(layer: ov.InferRequest, hidden: Array) -> Array:
    count = len(hidden)
    layer.reset_state()
    feeds = {
        "hidden": hidden[None],
        "input_ids": np.zeros((1, count), np.int64),
        "attention_mask": np.ones((1, count), np.int64),
        "position_ids": np.arange(count)[None],
        "beam_idx": np.zeros(1, np.int32),
    }
    result: Array = layer.infer(feeds)[0][0].copy()
    return result
