"""What an engine does not honour is refused, by the parameter's name and with what would honour it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ovpipe.calculators.llm.packets import CompletionRequest
from ovpipe.calculators.llm.parameters.engine_support import not_honoured
from ovpipe.calculators.llm.parameters.request_parameter import of_engine
from ovpipe.calculators.llm.request_parser import parse
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest
from tests.calculators.llm.asked import (
    ask,
    chat,
    completion,
    with_capabilities,
)


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


def test_an_engine_whose_graph_lacks_a_node_says_which_graph_has_one() -> None:
    with pytest.raises(RequestError) as caught:
        ask(with_capabilities("temperature", core="graph"), presence_penalty=1)
    assert (caught.value.status, caught.value.param) == (400, "presence_penalty")
    assert caught.value.message == (
        "'presence_penalty' is not honoured by this model's engine 'graph' as it was loaded; no node of the "
        "engine's graph brings it, as one of the shipped graph 'engine' does; engines that may honour it: "
        "'genai'."
    )
    http = HttpRequest(
        "POST", "/completions", json={"model": "m", "prompt": "hi", "echo": True, "logprobs": 1}
    )
    with pytest.raises(RequestError, match=r"leave one out; no node of the engine's graph brings it, as"):
        parse(http, with_capabilities("logprobs", core="graph"))


TOOL = {"name": "add", "parameters": {"type": "object"}}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": [{"type": "function", "function": TOOL}], "tool_choice": "required"}, "tool_choice"),
        ({"tools": [{"type": "function", "function": TOOL | {"strict": True}}]}, "tools"),
        ({"functions": [TOOL], "function_call": {"name": "add"}}, "function_call"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_what_follows_a_grammar_is_refused_by_an_engine_without_grammars(
    body: dict[str, Any], param: str
) -> None:
    assert ask(with_capabilities("structured_outputs"), **body).model == "m"
    with pytest.raises(RequestError) as caught:
        ask(with_capabilities("temperature"), **body)
    assert (caught.value.param, caught.value.code) == (param, "unsupported_parameter")
    assert "engines that may honour it: 'genai', 'graph'." in caught.value.message


def test_calls_that_follow_no_grammar_need_none() -> None:
    tools = [{"type": "function", "function": TOOL}]
    for choice in ("auto", "none"):
        assert len(ask(with_capabilities(), tools=tools, tool_choice=choice).tools) == 1
    strict = [{"type": "function", "function": TOOL | {"strict": True}}]
    assert ask(with_capabilities(), tools=strict, tool_choice="none").tool_choice.mode == "none"


def test_a_default_of_the_model_that_the_engine_does_not_honour_counts_as_absent() -> None:
    defaults = {"repetition_penalty": 1.3, "temperature": 0.5}
    engine = msgspec.structs.replace(with_capabilities("temperature"), generation_config=defaults)
    request = ask(engine)
    assert (request.temperature, request.repetition_penalty) == (0.5, 1.0)
