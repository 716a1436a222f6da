"""The core whose step is a graph, through the real server and the openai client."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean
from typing import Any

import jsonschema
import openai
import pytest

from tests.end_to_end.figures import figure
from tests.serving.asking import get
from tests.serving.server_process import ServerProcess

pytestmark = pytest.mark.slow
row = pytest.mark.parameter  # tests/house/test_parameters.py looks for these

QUESTIONS = ["What is ovpipe?", "Count from 3 to 9.", "Spell the word graph.", "What is 12 plus 30?"]


@pytest.fixture(scope="module")
def graph() -> Iterator[openai.OpenAI]:
    yield from _client("--set", "engine.core=graph", "--set", "engine.num_kv_blocks=64")


@pytest.fixture(scope="module")
def genai() -> Iterator[openai.OpenAI]:
    yield from _client("--set", "engine.num_kv_blocks=64")


def _client(*arguments: str) -> Iterator[openai.OpenAI]:
    with ServerProcess(*arguments) as running:
        running.wait_ready()
        with openai.OpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0) as client:
            yield client


def _ask(client: openai.OpenAI, question: str, **parameters: Any) -> Any:
    return client.chat.completions.create(
        model="tiny-chat", messages=[{"role": "user", "content": question}], **parameters
    )


def _texts(answer: Any) -> list[str | None]:
    return [choice.message.content for choice in answer.choices]


@pytest.mark.parametrize("question", QUESTIONS)
def test_greedy_answers_are_those_of_genai(graph: openai.OpenAI, genai: openai.OpenAI, question: str) -> None:
    ours, theirs = (_ask(client, question, temperature=0) for client in (graph, genai))
    assert _texts(ours) == _texts(theirs)
    assert ours.choices[0].finish_reason == theirs.choices[0].finish_reason
    assert ours.usage.completion_tokens == theirs.usage.completion_tokens


def test_many_at_once_get_what_each_gets_alone(graph: openai.OpenAI) -> None:
    def ask(number: int) -> Any:
        return _texts(_ask(graph, QUESTIONS[number % 4], temperature=2, seed=number, max_tokens=40))

    alone = [ask(number) for number in range(16)]
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(ask, range(16))) == alone
    assert len({str(text) for text in alone}) > 4


def test_a_stream_is_the_whole_answer_in_pieces(graph: openai.OpenAI) -> None:
    whole = _ask(graph, QUESTIONS[0], temperature=0.7, seed=3)
    pieces = _ask(graph, QUESTIONS[0], temperature=0.7, seed=3, stream=True)
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    assert [text] == _texts(whole)


def test_log_probabilities_and_several_choices(graph: openai.OpenAI, genai: openai.OpenAI) -> None:
    ours, theirs = (
        _ask(client, QUESTIONS[3], temperature=0, logprobs=True).choices[0].logprobs.content
        for client in (graph, genai)
    )
    assert [one.token for one in ours] == [one.token for one in theirs]
    assert [one.logprob for one in ours] == pytest.approx([one.logprob for one in theirs], abs=1e-3)
    assert len(set(_texts(_ask(graph, QUESTIONS[0], n=3, temperature=2, seed=1, max_tokens=60)))) > 1


@pytest.mark.parametrize(
    "parameters",
    [
        {"extra_body": {"prompt_logprobs": 1}, "stream": True},
    ],
    ids=["prompt_logprobs in a stream"],
)
def test_what_the_core_cannot_do_is_a_400_that_names_it(
    graph: openai.OpenAI, parameters: dict[str, Any]
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        _ask(graph, "Hello", **parameters)
    assert "'genai'" in str(refused.value) or "absent in a stream" in str(refused.value)


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"answer": {"enum": ["yes", "nö"]}, "count": {"type": "integer", "maximum": 9}},
    "required": ["answer", "count"],
    "additionalProperties": False,
}


def test_answers_follow_their_grammars_beside_each_other(graph: openai.OpenAI) -> None:
    asked: list[tuple[dict[str, Any], Callable[[str], object]]] = [
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a", "strict": True, "schema": SCHEMA},
                }
            },
            lambda text: jsonschema.validate(json.loads(text), SCHEMA),
        ),
        ({"response_format": {"type": "json_object"}}, re.compile(r"\{\s*[\"}]").match),
        ({"extra_body": {"guided_regex": "[0-9]{3}-[a-z]{4}"}}, re.compile("[0-9]{3}-[a-z]{4}$").match),
        ({"extra_body": {"guided_choice": ["left", "right"]}}, {"left": 1, "right": 2}.get),
        ({"extra_body": {"guided_grammar": 'root ::= "(" root ")" | "x"'}}, re.compile(r"\(*(x\)*)?$").match),
    ]
    with ThreadPoolExecutor(10) as threads:
        texts = list(
            threads.map(
                lambda at: _texts(
                    _ask(
                        graph,
                        QUESTIONS[at % 3],
                        seed=at,
                        temperature=0.7 if at > 6 else 0.0,
                        max_tokens=200,
                        **asked[at % 5][0],
                    )
                )[0],
                range(10),
            )
        )
    for at, text in enumerate(texts):
        assert text is not None
        assert asked[at % 5][1](text) is not None or at % 5 == 0, text


def test_a_bad_grammar_is_a_400_and_those_beside_it_go_on(graph: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="nothing closes"):
        _ask(graph, "Hello", extra_body={"guided_regex": "(a"})
    assert _texts(_ask(graph, "Hello", max_tokens=2))


TOOLS: list[dict[str, Any]] = [
    {"type": "function", "function": {"name": name, "parameters": {**SCHEMA, "title": name}}}
    for name in ("look_up", "count_up")
]


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_calls_that_are_forced_follow_their_schemas(graph: openai.OpenAI, temperature: float) -> None:
    named = {"type": "function", "function": {"name": "count_up"}}
    for choice, names in (("required", {"look_up", "count_up"}), (named, {"count_up"})):
        answer = _ask(
            graph, "Hello", tools=TOOLS, tool_choice=choice, temperature=temperature, seed=4, max_tokens=400
        ).choices[0]
        assert answer.finish_reason == ("tool_calls" if choice == "required" else "stop")
        assert answer.message.tool_calls
        for call in answer.message.tool_calls:
            assert call.function.name in names
            jsonschema.validate(json.loads(call.function.arguments), SCHEMA)


def test_a_fingerprint_tells_the_cores_apart(graph: openai.OpenAI, genai: openai.OpenAI) -> None:
    prints = {_ask(client, "Hello", max_tokens=1).system_fingerprint for client in (graph, genai)}
    assert len(prints) == 2


@row("n")
def test_choices_share_their_prompt_and_have_the_texts_of_their_own_seeds(graph: openai.OpenAI) -> None:
    one = {"temperature": 2, "max_tokens": 40}
    together = _texts(_ask(graph, QUESTIONS[0], n=3, seed=40, **one))
    assert together == [_texts(_ask(graph, QUESTIONS[0], seed=40 + choice, **one))[0] for choice in range(3)]
    assert len(set(together)) == 3


@row("best_of")
def test_the_best_of_several_is_the_one_with_the_likeliest_tokens(graph: openai.OpenAI) -> None:
    one: dict[str, Any] = {"temperature": 2, "max_tokens": 30, "logprobs": True}
    answers = [_ask(graph, QUESTIONS[1], seed=70 + number, **one).choices[0] for number in range(4)]
    means = [fmean(token.logprob for token in answer.logprobs.content) for answer in answers]
    best = _ask(graph, QUESTIONS[1], seed=70, extra_body={"best_of": 4}, **one)
    assert _texts(best) == [answers[means.index(max(means))].message.content]


BEAMS = {"use_beam_search": True, "best_of": 4}


@row("use_beam_search")
def test_a_beam_search_finds_what_genai_finds(graph: openai.OpenAI, genai: openai.OpenAI) -> None:
    ours, theirs = (
        _ask(client, QUESTIONS[2], n=4, max_tokens=24, extra_body={**BEAMS, "early_stopping": "never"})
        for client in (graph, genai)
    )
    assert _texts(ours) == _texts(theirs)
    assert len(set(_texts(ours))) == 4
    assert ours.usage.completion_tokens == theirs.usage.completion_tokens
    assert ours.usage.prompt_tokens == theirs.usage.prompt_tokens


@row("num_beam_groups")
@row("diversity_penalty")
def test_groups_of_beams_begin_apart(graph: openai.OpenAI) -> None:
    groups = {**BEAMS, "num_beam_groups": 4, "diversity_penalty": 50}
    apart, together = (
        _ask(graph, QUESTIONS[2], n=4, max_tokens=1, logprobs=True, extra_body=body)
        for body in (groups, BEAMS)
    )
    first = [{choice.logprobs.content[0].token for choice in one.choices} for one in (apart, together)]
    assert len(first[0]) == 4
    later = _ask(graph, QUESTIONS[2], n=4, max_tokens=24, extra_body=groups)
    assert _texts(later) != _texts(_ask(graph, QUESTIONS[2], n=4, max_tokens=24, extra_body=BEAMS))


def test_limits_on_tokens_apply_to_beams(graph: openai.OpenAI) -> None:
    answer = _ask(
        graph, "What is ovpipe?", n=2, extra_body={**BEAMS, "bad_words": ["MediaPipe"], "min_tokens": 4}
    )
    assert all("MediaPipe" not in (text or "") for text in _texts(answer))
    assert answer.usage.completion_tokens >= 8


@row("logit_bias")
def test_a_bias_of_a_hundred_makes_the_token_the_answer(graph: openai.OpenAI) -> None:
    token = graph.completions.create(
        model="tiny-chat", prompt="Hello", max_tokens=1, extra_body={"return_token_ids": True}
    ).choices[0]
    other = (token.token_ids[0] + 1) % 300 + 300  # type: ignore[attr-defined]  # openai's type lacks ours
    biased = graph.completions.create(
        model="tiny-chat",
        prompt="Hello",
        max_tokens=3,
        logit_bias={str(other): 100},
        extra_body={"return_token_ids": True, "ignore_eos": True},
    ).choices[0]
    assert biased.token_ids == [other] * 3  # type: ignore[attr-defined]  # openai's type lacks ours


@row("top_logprobs")
def test_the_likeliest_tokens_are_listed_the_likeliest_first(graph: openai.OpenAI) -> None:
    entries = _ask(graph, QUESTIONS[3], temperature=0, logprobs=True, top_logprobs=4).choices[0].logprobs
    for entry in entries.content:
        values = [likely.logprob for likely in entry.top_logprobs]
        assert values == sorted(values, reverse=True)
        assert len(values) == 4
        assert entry.top_logprobs[0].token == entry.token, "greedy"
    completion = graph.completions.create(model="tiny-chat", prompt="Hello", max_tokens=2, logprobs=3)
    logprobs = completion.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.top_logprobs is not None
    assert {len(top) for top in logprobs.top_logprobs} <= {3, 4}, "three, and the one that was chosen"


@row("allowed_token_ids")
def test_only_allowed_tokens_are_in_the_answer(graph: openai.OpenAI) -> None:
    allowed = [40, 41, 42]
    choice = graph.completions.create(
        model="tiny-chat",
        prompt="Hello",
        max_tokens=20,
        temperature=2,
        seed=1,
        extra_body={"allowed_token_ids": allowed, "return_token_ids": True},
    ).choices[0]
    assert set(choice.token_ids) <= set(allowed)  # type: ignore[attr-defined]  # openai's type lacks ours
    assert len(choice.token_ids) == 20  # type: ignore[attr-defined]  # openai's type lacks ours


@row("bad_words")
def test_a_bad_word_is_not_in_the_answer(graph: openai.OpenAI) -> None:
    question = "What is ovpipe?"
    (plain,) = _texts(_ask(graph, question, temperature=0))
    assert plain is not None
    assert "MediaPipe" in plain
    (clean,) = _texts(_ask(graph, question, temperature=0, extra_body={"bad_words": ["MediaPipe"]}))
    assert clean is not None
    assert "MediaPipe" not in clean


@pytest.mark.parametrize(
    "parameters",
    [{"logit_bias": {"999999": 1}}, {"extra_body": {"allowed_token_ids": [999999]}}],
    ids=["bias", "allowed"],
)
def test_tokens_that_the_model_does_not_have_are_a_400(
    graph: openai.OpenAI, parameters: dict[str, Any]
) -> None:
    with pytest.raises(openai.BadRequestError, match="token id"):
        _ask(graph, "Hello", **parameters)


def test_the_metrics_say_how_large_steps_are_and_which_node_takes_the_time(graph: openai.OpenAI) -> None:
    _ask(graph, "Hello", max_tokens=5)
    page = get(str(graph.base_url).removesuffix("/v1/"), "/metrics").body.decode()
    labels = 'model="tiny-chat",{}side_packet="engine"'
    seconds = {
        node: float(value)
        for node, value in re.findall(
            r'^ovpipe_engine_node_seconds_total\{model="tiny-chat",node="(\w+)",side_packet="engine"\} (\S+)$',
            page,
            re.MULTILINE,
        )
    }
    assert {"scheduler", "model", "sampler", "deliver"} < set(seconds)
    assert max(seconds, key=seconds.__getitem__) == "model"
    for name in ("rows", "tokens"):
        assert f"# TYPE ovpipe_engine_batch_{name} histogram" in page
        assert f'ovpipe_engine_batch_{name}_bucket{{le="+Inf",{labels.format("")}}}' in page


def test_what_was_read_before_is_counted_in_the_usage(graph: openai.OpenAI) -> None:
    prompt = "A prompt that no other test has, and that is long enough for a block of the cache. " * 4
    first, second = (
        graph.completions.create(model="tiny-chat", prompt=prompt, max_tokens=2).usage for _ in range(2)
    )
    assert first is not None
    assert second is not None
    assert first.prompt_tokens_details is not None
    assert second.prompt_tokens_details is not None
    assert first.prompt_tokens_details.cached_tokens == 0
    assert second.prompt_tokens_details.cached_tokens == (second.prompt_tokens - 1) // 32 * 32 > 0
    pieces = graph.completions.create(
        model="tiny-chat", prompt=prompt, max_tokens=2, stream=True, stream_options={"include_usage": True}
    )
    assert [piece.usage for piece in pieces if piece.usage] == [second]


@row("prompt_logprobs")
def test_each_token_of_a_prompt_has_its_log_probability_and_its_rank(graph: openai.OpenAI) -> None:
    answer = graph.completions.create(
        model="tiny-chat",
        prompt=["ovpipe serves language models.", "A graph is"],
        max_tokens=2,
        n=2,
        extra_body={"prompt_logprobs": 2, "return_token_ids": True},
    )
    for choice in answer.choices:
        prompt, found = choice.prompt_token_ids, choice.prompt_logprobs  # type: ignore[attr-defined]  # openai's type lacks ours
        assert found[0] is None
        assert len(found) == len(prompt)
        for token, entries in zip(prompt[1:], found[1:], strict=True):
            by_rank = {entry["rank"]: entry["logprob"] for entry in entries.values()}
            assert str(token) in entries
            assert {1, 2} <= by_rank.keys()
            assert [by_rank[rank] for rank in sorted(by_rank)] == sorted(by_rank.values(), reverse=True)
    chat = _ask(graph, QUESTIONS[0], max_tokens=1, extra_body={"prompt_logprobs": 0})
    assert len(chat.prompt_logprobs) == chat.usage.prompt_tokens
    assert chat.usage.prompt_tokens_details.cached_tokens == 0


@pytest.mark.parametrize("stream", [False, True])
def test_an_echo_with_logprobs_scores_the_prompt_by_the_model_s_own_choice(
    graph: openai.OpenAI, stream: bool
) -> None:
    """The model's greedy text, given as a prompt, is the likeliest at each of its places."""
    whole: Any = graph.completions.create(
        model="tiny-chat",
        prompt="ovpipe is",
        max_tokens=12,
        temperature=0,
        logprobs=1,
        extra_body={"return_token_ids": True},
    ).choices[0]
    prompt = [*whole.prompt_token_ids, *whole.token_ids]
    answer: Any = graph.completions.create(
        model="tiny-chat", prompt=prompt, echo=True, max_tokens=0, logprobs=1, stream=stream
    )
    pieces = [piece.choices[0] for piece in answer] if stream else answer.choices
    assert "".join(piece.text for piece in pieces) == f"ovpipe is{whole.text}"
    found: list[float | None] = []
    tops: list[dict[str, float] | None] = []
    for piece in pieces:
        if piece.logprobs is not None:
            found += piece.logprobs.token_logprobs
            tops += piece.logprobs.top_logprobs
    assert len(found) == len(prompt)
    assert found[0] is None
    assert tops[0] is None
    generated = len(whole.token_ids)
    assert found[-generated:] == pytest.approx(whole.logprobs.token_logprobs, abs=1e-3)
    assert tops[-generated:] == [pytest.approx(top, abs=1e-3) for top in whole.logprobs.top_logprobs]


def test_prompt_lookup_takes_fewer_steps_and_leaves_the_text_as_it_is(graph: openai.OpenAI) -> None:
    def ask(**wishes: Any) -> tuple[list[int], float, float]:
        before = _figures(graph)
        choice: Any = graph.completions.create(
            model="tiny-chat",
            prompt="one two three " * 8,
            max_tokens=60,
            extra_body={"return_token_ids": True, "ignore_eos": True, **wishes},
        ).choices[0]
        steps, accepted = (now - then for now, then in zip(_figures(graph), before, strict=True))
        return choice.token_ids, steps, accepted

    for sampling in ({"temperature": 0}, {"temperature": 0.7, "seed": 5, "frequency_penalty": 0.2}):
        plain, _, none = ask(**sampling)
        drafted, steps, accepted = ask(**sampling, num_assistant_tokens=6, max_ngram_size=2)
        assert drafted == plain
        assert none == 0
        if not sampling["temperature"]:
            assert accepted > 0
            assert steps < len(plain)


def _figures(client: openai.OpenAI) -> tuple[float, float]:
    """Steps of the engine so far, and drafts that were right."""
    url = str(client.base_url).removesuffix("/v1/")
    return figure(url, "engine_steps_total", "tiny-chat"), figure(
        url, "engine_accepted_tokens_total", "tiny-chat"
    )


@pytest.mark.parametrize("name", ["num_assistant_tokens", "max_ngram_size"])
def test_each_parameter_of_prompt_lookup_asks_for_it(graph: openai.OpenAI, name: str) -> None:
    before = _figures(graph)
    graph.completions.create(
        model="tiny-chat",
        prompt="one two three " * 8,
        max_tokens=60,
        temperature=0,
        extra_body={name: 3, "ignore_eos": True},
    )
    assert _figures(graph)[1] > before[1]


def test_a_draft_model_s_parameter_is_refused(graph: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="assistant_confidence_threshold"):
        _ask(graph, "Hello", extra_body={"assistant_confidence_threshold": 0.5})
