"""LanguageModelCalculator: what it loads, and what it says when it cannot."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from ovpipe.calculators.llm.language_model import LanguageModelCalculator
from ovpipe.calculators.llm.packets import Message
from ovpipe.engines.genai.options import CacheEvictionConfig
from ovpipe.engines.protocol import EngineUnavailable, SamplingParams
from ovpipe.errors import OptionError, RunError
from ovpipe.graph.load import load_graph_text
from ovpipe.options import check_options
from ovpipe.registry import Registry
from ovpipe.runtime.runs.graph import Graph
from ovpipe.testing import CalculatorRunner
from tests.models.folders import TINY_RANDOM

GRAPH = """
version: 1
parameters:
  models_path: {type: path}
nodes:
  language_model:
    calculator: LanguageModelCalculator
    side_outputs: {engine: engine, tokenizer: tokenizer, chat_template: chat_template}
    options: {models_path: "${models_path}", num_kv_blocks: 16}
"""


async def load_and_generate() -> None:
    registry = Registry()
    registry.add(LanguageModelCalculator)
    graph = Graph(load_graph_text(GRAPH, registry=registry, parameters={"models_path": TINY_RANDOM}))
    told: list[str] = []
    await graph.open(progress=lambda node, message, fraction: told.append(message))
    try:
        assert told[0] == "loading the tokenizer"
        assert len(told) > 1  # the engine's own
        side = graph.side_packets
        engine = side["engine"]
        text = side["chat_template"].render([Message(role="user", content="hi")])
        assert text == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
        prompt = side["tokenizer"].encode(text, add_special_tokens=False)
        assert engine.info.num_kv_blocks == 16
        sampling = SamplingParams(max_tokens=3, temperature=0, ignore_eos=True)
        async with engine.generate(prompt, sampling) as generation:
            deltas = [delta async for delta in generation]
        assert sum(len(delta.tokens) for delta in deltas) == 3
        assert deltas[-1].finish == "length"
    finally:
        await graph.close()
    with pytest.raises(EngineUnavailable):
        engine.generate(prompt, sampling)


def test_loads_a_model_and_generates() -> None:
    asyncio.run(load_and_generate())


def failure(folder: Path) -> OptionError:
    with pytest.raises(RunError) as caught:
        CalculatorRunner(LanguageModelCalculator(models_path=str(folder))).run()
    assert isinstance(caught.value.__cause__, OptionError)
    return caught.value.__cause__


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    message = str(failure(tmp_path / "nothing"))
    assert message.startswith(f"models_path: {tmp_path}/nothing does not exist; ")
    assert "optimum-cli export openvino" in message


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()
    assert "model.bin is not a folder" in str(failure(tmp_path / "model.bin"))


@pytest.mark.parametrize("name", ["openvino_model.xml", "openvino_tokenizer.xml", "openvino_detokenizer.xml"])
def test_what_the_folder_lacks_is_named(tmp_path: Path, name: str) -> None:
    for other in ("openvino_model.xml", "openvino_tokenizer.xml", "openvino_detokenizer.xml"):
        if other != name:
            (tmp_path / other).touch()
    assert f"{tmp_path} has no {name}" in str(failure(tmp_path))


def test_a_chat_template_that_is_none_is_found_at_the_start(tmp_path: Path) -> None:
    shutil.copytree(TINY_RANDOM, tmp_path / "model")
    (tmp_path / "model" / "chat_template.jinja").write_text("line one\n{% if %}")
    message = str(failure(tmp_path / "model"))
    assert f"the chat template in {tmp_path}/model has an error in its line 2" in message


def test_options_that_contradict_each_other_are_refused_before_anything_starts() -> None:
    with pytest.raises(ValueError, match="cache_size and num_kv_blocks say the same thing twice"):
        LanguageModelCalculator(models_path="m", cache_size=1, num_kv_blocks=1)
    with pytest.raises(ValueError, match="step_timeout is 0; it is in seconds and above 0"):
        LanguageModelCalculator(models_path="m", step_timeout=0)


EVICTION = {"start_size": 32, "recent_size": 64, "max_cache_size": 128}


def test_options_of_the_engine_reach_it() -> None:
    text = GRAPH.replace(
        "num_kv_blocks: 16",
        "num_kv_blocks: 16, prompt_lookup: true, max_ngram_size: 2, kv_cache_precision: u8, "
        "adapters: [], sparse_attention_config: {mode: XATTENTION}",
    )
    registry = Registry()
    registry.add(LanguageModelCalculator)

    async def scenario() -> tuple[str, int]:
        graph = Graph(load_graph_text(text, registry=registry, parameters={"models_path": TINY_RANDOM}))
        await graph.open()
        try:
            info = graph.side_packets["engine"].info
            return info.speculation, info.cache_bytes
        finally:
            await graph.close()

    speculation, cache_bytes = asyncio.run(scenario())
    assert speculation == "prompt_lookup"
    assert cache_bytes == 16 * 3 * 2 * (40 * 16 + 32 * 24)  # layers, heads; keys by channel, values by token


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"cache_eviction_config": {**EVICTION, "start_size": "a"}},
            "option 'cache_eviction_config' of LanguageModelCalculator: Expected `int`, got `str`",
        ),
        ({"cache_eviction_config": {**EVICTION, "max_cache_size": 96}}, "it must be above start_size"),
        ({"sparse_attention_config": {"mode": "NONE"}}, "Invalid enum value 'NONE'"),
        ({"adapters": [{"path": "a", "alpa": 1}]}, "unknown field `alpa`"),
        ({"prompt_lookup": "yes"}, "option 'prompt_lookup' of LanguageModelCalculator"),
    ],
    ids=str,
)
def test_an_option_of_a_wrong_kind_is_named(given: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=re.escape(said)):
        check_options(LanguageModelCalculator, {"models_path": "m", **given})


def test_options_that_exclude_each_other_are_told_when_the_graph_is_made() -> None:
    with pytest.raises(ValueError, match="draft_models_path and prompt_lookup exclude each other"):
        LanguageModelCalculator(models_path="m", draft_models_path="d", prompt_lookup=True)
    with pytest.raises(ValueError, match="start_size is 33; on CPU it must be a multiple of 32"):
        eviction = CacheEvictionConfig(start_size=33, recent_size=64, max_cache_size=128)
        LanguageModelCalculator(models_path="m", cache_eviction_config=eviction)
