"""Where a model's parameters come from: a seed, or a script that the model is to follow."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ovpipe.modelling.config import DecoderConfig

Array = NDArray[np.float32]
Weights = Callable[[str], Array]
"""Gives a parameter by its name in Hugging Face's checkpoints; asked once for each parameter, so that
one which makes or reads them when asked holds one at a time. Of a dictionary: its `__getitem__`."""


def random_weights(
    config: DecoderConfig, seed: int, *, gain: float = 1.0, embedding_std: float = 1.0
) -> Weights:
    """Weights drawn from `seed`: a matrix has variance gain² / inputs, the embeddings embedding_std².

    With tied embeddings, large ones make a model repeat its last token: it is what the head sees most of.

    Norms are 1 and biases small. A parameter depends on the seed and its own name alone. The draws are
    uniform, not normal: they take only exact operations, so every machine gets the same bits.
    """
    shapes = config.shapes()

    def weight(name: str) -> Array:
        shape = shapes[name]
        if name.endswith("norm.weight"):
            return np.ones(shape, np.float32)
        std = embedding_std if name == "model.embed_tokens.weight" else gain / shape[-1] ** 0.5
        draws = np.random.default_rng([seed, zlib.crc32(name.encode())])
        return (draws.random(shape, np.float32) * 2 - 1) * np.float32(3**0.5 * std)

    return weight


def scripted_weights(
    config: DecoderConfig, successor: Callable[[int], int], *, seed: int = 0, gain: float = 16.0
) -> Weights:
    """Weights of a model whose greedy next token after token t is `successor(t)`, whatever came before.

    Every token has a random unit vector, its code. The embedding of t is the code of its successor, the
    layers add nothing to it (their output projections are zero), and row u of the head is the code of
    u: so the logit of u after t is `gain` times the cosine between the codes of u and of `successor(t)`,
    largest where they are the same. Raises ValueError when two codes are so near each other that bf16
    arithmetic might take one for the other.
    """
    if config.tie_embeddings:
        raise ValueError("a scripted model needs tie_embeddings=False: its head and embeddings differ")
    vocab_size, hidden = config.vocab_size, config.hidden_size
    codes = np.random.default_rng(seed).standard_normal((vocab_size, hidden), np.float32)
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    nearest = max(float(np.partition(codes @ code, -2)[-2]) for code in codes) if vocab_size > 1 else 0.0
    if nearest > 0.9:
        raise ValueError(
            f"{vocab_size} tokens do not keep apart in hidden_size {hidden}: two codes have a cosine of "
            f"{nearest:.2f}, more than 0.9; take a larger hidden_size"
        )
    shapes = config.shapes()
    filler = random_weights(config, seed)

    def weight(name: str) -> Array:
        if name == "model.embed_tokens.weight":
            return codes[[successor(token) for token in range(vocab_size)]]
        if name == "lm_head.weight":
            # The final norm brings the unit vector to length sqrt(hidden).
            return codes * np.float32(gain / hidden**0.5)
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            return np.zeros(shapes[name], np.float32)
        return filler(name)

    return weight
