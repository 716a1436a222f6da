"""The example's logits processors, served: a request picks them by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from examples.logits_processors.calculators.watermark import WatermarkArguments, z_score
from ovpipe.cli.embedded import embedded_parameters
from ovpipe.engines.model_folder import ModelFolder
from tests.serving.server_process import ServerProcess

pytestmark = pytest.mark.slow
row = pytest.mark.parameter  # tests/house/test_parameters.py looks for these

GRAPH = Path(__file__).parents[3] / "examples" / "logits_processors" / "graphs" / "marked_engine.yaml"


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    options = ("--set", "engine.core=graph", "--set", f"engine.graph={GRAPH}")
    with ServerProcess(*options, "--set", "engine.num_kv_blocks=64") as running:
        running.wait_ready()
        with openai.OpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0) as found:
            yield found


def ask(client: openai.OpenAI, *processors: dict[str, Any], **more: Any) -> Any:
    body = {"ignore_eos": True, "return_token_ids": True, "logits_processors": list(processors)}
    return client.completions.create(
        model="tiny-chat", prompt="What is ovpipe?", max_tokens=80, extra_body=body, **more
    )


@row("logits_processors")
def test_a_watermark_is_found_in_a_text_that_asked_for_it_and_in_no_other(client: openai.OpenAI) -> None:
    # A strong one: the tiny model is sure of most tokens, and so leaves little room.
    watermark = {"name": "watermark", "arguments": {"gamma": 0.5, "delta": 30, "key": 99}}
    vocabulary = ModelFolder.read(Path(embedded_parameters()["models_path"])).vocab_size

    def z(key: int, *processors: dict[str, Any]) -> float:
        text = ask(client, *processors, temperature=2, seed=5).choices[0].token_ids
        return z_score(text, vocabulary, WatermarkArguments(gamma=0.5, key=key))

    assert z(99, watermark) > 5
    assert z(98, watermark) < 4
    assert z(99) < 4


def test_an_answer_in_the_words_of_its_prompt(client: openai.OpenAI) -> None:
    (plain,) = ask(client, temperature=0).choices
    (biased,) = ask(client, {"name": "prompt_bias", "arguments": {"bias": 100}}, temperature=0).choices
    assert set(biased.token_ids) <= set(biased.prompt_token_ids)
    assert not set(plain.token_ids) <= set(plain.prompt_token_ids)


@pytest.mark.parametrize(
    ("processor", "param", "said"),
    [
        ({"name": "markwater"}, "logits_processors[0].name", "there are: prompt_bias, watermark"),
        ({"name": "watermark", "arguments": {"gamma": 2}}, "logits_processors[0].arguments.gamma", "< 1"),
        ({"name": "watermark", "arguments": {"gama": 0.5}}, "logits_processors[0].arguments", "gama"),
        ({"name": "prompt_bias"}, "logits_processors[0].arguments", "bias"),
        ({"name": "watermark", "arguments": 3}, "logits_processors[0].arguments", "an object"),
        ({"nome": "watermark"}, "logits_processors[0]", "without nome"),
    ],
)
def test_a_wrong_processor_is_a_400_at_its_place(
    client: openai.OpenAI, processor: dict[str, Any], param: str, said: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, processor)
    assert caught.value.param == param
    assert said in caught.value.message


def test_a_processor_named_twice_is_a_400(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, {"name": "watermark"}, {"name": "watermark"})
    assert caught.value.param == "logits_processors[1].name"
