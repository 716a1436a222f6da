"""A model with its state, run one sequence at a time."""

from __future__ import annotations

import numpy as np
import openvino as ov
from numpy.typing import NDArray

F32 = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32"}


def compiled(model: ov.Model) -> ov.InferRequest:
    return ov.Core().compile_model(model, "CPU", F32).create_infer_request()


def logits(request: ov.InferRequest, ids: list[int], past: int = 0) -> NDArray[np.float32]:
    """Logits [tokens, vocab] of one sequence's next tokens; with past 0 the sequence begins."""
    if past == 0:
        request.reset_state()
    result = request.infer(
        {
            "input_ids": np.array([ids]),
            "attention_mask": np.ones((1, past + len(ids)), np.int64),
            "position_ids": np.arange(past, past + len(ids))[None],
            "beam_idx": np.zeros(1, np.int32),
        }
    )
    values: NDArray[np.float32] = result["logits"][0].copy()
    return values
