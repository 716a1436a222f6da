"""Every parameter of /responses, by the effect that a client sees. The build fails for a row without a test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ovpipe.calculators.llm.openai_responses.parameters import SHARED
from tests.end_to_end.responses.conftest import Responses, events, text, whole
from tests.serving.asking import Answer, post

row = pytest.mark.parameter  # tests/house/test_parameters.py looks for these
SAMPLED: dict[str, Any] = {"temperature": 1.0, "seed": 7}
ADD: dict[str, Any] = {"type": "function", "name": "add", "parameters": {"type": "object"}}
PERSON = {
    "type": "object",
    "properties": {"name": {"enum": ["Ada"]}, "age": {"enum": [36]}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
LIKE_CHAT: dict[str, dict[str, Any]] = {
    "temperature": SAMPLED,
    "seed": SAMPLED | {"seed": 8},
    "top_p": SAMPLED | {"top_p": 0.3},
    "top_k": SAMPLED | {"top_k": 2},
    "min_p": SAMPLED | {"min_p": 0.5},
    "repetition_penalty": {"repetition_penalty": 3.0},
    "frequency_penalty": {"frequency_penalty": 2.0},
    "presence_penalty": {"presence_penalty": 2.0},
    "logit_bias": {"logit_bias": {"5": 100}},
    "stop": {"stop": ["e"]},
    "include_stop_str_in_output": {"stop": ["e"], "include_stop_str_in_output": True},
    "stop_token_ids": {"stop_token_ids": list(range(40))},
    "ignore_eos": {"ignore_eos": True},
    "min_tokens": {"min_tokens": 9},
    "bad_words": {"bad_words": ["e"]},
    "allowed_token_ids": {"allowed_token_ids": [7, 8]},
    "logits_processors": {"logits_processors": [{"name": "mine"}]},
    "skip_special_tokens": {"skip_special_tokens": False},
    "truncate_prompt_tokens": {"truncate_prompt_tokens": 5},
    "structured_outputs": {"structured_outputs": {"choice": ["blue", "red"]}},
    "num_assistant_tokens": {"num_assistant_tokens": 3},
    "assistant_confidence_threshold": {"assistant_confidence_threshold": 0.5},
    "max_ngram_size": {"max_ngram_size": 3},
    "chat_template": {"chat_template": "x"},
    "priority": {"priority": -1},
}


def refusal(answer: Answer) -> tuple[int, str | None, str | None]:
    return answer.error()


@row("temperature", "seed", "top_p", "top_k", "min_p", "repetition_penalty", "frequency_penalty")
@row("presence_penalty", "logit_bias", "stop", "include_stop_str_in_output", "stop_token_ids", "ignore_eos")
@row("min_tokens", "bad_words", "allowed_token_ids", "logits_processors", "skip_special_tokens")
@row("truncate_prompt_tokens", "structured_outputs", "num_assistant_tokens", "assistant_confidence_threshold")
@row("max_ngram_size", "chat_template", "priority")
@pytest.mark.parametrize("name", LIKE_CHAT)
def test_what_a_chat_has_too_does_here_what_it_does_there(responses: Responses, name: str) -> None:
    wishes = {"temperature": 0} | LIKE_CHAT[name]
    here = responses.ask("Hello", max_output_tokens=20, **wishes)
    messages = [{"role": "user", "content": "Hello"}]
    there = post(responses.url, {"model": "tiny", "messages": messages, "max_tokens": 20, **wishes})
    if there.status == 200:
        assert text(here) == there.json()["choices"][0]["message"]["content"]
        shown = whole(here)
        assert shown.usage is not None
        assert shown.usage.input_tokens == there.json()["usage"]["prompt_tokens"]
        assert shown.usage.output_tokens == there.json()["usage"]["completion_tokens"]
    else:
        assert refusal(here) == refusal(there)


def test_the_list_of_what_a_chat_has_too_is_whole() -> None:
    shown = {"model", "stream", "parallel_tool_calls", "chat_template_kwargs", "user", "metadata"}
    assert set(SHARED) == shown | LIKE_CHAT.keys()


@row("model")
def test_the_model_names_the_graph(responses: Responses) -> None:
    assert whole(responses.ask()).model == "tiny"
    assert responses.ask(model="nobody").error() == (404, "model_not_found", "model")


@row("stream")
def test_a_stream_comes_to_the_whole_answer(responses: Responses) -> None:
    *_, last = events(responses.ask(stream=True))
    assert last.response.output_text == text(responses.ask())


@row("stream_options")
def test_padding_is_never_written(responses: Responses) -> None:
    answer = responses.ask(stream=True, stream_options={"include_obfuscation": True})
    assert answer.headers["x-ovpipe-ignored-parameters"] == "stream_options.include_obfuscation"
    assert not any(hasattr(event, "obfuscation") for event in events(answer))


@row("input")
def test_input_is_a_text_or_items(responses: Responses) -> None:
    alone = text(responses.ask("Hello"))
    for same in (
        [{"role": "user", "content": "Hello"}],
        [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}],
    ):
        assert text(responses.ask(same)) == alone
    assert text(responses.ask("What is a graph?")) != alone
    assert responses.ask(...).error() == (400, "missing_required_parameter", "input")
    assert responses.ask([]).error() == (400, "invalid_value", "input")
    assert responses.ask(7).error() == (400, "invalid_type", "input")


@pytest.mark.parametrize(
    ("item", "code", "param"),
    [
        ({"type": "web_search_call", "id": "ws_1"}, "unsupported_parameter", "input[1]"),
        ({"type": "mcp_call"}, "unsupported_parameter", "input[1]"),
        ({"type": "surprise"}, "invalid_value", "input[1].type"),
        ({"role": "judge", "content": "x"}, "invalid_value", "input[1].role"),
        ({"role": "user"}, "missing_required_parameter", "input[1].content"),
        (
            {"role": "user", "content": [{"type": "input_image", "image_url": "data:x"}]},
            "unsupported_parameter",
            "input[1].content[0]",
        ),
        (
            {"role": "user", "content": [{"type": "input_file", "file_id": "x"}]},
            "unsupported_parameter",
            "input[1].content[0]",
        ),
        (
            {"type": "function_call", "call_id": "c", "name": "f"},
            "missing_required_parameter",
            "input[1].arguments",
        ),
        (
            {"type": "function_call_output", "call_id": "c", "output": "x"},
            "invalid_value",
            "input[1].call_id",
        ),
        ({"type": "reasoning", "summary": "x"}, "invalid_type", "input[1].summary"),
        ("x", "invalid_type", "input[1]"),
    ],
)
def test_a_wrong_item_is_refused_by_its_name_and_place(
    responses: Responses, item: Any, code: str, param: str
) -> None:
    assert responses.ask([{"role": "user", "content": "Hi"}, item]).error() == (400, code, param)


@row("instructions")
def test_instructions_come_first(responses: Responses) -> None:
    system = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    assert text(responses.ask(instructions="Be brief.")) == text(responses.ask(system))
    assert whole(responses.ask(instructions="Be brief.")).instructions == "Be brief."


@row("previous_response_id", "store")
def test_a_response_is_continued_if_it_is_kept(responses: Responses) -> None:
    first = whole(responses.ask("One"))
    said = [
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": first.output_text},
        {"role": "user", "content": "Two"},
    ]
    second = whole(responses.ask("Two", previous_response_id=first.id))
    assert second.output_text == text(responses.ask(said))
    gone = whole(responses.ask("One", store=False)).id
    assert responses.ask("Two", previous_response_id=gone).error()[1] == "previous_response_not_found"
    assert responses.ask("Two", previous_response_id="").error() == (
        400,
        "invalid_value",
        "previous_response_id",
    )


@row("max_output_tokens")
def test_an_answer_has_at_most_so_many_tokens(responses: Responses) -> None:
    usage = whole(responses.say("hello", max_output_tokens=3)).usage
    assert usage is not None
    assert usage.output_tokens == 3
    assert responses.ask(max_output_tokens=3001).error() == (400, "invalid_value", "max_output_tokens")
    assert responses.ask(max_output_tokens=0).error() == (400, "invalid_value", "max_output_tokens")


@row("text")
def test_a_text_has_the_form_that_is_asked_for(responses: Responses) -> None:
    schema = {"type": "json_schema", "name": "person", "schema": PERSON, "strict": True}
    answer = whole(responses.ask(text={"format": schema}, max_output_tokens=60))
    assert set(json.loads(answer.output_text)) == {"name", "age"}
    assert answer.text is not None
    assert answer.text.format is not None
    assert answer.text.format.type == "json_schema"
    wide = responses.ask(text={"format": {"type": "json_object"}}, max_output_tokens=60)
    assert text(wide).startswith("{")
    assert text(responses.ask(text={"format": {"type": "text"}})) == text(responses.ask())
    long = responses.ask(text={"verbosity": "high"})
    assert long.headers["x-ovpipe-ignored-parameters"] == "text.verbosity"
    wrong = {"type": "json_schema", "name": "x", "schema": {"type": "surprise"}}
    assert responses.ask(text={"format": wrong}).error() == (
        400,
        "invalid_json_schema",
        "text.format.schema.type",
    )
    nameless = {"type": "json_schema", "schema": PERSON}
    assert responses.ask(text={"format": nameless}).error()[2] == "text.format.name"
    both = responses.ask(text={"format": schema}, structured_outputs={"choice": ["a"]})
    assert both.error() == (400, "invalid_value", "structured_outputs")


@row("tools")
def test_tools_are_called_and_those_of_others_are_named(responses: Responses) -> None:
    answer = responses.say("both", tools=[ADD, {"type": "web_search", "filters": {}}, {**ADD, "name": "sub"}])
    calls = whole(answer).output
    assert [(call.name, json.loads(call.arguments)) for call in calls if call.type == "function_call"] == [
        ("add", {"a": 1}),
        ("sub", {"b": 2}),
    ]
    assert answer.headers["x-ovpipe-ignored-parameters"] == "tools.web_search"
    assert responses.ask(tools=[ADD, ADD]).error() == (400, "invalid_value", "tools")
    assert responses.ask(tools=[{"type": "function"}]).error()[2] == "tools[0].name"
    assert responses.ask(tools=[{**ADD, "parameters": 7}]).error()[2] == "tools[0].parameters"


def test_a_custom_tool_is_called_with_a_text(responses: Responses) -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}
    patch = {"type": "custom", "name": "apply_patch", "description": "Patches.", "format": grammar}
    answer = responses.say("patch", tools=[patch])
    message, call = whole(answer).output
    assert message.type == "message"
    assert call.type == "custom_tool_call"
    assert (call.name, call.input) == ("apply_patch", "*** Begin")
    assert answer.headers["x-ovpipe-ignored-parameters"] == "tools.format"
    streamed = events(responses.say("patch", tools=[patch], stream=True))
    done = [event for event in streamed if event.type == "response.custom_tool_call_input.done"]
    assert [event.input for event in done] == ["*** Begin"]
    result = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "<|sunny|>"}
    kept = whole(answer).id
    after = responses.ask([result], model="script", previous_response_id=kept, max_output_tokens=50)
    assert text(after) == "It is sunny in Paris."


@row("tool_choice")
def test_tools_are_chosen(responses: Responses) -> None:
    tools = [ADD, {**ADD, "name": "sub"}, {"type": "custom", "name": "say"}]
    named: dict[str, Any] = {"type": "function", "name": "sub"}
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "sub"}]}
    choices: list[Any] = [named, allowed]
    for choice in choices:
        answer = whole(responses.ask(model="script", tools=tools, tool_choice=choice, max_output_tokens=60))
        assert [item.name for item in answer.output if item.type == "function_call"] == ["sub"]
    choices += ["none", "auto", {"type": "custom", "name": "say"}]
    for choice in choices:
        assert responses.ask(tools=tools, tool_choice=choice).json()["tool_choice"] == choice
    assert responses.ask(tool_choice="required").error() == (400, "invalid_value", "tool_choice")
    hosted = responses.ask(tools=tools, tool_choice={"type": "web_search_preview"})
    assert hosted.error() == (400, "unsupported_parameter", "tool_choice")
    assert (
        responses.ask(tools=tools, tool_choice={"type": "function", "name": "x"}).error()[2] == "tool_choice"
    )
    assert responses.ask(tools=tools, tool_choice={"type": "x"}).error()[2] == "tool_choice.type"


@row("parallel_tool_calls")
def test_one_call_at_a_time_where_that_is_wanted(responses: Responses) -> None:
    answer = responses.ask(
        model="script", tools=[ADD], tool_choice="required", parallel_tool_calls=False, max_output_tokens=60
    )
    assert [item.type for item in whole(answer).output].count("function_call") == 1
    assert whole(answer).parallel_tool_calls is False


@row("reasoning")
def test_effort_goes_to_the_chat_template(responses: Responses) -> None:
    thoughtful = responses.ask(
        "Why?", model="script", reasoning={"effort": "high", "summary": "auto"}, max_output_tokens=50
    )
    thoughts, message = whole(thoughtful).output
    assert (thoughts.type, message.type) == ("reasoning", "message")
    assert thoughtful.headers["x-ovpipe-ignored-parameters"] == "reasoning.summary"
    assert thoughtful.json()["reasoning"] == {"effort": "high", "summary": None}
    assert responses.ask(reasoning={"summary": "x"}).error()[2] == "reasoning.summary"


@row("include")
def test_the_answer_has_what_is_to_be_included(responses: Responses) -> None:
    answer = responses.say("think", include=["reasoning.encrypted_content", "file_search_call.results"])
    thoughts, message = answer.json()["output"]
    assert answer.headers["x-ovpipe-ignored-parameters"] == "include.file_search_call.results"
    sealed = {"type": "reasoning", "summary": [], "encrypted_content": thoughts["encrypted_content"]}
    rest = [message, {"role": "user", "content": "<|hello|>"}]
    one, other = (whole(responses.ask([first, *rest], model="script")) for first in (thoughts, sealed))
    assert one.usage == other.usage
    assert "encrypted_content" not in responses.say("think").json()["output"][0]


@row("include", "top_logprobs")
def test_log_probabilities_come_with_the_text(responses: Responses) -> None:
    wanted: dict[str, Any] = {"include": ["message.output_text.logprobs"]}
    (message,) = whole(responses.say("hello", **wanted)).output
    assert message.type == "message"
    part = message.content[0]
    assert part.type == "output_text"
    assert part.logprobs is not None
    assert "".join(bytes(token.bytes).decode() for token in part.logprobs).startswith(part.text)
    streamed = events(responses.say("hello", stream=True, **wanted))
    deltas = [event for event in streamed if event.type == "response.output_text.delta"]
    tokens = [token.token for event in deltas for token in event.logprobs]
    assert tokens == [token.token for token in part.logprobs]
    alone = responses.ask(top_logprobs=2)
    assert alone.headers.get("x-ovpipe-ignored-parameters") == "top_logprobs" or alone.status == 400
    assert responses.ask(top_logprobs=21).error() == (400, "invalid_value", "top_logprobs")


def test_the_engine_that_is_a_graph_does_more(responses: Responses) -> None:
    plain: dict[str, Any] = {"model": "graphed", "max_output_tokens": 4}
    biased = responses.ask(logit_bias={"41": 100}, ignore_eos=True, **plain)
    assert len(set(text(biased))) == 1
    likely = responses.ask(include=["message.output_text.logprobs"], top_logprobs=2, **plain)
    (message,) = whole(likely).output
    assert message.type == "message"
    part = message.content[0]
    assert part.type == "output_text"
    assert part.logprobs is not None
    assert [len(token.top_logprobs) for token in part.logprobs] == [2] * len(part.logprobs)
    assert whole(likely).top_logprobs == 2
    *_, last = events(responses.ask(stream=True, **plain))
    assert last.response.output_text == text(responses.ask(**plain))


@row("max_tool_calls", "metadata", "user", "prompt_cache_key", "safety_identifier")
def test_the_answer_repeats_what_it_is_told(responses: Responses) -> None:
    told: dict[str, Any] = {
        "max_tool_calls": 3,
        "metadata": {"a": "b"},
        "user": "ada",
        "prompt_cache_key": "k",
        "safety_identifier": "s",
    }
    assert told.items() <= responses.ask(**told).json().items()
    long = responses.ask(prompt_cache_key="k" * 1000)
    assert long.headers["x-ovpipe-ignored-parameters"] == "prompt_cache_key"


@row("service_tier")
def test_there_is_one_class_of_service(responses: Responses) -> None:
    assert whole(responses.ask(service_tier="flex")).service_tier == "default"


@row("truncation")
def test_an_input_beyond_the_context_is_refused(responses: Responses) -> None:
    answer = responses.ask(truncation="auto")
    assert answer.headers["x-ovpipe-ignored-parameters"] == "truncation"
    assert whole(answer).truncation == "disabled"
    assert responses.ask("a " * 20_000).error() == (400, "context_length_exceeded", "input")
    assert responses.ask(truncation="x").error()[2] == "truncation"


@row("chat_template_kwargs")
def test_variables_go_to_the_chat_template(responses: Responses) -> None:
    answer = responses.ask(
        "Why?", model="script", chat_template_kwargs={"say": "hello"}, max_output_tokens=50
    )
    assert text(answer) == "Hello there, how are you?"


@row("background", "conversation", "prompt")
def test_what_is_not_done_here_is_refused_by_name(responses: Responses) -> None:
    for wish in ({"background": True}, {"conversation": "conv_1"}, {"prompt": {"id": "p"}}):
        assert responses.ask(**wish).error() == (400, "unsupported_parameter", next(iter(wish)))
    assert responses.ask(background=False).status == 200


def test_unknown_parameters_are_named(responses: Responses) -> None:
    answer = responses.ask(mystery=1, client_metadata={"a": "b"})
    assert answer.headers["x-ovpipe-ignored-parameters"] == "mystery, client_metadata"


def test_calls_in_a_conversation_are_one_message(responses: Responses) -> None:
    said = [
        {"role": "user", "content": "<|both|>"},
        {"type": "function_call", "call_id": "a", "name": "add", "arguments": "{}"},
        {"type": "function_call", "call_id": "b", "name": "sub", "arguments": "{}", "status": "completed"},
        {"type": "function_call_output", "call_id": "b", "output": [{"type": "input_text", "text": "2"}]},
        {"type": "function_call_output", "call_id": "a", "output": "<|sunny|>"},
    ]
    assert text(responses.ask(said, model="script", max_output_tokens=50)) == "It is sunny in Paris."
