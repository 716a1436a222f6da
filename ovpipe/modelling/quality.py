"""What rounding the weights cost: a model folder's logits against its source's in f32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from ovpipe.modelling.config_json.reader import read_config
from ovpipe.modelling.quality_texts import TEXTS
from ovpipe.modelling.reference import Reference
from ovpipe.modelling.sources.checkpoint import weights_of
from ovpipe.modelling.sources.model_source import ModelSource
from ovpipe.modelling.weights import Array
from ovpipe.tokenizers.tokenizer import Tokenizer

EXACT: Mapping[str, str] = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
"""The arithmetic is f32, so that what differs is the weights alone."""

_ROWS = 32
"""How many tokens are compared at once."""


@dataclass(frozen=True)
class Quality:
    """How near a model is to another, over `tokens` tokens of some texts.

    `divergence` is the mean Kullback-Leibler divergence of the next token's distribution from the other's,
    in nats; `agreement` the share of tokens after which both hold the same token for the likeliest.
    """

    divergence: float
    agreement: float
    tokens: int


def measure_quality(
    folder: Path,
    source: ModelSource,
    *,
    texts: Sequence[str] = TEXTS,
    properties: Mapping[str, str] = EXACT,
    long_context: bool = False,
) -> Quality:
    """Compares the folder's model, compiled with `properties`, with the source's.

    The source's is computed layer by layer, so that memory holds no second model.
    """
    tokenizer = Tokenizer.load(folder)
    ids = [tokenizer.encode(text, add_special_tokens=True) for text in texts]
    config = read_config(source.config, long_context=long_context)
    reference = Reference(config, weights_of(source, config), ids)
    model = ov.Core().compile_model(folder / "openvino_model.xml", "CPU", {**properties})
    request = model.create_infer_request()
    sums = np.zeros(2)
    for index, text in enumerate(ids):
        found = _logits(request, text)
        for start in range(0, len(text), _ROWS):
            rows = slice(start, start + _ROWS)
            sums += _compared(reference.logits(index, rows), found[rows])
    tokens = sum(map(len, ids))
    return Quality(float(sums[0]) / tokens, float(sums[1]) / tokens, tokens)


def _logits(request: ov.InferRequest, ids: Sequence[int]) -> Array:
    request.reset_state()
    feeds = {
        "input_ids": np.array([ids], np.int64),
        "attention_mask": np.ones((1, len(ids)), np.int64),
        "position_ids": np.arange(len(ids))[None],
        "beam_idx": np.zeros(1, np.int32),
    }
    result: Array = request.infer(feeds)["logits"][0].copy()
    return result


def _compared(reference: Array, found: Array) -> tuple[float, float]:
    """The sums of the divergences, and of the tokens that agree."""
    width = min(reference.shape[1], found.shape[1])
    said, here = _log_softmax(reference[:, :width]), _log_softmax(found[:, :width])
    divergence = (np.exp(said) * (said - here)).sum()
    return float(divergence), float((said.argmax(1) == here.argmax(1)).sum())


def _log_softmax(logits: Array) -> NDArray[np.float64]:
    apart: NDArray[np.float64] = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    apart -= np.log(np.exp(apart).sum(axis=1, keepdims=True))
    return apart
