"""Tools, thinking and JSON over HTTP, by the model that ships: its answers are its own, and can be judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from ovpipe.cli.embedded import NAME
from tests.serving.server_process import ServerProcess


def tool(name: str, description: str, **types: str) -> Any:
    """A function whose arguments are all required."""
    properties = {argument: {"type": type_} for argument, type_ in types.items()}
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


WEATHER = tool("get_weather", "Get the current weather in a city.", city="string")
BOOK = tool("book_table", "Book a table.", person="string", hour="integer")
ALARM = tool("set_alarm", "Set the alarm.", hour="integer")
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "city": {"type": "string"}},
    "required": ["name", "age", "city"],
    "additionalProperties": False,
}
THINKING = {"chat_template_kwargs": {"enable_thinking": True}}


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with ServerProcess() as server:
        server.wait_ready()
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as made:
            yield made


def ask(client: openai.OpenAI, *messages: Any, **parameters: Any) -> Any:
    """The only choice; a plain text is the user's."""
    spoken: Any = [{"role": "user", "content": one} if isinstance(one, str) else one for one in messages]
    return client.chat.completions.create(model=NAME, messages=spoken, **parameters).choices[0]


def calls(message: Any) -> list[tuple[str, dict[str, Any]]]:
    """Names and arguments of the calls in a message."""
    return [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []]


def test_without_arguments_it_is_what_is_served(client: openai.OpenAI) -> None:
    (model,) = client.models.list()
    assert model == client.models.retrieve(NAME)
    told: Any = model.to_dict()
    assert (told["id"], told["root"], told["parent"], told["max_model_len"]) == (NAME, NAME, None, 2048)
    can = told["capabilities"]
    assert {"/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"} <= {*can["endpoints"]}
    assert (can["tools"], can["reasoning"], can["structured_outputs"]) == (True, True, True)
    assert (can["precision"], can["adapters"]) == ("f32", [])
    assert {"temperature", "top_k", "logprobs"} <= {*can["parameters"]}


def test_it_answers_and_stops_by_itself(client: openai.OpenAI) -> None:
    choice = ask(client, "Who are you?")
    assert choice.message.content == "I am tiny-chat, a small demonstration model that ships with ovpipe."
    assert choice.finish_reason == "stop"


def test_it_chooses_the_right_tool_and_reads_its_arguments_out_of_the_text(client: openai.OpenAI) -> None:
    choice = ask(client, "What is the weather in Lisbon?", tools=[BOOK, WEATHER])
    assert calls(choice.message) == [("get_weather", {"city": "Lisbon"})]
    assert choice.finish_reason == "tool_calls"
    choice = ask(client, "Book a table for Marlene at 7.", tools=[BOOK, WEATHER])
    assert calls(choice.message) == [("book_table", {"person": "Marlene", "hour": 7})]


def test_it_calls_twice_in_one_turn_when_two_things_are_asked(client: openai.OpenAI) -> None:
    choice = ask(client, "What is the weather in Oslo and in Porto?", tools=[WEATHER, BOOK])
    assert calls(choice.message) == [("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Porto"})]
    assert len({call.id for call in choice.message.tool_calls}) == 2


def test_it_calls_nothing_when_no_tool_fits_or_none_may_be_called(client: openai.OpenAI) -> None:
    choice = ask(client, "Who are you?", tools=[WEATHER, BOOK])
    assert choice.message.tool_calls is None
    assert "tiny-chat" in choice.message.content
    assert choice.finish_reason == "stop"
    unfit = ask(client, "Please start the printer on Friday.", tools=[WEATHER, BOOK]).message
    assert (unfit.tool_calls, unfit.content) == (None, "I have no tool for that.")
    choice = ask(client, "What is the weather in Lisbon?", tools=[WEATHER], tool_choice="none")
    assert choice.message.tool_calls is None


def test_a_call_that_is_demanded_comes_whatever_was_asked(client: openai.OpenAI) -> None:
    required = ask(client, "Hello!", tools=[ALARM], tool_choice="required")
    ((name, arguments),) = calls(required.message)
    assert name == "set_alarm"
    assert isinstance(arguments["hour"], int)
    named = {"type": "function", "function": {"name": "book_table"}}
    chosen = ask(client, "Book a table for Marlene at 7.", tools=[ALARM, BOOK], tool_choice=named)
    assert calls(chosen.message) == [("book_table", {"person": "Marlene", "hour": 7})]


def test_a_result_goes_back_and_is_told(client: openai.OpenAI) -> None:
    asked = {"role": "user", "content": "What is the weather in Lisbon?"}
    called = ask(client, asked, tools=[WEATHER]).message
    result = {
        "role": "tool",
        "tool_call_id": called.tool_calls[0].id,
        "content": '{"sky": "sunny", "temperature": 24}',
    }
    told = ask(client, asked, called.model_dump(exclude_none=True), result, tools=[WEATHER])
    assert told.message.tool_calls is None
    assert told.message.content == "Lisbon: sky sunny, temperature 24."


def test_a_streamed_call_is_the_same_call(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model=NAME,
        messages=[{"role": "user", "content": "What is the weather in Oslo and in Porto?"}],
        tools=[WEATHER],
        stream=True,
    )
    names: dict[int, str] = {}
    arguments: dict[int, str] = {}
    reasons = set()
    for chunk in stream:
        (choice,) = chunk.choices
        reasons.add(choice.finish_reason)
        for call in choice.delta.tool_calls or []:
            assert call.function is not None
            names[call.index] = names.get(call.index, "") + (call.function.name or "")
            arguments[call.index] = arguments.get(call.index, "") + (call.function.arguments or "")
    assert names == {0: "get_weather", 1: "get_weather"}
    assert [json.loads(text) for text in arguments.values()] == [{"city": "Oslo"}, {"city": "Porto"}]
    assert reasons == {None, "tool_calls"}


def test_thoughts_are_apart_from_the_answer_when_it_is_to_think(client: openai.OpenAI) -> None:
    thought = ask(client, "What is 345 + 678?", extra_body=THINKING).message
    assert "5+8=13" in thought.reasoning_content
    assert thought.content.strip() == "345 + 678 = 1023."
    plain = ask(client, "What is 345 + 678?").message
    assert getattr(plain, "reasoning_content", None) is None
    assert plain.content.endswith("so 1023.")


def test_streamed_thoughts_come_before_the_answer(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model=NAME,
        messages=[{"role": "user", "content": "What is 345 + 678?"}],
        stream=True,
        extra_body=THINKING,
    )
    kinds, content = "", ""
    for chunk in stream:
        delta = chunk.choices[0].delta
        kinds += "t" if getattr(delta, "reasoning_content", None) else "c" if delta.content else ""
        content += delta.content or ""
    assert kinds == "t" * kinds.count("t") + "c" * kinds.count("c")
    assert kinds.count("t") > 5
    assert content.strip() == "345 + 678 = 1023."


def test_thinking_and_a_call_go_together(client: openai.OpenAI) -> None:
    message = ask(
        client, "What is the weather in Lisbon?", tools=[BOOK, WEATHER], extra_body=THINKING
    ).message
    assert "get_weather" in message.reasoning_content
    assert calls(message) == [("get_weather", {"city": "Lisbon"})]


def test_fields_of_a_text_come_as_json(client: openai.OpenAI) -> None:
    question = "Extract name, age and city as JSON: Marlene is 34 years old and lives in Lisbon."
    wanted = {"name": "Marlene", "age": 34, "city": "Lisbon"}
    assert json.loads(ask(client, question).message.content) == wanted
    as_object = ask(client, question, response_format={"type": "json_object"})
    assert json.loads(as_object.message.content) == wanted
    schema = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}
    by_schema = ask(client, question, response_format=schema)
    assert json.loads(by_schema.message.content) == wanted
    assert by_schema.finish_reason == "stop"


def test_it_remembers_what_was_said_earlier_in_the_chat(client: openai.OpenAI) -> None:
    history = ["My name is Marlene.", {"role": "assistant", "content": "Nice to meet you, Marlene!"}]
    assert ask(client, *history, "What is my name?").message.content == "Your name is Marlene."
    assert ask(client, "What is my name?").message.content == "You have not told me your name."
