"""The options of the core whose step is a graph."""

from __future__ import annotations

from typing import Any

import pytest

from ovpipe.engines.graph.options import GraphCoreOptions
from ovpipe.engines.options import CoreOptionsError


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cache_size": 1, "num_kv_blocks": 8}, "say the same thing twice"),
        ({"cache_size": float("inf")}, "it is in gigabytes"),
        ({"num_kv_blocks": 0}, "num_kv_blocks"),
        ({"dynamic_split_fuse": True}, "there is no such option"),
        ({"exact": True, "plugin_config": {"INFERENCE_PRECISION_HINT": "bf16"}}, "contradict each other"),
        ({"exact": True, "plugin_config": {"KEY_CACHE_PRECISION": "u8"}}, "contradict each other"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CoreOptionsError, match=said):
        GraphCoreOptions.of({"models_path": "m", **given})


def test_exact_is_three_properties_of_the_device() -> None:
    options = GraphCoreOptions.of({"models_path": "m", "exact": True, "plugin_config": {"NUM_STREAMS": 1}})
    assert options.device_properties == {
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "f32",
        "KV_CACHE_PRECISION": "f32",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
    }
