"""The options of the core whose step is a graph."""

from __future__ import annotations

import re
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
        ({"exact": True, "precision": "bf16"}, "exact and precision contradict each other"),
        (
            {"precision": "f32", "plugin_config": {"INFERENCE_PRECISION_HINT": "f32"}},
            "say the same thing twice",
        ),
        ({"prefill_precision": "bf16"}, "give both or none"),
        ({"exact": True, "prefill_precision": "f32"}, "exact has one form for all"),
        ({"precision": "f32", "prefill_precision": "u8"}, "prefill_precision"),
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


def test_a_precision_is_a_property_of_the_device_and_one_for_prompts_is_a_second_form() -> None:
    one = GraphCoreOptions.of({"models_path": "m", "precision": "f32", "plugin_config": {"NUM_STREAMS": 1}})
    assert one.device_properties == {"NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    assert one.prefill_properties is None
    two = GraphCoreOptions.of({"models_path": "m", "precision": "f32", "prefill_precision": "default"})
    assert two.device_properties == {"INFERENCE_PRECISION_HINT": "f32"}
    assert two.prefill_properties == {}


@pytest.mark.parametrize("prefill", ["auto", "same", "f32"])
def test_where_prompts_are_read_as_the_rest_there_is_one_form(prefill: str) -> None:
    given = {"models_path": "m", "precision": "f32", "prefill_precision": prefill}
    assert GraphCoreOptions.of(given).prefill_properties is None


def test_an_adapter_is_called_as_its_folder_or_by_a_name_of_its_own() -> None:
    options = GraphCoreOptions.of(
        {"models_path": "m", "adapters": [{"path": "lora/salt"}, {"path": "lora/salt", "name": "pepper"}]}
    )
    assert [one.known_as for one in options.adapters] == ["salt", "pepper"]


@pytest.mark.parametrize(
    ("adapters", "said"),
    [
        ([{"path": "a/x"}, {"path": "b/x"}], "adapters: two are called 'x'; give each a name of its own"),
        ([{"path": "a", "name": "x:y"}], "name is 'x:y'; requests ask for MODEL:NAME"),
        ([{"path": "a", "name": ""}], "name is ''"),
        ([{"path": "a", "alpha": "much"}], "expected `float`"),
        ([{"pth": "a"}], "object contains unknown field `pth`; there are: path, name, alpha"),
    ],
    ids=["twice", "colon", "empty", "alpha", "key"],
)
def test_adapters_that_requests_could_not_choose_are_refused(adapters: list[Any], said: str) -> None:
    with pytest.raises(CoreOptionsError, match=re.escape(said)):
        GraphCoreOptions.of({"models_path": "m", "adapters": adapters})
