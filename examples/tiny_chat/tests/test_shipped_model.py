"""The model that ships is the one that was trained."""

from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from examples.tiny_chat.training.recording import Recording

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "ovpipe" / "models" / "tiny-chat"
RECORDED = Path(__file__).parent / "recorded_logits.npz"
EXACT = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
"""By default the CPU rounds what goes into a product with 8-bit weights to 8 bits, too."""


@pytest.fixture(scope="module")
def recording() -> Recording:
    return Recording.load(RECORDED)


def logits(config: dict[str, str], recording: Recording) -> list[np.ndarray]:
    request = ov.Core().compile_model(SHIPPED / "openvino_model.xml", "CPU", config).create_infer_request()
    found = []
    for ids in recording.ids:
        request.reset_state()
        row, positions = ids[None], np.arange(len(ids))[None]
        inputs = {"input_ids": row, "attention_mask": np.ones_like(row), "position_ids": positions}
        found.append(request.infer({**inputs, "beam_idx": np.zeros(1, np.int32)})["logits"][0].copy())
    return found


def test_its_logits_are_those_of_the_network_that_was_trained(recording: Recording) -> None:
    for ours, theirs in zip(logits(EXACT, recording), recording.logits, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=0.02)


def test_rounding_to_eight_bits_changes_hardly_any_answer(recording: Recording) -> None:
    best = [found.argmax(-1) for found in logits({"INFERENCE_PRECISION_HINT": "f32"}, recording)]
    same = [ours == theirs for ours, theirs in zip(best, recording.unrounded, strict=True)]
    assert np.concatenate(same).mean() > 0.95


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 10_000_000
