"""LlmEngineCalculator: what it loads, and what it says of options it cannot load with."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ovpipe.calculators.llm.llm_engine import LlmEngineCalculator
from ovpipe.engines.protocol import EngineUnavailable, SamplingParams
from ovpipe.errors import GraphError, OptionError, RunError
from ovpipe.graph.files import shipped_graphs
from ovpipe.graph.load import load_graph_text
from ovpipe.registry import Registry
from ovpipe.runtime.runs.graph import Graph
from ovpipe.testing import CalculatorRunner
from tests.models.folders import TINY_RANDOM

GRAPH = """
version: 1
parameters:
  models_path: {type: path}
  engine: {type: object, default: {num_kv_blocks: 16}}
nodes:
  engine:
    calculator: LlmEngineCalculator
    side_outputs: {engine: engine}
    options: {models_path: "${models_path}", engine: "${engine}"}
"""


def graph(**parameters: Any) -> Graph:
    registry = Registry()
    registry.add(LlmEngineCalculator)
    return Graph(
        load_graph_text(GRAPH, registry=registry, parameters={"models_path": TINY_RANDOM, **parameters})
    )


def test_loads_a_model_and_generates_until_the_graph_closes() -> None:
    async def scenario() -> None:
        opened = graph()
        told: list[str] = []
        await opened.open(progress=lambda node, message, fraction: told.append(message))
        try:
            assert told  # the engine's own
            engine = opened.side_packets["engine"]
            assert engine.info.num_kv_blocks == 16
            sampling = SamplingParams(max_tokens=3, temperature=0, ignore_eos=True)
            async with engine.generate([1, 2, 3], sampling) as generation:
                deltas = [delta async for delta in generation]
            assert deltas[-1].generated == 3
            assert deltas[-1].finish == "length"
        finally:
            await opened.close()
        with pytest.raises(EngineUnavailable):
            engine.generate([1, 2, 3], sampling)

    asyncio.run(scenario())


def test_options_of_the_engine_reach_it() -> None:
    async def scenario() -> tuple[str, int]:
        options = {
            "core": "genai",
            "num_kv_blocks": 16,
            "prompt_lookup": True,
            "max_ngram_size": 2,
            "kv_cache_precision": "u8",
            "adapters": [],
            "sparse_attention_config": {"mode": "XATTENTION"},
        }
        async with graph(engine=options) as opened:
            info = opened.side_packets["engine"].info
            return info.speculation, info.cache_bytes

    speculation, cache_bytes = asyncio.run(scenario())
    assert speculation == "prompt_lookup"
    assert cache_bytes == 16 * 3 * 2 * (40 * 16 + 32 * 24)  # layers, heads; keys by channel, values by token


def test_auto_takes_the_graph_where_it_loads_and_says_so() -> None:
    async def scenario() -> None:
        opened = graph(engine={"core": "auto", "num_kv_blocks": 16, "max_num_seqs": 4})
        told: list[str] = []
        await opened.open(progress=lambda node, message, fraction: told.append(message))
        try:
            info = opened.side_packets["engine"].info
            assert (info.core, info.num_kv_blocks, info.max_num_seqs) == ("graph", 16, 4)
            assert "logit_bias" in info.capabilities
            assert told[-1] == "core auto took 'graph': it can load the model on this device"
        finally:
            await opened.close()

    asyncio.run(scenario())


EVICTION = {"start_size": 32, "recent_size": 64, "max_cache_size": 128}


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ({"core": "paged"}, "there is no core 'paged'; there are: auto, genai, graph"),
        (
            {"core": "auto", "draft_models_path": "d"},
            "draft_models_path is of core 'genai' alone, and core 'auto' may take another",
        ),
        (
            {"core": "auto", "cache_sise": 1},
            "unknown key 'cache_sise' of core 'auto'; did you mean 'cache_size'?",
        ),
        ({"core": "auto", "num_kv_blocks": 0}, "num_kv_blocks is 0; expected `int` >= 1"),
        ({"cache_sise": 1}, "unknown key 'cache_sise' of core 'genai'; did you mean 'cache_size'?"),
        ({"models_path": "m"}, "models_path stands beside engine, not in it; move it out"),
        ({"cache_size": "big"}, 'cache_size is "big"; expected `float | null`, got `str`'),
        ({"num_kv_blocks": 0}, "num_kv_blocks is 0; expected `int` >= 1"),
        ({"prompt_lookup": "yes"}, 'prompt_lookup is "yes"; expected `bool`, got `str`'),
        (
            {"cache_size": 1, "num_kv_blocks": 1},
            "cache_size and num_kv_blocks say the same thing twice; give one of them",
        ),
        (
            {"draft_models_path": "d", "prompt_lookup": True},
            "draft_models_path and prompt_lookup exclude each other; give one of them",
        ),
        (
            {"cache_eviction_config": {**EVICTION, "start_size": "a"}},
            "cache_eviction_config.start_size: expected `int`, got `str`",
        ),
        (
            {"cache_eviction_config": {**EVICTION, "max_cache_size": 96}},
            "cache_eviction_config: max_cache_size is 96; it must be above start_size + recent_size, "
            "which is 96",
        ),
        (
            {"cache_eviction_config": {**EVICTION, "start_size": 33}},
            "cache_eviction_config.start_size is 33; on CPU it must be a multiple of 32, the tokens in a block",
        ),
        (
            {"sparse_attention_config": {"mode": "NONE"}},
            "sparse_attention_config.mode: invalid enum value 'NONE'; there are: TRISHAPE, XATTENTION",
        ),
        (
            {"adapters": [{"path": "a", "alpa": 1}]},
            "adapters[0]: object contains unknown field `alpa`; there are: path, alpha",
        ),
    ],
    ids=str,
)
def test_a_wrong_option_is_a_finding_before_anything_starts(engine: dict[str, Any], said: str) -> None:
    with pytest.raises(GraphError) as caught:
        graph(engine=engine)
    (finding,) = caught.value.findings
    assert str(finding) == f"<text>:10: option 'engine' of LlmEngineCalculator: {said}"


def test_every_wrong_option_is_told_at_once() -> None:
    with pytest.raises(OptionError) as caught:
        LlmEngineCalculator(models_path="m", engine={"num_kv_blocks": 0, "cache_sise": 1, "device": "CPU"})
    assert len(str(caught.value).splitlines()) == 3


def test_a_timeout_is_above_zero() -> None:
    with pytest.raises(ValueError, match="step_timeout is 0; it is in seconds and above 0"):
        LlmEngineCalculator(models_path="m", step_timeout=0)


@pytest.mark.parametrize("name", ["openvino_model.xml", "openvino_tokenizer.xml"])
def test_what_the_folder_lacks_is_named(tmp_path: Path, name: str) -> None:
    for other in ("openvino_model.xml", "openvino_tokenizer.xml", "openvino_detokenizer.xml"):
        if other != name:
            (tmp_path / other).touch()
    with pytest.raises(RunError, match=f"has no {name}"):
        CalculatorRunner(LlmEngineCalculator(models_path=str(tmp_path))).run()


ONE_TOKEN = """
import numpy as np

from ovpipe.calculators.engine.logits_processor import LogitsProcessor
from ovpipe.registry import register


@register
class OneTokenCalculator(LogitsProcessor):
    def process_row(self, cx, row, logits):
        found = np.full_like(logits, -np.inf)
        found[7] = 0
        return found
"""


def own_engine(folder: Path) -> Path:
    """A project whose engine's graph has a logits processor of its own, in place of min_tokens."""
    (folder / "calculators").mkdir()
    (folder / "calculators" / "one_token.py").write_text(ONE_TOKEN)
    (folder / "graphs").mkdir()
    text = shipped_graphs()["engine"].read_text("utf-8")
    before, _, rest = text.partition("  min_tokens:\n")
    node, _, after = rest.partition("\n\n")
    own = node.replace("MinTokensCalculator", "OneTokenCalculator").replace(
        "    side_inputs: {facts: facts}\n", ""
    )
    file = folder / "graphs" / "own_engine.yaml"
    file.write_text(f"{before}  one_token:\n{own}\n\n{after}")
    return file


def test_a_projects_own_calculator_works_in_the_engines_process(tmp_path: Path) -> None:
    async def scenario() -> None:
        opened = Graph(
            load_graph_text(
                GRAPH,
                registry=Registry.installed(),
                parameters={
                    "models_path": TINY_RANDOM,
                    "engine": {"core": "graph", "graph": str(own_engine(tmp_path)), "num_kv_blocks": 16},
                },
            )
        )
        async with opened:
            sampling = SamplingParams(max_tokens=3, temperature=0, ignore_eos=True)
            async with opened.side_packets["engine"].generate([1, 2, 3], sampling) as generation:
                tokens = [token.id async for delta in generation for token in delta.tokens]
        assert tokens == [7, 7, 7]

    asyncio.run(scenario())


def test_the_graph_of_a_step_is_checked_before_a_model_is_chosen(tmp_path: Path) -> None:
    file = own_engine(tmp_path)
    file.write_text(file.read_text().replace("OneTokenCalculator", "OneTokenCalculater"))
    line = 1 + next(n for n, text in enumerate(file.read_text().splitlines()) if "Calculater" in text)
    with pytest.raises(GraphError) as caught:
        load_graph_text(
            GRAPH,
            registry=Registry.installed(),
            parameters={"engine": {"core": "graph", "graph": str(file)}},
        )
    assert f"{file}:{line}: unknown calculator 'OneTokenCalculater'" in str(caught.value)
    assert "did you mean 'OneTokenCalculator'?" in str(caught.value)


def test_only_the_core_whose_step_is_a_graph_uses_one() -> None:
    assert LlmEngineCalculator.used_graphs({"models_path": "m", "engine": {"core": "genai"}}) == ()
    assert LlmEngineCalculator.used_graphs({"engine": {"core": "graph", "cache_size": -1}}) == ()
    (used,) = LlmEngineCalculator.used_graphs({"engine": {"core": "graph"}})
    assert (used.name, "models_path" in used.parameters) == ("engine", False)
