"""Tiny models of each family: their config.json, their weights, and what transformers says to them."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.config_json.reader import read_config
from ovpipe.modelling.weights import Array, Weights, random_weights

HERE = Path(__file__).parent
LOGITS = HERE / "logits.npz"
IDS = [5, 50, 7, 7, 9, 30, 31, 63, 1, 12, 40, 5, 50, 22, 3, 17, 58, 44, 9, 20]


@dataclass(frozen=True)
class Case:
    """A config.json, and whether it is read for long sequences."""

    name: str
    content: dict[str, Any]
    long_context: bool

    @property
    def config(self) -> DecoderConfig:
        return read_config(self.content, long_context=self.long_context)

    @property
    def weights(self) -> Weights:
        """Weights that let every part of the model matter: sharp attention, biases, norms that are not 1."""
        weights = random_weights(self.config, seed=1, gain=1.5, embedding_std=0.25)

        def weight(name: str) -> Array:
            values = weights(name)
            if "norm" not in name:
                return values
            draws = np.random.default_rng(zlib.crc32(name.encode()))
            return values * (draws.random(values.shape, np.float32) + np.float32(0.5))

        return weight

    @property
    def logits(self) -> NDArray[np.float32]:
        """What transformers says after each of IDS: [tokens, vocab], f32."""
        with np.load(LOGITS) as recorded:
            values: NDArray[np.float32] = recorded[self.name]
        return values


CASES = {
    name: Case(name, one["config"], one.get("long_context", False))
    for name, one in json.loads((HERE / "cases.json").read_text("utf-8")).items()
}
