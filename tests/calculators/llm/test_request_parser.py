"""ChatRequestParserCalculator: what a request may say, and what it is told when it may not."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Message, TextPart, ToolChoice
from ovpipe.calculators.llm.parameters.engine_support import not_honoured
from ovpipe.calculators.llm.parameters.request_parameter import of_engine
from ovpipe.calculators.llm.parameters.table import PARAMETERS
from ovpipe.calculators.llm.request_parser import ChatRequestParserCalculator, parse
from ovpipe.calculators.llm.seen_names import SeenNames, SeenNamesCalculator
from ovpipe.calculators.llm.workers import Workers
from ovpipe.engines.protocol import EngineInfo
from ovpipe.errors import RequestError, RunError
from ovpipe.http import Client, HttpRequest
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FAKE_ENGINE_INFO, FakeEngine

HI = [{"role": "user", "content": "hi"}]


def chat(**body: Any) -> ChatRequest:
    request = parse(HttpRequest("POST", "/chat/completions", json={"model": "m", "messages": HI} | body))
    assert isinstance(request, ChatRequest)
    return request


def completion(**body: Any) -> CompletionRequest:
    request = parse(HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi"} | body))
    assert isinstance(request, CompletionRequest)
    return request


def refusal(**body: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        chat(**body)
    assert caught.value.status == 400
    assert caught.value.type == "invalid_request_error"
    return caught.value


def with_generation_config(config: dict[str, Any]) -> FakeEngine:
    info = msgspec.structs.replace(FAKE_ENGINE_INFO, generation_config=config)
    return FakeEngine([], info=info)


# --- what it makes


def test_reads_a_chat() -> None:
    http = HttpRequest("POST", "/chat/completions", json={"model": "m", "messages": HI, "stream": True})
    out = CalculatorRunner(ChatRequestParserCalculator()).run(http_request=[http])
    (request,) = out[ChatRequestParserCalculator.request]
    assert isinstance(request, ChatRequest)
    assert request.messages == (Message(role="user", content="hi"),)
    assert (request.model, request.stream, request.include_usage) == ("m", True, False)
    assert request.id.startswith("chatcmpl-")
    assert len(request.id) == len("chatcmpl-") + 32
    assert request.created > 1_700_000_000


def test_reads_a_completion() -> None:
    request = completion(prompt="Once upon")
    assert request.prompts == ("Once upon",)
    assert request.id.startswith("cmpl-")


def test_every_request_has_an_id_of_its_own() -> None:
    assert chat().id != chat().id


def test_reads_every_built_parameter() -> None:
    request = chat(
        stream=True,
        stream_options={"include_usage": True},
        max_tokens=5,
        max_completion_tokens=6,
        temperature=0,
        top_p=0.5,
        top_k=40,
        repetition_penalty=1.1,
        seed=-3,
        ignore_eos=True,
        stop="END",
    )
    assert request.include_usage is True
    assert (request.max_tokens, request.max_completion_tokens, request.explicit_limit) == (5, 6, 6)
    assert (request.temperature, request.top_p, request.top_k) == (0.0, 0.5, 40)
    assert (request.repetition_penalty, request.seed, request.ignore_eos) == (1.1, -3, True)
    assert request.stop == ("END",)


def test_null_means_absent() -> None:
    nulls = dict.fromkeys(row.name for row in PARAMETERS if not row.required)
    request = chat(**nulls, messages=[{"role": "user", "content": "hi", "name": None, "tool_calls": None}])
    assert (request.temperature, request.max_tokens, request.stop) == (1.0, None, ())
    assert (request.ignored, request.messages) == ((), (Message(role="user", content="hi"),))
    assert chat(stream=True, stream_options={"include_usage": None}).include_usage is False


def test_the_error_names_the_limit_that_the_request_used() -> None:
    assert chat(max_tokens=5).limit_parameter == "max_tokens"
    assert chat(max_completion_tokens=5).limit_parameter == "max_completion_tokens"


def test_reads_text_parts_and_all_roles() -> None:
    request = chat(
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "user", "content": "hi", "name": "Ann"},
            {"role": "assistant", "content": "", "tool_calls": None, "reasoning_content": "hm"},
            {"role": "tool", "content": "42", "tool_call_id": "call_1"},
        ]
    )
    assert request.messages == (
        Message(role="developer", content="Be brief."),
        Message(role="system", content=(TextPart("a"), TextPart("b"))),
        Message(role="user", content="hi", name="Ann"),
        Message(role="assistant", content="", reasoning_content="hm"),
        Message(role="tool", content="42", tool_call_id="call_1"),
    )


# --- what it refuses


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": 3}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": {"role": "user"}}, "messages"),
        ({"messages": [{}]}, "messages[0].role"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [["hi"]]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": ["x"]}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]},
            "messages[0].content[0].text",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "messages[0].content[0]",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": 7, "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": "x", "name": 1}]}, "messages[0].name"),
        ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].function"),
        ({"stream": 1}, "stream"),
        ({"stream": "true"}, "stream"),
        ({"stream_options": True}, "stream_options"),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
        ({"stream_options": {"continuous_usage_stats": 1}}, "stream_options.continuous_usage_stats"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"max_tokens": 5.5}, "max_tokens"),
        ({"max_tokens": 0.0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_tokens": 2**32}, "max_tokens"),
        ({"max_completion_tokens": 0}, "max_completion_tokens"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": 10**400}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"temperature": "1"}, "temperature"),
        ({"top_p": -0.01}, "top_p"),
        ({"top_p": 1.01}, "top_p"),
        ({"top_k": -2}, "top_k"),
        ({"top_k": 1.5}, "top_k"),
        ({"top_k": 2**31}, "top_k"),
        ({"repetition_penalty": 0}, "repetition_penalty"),
        ({"repetition_penalty": 10**400}, "repetition_penalty"),
        ({"seed": 2**64}, "seed"),
        ({"seed": -(2**63) - 1}, "seed"),
        ({"seed": 1e300}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
        ({"ignore_eos": "yes"}, "ignore_eos"),
        ({"stop": 3}, "stop"),
        ({"stop": ["a", None]}, "stop[1]"),
        ({"stop": ["a"] * 17}, "stop"),
        ({"stop": "x" * 1001}, "stop"),
        ({"chat_template": "{{ messages }}"}, "chat_template"),
    ],
)
def test_refuses_what_is_wrong_and_says_where(body: dict[str, Any], param: str) -> None:
    error = refusal(**body)
    assert error.param == param
    assert f"'{param}'" in error.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"temperature": 3}, "'temperature' must be a number from 0 to 2."),
        ({"min_p": 1}, "'min_p' must be a number from 0 to below 1."),
        ({"max_tokens": "x"}, "'max_tokens' must be an integer from 1 to 4294967295."),
        ({"stream": 0}, "'stream' must be true or false."),
        (
            {"stop": ["a", "x" * 1001]},
            "'stop[1]' must be a string of at most 1000 characters.",
        ),
        (
            {"messages": [{"role": "robot", "content": "x"}]},
            "'messages[0].role' must be one of 'system', 'developer', 'user', 'assistant', 'tool', 'function'.",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "'messages[0].content[0]' is a part of type 'image_url', and this model reads text parts only.",
        ),
        ({"top_k": "x"}, "'top_k' must be an integer from -1 to 2147483647."),
        (
            {"seed": 2**64},
            "'seed' must be an integer from -9223372036854775808 to 18446744073709551615.",
        ),
        ({"messages": None}, "'messages' is required and must be a non-empty list of messages."),
    ],
)
def test_says_what_would_be_right(body: dict[str, Any], message: str) -> None:
    assert refusal(**body).message == message


# --- what it takes as other servers do


@pytest.mark.parametrize(
    ("stop", "stops"),
    [
        ("", ()),
        ([], ()),
        ([""], ()),
        (["", ""], ()),
        (["", "END", ""], ("END",)),
        ("END", ("END",)),
        ([" "], (" ",)),
    ],
)
def test_an_empty_stop_string_stops_nothing(stop: Any, stops: tuple[str, ...]) -> None:
    assert chat(stop=stop).stop == stops
    assert completion(stop=stop).stop == stops


def test_empty_stop_strings_pass_where_stop_strings_may_not_stand() -> None:
    assert chat(stop=[""], detokenize=False).stop == ()


@pytest.mark.parametrize("seed", [0, -1, -(2**63), 2**63, 2**64 - 1])
def test_seeds_are_integers_of_64_bits_with_and_without_a_sign(seed: int) -> None:
    assert chat(seed=seed).seed == seed
    assert completion(seed=seed).seed == seed


def test_options_of_a_stream_have_no_effect_without_one() -> None:
    for stream in ({}, {"stream": False}, {"stream": None}):
        request = chat(stream_options={"include_usage": True}, **stream)
        assert (request.stream, request.ignored) == (False, ())


def test_what_is_empty_is_absent() -> None:
    assert chat(reasoning_effort="").reasoning_effort is None
    assert completion(suffix="").suffix is None
    assert chat(request_id="").request_id is None
    assert chat(request_id="").id != chat(request_id="").id


@pytest.mark.parametrize("model", [{}, {"model": None}, {"model": ""}])
def test_a_request_need_not_name_its_model(model: dict[str, Any]) -> None:
    http = HttpRequest("POST", "/chat/completions", json={"messages": HI} | model)
    assert parse(http).model == ""


def test_a_completion_may_be_of_no_tokens_and_a_chat_may_not() -> None:
    assert completion(max_tokens=0).explicit_limit == 0
    assert completion(max_completion_tokens=0, max_tokens=5).explicit_limit == 0
    assert refusal(max_completion_tokens=0).message.startswith(
        "'max_completion_tokens' must be an integer from 1"
    )


def test_log_probabilities_beside_an_echo_are_the_prompts_too_and_need_an_engine_that_gives_them() -> None:
    assert completion(echo=True).echo is True
    assert completion(echo=False, logprobs=1).logprobs is True
    for logprobs in (0, 1):
        http = HttpRequest(
            "POST", "/completions", json={"model": "m", "prompt": "hi", "echo": True, "logprobs": logprobs}
        )
        with pytest.raises(RequestError) as caught:
            parse(http, with_capabilities("logprobs"))
        assert (caught.value.code, caught.value.param) == ("unsupported_parameter", "logprobs")
        assert caught.value.message.endswith("engines that may honour it: 'graph'.")


@pytest.mark.parametrize(
    "beyond",
    [
        {"metadata": {f"key{index}": "x" for index in range(17)}},
        {"metadata": {"k" * 65: "x"}},
        {"metadata": {"key": "x" * 513}},
        {"metadata": {"key": 1}},
        {"metadata": {"key": {"more": ["x"]}}},
        {"user": "x" * 513},
        {"service_tier": "x" * 65},
        {"request_id": "x" * 129},
    ],
)
def test_what_a_client_says_of_itself_beyond_the_limits_has_no_effect_and_is_named(
    beyond: dict[str, Any],
) -> None:
    (name,) = beyond
    request = chat(**beyond)
    assert request.ignored == (name,)
    assert getattr(request, name) is None


@pytest.mark.parametrize("wrong", [{"metadata": "x"}, {"metadata": ["x"]}, {"user": 5}, {"user": {}}])
def test_what_a_client_says_of_itself_has_its_json_type(wrong: dict[str, Any]) -> None:
    assert refusal(**wrong).code == "invalid_type"


def test_values_beyond_the_limits_can_be_an_error() -> None:
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi", "user": "x" * 513})
    with pytest.raises(RequestError) as caught:
        parse(http, unknown_parameters="error")
    assert (caught.value.code, caught.value.param) == ("invalid_value", "user")
    assert caught.value.message == "'user' must be a string of at most 512 characters."


def test_what_openai_knows_and_no_model_needs_has_no_effect_and_is_named() -> None:
    newer = {"safety_identifier": "me", "prompt_cache_key": "k", "verbosity": "low", "modalities": ["text"]}
    assert chat(**newer).ignored == tuple(newer)


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [
        ("hi", ("hi",)),
        (["a", "b"], ("a", "b")),
        ([1, 2], ((1, 2),)),
        ([[1, 2], [3]], ((1, 2), (3,))),
        ([1.0, 2], ((1, 2),)),
        ([1, 2.0], ((1, 2),)),
        ([[1, 2.0], [3.0]], ((1, 2), (3,))),
    ],
)
def test_prompts_come_in_four_forms(prompt: Any, prompts: tuple[Any, ...]) -> None:
    assert completion(prompt=prompt).prompts == prompts


@pytest.mark.parametrize(
    ("prompt", "param"),
    [
        ("", "prompt"),
        (None, "prompt"),
        (3, "prompt"),
        ([], "prompt"),
        ("\ud800", "prompt"),
        (["a", 1], "prompt[1]"),
        (["a", ""], "prompt[1]"),
        ([1, "a"], "prompt[1]"),
        ([1, -1], "prompt[1]"),
        ([1.5], "prompt[0]"),
        ([1.0, 2.5], "prompt[1]"),
        ([[1], []], "prompt[1]"),
        ([[1], [True]], "prompt[1][0]"),
        ([{}], "prompt[0]"),
        (["x"] * 257, "prompt"),
    ],
)
def test_no_other_prompt_is_taken(prompt: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        completion(prompt=prompt)
    assert (caught.value.status, caught.value.param) == (400, param)


@pytest.mark.parametrize("body", [None, [], 42, "x", True])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    with pytest.raises(RequestError) as caught:
        parse(HttpRequest("POST", "/completions", json=body))
    assert caught.value.status == 400


def test_another_path_is_not_found_and_those_served_are_named() -> None:
    with pytest.raises(RunError) as caught:
        CalculatorRunner(ChatRequestParserCalculator()).run(
            http_request=[HttpRequest("POST", "/embeddings", json={})]
        )
    error = caught.value.__cause__
    assert isinstance(error, RequestError)
    assert error.status == 404
    assert error.message == (
        "This model does not serve this path; it serves /chat/completions and /completions."
    )


@pytest.mark.parametrize(
    "body", [{"messages": [{"role": "\ud800", "content": "x"}]}, {"stream": "\ud800"}, {"tools": "\ud800"}]
)
def test_half_a_character_where_no_text_may_stand_is_refused(body: dict[str, Any]) -> None:
    error = refusal(**body)
    assert (error.code, error.param) == ("invalid_value", None)
    assert error.message == "The request has a string with a lone surrogate (half of a \\u pair)."


def test_the_place_of_half_a_character_is_named_however_deep() -> None:
    call = {"id": "a", "function": {"name": "f", "arguments": {"secret": "\ud800"}}}
    tool = {"type": "function", "function": {"name": "f", "description": "\ud800"}}
    spoken = [{"type": "text", "text": "\ud800"}]
    cases: list[tuple[dict[str, Any], str]] = [
        ({"messages": [*HI, {"role": "user", "content": spoken}]}, "messages[1].content[0].text"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [call]}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
        ({"tools": [tool]}, "tools[0].function.description"),
        ({"stop": ["a", "\ud800"]}, "stop[1]"),
        ({"metadata": {"a": "\ud800"}}, "metadata"),
    ]
    for body, param in cases:
        error = refusal(**body)
        assert (error.param, error.code) == (param, "invalid_value")
        assert error.message == f"'{param}' must be a string without lone surrogates."


# --- several choices


@pytest.mark.parametrize(
    ("body", "resolved"),
    [
        ({}, (1, 1, False)),
        ({"n": 3}, (3, 3, False)),
        ({"n": 2, "best_of": 4, "temperature": 0.7}, (2, 4, False)),
        ({"n": 3, "temperature": 0}, (3, 3, False)),
        ({"best_of": 3}, (1, 3, True)),
        ({"best_of": 3, "temperature": 0}, (1, 3, True)),
        ({"best_of": 3, "use_beam_search": False}, (1, 3, False)),
        ({"use_beam_search": True, "n": 2}, (2, 2, True)),
    ],
)
def test_candidates_are_sampled_or_searched(body: dict[str, Any], resolved: tuple[int, int, bool]) -> None:
    request = chat(**body)
    assert (request.n, request.best_of, request.use_beam_search) == resolved


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"n": 21}, "n"),
        ({"n": 0}, "n"),
        ({"n": True}, "n"),
        ({"n": 2, "best_of": 1}, "best_of"),
        ({"best_of": 21}, "best_of"),
        ({"best_of": 2, "temperature": 1, "stream": True}, "best_of"),
        ({"num_beam_groups": 2}, "num_beam_groups"),
        ({"best_of": 3, "num_beam_groups": 2}, "num_beam_groups"),
        ({"best_of": 3, "early_stopping": "soon"}, "early_stopping"),
        ({"min_tokens": 5, "max_tokens": 4}, "min_tokens"),
        ({"stop": "x", "detokenize": False}, "stop"),
        ({"top_logprobs": 1}, "top_logprobs"),
        ({"best_of": 2, "guided_regex": "a"}, "best_of"),
        ({"use_beam_search": True, "guided_regex": "a"}, "use_beam_search"),
        ({"continue_final_message": True, "add_generation_prompt": True}, "add_generation_prompt"),
    ],
)
def test_what_does_not_fit_together_is_refused(body: dict[str, Any], param: str) -> None:
    assert refusal(**body).param == param


def test_all_prompts_together_have_a_limit_of_sequences() -> None:
    assert len(completion(prompt=["x"] * 64, n=4).choices) == 256
    with pytest.raises(RequestError) as caught:
        completion(prompt=["x"] * 65, n=4)
    assert caught.value.param == "prompt"


# --- tools

ADD = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    ("body", "choice"),
    [
        ({}, ToolChoice("none")),
        ({"tools": []}, ToolChoice("none")),
        ({"tool_choice": "auto"}, ToolChoice("none")),
        ({"tools": [ADD]}, ToolChoice("auto")),
        ({"tools": [ADD], "tool_choice": "none"}, ToolChoice("none")),
        ({"tools": [ADD], "tool_choice": "required"}, ToolChoice("required")),
        (
            {"tools": [ADD], "tool_choice": {"type": "function", "function": {"name": "add"}}},
            ToolChoice("named", "add"),
        ),
        ({"functions": [ADD["function"]], "function_call": {"name": "add"}}, ToolChoice("named", "add")),
        ({"functions": [ADD["function"]]}, ToolChoice("auto")),
    ],
)
def test_tool_choice_is_settled(body: dict[str, Any], choice: ToolChoice) -> None:
    request = chat(**body)
    assert request.tool_choice == choice
    assert request.functions is ("functions" in body)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": {}}, "tools"),
        ({"tools": [ADD] * 129}, "tools"),
        ({"tools": [ADD, ADD]}, "tools"),
        ({"tools": ["add"]}, "tools[0]"),
        ({"tools": [{}]}, "tools[0].function"),
        ({"tools": [{"type": 5}]}, "tools[0].type"),
        ({"tools": [{"type": "web_search"}, {"type": "function"}]}, "tools[1].function"),
        ({"tools": [{"type": "function", "name": "a b"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": "f", "parameters": 1}]}, "tools[0].parameters"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        (
            {"tools": [{"type": "function", "function": {"name": "a", "parameters": []}}]},
            "tools[0].function.parameters",
        ),
        ({"tools": [ADD], "functions": [{"name": "sub"}]}, "functions"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [ADD], "tool_choice": "sometimes"}, "tool_choice"),
        ({"tools": [ADD], "tool_choice": {"type": "function"}}, "tool_choice.function"),
        ({"tools": [ADD], "tool_choice": {"type": "function", "function": {"name": "sub"}}}, "tool_choice"),
        ({"functions": [{"name": "f"}], "function_call": "required"}, "function_call"),
        ({"tools": [ADD], "function_call": "auto"}, "function_call"),
        ({"function_call": {"name": "add"}}, "function_call"),
        ({"functions": [{"name": "f"}], "function_call": {"name": "g"}}, "function_call"),
    ],
)
def test_wrong_tools_are_refused_where_they_are_wrong(body: dict[str, Any], param: str) -> None:
    assert refusal(**body).param == param


def test_the_older_form_has_room_for_one_call() -> None:
    assert chat(functions=[ADD["function"]]).parallel_tool_calls is False
    assert chat(tools=[ADD]).parallel_tool_calls is True


# --- what the engine can do


def test_what_no_engine_can_do_yet_is_refused() -> None:
    row = of_engine("mind_reading", bool, "Reads minds.")
    error = not_honoured("mind_reading", row, None)
    assert (error.param, error.code) == ("mind_reading", "unsupported_parameter")
    assert error.message == (
        "'mind_reading' is not supported: no engine of this ovpipe honours it yet; leave it out."
    )


@pytest.mark.parametrize(
    ("chosen", "param"),
    [
        ([{"name": "x", "argument": 1}], "logits_processors[0]"),
        ([{"name": "x"}, {"arguments": {}}], "logits_processors[1].name"),
        ([{"name": "x", "arguments": [1]}], "logits_processors[0].arguments"),
        ([{"name": "x"}, {"name": "x"}], "logits_processors[1].name"),
    ],
)
def test_a_logits_processor_is_a_name_and_arguments_once(chosen: list[Any], param: str) -> None:
    engine = with_capabilities("logits_processors")
    assert ask(engine, logits_processors=[{"name": "x", "arguments": {"y": 1}}]).logits_processors == {
        "x": {"y": 1}
    }
    with pytest.raises(RequestError) as caught:
        ask(engine, logits_processors=chosen)
    assert caught.value.param == param


@pytest.mark.parametrize(
    "body",
    [
        {"logit_bias": {"5": 1}},
        {"logprobs": True, "top_logprobs": 2},
        {"bad_words": ["x"]},
        {"allowed_token_ids": [1]},
        {"prompt_logprobs": 0},
    ],
)
def test_what_another_engine_can_do_is_refused_and_names_it(body: dict[str, Any]) -> None:
    param = list(body)[-1]
    with pytest.raises(RequestError) as caught:
        ask(with_capabilities("logprobs"), **body)
    assert (caught.value.param, caught.value.code) == (param, "unsupported_parameter")
    assert "engines that may honour it: 'graph'." in caught.value.message


def with_capabilities(*capabilities: str, core: str = "fake") -> EngineInfo:
    return msgspec.structs.replace(FAKE_ENGINE_INFO, capabilities=frozenset(capabilities), core=core)


def ask(engine: EngineInfo, **body: Any) -> ChatRequest:
    http = HttpRequest("POST", "/chat/completions", json={"model": "m", "messages": HI} | body)
    request = parse(http, engine)
    assert isinstance(request, ChatRequest)
    return request


def test_a_parameter_lands_in_the_request_once_an_engine_says_that_it_honours_it() -> None:
    engine = with_capabilities("logit_bias", "top_logprobs", "logprobs", "bad_words")
    request = ask(engine, logit_bias={"5": 1}, logprobs=True, top_logprobs=2, bad_words="no")
    assert (request.logit_bias, request.top_logprobs, request.bad_words) == ({"5": 1.0}, 2, ("no",))


@pytest.mark.parametrize(
    ("core", "message"),
    [
        (
            "fake",
            "'min_p' is not honoured by this model's engine 'fake' as it was loaded; "
            "engines that may honour it: 'genai', 'graph'.",
        ),
        (
            "genai",
            "'min_p' is not honoured by this model's engine 'genai' as it was loaded; "
            "with other options of the engine it may be; engines that may honour it: 'graph'.",
        ),
    ],
)
def test_the_engines_that_would_do_are_named_by_what_they_declare(core: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        ask(with_capabilities("temperature", core=core), temperature=0.5, min_p=0.1)
    assert (caught.value.param, caught.value.code) == ("min_p", "unsupported_parameter")
    assert caught.value.message == message


def test_what_a_parameter_takes_is_named_where_the_engine_was_loaded_without_it() -> None:
    with pytest.raises(RequestError) as caught:
        ask(with_capabilities("temperature", core="genai"), num_assistant_tokens=3)
    assert caught.value.message == (
        "'num_assistant_tokens' is not honoured by this model's engine 'genai' as it was loaded; "
        "it needs a draft model or prompt lookup; engines that may honour it: 'graph'."
    )


def test_a_prompt_s_log_probabilities_are_of_its_own_field_or_of_an_echo() -> None:
    engine = with_capabilities("prompt_logprobs", "top_logprobs", "logprobs")
    assert ask(engine, prompt_logprobs=3).prompt_top == 3
    assert ask(engine, logprobs=True).prompt_top is None

    def complete(**body: Any) -> CompletionRequest:
        http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi"} | body)
        request = parse(http, engine)
        assert isinstance(request, CompletionRequest)
        return request

    assert complete(echo=True, logprobs=2).prompt_top == 2
    assert complete(echo=True, logprobs=0).prompt_top == 0
    assert complete(echo=True, logprobs=2, prompt_logprobs=4).prompt_top == 4
    assert complete(echo=True).prompt_top is complete(logprobs=2).prompt_top is None


def test_a_prompt_s_log_probabilities_are_not_in_a_stream() -> None:
    with pytest.raises(RequestError) as caught:
        ask(with_capabilities("prompt_logprobs"), prompt_logprobs=0, stream=True)
    assert (caught.value.param, caught.value.message) == (
        "prompt_logprobs",
        "'prompt_logprobs' must be absent in a stream.",
    )


def test_the_neutral_value_passes_on_every_engine() -> None:
    assert ask(with_capabilities(), min_p=0, top_k=-1, frequency_penalty=0.0, ignore_eos=False).min_p == 0
    with pytest.raises(RequestError):
        ask(with_capabilities(), ignore_eos=0)


def test_a_search_that_best_of_implies_needs_an_engine_that_searches() -> None:
    assert ask(with_capabilities("use_beam_search"), best_of=2).use_beam_search is True
    with pytest.raises(RequestError) as caught:
        ask(with_capabilities("temperature"), best_of=2)
    assert caught.value.param == "best_of"
    assert ask(with_capabilities("temperature"), best_of=2, temperature=1).best_of == 2


@pytest.mark.parametrize(
    "harmless",
    [
        {"n": 1},
        {"frequency_penalty": 0.0, "presence_penalty": 0},
        {"logprobs": False},
        {"logprobs": True, "top_logprobs": 0},
        {"top_logprobs": 0},
        {"response_format": {"type": "text"}},
        {"tools": [], "tool_choice": "none"},
        {"logit_bias": {}, "bad_words": []},
        {"bad_words": ""},
        {"bad_words": [""]},
        {"stream": True, "stream_options": {"continuous_usage_stats": False}},
    ],
)
def test_a_value_that_asks_for_what_happens_anyway_passes(harmless: dict[str, Any]) -> None:
    assert chat(**harmless).ignored == ()


# --- unknown keys


def test_unknown_keys_are_collected_wherever_they_stand() -> None:
    request = chat(
        foo=1,
        bar=None,
        messages=[{"role": "user", "content": [{"type": "text", "text": "hi", "cache": 1}], "mood": "good"}],
        stream=True,
        stream_options={"extra": 1},
    )
    assert set(request.ignored) == {
        "foo",
        "messages.mood",
        "messages.content.cache",
        "stream_options.extra",
    }


def test_only_well_formed_names_are_collected_and_sixteen_at_most() -> None:
    many = {f"unknown_{index}": 1 for index in range(100)}
    assert chat(**{"a b": 1, "a\nb": 1, "ä": 1, "": 1, "x" * 65: 1}).ignored == ()
    assert len(chat(**many).ignored) == 16


def test_unknown_keys_can_be_an_error() -> None:
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi", "temprature": 1})
    with pytest.raises(RequestError) as caught:
        parse(http, unknown_parameters="error")
    assert (caught.value.code, caught.value.param) == ("unknown_parameter", "temprature")
    assert "did you mean 'temperature'?" in caught.value.message


def test_an_unknown_key_of_any_bytes_is_an_error_without_them() -> None:
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi", "\n\x00": 1})
    with pytest.raises(RequestError) as caught:
        parse(http, unknown_parameters="error")
    assert caught.value.param is None
    assert caught.value.message == "The request has a parameter that this server does not know."


def test_unknown_keys_can_pass_in_silence() -> None:
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi", "foo": 1})
    assert parse(http, unknown_parameters="ignore").ignored == ()


def test_an_unknown_key_is_logged_once_for_all_requests(caplog: pytest.LogCaptureFixture) -> None:
    seen = CalculatorRunner(SeenNamesCalculator()).run()[SeenNamesCalculator.seen]
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi", "foo": 1})
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            CalculatorRunner(ChatRequestParserCalculator()).run(http_request=[http], seen=seen)
    assert caplog.messages == ["ignored the unknown parameter 'foo', of this and all later requests"]


def test_the_memory_of_logged_names_is_bounded() -> None:
    seen = SeenNames(limit=2)
    assert [seen.is_new(name) for name in "abac"] == [True, True, False, False]


# --- defaults


def test_the_request_comes_before_generation_config_and_that_before_the_built_in() -> None:
    engine = with_generation_config({"temperature": 0.6, "top_k": 20, "max_new_tokens": 100})
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi", "top_k": 5})
    out = CalculatorRunner(ChatRequestParserCalculator()).run(http_request=[http], engine=engine)
    (request,) = out[ChatRequestParserCalculator.request]
    assert (request.temperature, request.top_k, request.top_p) == (0.6, 5, 1.0)
    assert (request.explicit_limit, request.default_max_tokens) == (None, 100)


def test_a_wrong_generation_config_counts_as_absent() -> None:
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi"})
    config = {"temperature": "hot", "top_p": 7, "top_k": None, "max_new_tokens": 0}
    request = parse(http, msgspec.structs.replace(FAKE_ENGINE_INFO, generation_config=config))
    assert (request.temperature, request.top_p, request.top_k) == (1.0, 1.0, -1)
    assert request.default_max_tokens is None


def test_the_limit_of_the_server_clamps_the_default_and_refuses_more() -> None:
    engine = msgspec.structs.replace(FAKE_ENGINE_INFO, generation_config={"max_new_tokens": 1000})

    def ask(**body: Any) -> CompletionRequest | ChatRequest:
        http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi"} | body)
        return parse(http, engine, max_tokens_limit=50)

    assert ask().default_max_tokens == 50
    assert ask(max_tokens=50).explicit_limit == 50
    with pytest.raises(RequestError) as caught:
        ask(max_completion_tokens=51)
    assert caught.value.param == "max_completion_tokens"
    assert caught.value.message == ("'max_completion_tokens' must be at most 50, the limit of this server.")


def test_a_limit_below_one_is_no_limit() -> None:
    with pytest.raises(ValueError, match="at least 1 is needed"):
        ChatRequestParserCalculator(max_tokens_limit=0)


# --- whatever comes

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
likely_messages = st.lists(
    st.dictionaries(
        st.sampled_from(["role", "content", "name", "tool_calls", "type", "text", "x"]),
        json_values | st.sampled_from(["user", "assistant", "tool", [{"type": "text", "text": "hi"}]]),
    ),
    max_size=3,
)
bodies = json_values | st.dictionaries(
    st.sampled_from([row.name for row in PARAMETERS]) | st.text(max_size=5),
    json_values | likely_messages,
    max_size=8,
).map(lambda body: {"model": "m", "messages": HI, "prompt": "hi"} | body)


@given(
    bodies,
    st.sampled_from(["/chat/completions", "/completions", "/", "", "/models"]),
    st.sampled_from(["warn", "error", "ignore"]),
)
def test_any_json_is_a_request_or_a_client_error(
    body: Any, path: str, unknown: Literal["warn", "error", "ignore"]
) -> None:
    http = HttpRequest("POST", path, json=body)
    try:
        request = parse(http, max_tokens_limit=100, unknown_parameters=unknown)
    except RequestError as error:
        assert 400 <= error.status < 500
        assert error.message.endswith((".", "?"))
    else:
        assert request.default_max_tokens == 100


def test_an_answers_id_and_time_are_those_of_its_http_request() -> None:
    http = HttpRequest(
        "POST", "/completions", json={"model": "m", "prompt": "hi"}, id="0f", received=1_800_000_000.7
    )
    request = parse(http)
    assert (request.id, request.created) == ("cmpl-0f", 1_800_000_000)


def test_a_large_body_is_read_by_the_workers_and_a_small_one_on_the_spot() -> None:
    async def read(count: int, workers: Workers) -> ChatRequest | CompletionRequest:
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}] * count}
        http = HttpRequest("POST", "/chat/completions", {}, b"", body)
        runner = CalculatorRunner(ChatRequestParserCalculator())
        out = await runner.arun(http_request=[http], workers=workers)
        (request,) = out[ChatRequestParserCalculator.request]
        return request

    async def both() -> tuple[int, int]:
        workers = Workers()
        small = await read(10, workers)
        workers.close()
        assert isinstance(small, ChatRequest)
        with pytest.raises(RunError) as raised:  # they are closed
            await read(10_000, workers)
        assert isinstance(raised.value.__cause__, RuntimeError)
        workers = Workers()
        large = await read(10_000, workers)
        workers.close()
        assert isinstance(large, ChatRequest)
        return len(small.messages), len(large.messages)

    assert asyncio.run(both()) == (10, 10_000)


def messages(count: int, **changed: Any) -> list[Any]:
    found: list[Any] = [{"role": "user", "content": f"message {at}"} for at in range(count)]
    found[-2] = {**found[-2], **changed}
    return found


def test_a_thousand_messages_are_read_in_parts_and_none_is_lost() -> None:
    request = chat(messages=messages(1_200, colour="red"))
    assert [message.content for message in request.messages] == [f"message {at}" for at in range(1_200)]
    assert request.ignored == ("messages.colour",)


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"role": "king"}, "messages[1198].role"),
        ({"content": 1}, "messages[1198].content"),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text"}]}, "messages[1198].content[1].text"),
        ({"content": "\ud800"}, "messages[1198].content"),
    ],
)
def test_what_is_wrong_in_a_later_part_has_its_place_in_the_whole_list(changed: Any, param: str) -> None:
    with pytest.raises(RequestError) as raised:
        chat(messages=messages(1_200, **changed))
    assert (raised.value.status, raised.value.param) == (400, param)


def test_a_long_list_of_token_ids_is_read_in_parts() -> None:
    ids: list[Any] = list(range(200_000))
    ids[150_000] = 3.0
    request = completion(prompt=ids)
    assert request.prompts == ((*range(150_000), 3, *range(150_001, 200_000)),)
    ids[150_001] = "x"
    with pytest.raises(RequestError) as raised:
        completion(prompt=ids)
    assert raised.value.param == "prompt[150001]"


# --- who it is from


def test_the_request_says_who_it_is_from() -> None:
    http = HttpRequest("POST", "/chat/completions", json={"messages": HI}, client=Client("key:alice"))
    assert parse(http).client == Client("key:alice")


@pytest.mark.parametrize(("allowed", "priority"), [((-5, 5), 0), ((10, 20), 10), ((-20, -10), -10)])
def test_a_request_without_a_priority_gets_the_nearest_to_0_that_its_client_may_use(
    allowed: tuple[int, int], priority: int
) -> None:
    client = Client("key:alice", allowed)
    http = HttpRequest("POST", "/chat/completions", json={"messages": HI}, client=client)
    assert parse(http).priority == priority


def test_a_priority_beyond_what_its_client_may_use_is_refused() -> None:
    json = {"messages": HI, "priority": 9}
    http = HttpRequest("POST", "/chat/completions", json=json, client=Client("key:alice", (10, 20)))
    with pytest.raises(RequestError, match="'priority' must be from 10 to 20") as refused:
        parse(http)
    assert (refused.value.status, refused.value.param) == (400, "priority")
