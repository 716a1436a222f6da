"""The model's shape."""

from __future__ import annotations

from examples.tiny_chat.training.rendering import END, PAD
from examples.tiny_chat.training.vocabulary import SPECIALS, VOCAB_SIZE
from ovpipe.modelling.config import DecoderConfig

SHAPE = DecoderConfig(
    vocab_size=VOCAB_SIZE,
    hidden_size=256,
    num_layers=7,
    num_heads=4,
    num_kv_heads=2,
    head_dim=64,
    intermediate_size=704,
    max_position_embeddings=2048,
    qk_norm="head",
    tie_embeddings=True,
    eos_token_id=SPECIALS.index(END),
    pad_token_id=SPECIALS.index(PAD),
)
"""Qwen3's architecture, 5.7 million parameters."""
