"""LoRA adapters that requests choose by the model's name, through the real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openai
import pytest
import yaml
from safetensors.numpy import save_file

from ovpipe.cli.embedded import embedded_parameters
from tests.serving.asking import get
from tests.serving.server_process import ServerProcess

pytestmark = pytest.mark.slow
MODULES = ["self_attn.q_proj", "self_attn.v_proj", "mlp.down_proj"]
INPUTS = {"self_attn.q_proj": (256, 256), "self_attn.v_proj": (128, 256), "mlp.down_proj": (256, 704)}


def write_adapter(folder: Path, seed: int) -> Path:
    """A random adapter of tiny-chat, in PEFT's format."""
    draw = np.random.default_rng(seed)
    tensors = {}
    for layer in range(7):
        for module in MODULES:
            outputs, inputs = INPUTS[module]
            name = f"base_model.model.model.layers.{layer}.{module}"
            tensors[f"{name}.lora_A.weight"] = draw.normal(size=(4, inputs)).astype(np.float32) / 16
            tensors[f"{name}.lora_B.weight"] = draw.normal(size=(outputs, 4)).astype(np.float32) / 2
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 4, "lora_alpha": 2}')
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("lora")
    adapters = [
        {"path": str(write_adapter(folder / name, seed))} for seed, name in enumerate(("salt", "sweet"))
    ]
    engine = {"core": "graph", "num_kv_blocks": 64, "exact": True, "adapters": adapters}
    parameters = {**embedded_parameters(), "engine": engine}
    models = {"tiny": {"graph": "chat", "parameters": parameters}}
    config = folder / "server.yaml"
    config.write_text(yaml.safe_dump({"version": 1, "models": models}))
    with ServerProcess("--config", str(config)) as running:
        running.wait_ready()
        yield running


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_each_request_goes_through_the_adapter_that_it_names(client: openai.OpenAI) -> None:
    def ask(model: str) -> tuple[str, str | None]:
        answer = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": "What is ovpipe? Say it in many words, please."}],
            temperature=0,
            max_tokens=20,
        )
        return answer.model, answer.choices[0].message.content

    names = ["tiny", "tiny:salt", "tiny:sweet"]
    alone = [ask(name) for name in names]
    assert [model for model, _ in alone] == names
    assert len({text for _, text in alone}) == 3
    with ThreadPoolExecutor(9) as threads:
        assert list(threads.map(ask, names * 3)) == alone * 3


def test_several_choices_go_through_it_too(client: openai.OpenAI) -> None:
    one, three = (
        client.completions.create(
            model="tiny:salt", prompt="Hello", n=count, temperature=0.01, seed=1, max_tokens=8
        ).choices
        for count in (1, 3)
    )
    assert {choice.text for choice in three} == {one[0].text}


def test_the_models_are_listed_with_their_adapters_as_vllm_lists_them(
    server: ServerProcess, client: openai.OpenAI
) -> None:
    listed = get(server.url, "/v1/models").json()["data"]
    assert [(one["id"], one["root"], one["parent"]) for one in listed] == [
        ("tiny", "tiny", None),
        ("tiny:salt", "salt", "tiny"),
        ("tiny:sweet", "sweet", "tiny"),
    ]
    assert [one["capabilities"]["adapters"] for one in listed] == [["salt", "sweet"]] * 3
    assert client.models.retrieve("tiny:sweet").id == "tiny:sweet"


@pytest.mark.parametrize("name", ["tiny:sour", "tiny:", "tiny:salt:salt", "nix:salt"])
def test_an_adapter_that_is_not_there_is_a_404_that_names_those_that_are(
    client: openai.OpenAI, name: str
) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.completions.create(model=name, prompt="Hello", max_tokens=1)
    error = json.loads(refused.value.response.text)["error"]
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    there = "tiny, tiny:salt, tiny:sweet" if name in ("tiny:sour", "tiny:") else "Models served: tiny"
    assert there in error["message"]
