"""What a program with the `anthropic` package gets from the server whose URL is its argument, as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from anthropic import Anthropic, BadRequestError, NotFoundError, beta_tool
from pydantic import BaseModel

ASKED: Any = {"model": "script", "max_tokens": 200, "extra_body": {"temperature": 0}}
WEATHER: Any = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


class Person(BaseModel):
    """Who was asked for."""

    name: str
    age: int


def user(text: str) -> Any:
    """A conversation of one message."""
    return [{"role": "user", "content": text}]


def calls(message: Any) -> list[Any]:
    """The calls of a message."""
    used = [block for block in message.content if block.type == "tool_use"]
    return [{"name": block.name, "arguments": block.input} for block in used]


def chat(client: Anthropic) -> str:
    """A text in one piece."""
    answer = client.messages.create(**ASKED, messages=user("hello"))
    (block,) = answer.content
    return str(block.text)


def stream(client: Anthropic) -> list[str]:
    """The same text, streamed."""
    with client.messages.stream(**ASKED, messages=user("hello")) as events:
        return list(events.text_stream)


def streamed_usage(client: Anthropic) -> int:
    """The tokens of a streamed answer."""
    with client.messages.stream(**ASKED, messages=user("hello")) as events:
        return events.get_final_message().usage.output_tokens


@beta_tool
def get_weather(city: str) -> str:
    """The weather of a city.

    Args:
        city: As in Paris
    """
    return {"Paris": "sunny", "Rome": "rainy"}[city]


def tools(client: Anthropic) -> dict[str, Any]:
    """A call, its result sent back, the answer: all by the client's own loop."""
    said, answer = client.beta.messages.tool_runner(**ASKED, messages=user("weather"), tools=[get_weather])
    (call,) = calls(said)
    return {**call, "answer": answer.content[0].text}


def streamed_tools(client: Anthropic) -> list[Any]:
    """Two calls, put together from a stream."""
    with client.messages.stream(**ASKED, messages=user("both"), tools=[WEATHER]) as events:
        return calls(events.get_final_message())


def forced_tool(client: Anthropic) -> Any:
    """A call of the tool that has to be called."""
    tool: Any = {"name": "Person", "input_schema": Person.model_json_schema()}
    said = client.messages.create(
        **ASKED, messages=user("person_call"), tools=[tool], tool_choice={"type": "tool", "name": "Person"}
    )
    (call,) = calls(said)
    return call["arguments"]


def structured(client: Anthropic) -> Any:
    """An answer that is a Person."""
    said = client.messages.parse(**ASKED, messages=user("person"), output_format=Person)
    assert said.parsed_output is not None
    return said.parsed_output.model_dump()


def streamed_structured(client: Anthropic) -> Any:
    """The same, streamed."""
    with client.messages.stream(**ASKED, messages=user("person"), output_format=Person) as events:
        parsed = events.get_final_message().parsed_output
    assert parsed is not None
    return parsed.model_dump()


def thoughts(client: Anthropic) -> str:
    """What the model thought before it called."""
    said = client.messages.create(**ASKED, messages=user("weather"), tools=[WEATHER])
    return "".join(block.thinking for block in said.content if block.type == "thinking")


def counted(client: Anthropic) -> bool:
    """Whether tokens are counted as an answer counts them."""
    conversation: Any = {"model": "script", "messages": user("hello"), "tools": [WEATHER]}
    count = client.messages.count_tokens(**conversation).input_tokens
    usage = client.messages.create(max_tokens=1, **conversation).usage
    return bool(count == usage.input_tokens)


def typed_errors(client: Anthropic) -> list[Any]:
    """What is raised for a model that is not there, and for a conversation without a message."""
    raised: list[Any] = []
    try:
        client.messages.create(model="nobody", max_tokens=5, messages=user("hello"))
    except NotFoundError as error:
        raised.append(error.type)
    try:
        client.messages.create(model="script", max_tokens=5, messages=[])
    except BadRequestError as error:
        raised.append(error.type)
    return raised


def main(url: str) -> None:
    """Tries all of them."""
    with Anthropic(base_url=url, api_key="none", max_retries=0) as client:
        doings = (
            chat,
            stream,
            streamed_usage,
            tools,
            streamed_tools,
            forced_tool,
            structured,
            streamed_structured,
            thoughts,
            counted,
            typed_errors,
        )
        got: dict[str, Any] = {doing.__name__: doing(client) for doing in doings}
    json.dump(got, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
