"""Real clients, of the versions in requirements/, with the server as it is."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Clients
from tests.clients.scripts import HELLO, PERSON, SUNNY, THOUGHT, weather
from tests.serving.asking import post

pytestmark = [
    pytest.mark.slow,
    pytest.mark.clients,
    pytest.mark.timeout(600),  # the first time a client is installed
]

OPENAI = ("openai", "openai-node")
ANTHROPIC = ("anthropic", "anthropic-node")
OF_RESPONSES = (*OPENAI, "openai-agents")
ALL = (
    *OPENAI, *ANTHROPIC, "langchain-openai", "litellm", "pydantic-ai", "instructor",
    "openai-agents", "llama-index", "haystack", "autogen", "semantic-kernel", "ai-sdk", "llm",
)  # fmt: skip

by = pytest.mark.parametrize


@by("client", ALL)
def test_a_chat_is_answered(clients: Clients, client: str) -> None:
    assert clients.got(client)["chat"] == HELLO


@by("client", ALL)
def test_a_stream_is_the_same_answer_in_pieces(clients: Clients, client: str) -> None:
    pieces = clients.got(client)["stream"]
    assert len(pieces) > 1
    assert "".join(pieces) == HELLO


@by("client", [client for client in ALL if client != "instructor"])
def test_a_stream_ends_with_the_counts_of_the_whole_answer(clients: Clients, client: str) -> None:
    body = {"model": "script", "temperature": 0, "messages": [{"role": "user", "content": "hello"}]}
    whole = post(clients.url, body).json()["usage"]
    assert clients.got(client)["streamed_usage"] == whole["completion_tokens"] > 1


@by("client", ALL)
def test_a_tool_is_called_and_its_result_answered(clients: Clients, client: str) -> None:
    assert clients.got(client)["tools"] == {**weather("Paris"), "answer": SUNNY}


@by("client", [client for client in ALL if client != "instructor"])
def test_two_calls_are_put_together_from_a_stream(clients: Clients, client: str) -> None:
    assert clients.got(client)["streamed_tools"] == [weather("Paris"), weather("Rome")]


@by("client", [client for client in ALL if client != "llm"])
def test_a_tool_that_has_to_be_called_is_called(clients: Clients, client: str) -> None:
    assert clients.got(client)["forced_tool"] == PERSON


@by("client", ALL)
def test_an_answer_becomes_an_object_of_the_program(clients: Clients, client: str) -> None:
    assert clients.got(client)["structured"] == PERSON


@by("client", [*OPENAI, *ANTHROPIC, "instructor", "ai-sdk", "llm"])
def test_a_stream_becomes_an_object_of_the_program(clients: Clients, client: str) -> None:
    assert clients.got(client)["streamed_structured"] == PERSON


@by("client", ["langchain-openai", "instructor"])
def test_an_answer_in_json_mode_becomes_an_object_of_the_program(clients: Clients, client: str) -> None:
    assert clients.got(client)["json_mode"] == PERSON


@by("client", ["openai-agents"])
def test_an_agent_with_tools_and_a_type_answers_by_the_type(clients: Clients, client: str) -> None:
    assert clients.got(client)["structured_beside_tools"] == PERSON


@by("client", [*ANTHROPIC, "litellm", "pydantic-ai", "ai-sdk"])
def test_thoughts_come_apart_from_the_answer(clients: Clients, client: str) -> None:
    assert clients.got(client)["thoughts"] == THOUGHT


@by("client", OPENAI)
def test_a_text_is_completed(clients: Clients, client: str) -> None:
    assert clients.got(client)["completion"] == HELLO


@by("client", OPENAI)
def test_a_text_of_the_responses_api_is_answered(clients: Clients, client: str) -> None:
    assert clients.got(client)["responses"] == HELLO


@by("client", OF_RESPONSES)
def test_its_stream_is_the_same_answer_in_pieces(clients: Clients, client: str) -> None:
    pieces = clients.got(client)["responses_stream"]
    assert len(pieces) > 1
    assert "".join(pieces) == HELLO


@by("client", OF_RESPONSES)
def test_its_tools_are_called_and_their_results_answered(clients: Clients, client: str) -> None:
    assert clients.got(client)["responses_tools"] == {**weather("Paris"), "answer": SUNNY}


@by("client", OF_RESPONSES)
def test_its_answers_become_objects_of_the_program(clients: Clients, client: str) -> None:
    assert clients.got(client)["responses_structured"] == PERSON


@by("client", OPENAI)
def test_its_responses_are_kept_until_they_are_deleted(clients: Clients, client: str) -> None:
    assert clients.got(client)["responses_kept"] == [HELLO, "message", "response_not_found"]


@by("client", OPENAI)
def test_errors_are_raised_by_their_names(clients: Clients, client: str) -> None:
    assert clients.got(client)["errors"] == ["model_not_found", "invalid_value", "temperature"]


@by("client", OPENAI)
def test_models_are_listed(clients: Clients, client: str) -> None:
    assert clients.got(client)["models"] == ["script"]


@by("client", ANTHROPIC)
def test_tokens_are_counted_as_an_answer_counts_them(clients: Clients, client: str) -> None:
    assert clients.got(client)["counted"] is True


@by("client", ANTHROPIC)
def test_errors_of_anthropics_are_raised_by_their_names(clients: Clients, client: str) -> None:
    assert clients.got(client)["typed_errors"] == ["not_found_error", "invalid_request_error"]
