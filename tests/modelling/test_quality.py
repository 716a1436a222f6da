"""What rounding the weights cost."""

from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from numpy.typing import NDArray

from ovpipe.modelling.bpe import BytePairs
from ovpipe.modelling.quality import measure_quality
from ovpipe.modelling.sources.checkpoint import weights_of
from ovpipe.modelling.sources.opening import open_source
from ovpipe.modelling.storage import WeightsChoice, storage_for
from ovpipe.modelling.streamed import save_decoder
from ovpipe.modelling.tokenizer import build_tokenizer
from tests.modelling.references.cases import CASES, Case
from tests.modelling.sources.writing import write_model

CASE = Case("bytes", {**CASES["qwen3"].content, "vocab_size": 259}, False)


def folder(path: Path, choice: WeightsChoice) -> Path:
    """The case's model, its weights stored so, with a tokenizer of bytes."""
    source = open_source(path)
    made = path / choice
    made.mkdir()
    storage = storage_for(choice, source, CASE.config)
    save_decoder(made / "openvino_model.xml", CASE.config, weights_of(source, CASE.config), precision=storage)
    pairs = BytePairs(("<pad>", "<s>", "<end>"), ())
    for name, model in zip(
        ("openvino_tokenizer.xml", "openvino_detokenizer.xml"),
        build_tokenizer(pairs, eos="<end>", pad="<pad>"),
        strict=True,
    ):
        ov.save_model(model, made / name)
    return made


@pytest.mark.slow
def test_fewer_bits_cost_more(tmp_path: Path) -> None:
    weights = {name: CASE.weights(name) for name in CASE.config.shapes()}
    source = open_source(write_model(tmp_path, CASE.content, weights))
    texts = ["def f(x):\n    return x", "Ein Satz, und noch einer.", "春"]
    choices: tuple[WeightsChoice, ...] = ("f32", "f16", "int8", "int4")
    exact, half, eight, four = (
        measure_quality(folder(tmp_path, choice), source, texts=texts) for choice in choices
    )
    assert exact.divergence == pytest.approx(0, abs=1e-9)
    assert exact.agreement == 1
    assert exact.tokens == sum(len(text.encode()) for text in texts)
    assert exact.divergence < half.divergence < eight.divergence < four.divergence
    assert four.agreement < 1


def test_the_divergence_is_that_of_the_next_tokens_distributions(tmp_path: Path) -> None:
    weights = {name: CASE.weights(name) for name in CASE.config.shapes()}
    other = {**weights, "model.norm.weight": weights["model.norm.weight"] * np.float32(2)}
    source = open_source(write_model(tmp_path, CASE.content, weights))
    path = tmp_path / "other"
    twice = open_source(write_model(path, CASE.content, other))
    made = folder(path, "f32")
    found = measure_quality(made, source, texts=["abc"])
    assert measure_quality(made, twice, texts=["abc"]).divergence == pytest.approx(0, abs=1e-9)
    # Twice the logits: the same likeliest tokens, held more firmly.
    assert found.agreement == 1
    model = ov.Core().compile_model(made / "openvino_model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    ids = [byte + 3 for byte in b"abc"]
    feeds = {
        "input_ids": np.array([ids]),
        "attention_mask": np.ones((1, 3), np.int64),
        "position_ids": np.arange(3)[None],
        "beam_idx": np.zeros(1, np.int32),
    }
    logits = model(feeds)["logits"][0].astype(np.float64)

    def distribution(x: NDArray[np.float64]) -> NDArray[np.float64]:
        powers: NDArray[np.float64] = np.exp(x - x.max(axis=1, keepdims=True))
        powers /= powers.sum(axis=1, keepdims=True)
        return powers

    p, q = distribution(logits / 2), distribution(logits)
    assert found.divergence == pytest.approx((p * np.log(p / q)).sum(axis=1).mean(), rel=1e-4)
