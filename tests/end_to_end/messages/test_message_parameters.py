"""Every parameter of the Messages API, by its effect. The build fails for a row without a test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.anthropic_types import as_count, as_events
from tests.end_to_end.messages.conftest import HI, MessagesApi, text_of, word

row = pytest.mark.parameter  # tests/house/test_parameters.py looks for these
IGNORED = "x-ovpipe-ignored-parameters"
LOOK = {"name": "look", "input_schema": {"type": "object", "properties": {"at": {"type": "string"}}}}
WEATHER = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@row("model")
def test_the_model_names_the_graph(api: MessagesApi) -> None:
    assert api.message(model="tiny").model == "tiny"
    answer = api.ask(model="nobody")
    assert (answer.status, answer.json()["error"]["type"]) == (404, "not_found_error")


@row("messages")
def test_another_conversation_has_another_answer(api: MessagesApi) -> None:
    assert api.text() != api.text(messages=[{"role": "user", "content": "What is a graph?"}])
    assert api.ask(messages=[]).status == 400


@row("messages")
def test_the_last_words_of_the_assistant_are_continued(api: MessagesApi) -> None:
    begun = [*HI, {"role": "assistant", "content": "A graph is"}]
    more = api.message(messages=begun)
    anew = api.message(messages=[*begun, {"role": "user", "content": "."}])
    assert more.usage.input_tokens < anew.usage.input_tokens
    chat = api.ask(
        "chat/completions",
        model="tiny-chat",
        messages=begun,
        continue_final_message=True,
        add_generation_prompt=False,
    )
    assert text_of(more) == chat.json()["choices"][0]["message"]["content"]


@row("system")
def test_the_model_reads_what_the_system_says(api: MessagesApi) -> None:
    alone = api.message()
    told = api.message(system=[{"type": "text", "text": "You are a pirate."}])
    assert told.usage.input_tokens > alone.usage.input_tokens
    chat = api.ask(
        "chat/completions",
        model="tiny-chat",
        messages=[{"role": "system", "content": "You are a pirate."}, *HI],
    )
    assert text_of(told) == chat.json()["choices"][0]["message"]["content"]


@row("max_tokens")
def test_the_answer_ends_at_its_most_tokens_or_where_the_context_does(api: MessagesApi) -> None:
    short = api.message(max_tokens=3)
    assert (short.usage.output_tokens, short.stop_reason) == (3, "max_tokens")
    nothing = api.message(max_tokens=0)
    assert (nothing.content, nothing.stop_reason, nothing.usage.output_tokens) == ([], "max_tokens", 0)
    hello = api.message(model="script", messages=word("hello"), max_tokens=1_000_000)
    assert hello.stop_reason == "end_turn"
    assert api.ask(max_tokens=...).status == 400


@row("stream")
def test_a_stream_brings_the_same_text_in_events(api: MessagesApi) -> None:
    events = as_events(api.ask(stream=True).body)
    assert [events[0].type, events[-2].type, events[-1].type] == [
        "message_start",
        "message_delta",
        "message_stop",
    ]
    pieces = [event.delta.text for event in events if event.type == "content_block_delta"]
    assert len(pieces) > 3
    assert "".join(pieces) == api.text()


@row("stop_sequences")
def test_the_answer_ends_before_a_stop_sequence(api: MessagesApi) -> None:
    message = api.message(model="script", messages=word("hello"), stop_sequences=["nowhere", ", how"])
    assert text_of(message) == "Hello there"
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", ", how")


@row(
    "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "frequency_penalty", "presence_penalty",
    "seed",
)  # fmt: skip
def test_tokens_are_sampled_as_in_a_chat(api: MessagesApi) -> None:
    sampled = {"temperature": 1.0, "seed": 7}
    plain = api.text(**sampled)
    for parameters in (
        {"temperature": 0.2},
        {"top_p": 0.1},
        {"top_k": 1},
        {"min_p": 0.9},
        {"repetition_penalty": 3.0},
        {"frequency_penalty": 2.0},
        {"presence_penalty": 2.0},
        {"seed": 8},
    ):
        wishes: dict[str, Any] = sampled | parameters | {"max_tokens": 24}
        chat = api.ask("chat/completions", model="tiny-chat", **wishes)
        text = api.text(**wishes)
        assert text == chat.json()["choices"][0]["message"]["content"], parameters
        assert not text.startswith(plain) or parameters.keys() <= {"frequency_penalty", "presence_penalty"}


@row("logit_bias")
def test_a_bias_needs_an_engine_that_honours_it(api: MessagesApi) -> None:
    error = api.ask(logit_bias={"1": 5}).json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith("'logit_bias' is not honoured by this model's engine 'genai'")


@row("tools")
def test_the_model_reads_tools_and_calls_them(api: MessagesApi) -> None:
    called = api.message(
        model="script", messages=word("weather"), tools=[LOOK | {"name": "get_weather"}], max_tokens=100
    )
    thinking, call = called.content
    assert (thinking.type, call.type, called.stop_reason) == ("thinking", "tool_use", "tool_use")
    with_tools = api.ask("messages/count_tokens", model="script", tools=[LOOK])
    without = api.ask("messages/count_tokens", model="script")
    assert as_count(with_tools.body).input_tokens > as_count(without.body).input_tokens
    search = api.ask(tools=[{"type": "web_search_20250305", "name": "web_search"}])
    assert search.headers[IGNORED] == "tools.web_search_20250305"


@row("tool_choice")
def test_a_tool_may_have_to_be_called_or_must_not_be(api: MessagesApi) -> None:
    ask: dict[str, Any] = {"model": "script", "max_tokens": 100, "messages": word("call"), "tools": [WEATHER]}
    for choice in ({"type": "any"}, {"type": "tool", "name": "get_weather"}):
        forced = api.message(**ask, tool_choice=choice)
        assert ([block.type for block in forced.content], forced.stop_reason) == (["tool_use"], "tool_use")
    none = api.message(**ask, tool_choice={"type": "none"})
    assert [block.type for block in none.content] == ["text"]
    one = api.message(
        model="script",
        messages=word("both"),
        tools=[LOOK | {"name": "add"}, LOOK | {"name": "sub"}],
        tool_choice={"type": "auto", "disable_parallel_tool_use": True},
        max_tokens=100,
    )
    assert [block.type for block in one.content] == ["text", "tool_use"]


@row("thinking")
def test_thinking_is_the_templates_switch(api: MessagesApi) -> None:
    enabled = {"type": "enabled", "budget_tokens": 1024}
    ask: dict[str, Any] = {"model": "script", "max_tokens": 50}
    answer = api.ask(**ask, thinking=enabled)
    assert answer.headers[IGNORED] == "thinking.budget_tokens"
    blocks = answer.json()["content"]
    assert [(block["type"], block.get("thinking")) for block in blocks] == [
        ("thinking", "Let me see."),
        ("text", None),
    ]
    assert "thinking" not in [
        block.type for block in api.message(**ask, thinking={"type": "disabled"}).content
    ]
    omitted = api.message(**ask, thinking={"type": "adaptive", "display": "omitted"}).content[0]
    assert omitted.type == "thinking"
    assert (omitted.thinking, bool(omitted.signature)) == ("", True)


@row("output_config", "output_format")
def test_the_answer_follows_a_schema(api: MessagesApi) -> None:
    schema = {"enum": ["one", "two"]}
    form = {"type": "json_schema", "schema": schema}
    for parameters in ({"output_config": {"format": form}}, {"output_format": form}):
        assert json.loads(api.text(**parameters)) in ("one", "two")
    effort = api.text(model="script", max_tokens=50, output_config={"effort": "high"})
    assert effort == "And once more."


@row("cache_control", "metadata", "service_tier")
def test_what_changes_nothing_is_taken_in_silence(api: MessagesApi) -> None:
    answer = api.ask(
        cache_control={"type": "ephemeral"}, metadata={"user_id": "alice"}, service_tier="standard_only"
    )
    assert IGNORED not in answer.headers
    assert answer.json()["content"] == api.ask().json()["content"]
    assert answer.json()["usage"]["service_tier"] == "standard"
    beyond = api.ask(metadata={"user_id": 5}, service_tier="gold")
    assert beyond.headers[IGNORED] == "metadata, service_tier"


@row("chat_template_kwargs")
def test_the_template_sees_what_the_request_gives_it(api: MessagesApi) -> None:
    said = api.text(model="script", max_tokens=50, chat_template_kwargs={"say": "hello"})
    assert said == "Hello there, how are you?"


@row("priority")
def test_a_priority_is_an_integer(api: MessagesApi) -> None:
    assert api.ask(priority=5).status == 200
    assert api.ask(priority="high").json()["error"]["message"].startswith("'priority' must be an integer")


@row("thread")
def test_a_conversation_that_the_server_should_hold_is_refused_by_the_code_that_clients_know(
    api: MessagesApi,
) -> None:
    error = api.ask(thread={"type": "create"}).json()["error"]
    assert error["details"] == {"error_code": "thread_unsupported_request"}
    assert api.ask(thread=None).status == 200
