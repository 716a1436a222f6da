"""The element type of a KV cache where nobody chose one."""

from pathlib import Path
from typing import Any

import pytest

from ovpipe.engine_graph.loading import load_graph_core
from ovpipe.engines.genai.loading import with_cache
from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.kv_cache.plan import CachePrecision
from ovpipe.engines.model_folder import ModelFolder
from tests.engines.cores import MODEL, ignore, loaded

F32 = {"INFERENCE_PRECISION_HINT": "f32"}


def kind(**options: Any) -> tuple[str | None, str]:
    """The option as ovpipe settles it, and the type that the device then gives the cache."""
    given = {"models_path": str(MODEL), "plugin_config": F32, "num_kv_blocks": 64, **options}
    settled, plan = with_cache(GenaiOptions.of(given), ModelFolder.read(Path(MODEL)))
    stored = CachePrecision.of(settled.device, settled.device_properties)
    assert plan.kind == " and ".join(dict.fromkeys((stored.key, stored.value)))
    return settled.kv_cache_precision, plan.kind


def test_a_cpu_that_computes_in_f32_has_a_cache_in_f16() -> None:
    assert kind() == ("f16", "f16")
    assert kind(num_kv_blocks=None) == ("f16", "f16")
    assert kind(num_kv_blocks=None, cache_size=0.5) == ("f16", "f16")


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"kv_cache_precision": "u8"}, ("u8", "u8")),
        ({"plugin_config": {**F32, "KV_CACHE_PRECISION": "u8"}}, (None, "u8")),
        ({"plugin_config": {**F32, "VALUE_CACHE_PRECISION": "u4"}}, (None, "u8 and u4")),
        ({"plugin_config": {}, "exact": True}, (None, "f32")),
        ({"plugin_config": {"INFERENCE_PRECISION_HINT": "bf16"}}, (None, "u8")),
        ({"sparse_attention_config": {}}, (None, "u8")),
    ],
    ids=str,
)
def test_what_a_user_chose_stays_and_where_there_is_no_choice_the_device_decides(
    options: dict[str, Any], wanted: tuple[str | None, str]
) -> None:
    assert kind(**options) == wanted


def test_a_cache_that_holds_too_little_in_f16_stays_small() -> None:
    assert kind(num_kv_blocks=None, cache_size=0.0001) == (None, "u8")
    assert kind(num_kv_blocks=10**9) == (None, "u8")


def test_the_core_graph_has_the_same_cache_and_the_same_choice() -> None:
    given = {"models_path": str(MODEL), "num_kv_blocks": 64}
    own = load_graph_core({**given, "plugin_config": F32}, ignore).info
    u8 = load_graph_core({**given, "plugin_config": F32, "kv_cache_precision": "u8"}, ignore).info
    exact = load_graph_core({**given, "exact": True}, ignore).info
    assert u8.cache_bytes < own.cache_bytes == exact.cache_bytes / 2
    assert own.settled == {"kv_cache_precision": "f16"}


def test_an_engine_that_is_started_again_keeps_the_type_that_its_first_load_took() -> None:
    core = loaded(plugin_config=F32)
    assert core.info.settled == {"kv_cache_precision": "f16"}
    assert core.measured_cache_bytes == core.info.cache_bytes
