"""Prompt tokens that wait: how many may, whose they are, when they leave."""

from __future__ import annotations

import pytest

from ovpipe.errors import RequestError
from ovpipe.http import Client
from ovpipe.serving.admission.admitted import refused_by_model
from ovpipe.serving.admission.model_gate import ModelGate
from ovpipe.serving.admission.prompt_queue import PromptQueue
from ovpipe.serving.admission.throughput import Throughput
from ovpipe.serving.metrics.generation import GenerationMetrics
from ovpipe.serving.requests.record import RequestRecord


def refusal(queue: PromptQueue, client: str, tokens: int) -> tuple[int, str | None, bool]:
    with pytest.raises(RequestError) as raised:
        queue.enter(client, tokens)
    return raised.value.status, raised.value.code, bool(raised.value.retry_after)


def test_prompts_wait_within_the_limit_and_make_room_when_they_are_read() -> None:
    queue = PromptQueue(100, 1.0)
    first = queue.enter("a", 60)
    queue.enter("b", 40)
    assert queue.tokens == 100
    assert refusal(queue, "c", 1) == (429, "prompt_queue_full", True)
    first.leave()
    first.leave()
    assert queue.tokens == 40
    queue.enter("c", 60)


def test_a_prompt_longer_than_the_queue_is_let_in_when_no_other_waits() -> None:
    queue = PromptQueue(100, 0.8)
    long = queue.enter("a", 5000)
    assert queue.tokens == 5000
    assert refusal(queue, "b", 1)[:2] == (429, "prompt_queue_full")
    long.leave()
    queue.enter("b", 1)
    assert refusal(queue, "a", 5000)[1] == "prompt_queue_full"


def test_one_client_cannot_take_all() -> None:
    queue = PromptQueue(100, 0.8)
    queue.enter("a", 60)
    assert refusal(queue, "a", 30)[1] == "client_share_exceeded"
    queue.enter("b", 40)


def test_without_a_limit_any_number_waits() -> None:
    queue = PromptQueue(None, 0.8)
    for client in ("a", "a", "b"):
        queue.enter(client, 10**9)
    assert queue.tokens == 3 * 10**9


def test_another_limit_holds_for_those_that_come_later() -> None:
    queue = PromptQueue(100, 1.0)
    waiting = queue.enter("a", 90)
    queue.resize(50, 1.0)
    assert refusal(queue, "b", 1)[1] == "prompt_queue_full"
    waiting.leave()
    queue.enter("b", 50)


def test_a_full_queue_is_a_refusal_before_a_body_is_read() -> None:
    gate = ModelGate(9, 1.0, Throughput(), 100)
    assert refused_by_model(gate, "a") is None
    gate.prompts.enter("a", 100)
    refused = refused_by_model(gate, "b")
    assert refused is not None
    assert (refused.status, refused.code) == (429, "prompt_queue_full")


def record_of(queue: PromptQueue) -> RequestRecord:
    record = RequestRecord("r")
    record.generation = GenerationMetrics()
    record.enter_prompt = lambda tokens: queue.enter(Client("a").name, tokens)
    return record


def test_a_prompt_of_several_texts_waits_once_until_the_engine_reads_the_first() -> None:
    queue = PromptQueue(100, 1.0)
    record = record_of(queue)
    texts = [record.text(0, 30, 8) for _ in range(4)]
    record.text(1, 40, 8)
    assert queue.tokens == 70
    texts[2].reading()
    assert queue.tokens == 40
    record.text(0, 30, 8)
    assert queue.tokens == 40


def test_what_is_refused_or_ends_unread_leaves_nothing_behind() -> None:
    queue = PromptQueue(100, 1.0)
    record = record_of(queue)
    record.text(0, 60, 8)
    with pytest.raises(RequestError):
        record.text(1, 60, 8)
    record.end()
    assert queue.tokens == 0
    assert record.generation is not None
    assert record.generation.waiting == 0


def test_a_text_of_no_tokens_does_not_wait() -> None:
    queue = PromptQueue(100, 1.0)
    record_of(queue).text(0, 500, 0).ended("length")
    assert queue.tokens == 0
