"""Answers of /responses, whole and streamed, as OpenAI's own client and types take them."""

from __future__ import annotations

from itertools import groupby

import pytest
from openai import BadRequestError, NotFoundError
from openai.types.responses import ResponseOutputMessage, ResponseReasoningItem
from pydantic import BaseModel

from tests.end_to_end.responses.conftest import Responses, events, text, whole


def test_a_text_is_answered_whole(responses: Responses) -> None:
    response = whole(responses.say("hello", instructions="Be brief.", metadata={"a": "b"}))
    assert response.output_text == "Hello there, how are you?"
    assert response.id.startswith("resp_")
    assert (response.object, response.status, response.model) == ("response", "completed", "script")
    (message,) = response.output
    assert isinstance(message, ResponseOutputMessage)
    assert (message.role, message.status) == ("assistant", "completed")
    assert message.id.startswith("msg_")
    assert response.instructions == "Be brief."
    assert response.metadata == {"a": "b"}
    assert (response.error, response.incomplete_details) == (None, None)
    assert (response.temperature, response.top_p, response.max_output_tokens) == (0, 1, 200)
    assert (response.tools, response.tool_choice, response.parallel_tool_calls) == ([], "auto", True)
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


def test_a_stream_has_openais_events_in_their_order(responses: Responses) -> None:
    streamed = events(responses.say("think", stream=True))
    assert [name for name, _ in groupby(event.type for event in streamed)] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.reasoning_text.delta",
        "response.reasoning_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    created, last = streamed[0].response, streamed[-1].response
    assert (created.status, created.output, created.usage) == ("in_progress", [], None)
    assert created.id == last.id
    thoughts, message = last.output
    assert isinstance(thoughts, ResponseReasoningItem)
    assert thoughts.content is not None
    assert thoughts.content[0].text == "Let me see."
    assert last.output_text == "The answer is 42."
    assert last.usage.output_tokens_details.reasoning_tokens > 0
    deltas = [event for event in streamed if event.type == "response.output_text.delta"]
    assert "".join(event.delta for event in deltas) == "The answer is 42."
    assert {(event.item_id, event.output_index, event.content_index) for event in deltas} == {
        (message.id, 1, 0)
    }


def test_an_answer_at_its_limit_is_incomplete(responses: Responses) -> None:
    response = whole(responses.say("hello", max_output_tokens=2))
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert response.output[0].status == "incomplete"  # type: ignore[union-attr]  # a message
    *_, last = events(responses.say("hello", max_output_tokens=2, stream=True))
    assert last.type == "response.incomplete"
    assert last.response.output_text == response.output_text


def test_openais_client_creates_and_streams(responses: Responses) -> None:
    client = responses.client
    response = client.responses.create(model="script", input="<|hello|>")
    assert response.output_text == "Hello there, how are you?"
    types = [event.type for event in client.responses.create(model="script", input="<|hello|>", stream=True)]
    assert (types[0], types[-1]) == ("response.created", "response.completed")
    with client.responses.stream(model="script", input="<|think|>") as stream:
        words = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(words) == final.output_text == "The answer is 42."


def test_a_conversation_in_items_is_answered_as_one(responses: Responses) -> None:
    said = [
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Yes?", "annotations": []}]},
        {"role": "user", "content": "<|hello|>"},
    ]
    assert text(responses.ask(said, model="script")) == "Hello there, how are you?"


def test_a_stream_that_fails_ends_with_its_failed_response_which_is_kept(responses: Responses) -> None:
    created, *_, delta, last = events(responses.ask("<|hello|>", model="broken", stream=True))
    assert delta.type == "response.output_text.delta"
    assert last.type == "response.failed"
    failed = last.response
    assert (failed.id, failed.created_at, failed.model) == (
        created.response.id,
        created.response.created_at,
        "broken",
    )
    assert failed.status == "failed"
    assert (failed.error.code, failed.error.message) == ("server_error", "The rest is lost.")
    (message,) = failed.output
    assert message.status == "incomplete"
    assert "Hello there, how are you?".startswith(failed.output_text)
    assert failed.output_text.endswith(delta.delta)
    assert responses.client.responses.retrieve(failed.id) == failed


def test_openais_client_reads_a_failed_response_to_its_end(responses: Responses) -> None:
    with responses.client.responses.stream(model="broken", input="<|hello|>", temperature=0) as stream:
        *_, last = stream
    assert last.type == "response.failed"
    assert last.response.error is not None
    assert last.response.error.message == "The rest is lost."


def test_what_fails_before_an_answer_is_a_status(responses: Responses) -> None:
    answer = responses.ask("<|hello|>", model="broken")
    assert (answer.status, answer.json()["error"]["code"]) == (503, "lost")
    assert responses.ask("<|hello|>", model="broken", max_output_tokens=10**6, stream=True).error() == (
        400,
        "context_length_exceeded",
        "max_output_tokens",
    )


def test_an_answer_becomes_an_object_of_the_program(responses: Responses) -> None:
    class Person(BaseModel):
        name: str
        age: int

    client = responses.client
    parsed = client.responses.parse(model="script", input="<|person|>", text_format=Person)
    assert parsed.output_parsed == Person(name="Ada", age=36)
    with client.responses.stream(model="script", input="<|person|>", text_format=Person) as stream:
        stream.until_done()
        assert stream.get_final_response().output_parsed == Person(name="Ada", age=36)


def test_openais_client_raises_its_own_errors(responses: Responses) -> None:
    with pytest.raises(BadRequestError) as caught:
        responses.client.responses.create(model="tiny", input="Hi", temperature=9)
    assert (caught.value.code, caught.value.param) == ("invalid_value", "temperature")
    with pytest.raises(NotFoundError):
        responses.client.responses.create(model="nobody", input="Hi")
