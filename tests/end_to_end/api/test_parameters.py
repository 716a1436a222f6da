"""Every parameter of the table, by the effect that a client sees. The build fails for a row without a test."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest
from openai import OpenAI

from tests.end_to_end.api.conftest import Api, events, text, texts
from tests.end_to_end.figures import running_and_waiting

row = pytest.mark.parameter  # tests/house/test_parameters.py looks for these
SAMPLED: dict[str, Any] = {"temperature": 1.0, "seed": 7}


# --- the prompt


@row("model")
def test_the_model_names_the_graph(api: Api) -> None:
    assert api.chat(model="tiny").json()["model"] == "tiny"
    assert api.chat(model="nobody").error() == (404, "model_not_found", "model")


@row("messages")
def test_another_conversation_has_another_answer(api: Api) -> None:
    assert text(api.chat("Hello")) != text(api.chat("What is a graph?"))
    assert api.chat(messages=[]).error() == (400, "invalid_value", "messages")


@row("prompt")
def test_prompts_are_texts_or_token_ids_or_lists_of_either(api: Api) -> None:
    ids = api.complete("A graph is", return_token_ids=True).json()["choices"][0]["prompt_token_ids"]
    alone = text(api.complete("A graph is"))
    assert text(api.complete(ids)) == alone
    other = text(api.complete("Packets flow"))
    assert texts(api.complete(["A graph is", "Packets flow"])) == [alone, other]
    assert texts(api.complete([ids, ids])) == [alone, alone]
    assert api.complete([[1], [1, 10**6]]).error() == (400, "invalid_value", "prompt[1][1]")


@row("suffix")
def test_a_suffix_needs_a_model_with_fill_in_the_middle_tokens(api: Api) -> None:
    assert api.complete(suffix="the end").error() == (400, "unsupported_parameter", "suffix")


@row("truncate_prompt_tokens")
def test_a_truncated_prompt_keeps_its_last_tokens(api: Api) -> None:
    long = api.complete("one two three four five six", truncate_prompt_tokens=4).json()
    assert long["usage"]["prompt_tokens"] == 4


@row("add_special_tokens")
def test_special_tokens_are_added_to_completions_and_not_to_chats(api: Api) -> None:
    def prompt_tokens(ask: Any, **parameters: Any) -> int:
        count = ask("<|hello|>", model="script", **parameters).json()["usage"]["prompt_tokens"]
        assert isinstance(count, int)
        return count

    assert prompt_tokens(api.complete) == prompt_tokens(api.complete, add_special_tokens=True) == 2
    assert prompt_tokens(api.complete, add_special_tokens=False) == 1
    assert prompt_tokens(api.chat) == prompt_tokens(api.chat, add_special_tokens=False) == 1
    assert prompt_tokens(api.chat, add_special_tokens=True) == 2


@row("add_generation_prompt")
def test_the_prompt_ends_where_the_assistant_begins_unless_it_is_not_wanted(api: Api) -> None:
    asked = api.chat().json()["usage"]["prompt_tokens"]
    assert api.chat(add_generation_prompt=False).json()["usage"]["prompt_tokens"] < asked


@row("continue_final_message")
def test_the_final_message_is_continued(api: Api) -> None:
    conversation = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "A graph is"}]
    more = api.chat(messages=conversation, continue_final_message=True, add_generation_prompt=False)
    new = api.chat(messages=conversation)
    assert more.json()["usage"]["prompt_tokens"] < new.json()["usage"]["prompt_tokens"]
    both = api.chat(messages=conversation, continue_final_message=True, add_generation_prompt=True)
    assert both.error() == (400, "invalid_value", "add_generation_prompt")


@row("chat_template_kwargs")
def test_the_template_sees_what_the_request_gives_it(api: Api) -> None:
    assert (
        text(api.chat("x", model="script", chat_template_kwargs={"say": "hello"}))
        == "Hello there, how are you?"
    )


@row("documents")
def test_the_template_sees_the_documents(api: Api) -> None:
    assert text(api.chat("x", model="script", documents=[{"text": "hello"}])) == "Hello there, how are you?"


@row("reasoning_effort")
def test_the_template_sees_the_reasoning_effort(api: Api) -> None:
    answer = api.chat("x", model="script", reasoning_effort="high")
    assert answer.json()["choices"][0]["message"]["reasoning_content"] == "Let me see."


@row("chat_template")
def test_a_template_of_the_clients_is_refused(api: Api) -> None:
    assert api.chat(chat_template="{{ 1 }}").error() == (400, "unsupported_parameter", "chat_template")


# --- how much


@row("stream")
def test_a_stream_brings_the_same_text_in_events(api: Api) -> None:
    chunks = events(api.chat(stream=True))
    pieces = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks]
    assert len(pieces) > 3
    assert "".join(pieces) == text(api.chat())


@row("stream_options")
def test_counts_come_at_the_end_of_a_stream_or_in_every_chunk(api: Api) -> None:
    *chunks, last = events(api.chat(stream=True, stream_options={"include_usage": True}))
    assert {chunk["usage"] for chunk in chunks} == {None}
    assert last["usage"]["completion_tokens"] == 12
    options = {"include_usage": True, "continuous_usage_stats": True}
    counts = [
        chunk["usage"]["completion_tokens"] for chunk in events(api.chat(stream=True, stream_options=options))
    ]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == 12
    assert text(api.chat(stream_options={"include_usage": True})) == text(api.chat())


@row("max_tokens")
def test_max_tokens_ends_the_answer(api: Api) -> None:
    answer = api.chat(max_tokens=5).json()
    assert answer["usage"]["completion_tokens"] == 5
    assert answer["choices"][0]["finish_reason"] == "length"
    assert api.chat(max_tokens=3001).error() == (400, "invalid_value", "max_tokens")
    assert api.chat(max_tokens=5.0).json()["usage"] == answer["usage"]
    assert api.chat(max_tokens=0).error() == (400, "invalid_value", "max_tokens")


def test_a_completion_of_no_tokens_is_an_empty_text(api: Api) -> None:
    answer = api.complete("A graph is", max_tokens=0, n=2).json()
    assert [(choice["text"], choice["finish_reason"]) for choice in answer["choices"]] == [("", "length")] * 2
    assert answer["usage"]["completion_tokens"] == 0
    prompt_tokens = api.complete("A graph is").json()["usage"]["prompt_tokens"]
    assert answer["usage"]["prompt_tokens"] == prompt_tokens > 0
    wishes: dict[str, Any] = {"max_tokens": 0, "stream": True, "stream_options": {"include_usage": True}}
    chunk, counts = events(api.complete("A graph is", **wishes))
    assert chunk["choices"] == [{"index": 0, "text": "", "logprobs": None, "finish_reason": "length"}]
    assert counts["usage"]["total_tokens"] == counts["usage"]["prompt_tokens"] == prompt_tokens


@row("echo")
def test_an_echo_begins_each_choice_with_its_prompt(api: Api) -> None:
    prompt = "A graph é is"
    alone = text(api.complete(prompt))
    ids = api.complete(prompt, return_token_ids=True).json()["choices"][0]["prompt_token_ids"]
    assert texts(api.complete([prompt, "Packets"], echo=True, n=2, use_beam_search=False)) == [
        *[prompt + alone] * 2,
        *["Packets" + text(api.complete("Packets"))] * 2,
    ]
    assert text(api.complete(ids, echo=True)) == prompt + alone
    assert text(api.complete(prompt, echo=True, stop=prompt)) == prompt + alone
    answer = api.complete(prompt, echo=True, max_tokens=0).json()
    assert [(choice["text"], choice["finish_reason"]) for choice in answer["choices"]] == [(prompt, "length")]
    assert answer["usage"] == {
        "prompt_tokens": len(ids),
        "completion_tokens": 0,
        "total_tokens": len(ids),
    }
    for max_tokens in (0, 12):
        chunks = events(api.complete(prompt, echo=True, max_tokens=max_tokens, stream=True))
        streamed = "".join(chunk["choices"][0]["text"] for chunk in chunks)
        assert streamed == text(api.complete(prompt, echo=True, max_tokens=max_tokens))
    scored = api.complete(prompt, echo=True, logprobs=1)
    assert scored.error() == (400, "unsupported_parameter", "logprobs")


def test_openais_own_client_echoes_a_prompt_without_generating(api: Api) -> None:
    client = OpenAI(base_url=f"{api.url}/v1", api_key="none")
    answer = client.completions.create(
        model="tiny", prompt=["A graph", "Packets"], echo=True, max_tokens=0, seed=2**64 - 1, stop=""
    )
    assert [choice.text for choice in answer.choices] == ["A graph", "Packets"]
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 0


@row("max_completion_tokens")
def test_max_completion_tokens_wins(api: Api) -> None:
    assert api.chat(max_tokens=5, max_completion_tokens=7).json()["usage"]["completion_tokens"] == 7


@row("min_tokens")
def test_nothing_ends_an_answer_before_its_least_tokens(api: Api) -> None:
    short = api.chat("<|hello|>", model="script", max_tokens=60).json()["usage"]["completion_tokens"]
    long = api.chat("<|hello|>", model="script", max_tokens=60, min_tokens=short + 5).json()
    assert long["usage"]["completion_tokens"] >= short + 5
    assert api.chat(min_tokens=13).error() == (400, "invalid_value", "min_tokens")


@row("n")
def test_n_choices_differ_and_come_streamed_too(api: Api) -> None:
    wishes: dict[str, Any] = {"n": 3, **SAMPLED}
    whole = texts(api.chat(**wishes))
    assert len(set(whole)) == 3
    streamed = ["", "", ""]
    for chunk in events(api.chat(stream=True, **wishes)):
        for choice in chunk["choices"]:
            streamed[choice["index"]] += choice["delta"].get("content", "")
    assert streamed == whole
    assert whole[0] == text(api.chat(**SAMPLED))
    assert api.chat(n=21).error() == (400, "invalid_value", "n")


@row("best_of")
def test_the_best_of_several_candidates_are_answered(api: Api) -> None:
    candidates = api.chat(n=4, logprobs=True, **SAMPLED).json()["choices"]

    def likelihood(choice: dict[str, dict[str, list[dict[str, float]]]]) -> float:
        entries = choice["logprobs"]["content"]
        return sum(entry["logprob"] for entry in entries) / len(entries)

    likeliest = max(candidates, key=likelihood)["message"]["content"]
    assert texts(api.chat(n=1, best_of=4, **SAMPLED)) == [likeliest]
    assert api.chat(n=3, best_of=2, **SAMPLED).error() == (400, "invalid_value", "best_of")
    assert api.chat(best_of=2, stream=True, **SAMPLED).error() == (400, "invalid_value", "best_of")


@row("use_beam_search")
def test_a_beam_search_finds_other_texts_than_sampling(api: Api) -> None:
    beams = texts(api.chat(n=3, best_of=3, use_beam_search=True))
    assert len(set(beams)) == 3
    assert texts(api.chat(n=3, best_of=3, temperature=...)) == beams  # OpenVINO Model Server's rule
    assert texts(api.chat(n=3, best_of=3, use_beam_search=False, **SAMPLED)) != beams


MANY_ENDS = list(range(3, 303))
"""So many tokens end an answer that beams are of all lengths."""


@row("length_penalty")
def test_a_length_penalty_prefers_long_beams_or_short_ones(api: Api) -> None:
    wishes: dict[str, Any] = {
        "best_of": 4,
        "use_beam_search": True,
        "max_tokens": 30,
        "stop_token_ids": MANY_ENDS,
    }
    short = api.complete(length_penalty=-20.0, **wishes).json()["usage"]["completion_tokens"]
    long = api.complete(length_penalty=20.0, **wishes).json()["usage"]["completion_tokens"]
    assert short < 5 < long == 30


@row("num_beam_groups")
def test_groups_of_beams_begin_differently(api: Api) -> None:
    plain = texts(api.chat(n=4, best_of=4, use_beam_search=True))
    groups = texts(api.chat(n=4, best_of=4, use_beam_search=True, num_beam_groups=2, diversity_penalty=5.0))
    assert groups != plain
    assert api.chat(num_beam_groups=2).error() == (400, "invalid_value", "num_beam_groups")
    wrong = api.chat(n=2, best_of=3, use_beam_search=True, num_beam_groups=2)
    assert wrong.error() == (400, "invalid_value", "num_beam_groups")


@row("diversity_penalty")
def test_a_diversity_penalty_drives_groups_apart(api: Api) -> None:
    wishes: dict[str, Any] = {
        "n": 4,
        "best_of": 4,
        "use_beam_search": True,
        "num_beam_groups": 4,
        "max_tokens": 4,
    }
    together = texts(api.chat(diversity_penalty=0.001, **wishes))
    apart = texts(api.chat(diversity_penalty=50.0, **wishes))
    assert len(set(together)) < len(set(apart)) == 4
    none = api.chat(diversity_penalty=0, **wishes)
    assert none.error() == (400, "invalid_value", "diversity_penalty")


@row("early_stopping")
def test_early_stopping_takes_the_first_beams_that_end(api: Api) -> None:
    wishes: dict[str, Any] = {"n": 3, "best_of": 3, "use_beam_search": True, "max_tokens": 30}
    tokens = [
        api.complete("Packets flow", early_stopping=value, stop_token_ids=MANY_ENDS, **wishes).json()[
            "usage"
        ]["completion_tokens"]
        for value in (True, False, "never")
    ]
    assert tokens == sorted(set(tokens))
    assert api.chat(early_stopping="soon", **wishes).error() == (400, "invalid_value", "early_stopping")


# --- sampling


@row("temperature")
def test_temperature_0_repeats_itself_and_1_does_not(api: Api) -> None:
    assert text(api.chat(temperature=0)) == text(api.chat(temperature=0))
    assert len({text(api.chat(temperature=1.5)) for _ in range(3)}) > 1


@row("top_p")
def test_a_tiny_top_p_is_greedy(api: Api) -> None:
    assert text(api.chat(top_p=1e-9, **SAMPLED)) == text(api.chat())
    assert text(api.chat(top_p=0, **SAMPLED)) == text(api.chat())


@row("top_k")
def test_top_k_1_is_greedy(api: Api) -> None:
    assert text(api.chat(top_k=1, **SAMPLED)) == text(api.chat())
    assert text(api.chat(top_k=-1, **SAMPLED)) == text(api.chat(top_k=0, **SAMPLED)) != text(api.chat())


@row("min_p")
def test_a_large_min_p_is_greedy(api: Api) -> None:
    assert text(api.chat(min_p=0.999, **SAMPLED)) == text(api.chat())
    assert api.chat(min_p=1.0).error() == (400, "invalid_value", "min_p")


@row("repetition_penalty")
def test_a_repetition_penalty_changes_a_greedy_text(api: Api) -> None:
    assert text(api.chat(repetition_penalty=5.0, max_tokens=40)) != text(api.chat(max_tokens=40))


@row("frequency_penalty")
def test_a_frequency_penalty_keeps_tokens_from_coming_often(api: Api) -> None:
    plain = api.chat(max_tokens=600, ignore_eos=True, return_token_ids=True).json()["choices"][0]["token_ids"]
    damped = api.chat(max_tokens=600, ignore_eos=True, return_token_ids=True, frequency_penalty=2.0).json()[
        "choices"
    ][0]["token_ids"]
    assert most_frequent(damped) < most_frequent(plain)


@row("presence_penalty")
def test_a_presence_penalty_brings_more_different_tokens(api: Api) -> None:
    plain = api.chat(max_tokens=120, return_token_ids=True).json()["choices"][0]["token_ids"]
    damped = api.chat(max_tokens=120, return_token_ids=True, presence_penalty=2.0).json()["choices"][0][
        "token_ids"
    ]
    assert len(set(damped)) > len(set(plain))


def most_frequent(tokens: list[int]) -> int:
    """How often the most frequent token occurs."""
    return max(tokens.count(token) for token in tokens)


@row("seed")
def test_a_seed_repeats_a_sampled_text(api: Api) -> None:
    assert text(api.chat(temperature=1.0, seed=3)) == text(api.chat(temperature=1.0, seed=3))
    assert text(api.chat(temperature=1.0, seed=3)) != text(api.chat(temperature=1.0, seed=4))
    texts_of = {
        seed: text(api.chat(temperature=1.0, seed=seed)) for seed in (2**64 - 1, 2**63, 2**32 + 3, -2, 3)
    }
    assert len(set(texts_of.values())) == len(texts_of)
    again = {seed: text(api.chat(temperature=1.0, seed=float(seed))) for seed in (2**63, 2**32 + 3, -2, 3)}
    assert again.items() <= texts_of.items()


# --- the end


@row("stop")
def test_a_stop_string_ends_the_text_before_it(api: Api) -> None:
    answer = api.chat("<|hello|>", model="script", stop=["how a", "zebra"])
    assert text(answer) == "Hello there, "
    assert answer.json()["choices"][0]["finish_reason"] == "stop"
    streamed = events(api.chat("<|hello|>", model="script", stop="how a", stream=True))
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in streamed) == "Hello there, "


@row("include_stop_str_in_output")
def test_the_stop_string_may_be_part_of_the_text(api: Api) -> None:
    wishes: dict[str, Any] = {"stop": "how a", "include_stop_str_in_output": True}
    assert text(api.chat("<|hello|>", model="script", **wishes)) == "Hello there, how a"
    streamed = events(api.chat("<|hello|>", model="script", stream=True, **wishes))
    assert (
        "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in streamed) == "Hello there, how a"
    )


@row("stop_token_ids")
def test_a_stop_token_ends_the_text_with_and_without_ignore_eos(api: Api) -> None:
    tokens = api.chat(return_token_ids=True).json()["choices"][0]["token_ids"]
    at = next(i for i, token in enumerate(tokens) if i > 3 and token not in tokens[:i])
    for ignore_eos in (False, True):
        answer = api.chat(stop_token_ids=[tokens[at]], ignore_eos=ignore_eos).json()
        assert answer["usage"]["completion_tokens"] == at + 1
        assert answer["choices"][0]["finish_reason"] == "stop"


@row("ignore_eos")
def test_ignore_eos_goes_on_after_the_end(api: Api) -> None:
    plain = api.chat("<|hello|>", model="script", max_tokens=50).json()
    on = api.chat("<|hello|>", model="script", max_tokens=50, ignore_eos=True).json()
    assert plain["choices"][0]["finish_reason"] == "stop"
    assert (on["choices"][0]["finish_reason"], on["usage"]["completion_tokens"]) == ("length", 50)


# --- what is shown


@row("logprobs")
def test_logprobs_come_with_each_token_streamed_and_whole(api: Api) -> None:
    (choice,) = api.chat(logprobs=True).json()["choices"]
    entries = choice["logprobs"]["content"]
    assert len(entries) == 12
    assert all(entry["logprob"] <= 0 for entry in entries)
    joined = b"".join(bytes(entry["bytes"]) for entry in entries)
    assert joined.decode(errors="replace").startswith(
        choice["message"]["content"].rstrip("\N{REPLACEMENT CHARACTER}")
    )
    streamed = [
        entry
        for chunk in events(api.chat(logprobs=True, stream=True))
        for entry in (chunk["choices"][0]["logprobs"] or {"content": []})["content"]
    ]
    assert streamed == entries
    completion = api.complete(logprobs=1).json()["choices"][0]["logprobs"]
    assert api.complete(logprobs=0).json()["choices"][0]["logprobs"] == completion
    assert (
        len(completion["tokens"]) == len(completion["token_logprobs"]) == len(completion["text_offset"]) == 12
    )
    assert completion["top_logprobs"][0] == {completion["tokens"][0]: completion["token_logprobs"][0]}
    assert api.complete(logprobs=2).error() == (400, "unsupported_parameter", "logprobs")


@row("skip_special_tokens")
def test_special_tokens_are_shown_when_they_are_wanted(api: Api) -> None:
    assert text(api.chat("<|marked|>", model="script")) == "onetwo"
    shown = api.chat(
        "<|marked|>", model="script", skip_special_tokens=False, spaces_between_special_tokens=False
    )
    assert text(shown) == "one<|mark|><|tick|>two"


@row("spaces_between_special_tokens")
def test_a_space_stands_between_special_tokens_unless_it_is_not_wanted(api: Api) -> None:
    shown = api.chat("<|marked|>", model="script", skip_special_tokens=False)
    assert text(shown) == "one<|mark|> <|tick|>two"


@row("detokenize")
def test_without_detokenizing_there_are_token_ids_and_no_text(api: Api) -> None:
    (choice,) = api.chat(detokenize=False).json()["choices"]
    assert choice["message"]["content"] == ""
    assert len(choice["token_ids"]) == 12
    assert api.chat(detokenize=False, stop="x").error() == (400, "invalid_value", "stop")


@row("return_token_ids")
def test_token_ids_come_beside_the_text(api: Api) -> None:
    answer = api.chat(return_token_ids=True).json()
    assert len(answer["prompt_token_ids"]) == answer["usage"]["prompt_tokens"]
    ids = answer["choices"][0]["token_ids"]
    assert len(ids) == 12
    chunks = events(api.chat(return_token_ids=True, stream=True))
    assert chunks[0]["prompt_token_ids"] == answer["prompt_token_ids"]
    assert [token for chunk in chunks for token in chunk["choices"][0].get("token_ids", [])] == ids


@row("return_tokens_as_token_ids")
def test_the_tokens_of_logprobs_may_be_ids(api: Api) -> None:
    wishes: dict[str, Any] = {"logprobs": True, "return_tokens_as_token_ids": True, "return_token_ids": True}
    (choice,) = api.chat(**wishes).json()["choices"]
    shown = [entry["token"] for entry in choice["logprobs"]["content"]]
    assert shown == [f"token_id:{token}" for token in choice["token_ids"]]


# --- about the request


@row("priority")
def test_of_those_that_wait_the_lowest_priority_comes_first(api: Api) -> None:
    ended: list[int] = []

    def ask(priority: int, max_tokens: int) -> None:
        answer = api.complete(model="narrow", max_tokens=max_tokens, priority=priority, ignore_eos=True)
        assert answer.status == 200
        ended.append(priority)

    threads = []
    for at, (priority, max_tokens) in enumerate([(0, 2000), (5, 400), (-5, 1)]):
        threads.append(Thread(target=ask, args=(priority, max_tokens)))
        threads[-1].start()
        while not ended and running_and_waiting(api.url, "narrow") <= at:
            pass  # asking takes its time
    for thread in threads:
        thread.join()
    assert ended.index(-5) < ended.index(5)
    assert api.chat(priority="high").error() == (400, "invalid_type", "priority")


@row("request_id")
def test_the_request_id_is_part_of_the_answers(api: Api) -> None:
    assert api.chat(request_id="mine-1").json()["id"] == "chatcmpl-mine-1"
    assert api.complete(request_id="mine-2").json()["id"] == "cmpl-mine-2"


@row("user")
@row("metadata")
@row("store")
@row("service_tier")
def test_what_a_client_says_about_its_request_comes_back(api: Api) -> None:
    about: dict[str, Any] = {"user": "me", "metadata": {"a": "b"}, "store": False, "service_tier": "auto"}
    answer = api.chat(**about).json()
    assert {name: answer[name] for name in about} == about
    beyond = api.chat(metadata={"a": 1}, user="x" * 513)
    assert "metadata" not in beyond.json()
    assert "user" not in beyond.json()
    assert beyond.headers["x-ovpipe-ignored-parameters"] == "metadata, user"


# --- what this engine does not honour


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("logit_bias", {"5": 10}),
        ("top_logprobs", 3),
        ("bad_words", ["no"]),
        ("logits_processors", [{"name": "x"}]),
        ("allowed_token_ids", [1, 2]),
        ("prompt_logprobs", 1),
    ],
)
def test_what_another_engine_honours_is_refused_and_names_it(api: Api, name: str, value: Any) -> None:
    answer = api.chat(**{"logprobs": True, name: value})
    assert answer.error() == (400, "unsupported_parameter", name)
    assert "engines that may honour it: 'graph'" in answer.json()["error"]["message"]


# --- speculative decoding


@row("num_assistant_tokens")
def test_guessing_ahead_leaves_the_text_as_it_is(api: Api) -> None:
    plain = text(api.chat("a b a b a b", model="tiny", max_tokens=40))
    for guesses in (1, 5):
        assert (
            text(api.chat("a b a b a b", model="lookup", max_tokens=40, num_assistant_tokens=guesses))
            == plain
        )
    assert api.chat(num_assistant_tokens=3).error() == (400, "unsupported_parameter", "num_assistant_tokens")


@row("max_ngram_size")
def test_the_size_of_n_grams_leaves_the_text_as_it_is(api: Api) -> None:
    plain = text(api.chat("a b a b a b", model="tiny", max_tokens=40))
    assert text(api.chat("a b a b a b", model="lookup", max_tokens=40, max_ngram_size=2)) == plain
    assert api.chat(max_ngram_size=3).error() == (400, "unsupported_parameter", "max_ngram_size")


@row("assistant_confidence_threshold")
def test_a_confidence_threshold_needs_a_draft_model(api: Api) -> None:
    for model in ("tiny", "lookup"):
        answer = api.chat(model=model, assistant_confidence_threshold=0.5)
        assert answer.error() == (400, "unsupported_parameter", "assistant_confidence_threshold")


def test_a_template_that_refuses_is_the_senders_error_with_its_words(api: Api) -> None:
    answer = api.chat("x", model="script", chat_template_kwargs={"raise": True})
    assert answer.error() == (400, "chat_template_refused", "messages")
    assert "not like this" in answer.json()["error"]["message"]
