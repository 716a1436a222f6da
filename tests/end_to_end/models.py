"""The random model, as tests serve it."""

from __future__ import annotations

from tests.models.folders import TINY_RANDOM

MODEL = TINY_RANDOM

F32 = 'engine.plugin_config={"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32"}'
"""Exact arithmetic: only then is a text the same alone and in a batch."""

SERVE = ("--set", f"models_path={MODEL}", "--set", F32)
"""Arguments of `ovpipe serve GRAPH` for the random model."""
