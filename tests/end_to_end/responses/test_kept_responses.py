"""Responses that are kept: read again, continued, listed, deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError
from openai.types.responses import ResponseFunctionToolCall
from openai.types.responses.response_item_list import ResponseItemList

from tests.end_to_end.responses.conftest import Responses, events, whole
from tests.end_to_end.responses.strict import KNOWN, extras, response_of
from tests.serving.asking import Answer

WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}


def items_of(answer: Answer) -> list[Any]:
    """The items of a page, held to OpenAI's types."""
    assert answer.status == 200, answer.body
    page = ResponseItemList.model_validate(answer.json(), strict=True)
    assert set(extras(page)) <= KNOWN
    return page.data


def test_a_response_is_read_again_as_it_was_answered(responses: Responses) -> None:
    answered = responses.say("think").json()
    again = responses.go("GET", answered["id"])
    assert again.json() == answered
    response_of(again.json())
    *_, last = events(responses.say("hello", stream=True))
    assert responses.client.responses.retrieve(last.response.id).output_text == "Hello there, how are you?"
    assert responses.go("HEAD", answered["id"]).status == 200


def test_a_response_that_is_not_to_be_kept_is_not(responses: Responses) -> None:
    answered = whole(responses.say("hello", store=False))
    with pytest.raises(NotFoundError):
        responses.client.responses.retrieve(answered.id)
    assert responses.ask(previous_response_id=answered.id).error() == (
        400,
        "previous_response_not_found",
        "previous_response_id",
    )


def test_a_response_that_is_deleted_is_gone(responses: Responses) -> None:
    id_ = whole(responses.say("hello")).id
    responses.client.responses.delete(id_)
    for method, path in (
        ("GET", id_),
        ("DELETE", id_),
        ("GET", f"{id_}/input_items"),
        ("POST", f"{id_}/cancel"),
    ):
        assert responses.go(method, path).error() == (404, "response_not_found", "response_id")
    kept = whole(responses.say("hello")).id
    assert responses.go("DELETE", kept).json() == {"id": kept, "object": "response", "deleted": True}


def test_nothing_is_cancelled_streamed_again_or_made_in_the_background(responses: Responses) -> None:
    id_ = whole(responses.say("hello")).id
    with pytest.raises(BadRequestError, match="made in the background"):
        responses.client.responses.cancel(id_)
    assert responses.go("GET", f"{id_}?stream=true").error() == (400, "unsupported_parameter", "stream")
    assert responses.go("GET", f"{id_}?stream=false").status == 200


def test_a_tool_is_called_and_its_result_answered_in_the_response_after(responses: Responses) -> None:
    client = responses.client
    first = client.responses.create(model="script", input="<|weather|>", tools=[WEATHER])  # type: ignore[list-item]  # its type is a dict
    thoughts, call = first.output
    assert thoughts.type == "reasoning"
    assert isinstance(call, ResponseFunctionToolCall)
    assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Paris"})
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "<|sunny|>"}
    second = client.responses.create(model="script", input=[result], previous_response_id=first.id)
    assert second.output_text == "It is sunny in Paris."
    assert second.previous_response_id == first.id
    alone: Any = [{"role": "user", "content": "<|weather|>"}, *first.output, result]
    stateless = client.responses.create(model="script", input=alone, store=False)
    assert stateless.output_text == second.output_text
    assert stateless.usage is not None
    assert second.usage is not None
    assert stateless.usage.input_tokens == second.usage.input_tokens


def test_instructions_are_not_taken_over_and_models_may_change(responses: Responses) -> None:
    first = whole(responses.ask("One", instructions="Be long and be kind to all who ask."))
    bare = whole(responses.ask("Two", previous_response_id=first.id))
    again = whole(
        responses.ask(
            "Two", previous_response_id=first.id, instructions="Be long and be kind to all who ask."
        )
    )
    assert bare.instructions is None
    assert bare.usage is not None
    assert again.usage is not None
    assert bare.usage.input_tokens < again.usage.input_tokens
    assert whole(responses.say("hello", previous_response_id=first.id)).output_text.startswith("Hello")


def test_input_items_come_in_pages(responses: Responses) -> None:
    said = [{"role": "user", "content": f"{word}"} for word in ("one", "two", "three")]
    first = whole(responses.ask(said))
    second = whole(responses.ask("four", previous_response_id=first.id))
    path = f"{second.id}/input_items"
    newest = items_of(responses.go("GET", path))
    assert [item.content[0].text for item in newest if item.role == "user"] == ["four", "three", "two", "one"]
    oldest = items_of(responses.go("GET", f"{path}?order=asc&limit=2"))
    assert oldest == newest[::-1][:2]
    page = responses.client.responses.input_items.list(second.id, order="asc", limit=2)
    assert [item.id for item in page] == [item.id for item in newest[::-1]]  # the client asks for all pages
    rest = responses.go("GET", f"{path}?order=asc&after={oldest[-1].id}").json()
    assert (rest["first_id"], rest["last_id"]) == (newest[-3].id, newest[0].id)
    assert rest["has_more"] is False
    for query, param in (
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("order=up", "order"),
        ("after=x", "after"),
    ):
        assert responses.go("GET", f"{path}?{query}").error() == (400, "invalid_value", param)


def test_an_item_is_named_in_place_of_saying_it(responses: Responses) -> None:
    first = whole(responses.say("hello"))
    reference = {"type": "item_reference", "id": first.output[0].id}
    named = [{"role": "user", "content": "<|hello|>"}, reference, {"role": "user", "content": "<|think|>"}]
    said = [*named[:1], {"role": "assistant", "content": first.output_text}, *named[2:]]
    one, other = (whole(responses.ask(items, model="script")) for items in (named, said))
    assert one.usage is not None
    assert other.usage is not None
    assert one.usage.input_tokens == other.usage.input_tokens
    assert responses.ask([{"id": first.output[0].id}, named[0]]).status == 200
    assert responses.ask([{"type": "item_reference", "id": "msg_1"}]).error() == (
        400,
        "item_not_found",
        "input[0].id",
    )
