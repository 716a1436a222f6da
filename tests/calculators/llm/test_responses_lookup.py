"""ResponsesLookupCalculator and the store behind a request: each client's responses are its own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ovpipe.calculators.llm.openai_responses.store import ResponseStore
from ovpipe.calculators.llm.responses_lookup import ResponsesLookupCalculator
from ovpipe.calculators.llm.responses_packets import FoundResponse
from ovpipe.calculators.llm.responses_parser import ResponsesParserCalculator
from ovpipe.calculators.llm.templates.messages import text_of
from ovpipe.errors import RequestError, RunError
from ovpipe.http import Client, HttpRequest
from ovpipe.testing import CalculatorRunner

ID = "resp_" + "0" * 32
ADA = Client("key:ada")
OTHERS = (Client("key:bob"), Client("address:127.0.0.1"), Client())


@pytest.fixture
def store() -> ResponseStore:
    """A store with a response of Ada's."""
    kept = ResponseStore(10, 10**6)
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Yes?"}],
    }
    said = {"id": "msg_0", "type": "message", "role": "user", "content": "Hi"}
    kept.put("key:ada", {"id": ID, "previous_response_id": None, "output": [message]}, [said])
    return kept


def look_up(store: ResponseStore, client: Client, method: str = "GET", path: str = "") -> Any:
    request = HttpRequest(
        method, f"/responses/{ID}{path}", path_parameters={"response_id": ID}, client=client
    )
    out = CalculatorRunner(ResponsesLookupCalculator()).run(http_request=[request], response_store=store)
    (found,) = out[ResponsesLookupCalculator.found]
    assert isinstance(found, FoundResponse)
    return json.loads(found.body)


def continued(store: ResponseStore, client: Client, **body: Any) -> list[str]:
    """The contents of the conversation that a request of this client's comes to."""
    request = HttpRequest("POST", "/responses", json={"model": "m", "input": "Go on"} | body, client=client)
    out = CalculatorRunner(ResponsesParserCalculator()).run(http_request=[request], response_store=store)
    (chat,) = out[ResponsesParserCalculator.request]
    return [text_of(message.content) for message in chat.messages]


def refusal(call: Any, *arguments: Any, **more: Any) -> tuple[int, str | None]:
    with pytest.raises(RunError) as caught:
        call(*arguments, **more)
    error = caught.value.__cause__
    assert isinstance(error, RequestError)
    return error.status, error.code


def test_a_response_is_for_the_key_that_made_it(store: ResponseStore) -> None:
    assert look_up(store, ADA)["id"] == ID
    assert [item["id"] for item in look_up(store, ADA, path="/input_items")["data"]] == ["msg_0"]
    for other in OTHERS:
        for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/input_items"), ("POST", "/cancel")):
            assert refusal(look_up, store, other, method, path) == (404, "response_not_found")
    assert look_up(store, ADA)["id"] == ID


def test_a_conversation_is_continued_by_the_key_that_began_it(store: ResponseStore) -> None:
    assert continued(store, ADA, previous_response_id=ID) == ["Hi", "Yes?", "Go on"]
    reference: Any = [{"type": "item_reference", "id": "msg_1"}, {"role": "user", "content": "Go on"}]
    assert continued(store, ADA, input=reference) == ["Yes?", "Go on"]
    for other in OTHERS:
        assert refusal(continued, store, other, previous_response_id=ID) == (
            400,
            "previous_response_not_found",
        )
        assert refusal(continued, store, other, input=reference) == (400, "item_not_found")


def test_without_keys_who_knows_the_id_may_read(store: ResponseStore) -> None:
    store.put("", {"id": "resp_" + "1" * 32, "previous_response_id": None, "output": []}, [])
    assert asyncio.run(store.get("", "resp_" + "1" * 32)) is not None
    one, other = Client("address:10.0.0.1"), Client("address:10.0.0.2")
    for client in (one, other):
        assert continued(store, client, previous_response_id="resp_" + "1" * 32) == ["Go on"]


def test_without_a_store_nothing_is_kept_and_that_is_said() -> None:
    request = HttpRequest("POST", "/responses", json={"model": "m", "input": "Hi", "store": True})
    out = CalculatorRunner(ResponsesParserCalculator()).run(http_request=[request])
    (asked,) = out[ResponsesParserCalculator.asked]
    (chat,) = out[ResponsesParserCalculator.request]
    assert (asked.store, asked.shown["store"], chat.ignored) == (False, False, ("store",))
