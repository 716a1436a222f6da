"""What a request's record counts in its model's metrics, and when."""

from __future__ import annotations

import pytest

from ovpipe.serving.metrics.generation import GenerationMetrics
from ovpipe.serving.metrics.histogram import Histogram
from ovpipe.serving.requests.record import RequestRecord


def record(model: GenerationMetrics) -> RequestRecord:
    made = RequestRecord("some id")
    made.generation = model
    return made


def count(histogram: Histogram) -> float:
    return histogram.buckets()[-1][1]


def test_tokens_are_counted_when_they_come_and_the_rest_when_the_request_is_over() -> None:
    model = GenerationMetrics()
    request = record(model)
    text = request.text(0, 7, 20)
    assert (model.waiting, model.running) == (1, 0)
    text.reading()
    assert (model.waiting, model.running) == (0, 1)
    text.tokens(0, None)  # a pulse: the engine is at work
    text.tokens(1, 5)
    text.tokens(2, None)
    assert (model.prompt_tokens, model.generation_tokens) == (7, 3)
    assert (count(model.time_to_first_token), count(model.inter_token_latency)) == (1, 1)
    assert count(model.e2e_latency) == 0
    text.ended("length")
    assert (model.waiting, model.running) == (0, 0)
    request.status = 200
    request.end()
    assert model.finished == {"stop": 0, "length": 1, "abort": 0, "error": 0}
    assert model.request_generation_tokens.total == 3
    assert model.request_prompt_tokens.total == 7
    assert model.request_computed_tokens.total == 2
    assert model.request_max_tokens.total == 20
    per_request = (model.e2e_latency, model.queue_time, model.prefill_time, model.decode_time)
    assert [count(histogram) for histogram in per_request] == [1, 1, 1, 1]


@pytest.mark.parametrize(("status", "reason"), [(200, "stop"), (499, "abort"), (503, "error")])
def test_a_text_that_the_engine_did_not_finish_ended_as_its_request_did(status: int, reason: str) -> None:
    model = GenerationMetrics()
    request = record(model)
    request.text(0, 7, 20).tokens(1, None)
    request.status = status
    request.end()
    assert [name for name, number in model.finished.items() if number] == [reason]
    assert (model.waiting, model.running) == (0, 0)
    assert count(model.e2e_latency) == (1 if reason == "stop" else 0)


def test_a_text_that_never_began_leaves_the_queue() -> None:
    model = GenerationMetrics()
    request = record(model)
    request.text(0, 7, 20)
    request.status = 503
    request.end()
    assert (model.waiting, model.running, model.prompt_tokens) == (0, 0, 0)


def test_what_comes_after_the_end_is_not_counted() -> None:
    model = GenerationMetrics()
    text = record(model).text(0, 7, 20)
    text.ended(None)
    text.ended("stop")
    text.reading()
    text.tokens(1, None)
    assert (text.finish, text.generated, model.generation_tokens) == (None, 0, 0)
    assert (model.waiting, model.running) == (0, 0)


def test_a_prompt_counts_once_for_all_its_choices_and_the_longest_text_is_the_request_s() -> None:
    model = GenerationMetrics()
    request = record(model)
    for prompt, tokens in ((0, 2), (0, 4), (1, 1)):
        request.text(prompt, 10 + prompt, 20).tokens(tokens, 4)
    request.status = 200
    request.end()
    assert (request.prompt_tokens, request.generated_tokens, request.cached_tokens) == (21, 7, 8)
    assert model.request_max_generation_tokens.total == 4
    assert request.time_to_first_token is not None


def test_a_request_that_waits_for_a_place_at_its_model_counts_as_waiting_and_its_texts_queued_so_long() -> (
    None
):
    model = GenerationMetrics()
    request = record(model)
    with request.waiting_for_turn():
        assert model.waiting == 1
    assert model.waiting == 0
    request.waited = 1000.0
    text = request.text(0, 7, 20)
    text.tokens(1, None)
    text.ended("stop")
    request.status = 200
    request.end()
    assert model.queue_time.total >= 1000
