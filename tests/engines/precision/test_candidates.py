"""Between which precisions there is a choice, and where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ovpipe.cli.embedded import embedded_parameters
from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.engines.precision.candidates import SMALLEST_WEIGHTS, candidates_of, inference_precision
from tests.engines.cores import MODEL

EMBEDDED = Path(embedded_parameters()["models_path"])
INT8 = ModelFolder(
    path=Path("m"),
    config={},
    generation_config={},
    cache_variables=[],
    logits_size=None,
    weights_bytes=SMALLEST_WEIGHTS,
    compressed_bytes=SMALLEST_WEIGHTS,
)


def bf16(device: str, properties: Mapping[str, Any]) -> str:
    """As a processor with AMX says it."""
    return "bf16"


def options(**given: Any) -> GenaiOptions:
    return GenaiOptions.of({"models_path": "m", **given})


def test_compressed_weights_on_a_processor_with_bf16_have_a_choice() -> None:
    assert candidates_of(options(), INT8, bf16) == ("default", "f32")
    assert candidates_of(options(), INT8, lambda *_: "f16") == ("default", "f32")
    assert candidates_of(options(plugin_config={"NUM_STREAMS": 1}), INT8, bf16) == ("default", "f32")


def test_a_device_that_computes_in_f32_by_itself_has_none() -> None:
    assert candidates_of(options(), INT8, lambda *_: "f32") == ()
    assert candidates_of(options(), INT8, lambda *_: "") == ()


@pytest.mark.parametrize(
    "given",
    [
        {"exact": True},
        {"precision": "default"},
        {"precision": "f32"},
        {"plugin_config": {"INFERENCE_PRECISION_HINT": "bf16"}},
        {"plugin_config": {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}},
        {"plugin_config": {"EXECUTION_MODE_HINT": "ACCURACY"}},
        {"plugin_config": {"DEVICE_PROPERTIES": {"CPU": {"INFERENCE_PRECISION_HINT": "f32"}}}},
        {"device": "GPU"},
    ],
    ids=str,
)
def test_what_a_user_has_chosen_is_not_measured_nor_is_another_device(given: dict[str, Any]) -> None:
    assert candidates_of(options(**given), INT8, bf16) == ()


def test_weights_that_are_small_or_not_compressed_are_not_measured() -> None:
    small = msgspec.structs.replace(INT8, weights_bytes=SMALLEST_WEIGHTS - 1)
    f16 = msgspec.structs.replace(INT8, weights_bytes=10**9, compressed_bytes=10**8)
    assert candidates_of(options(), small, bf16) == candidates_of(options(), f16, bf16) == ()


def test_the_models_of_the_tests_and_the_embedded_one_are_too_small_to_be_measured() -> None:
    for folder in (MODEL, EMBEDDED):
        assert ModelFolder.read(folder).weights_bytes < SMALLEST_WEIGHTS / 4
    assert embedded_parameters()["engine"] == {"exact": True}  # and it is, so nothing would be measured


def test_a_folder_says_how_much_of_its_weights_is_compressed() -> None:
    assert ModelFolder.read(MODEL).compressed_bytes == 0
    embedded = ModelFolder.read(EMBEDDED)
    assert embedded.weights_bytes * 0.9 < embedded.compressed_bytes < embedded.weights_bytes


def test_the_device_says_what_it_computes_in() -> None:
    assert inference_precision("CPU", {"INFERENCE_PRECISION_HINT": "f32"}) == "f32"
    assert inference_precision("CPU", {"INFERENCE_PRECISION_HINT": "bf16", "NUM_STREAMS": 1}) == "bf16"
    assert inference_precision("CPU", {}) in ("f32", "bf16", "f16")
    assert inference_precision("CPU", {"INFERENCE_PRECISION_HINT": "nonsense"}) == ""
    assert inference_precision("NPU9", {}) == ""
