"""Values that are taken as other servers take them."""

from __future__ import annotations

from typing import Any

import pytest

from ovpipe.calculators.llm.request_parser import ChatRequestParserCalculator, parse
from ovpipe.errors import RequestError, RunError
from ovpipe.http import HttpRequest
from ovpipe.testing import CalculatorRunner
from tests.calculators.llm.asked import (
    HI,
    chat,
    completion,
    refusal,
)


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
