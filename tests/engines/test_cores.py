"""The cores there are: what they declare, and what it costs to know them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ovpipe.engines.cores import CORES, cores_with, engine_schema
from ovpipe.engines.genai.attention_options import CacheEvictionConfig
from ovpipe.engines.genai.capabilities import ALL, capabilities_of
from ovpipe.engines.genai.options import GenaiOptions


def test_the_engines_that_would_do_are_found_by_what_they_declare() -> None:
    assert cores_with("seed") == ("genai", "graph")
    assert cores_with("use_beam_search") == ("genai", "graph")
    assert cores_with("logit_bias") == ("graph",)
    assert cores_with("prompt_logprobs") == ("graph",)
    assert cores_with("logits_processors") == ("graph",)
    assert cores_with("no_such_parameter") == ()


def test_each_core_has_the_name_it_is_known_by() -> None:
    assert {name: core.name for name, core in CORES.items()} == {
        "genai": "genai",
        "graph": "graph",
    }


def test_each_core_has_a_grammar_checker_of_its_own() -> None:
    programs = {core.grammar_checker.arguments[-1] for core in CORES.values()}
    assert programs == {"ovpipe.engines.genai.grammar_host", "ovpipe.engines.graph.grammar_host"}


def test_the_schema_has_auto_with_the_keys_that_all_cores_have() -> None:
    shapes = {
        shape["properties"]["core"]["const"]: set(shape["properties"]) for shape in engine_schema()["anyOf"]
    }
    assert list(shapes) == ["genai", "graph", "auto"]
    assert {"cache_size", "num_kv_blocks", "max_num_seqs", "exact", "plugin_config"} < shapes["auto"]
    assert shapes["auto"] < shapes["genai"]
    assert shapes["auto"] < shapes["graph"]


def test_to_know_the_cores_loads_no_openvino() -> None:
    code = "import sys, ovpipe.engines.cores; sys.exit(any('openvino' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("options", "honoured", "not_honoured"),
    [
        (GenaiOptions(models_path="m"), {"seed", "use_beam_search"}, {"num_assistant_tokens"}),
        (
            GenaiOptions(models_path="m", draft_models_path="d"),
            {"num_assistant_tokens", "assistant_confidence_threshold"},
            {"max_ngram_size", "use_beam_search"},
        ),
        (
            GenaiOptions(models_path="m", prompt_lookup=True),
            {"num_assistant_tokens", "max_ngram_size"},
            {"assistant_confidence_threshold", "use_beam_search"},
        ),
        (
            GenaiOptions(
                models_path="m",
                cache_eviction_config=CacheEvictionConfig(start_size=32, recent_size=32, max_cache_size=96),
            ),
            {"seed"},
            {"use_beam_search", "early_stopping"},
        ),
    ],
    ids=["plain", "draft model", "prompt lookup", "cache eviction"],
)
def test_what_genai_honours_depends_on_its_options(
    options: GenaiOptions, honoured: set[str], not_honoured: set[str]
) -> None:
    found = capabilities_of(options)
    assert honoured <= found <= ALL
    assert not found & not_honoured
