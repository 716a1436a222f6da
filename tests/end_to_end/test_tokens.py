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
  random:
    graphs: [chat, tokenize, render, parse]
    parameters: {{models_path: {random}, engine: {{num_kv_blocks: 64}}}}
  chat:
    graphs: [chat, tokenize, render, parse]
    parameters: {{models_path: {chat}, engine: {{num_kv_blocks: 64}}}}
  unserved: {{graph: tokenize, parameters: {{models_path: {chat}}}}}
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
    answer = ask(url, "/v1/tokenize", model, **body)
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
    rendered = ask(url, "/v1/chat/completions/render", model, messages=CONVERSATION, **parameters).json()
    assert rendered["token_ids"] == shown["tokens"]
    back = ask(url, "/detokenize", model, tokens=shown["tokens"])
    assert rendered["prompt_text"] == back.json()["prompt"]


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


@pytest.mark.parametrize("model", MODELS)
def test_a_rendered_completion_has_the_tokens_of_each_prompt_and_what_the_engine_would_be_asked(
    url: str, model: str
) -> None:
    body = {"prompt": ["A graph is", "Packets"], "seed": 3, "max_tokens": 2, "mystery": 1}
    answer = ask(url, "/v1/completions/render", model, **body)
    shown = answer.json()
    choices = ask(url, "/v1/completions", model, return_token_ids=True, **body).json()["choices"]
    assert [one["token_ids"] for one in shown] == [choice["prompt_token_ids"] for choice in choices]
    assert {(one["sampling_params"]["seed"], one["sampling_params"]["max_tokens"]) for one in shown} == {
        (3, 2)
    }
    assert shown[0]["ignored_parameters"] == ["mystery"]
    assert answer.headers["x-ovpipe-ignored-parameters"] == "mystery"
    beyond = ask(url, "/v1/completions/render", model, prompt="x", max_tokens=5000)
    assert beyond.error() == (400, "context_length_exceeded", "max_tokens")


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
    for model in MODELS:
        shown = sent(client, "/tokenize", model=model, prompt=text)
        assert sent(client, "/detokenize", model=model, tokens=shown["tokens"]) == {"prompt": text}


def test_no_engine_is_needed_and_the_context_is_what_config_json_says(url: str) -> None:
    shown = tokenize(url, "unserved", messages=CONVERSATION)
    assert shown == tokenize(url, "chat", messages=CONVERSATION)


def test_what_is_longer_than_the_context_is_counted(url: str) -> None:
    text = "word " * 30_000
    shown = tokenize(url, "chat", prompt=text)
    assert shown["count"] > shown["max_model_len"] == 2048  # the cache has as many
    assert tokenize(url, "random", prompt="x")["max_model_len"] == 2048  # though its context has more
    back = ask(url, "/v1/detokenize", "chat", tokens=shown["tokens"])
    assert back.json() == {"prompt": text}


@pytest.mark.parametrize("prefix", ["", "/v1", "/v3"])
def test_the_routes_are_vllms_with_and_without_a_version(url: str, prefix: str) -> None:
    assert ask(url, f"{prefix}/tokenize", "chat", prompt="x").json()["count"] == 1
    assert ask(url, f"{prefix}/detokenize", "chat", tokens=[]).json() == {"prompt": ""}


@row("chat_template")
def test_bad_input_is_an_openai_error_with_the_fields_path(url: str) -> None:
    beyond = ask(url, "/detokenize", "chat", tokens=[1, 10**6])
    assert beyond.error() == (400, "invalid_value", "tokens[1]")
    assert ask(url, "/tokenize", "chat").error() == (400, "missing_required_parameter", "prompt")
    refused = ask(url, "/tokenize", "chat", messages=[{"role": "tool", "content": "x"}])
    assert refused.error() == (400, "missing_required_parameter", "messages[0].tool_call_id")
    messages = [{"role": "user", "content": "x"}]
    own = ask(url, "/tokenize", "chat", messages=messages, chat_template="{{ messages }}")
    assert own.error() == (400, "unsupported_parameter", "chat_template")
    ignored = ask(url, "/tokenize", "chat", prompt="x", temperature=1)
    assert ignored.headers["x-ovpipe-ignored-parameters"] == "temperature"


ASKED = {"messages": [{"role": "user", "content": "What is the weather in Lisbon?"}], "tools": [WEATHER]}
THINKING = ASKED | {"chat_template_kwargs": {"enable_thinking": True}}


def without_ids(message: Any) -> Any:
    """A message, its calls without the ids that are new each time."""
    calls = [{**call, "id": ""} for call in message.get("tool_calls", ())]
    return {**message, "tool_calls": calls}


@row("token_ids", "finish_reason")
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("asked", [ASKED, THINKING], ids=["plain", "thinking"])
@pytest.mark.parametrize("max_tokens", [64, 12])
def test_the_tokens_of_an_answer_are_read_as_the_answer_was(
    url: str, model: str, asked: dict[str, Any], max_tokens: int
) -> None:
    limits = {"max_tokens": max_tokens, "temperature": 0, "return_token_ids": True}
    (choice,) = ask(url, "/v1/chat/completions", model, **asked, **limits).json()["choices"]
    ended = "length" if choice["finish_reason"] == "length" else "stop"
    answer = {"token_ids": choice["token_ids"], "finish_reason": ended}
    parsed = ask(url, "/v1/parse", model, **asked, **answer).json()
    assert without_ids(parsed["message"]) == without_ids(choice["message"])
    assert parsed["finish_reason"] == choice["finish_reason"]


RAW = (
    "<think>Löwen?</think>\nBoth.\n<tool_call>\n"
    '{"name": "get_weather", "arguments": {"city": "Löwen"}}\n</tool_call><|im_end|>'
)


@row("text", "skip_special_tokens", "spaces_between_special_tokens")
def test_a_text_is_read_alike_whole_and_in_any_pieces(client: OpenAI) -> None:
    whole = sent(client, "/parse", model="chat", text=RAW, tools=[WEATHER])
    assert whole["message"]["reasoning_content"] == "Löwen?"
    assert whole["message"]["content"].strip() == "Both."
    assert [call["function"]["name"] for call in whole["message"]["tool_calls"]] == ["get_weather"]
    assert whole["finish_reason"] == "tool_calls"
    for size in (1, 2, 3, 7, 31):
        pieces = [RAW[at : at + size] for at in range(0, len(RAW), size)]
        parsed = sent(client, "/parse", model="chat", text=pieces, tools=[WEATHER])
        assert without_ids(parsed["message"]) == without_ids(whole["message"])
        assert parsed["finish_reason"] == "tool_calls"
    marked = "a<|im_start|>b<|im_end|>"
    assert sent(client, "/parse", model="chat", text=marked)["message"]["content"] == "ab"
    shown = sent(
        client,
        "/parse",
        model="chat",
        text=marked,
        skip_special_tokens=False,
        spaces_between_special_tokens=False,
    )
    assert shown["message"]["content"] == "a<|im_start|>b"


def test_without_tools_an_answer_calls_nothing_and_bad_input_is_named(url: str) -> None:
    parsed = ask(url, "/v1/parse", "chat", text=RAW).json()
    assert "tool_calls" not in parsed["message"]
    assert parsed["finish_reason"] == "stop"
    assert ask(url, "/v1/parse", "chat").error() == (400, "missing_required_parameter", "text")
    beyond = ask(url, "/v1/parse", "chat", token_ids=[1, 10**6])
    assert beyond.error() == (400, "invalid_value", "token_ids[1]")
