"""GGUF files of each family: the model is the one that was converted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.config_json.reader import read_config
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.sources.checkpoint import weights_of
from ovpipe.modelling.sources.opening import open_source
from tests.modelling.paged import PagedModel
from tests.modelling.references.cases import CASES, IDS, Case
from tests.modelling.sources.gguf.converting import convert
from tests.modelling.stateful import compiled, logits

TOLERANCE = 1e-4
CONVERTED = [name for name in CASES if name != "qwen2 with windows"]
"""The converter does not write down which layers of Qwen2 have windows."""


def said(case: Case) -> tuple[dict[str, Any], DecoderConfig]:
    """A case as far as GGUF can say it: the config.json to convert, and the decoder that comes back."""
    match case.content["model_type"]:
        case "gemma2" | "gemma3_text":
            # The scale of attention is the head's width, but for the layers of a 27B model.
            content = {**case.content, "query_pre_attn_scalar": 32}
        case "smollm3":
            # Every fourth layer is without rope.
            content = {**case.content, "no_rope_layers": None}
        case _:
            content = case.content
    config = read_config(content, long_context=case.long_context)
    if case.name == "mistral without a window":
        config = replace(config, family="llama")
    return content, config


def alike(config: DecoderConfig) -> DecoderConfig:
    """The config without its ropes, whose divisors are f32 in the file."""
    return replace(config, layers=tuple(replace(layer, rope=None) for layer in config.layers))


QUICK = ("llama 3.2", "qwen2", "gemma 2", "granite")
"""Of the others, the fast tests compare what was read."""


@pytest.mark.parametrize("name", CONVERTED)
def test_config_and_parameters_are_those_that_were_converted(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    content, expected = said(case)
    source = open_source(convert(tmp_path / "model.gguf", content, case.weights))
    config = read_config(source.config, long_context=case.long_context)
    assert alike(config) == alike(expected)
    for ours, theirs in zip(config.layers, expected.layers, strict=True):
        assert (ours.rope is None) == (theirs.rope is None)
        if ours.rope and theirs.rope:
            np.testing.assert_allclose(ours.rope.frequencies, theirs.rope.frequencies, rtol=1e-7)
            assert ours.rope.magnitude == pytest.approx(theirs.rope.magnitude, rel=1e-7)
    weights = weights_of(source, config)
    for parameter in config.shapes():
        # 1 + w, which the converter stores of Gemma, is rounded.
        exact = 2e-7 if "norm" in parameter else 0
        np.testing.assert_allclose(weights(parameter), case.weights(parameter), atol=exact, rtol=0)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CONVERTED]
)
def test_logits_are_those_of_the_model_that_was_converted(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    content, expected = said(case)
    source = open_source(convert(tmp_path / "model.gguf", content, case.weights))
    config = read_config(source.config, long_context=case.long_context)
    # Recorded from transformers, where GGUF can say all of the case.
    reference = (
        case.logits
        if content == case.content
        else logits(compiled(build_decoder(expected, case.weights)), IDS)
    )
    weights = weights_of(source, config)
    found = logits(compiled(build_decoder(config, weights)), IDS)
    np.testing.assert_allclose(found, reference, atol=TOLERANCE, rtol=0)
    if config.paging_obstacle() is None:
        paged = PagedModel(build_decoder(config, weights))
        (found,) = paged.logits((paged.sequence(len(IDS)), IDS))
        np.testing.assert_allclose(found, reference, atol=TOLERANCE, rtol=0)
