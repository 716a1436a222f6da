"""A chat through the real server, engine and openai client, streaming and not."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from tests.end_to_end.models import SERVE
from tests.serving.server_process import ServerProcess

MODEL = "tiny-random"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("chat", "--model", MODEL, *SERVE) as running:
        running.wait_ready()
        yield running


@pytest.fixture
def client(server: ServerProcess) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as made:
        yield made


def test_the_model_is_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).object == "model"


def test_a_chat_gives_one_whole_answer(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Hello"}], max_tokens=20, temperature=0
    )
    assert answer.id.startswith("chatcmpl-")
    assert answer.object == "chat.completion"
    (choice,) = answer.choices
    assert choice.message.role == "assistant"
    assert choice.message.content
    assert choice.finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 20
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 20


def test_a_streamed_chat_is_the_same_text_in_pieces(client: openai.OpenAI) -> None:
    messages: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "Hello"}]
    whole = client.chat.completions.create(model=MODEL, messages=messages, max_tokens=40, temperature=0)
    chunks = list(
        client.chat.completions.create(
            model=MODEL,
            messages=messages,
            max_tokens=40,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    finishes = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert finishes == [None] * (len(finishes) - 1) + ["length"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_completion_continues_a_prompt_streaming_and_not(client: openai.OpenAI) -> None:
    whole = client.completions.create(model=MODEL, prompt="A graph is", max_tokens=30, temperature=0)
    pieces = client.completions.create(
        model=MODEL, prompt="A graph is", max_tokens=30, temperature=0, stream=True
    )
    assert whole.object == "text_completion"
    assert "".join(piece.choices[0].text for piece in pieces) == whole.choices[0].text != ""


def test_a_seed_repeats_a_sampled_answer_and_another_seed_does_not(client: openai.OpenAI) -> None:
    def answer(seed: int) -> str | None:
        return (
            client.chat.completions.create(
                model=MODEL,
                messages=[{"role": "user", "content": "Hello"}],
                max_tokens=30,
                temperature=1,
                top_p=0.9,
                seed=seed,
            )
            .choices[0]
            .message.content
        )

    assert answer(1) == answer(1) != answer(2)


def test_a_stop_string_ends_the_text_before_it_and_is_billed_exactly(client: openai.OpenAI) -> None:
    def ask(stop: str | None) -> openai.types.chat.ChatCompletion:
        return client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Hello"}],
            max_tokens=60,
            temperature=0,
            stop=stop,
            extra_body={"ignore_eos": True},
        )

    whole = ask(None).choices[0].message.content
    assert whole is not None
    stop = whole[20:24]
    stopped = ask(stop)
    assert stopped.choices[0].message.content == whole[: whole.index(stop)]
    assert stopped.choices[0].finish_reason == "stop"
    assert stopped.usage is not None
    assert 0 < stopped.usage.completion_tokens < 60


def test_top_k_of_one_is_greedy(client: openai.OpenAI) -> None:
    def answer(**sampling: object) -> str | None:
        return (
            client.chat.completions.create(
                model=MODEL,
                messages=[{"role": "user", "content": "Hello"}],
                max_tokens=20,
                extra_body=sampling,
            )
            .choices[0]
            .message.content
        )

    assert (
        answer(temperature=1.0, top_k=1)
        == answer(temperature=0)
        != answer(repetition_penalty=5.0, temperature=0)
    )


def test_an_unknown_model_is_a_404_that_names_those_served(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match=MODEL) as raised:
        client.chat.completions.create(model="gpt-4", messages=[{"role": "user", "content": "Hello"}])
    assert raised.value.code == "model_not_found"


def test_a_parameter_that_is_not_built_yet_is_a_400_that_names_it(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="logit_bias") as raised:
        client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Hello"}], logit_bias={"1": 1}
        )
    assert raised.value.param == "logit_bias"


def test_more_tokens_than_the_context_holds_are_a_400(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="maximum context length is 4096 tokens") as raised:
        client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Hello"}], max_tokens=5000
        )
    assert raised.value.code == "context_length_exceeded"


def test_a_parameter_nobody_knows_is_let_through_and_named_in_a_header(client: openai.OpenAI) -> None:
    answer = client.chat.completions.with_raw_response.create(
        model=MODEL,
        messages=[{"role": "user", "content": "Hello"}],
        max_tokens=1,
        extra_body={"no_such_thing": 1},
    )
    assert answer.headers["x-ovpipe-ignored-parameters"] == "no_such_thing"


def test_v3_is_the_same_route(server: ServerProcess) -> None:
    with openai.OpenAI(base_url=f"{server.url}/v3", api_key="none") as client:
        assert client.completions.create(model=MODEL, prompt="A", max_tokens=2).choices[0].finish_reason
