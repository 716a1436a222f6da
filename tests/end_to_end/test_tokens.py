"""Tokens by HTTP, beside a chat with the same model: what is shown is what the model gets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI

from ovpipe.cli.embedded import embedded_parameters
from tests.end_to_end.models import MODEL
from tests.serving.asking import Answer, post
from tests.serving.server_process import ServerProcess

CONFIG = """
version: 1
models:
  random: {{graph: chat, parameters: {{models_path: {random}, engine: {{num_kv_blocks: 64}}}}}}
  chat: {{graph: chat, parameters: {{models_path: {chat}, engine: {{num_kv_blocks: 64}}}}}}
  random-tokens: {{graph: tokenize, parameters: {{models_path: {random}}}}}
  chat-tokens: {{graph: tokenize, parameters: {{models_path: {chat}}}}}
"""
MODELS = ("random", "chat")
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is the weather in Löwen? <|im_end|>"},
    {"role": "assistant", "content": "Sunny, I"},
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    config = tmp_path_factory.mktemp("tokens") / "server.yaml"
    config.write_text(CONFIG.format(random=MODEL, chat=embedded_parameters()["models_path"]))
    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        yield server.url


def ask(url: str, path: str, model: str, **body: Any) -> Answer:
    return post(url, {"model": model} | body, path)


def tokenize(url: str, model: str, **body: Any) -> Any:
    answer = ask(url, "/v1/tokenize", f"{model}-tokens", **body)
    assert answer.status == 200, answer.body
    return answer.json()


row = pytest.mark.parameter  # tests/house/test_parameters.py looks for these


@row("model", "messages", "tools", "tool_choice", "functions", "function_call", "chat_template_kwargs")
@row("add_generation_prompt", "continue_final_message", "add_special_tokens", "truncate_prompt_tokens")
@row("reasoning_effort", "documents", "parallel_tool_calls")
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"tools": [WEATHER], "parallel_tool_calls": False},
        {"tools": [WEATHER], "tool_choice": "none"},
        {"chat_template_kwargs": {"enable_thinking": True}},
        {"add_generation_prompt": False},
        {"continue_final_message": True},
        {"add_special_tokens": True},
        {"truncate_prompt_tokens": 7},
        {"functions": [WEATHER["function"]], "function_call": "auto"},
        {"reasoning_effort": "low", "documents": [{"text": "x"}]},
    ],
    ids=lambda parameters: "-".join(parameters) or "plain",
)
def test_a_conversation_has_the_tokens_that_its_answer_was_made_of(
    url: str, model: str, parameters: dict[str, Any]
) -> None:
    shown = tokenize(url, model, messages=CONVERSATION, **parameters)
    chat = ask(
        url,
        "/v1/chat/completions",
        model,
        messages=CONVERSATION,
        max_tokens=1,
        return_token_ids=True,
        **parameters,
    ).json()
    assert shown["tokens"] == chat["prompt_token_ids"]
    assert shown["count"] == len(shown["tokens"]) == chat["usage"]["prompt_tokens"]


@row("prompt", "return_token_strs")
@pytest.mark.parametrize("model", MODELS)
def test_a_text_has_the_tokens_that_its_completion_was_made_of(url: str, model: str) -> None:
    shown = tokenize(url, model, prompt="A graph <|im_end|> is", return_token_strs=True)
    completion = ask(
        url, "/v1/completions", model, prompt="A graph <|im_end|> is", max_tokens=1, return_token_ids=True
    ).json()
    assert shown["tokens"] == completion["choices"][0]["prompt_token_ids"]
    assert shown["count"] == completion["usage"]["prompt_tokens"]
    assert len(shown["token_strs"]) == shown["count"]
    assert "<|im_end|>" in shown["token_strs"]
    assert "Ġ" in "".join(shown["token_strs"])


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as made:
        yield made


def sent(client: OpenAI, path: str, **body: Any) -> Any:
    """What openai's own client gets for a route that it has no method for."""
    return client.post(path, body=body, cast_to=object)


@row("tokens")
@given(text=st.text(max_size=200))
@settings(max_examples=30, deadline=None)
def test_a_text_comes_back_from_its_tokens(client: OpenAI, text: str) -> None:
    for model in ("random-tokens", "chat-tokens"):
        shown = sent(client, "/tokenize", model=model, prompt=text)
        assert sent(client, "/detokenize", model=model, tokens=shown["tokens"]) == {"prompt": text}


def test_what_is_longer_than_the_context_is_counted(url: str) -> None:
    text = "word " * 30_000
    shown = tokenize(url, "chat", prompt=text)
    assert shown["count"] > shown["max_model_len"] == 2048
    back = ask(url, "/v1/detokenize", "chat-tokens", tokens=shown["tokens"])
    assert back.json() == {"prompt": text}


@pytest.mark.parametrize("prefix", ["", "/v1", "/v3"])
def test_the_routes_are_vllms_with_and_without_a_version(url: str, prefix: str) -> None:
    assert ask(url, f"{prefix}/tokenize", "chat-tokens", prompt="x").json()["count"] == 1
    assert ask(url, f"{prefix}/detokenize", "chat-tokens", tokens=[]).json() == {"prompt": ""}


@row("chat_template")
def test_bad_input_is_an_openai_error_with_the_fields_path(url: str) -> None:
    beyond = ask(url, "/detokenize", "chat-tokens", tokens=[1, 10**6])
    assert beyond.error() == (400, "invalid_value", "tokens[1]")
    assert ask(url, "/tokenize", "chat-tokens").error() == (400, "missing_required_parameter", "prompt")
    refused = ask(url, "/tokenize", "chat-tokens", messages=[{"role": "tool", "content": "x"}])
    assert refused.error() == (400, "missing_required_parameter", "messages[0].tool_call_id")
    messages = [{"role": "user", "content": "x"}]
    own = ask(url, "/tokenize", "chat-tokens", messages=messages, chat_template="{{ messages }}")
    assert own.error() == (400, "unsupported_parameter", "chat_template")
    ignored = ask(url, "/tokenize", "chat-tokens", prompt="x", temperature=1)
    assert ignored.headers["x-ovpipe-ignored-parameters"] == "temperature"
