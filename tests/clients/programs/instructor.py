"""What a program with the `instructor` package gets from the server whose URL is its argument, as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from instructor import Instructor, Mode, from_openai
from openai import OpenAI
from pydantic import BaseModel, ConfigDict

MODEL = "script"


class Person(BaseModel):
    """Who was asked for."""

    name: str
    age: int


class GetWeather(BaseModel):
    """The weather of a city."""

    model_config = ConfigDict(title="get_weather")
    city: str


def user(text: str) -> Any:
    """A conversation of one message."""
    return [{"role": "user", "content": text}]


def chat(client: OpenAI) -> Any:
    """A text in one piece."""
    answer = _by(client, Mode.TOOLS).create(response_model=None, temperature=0, messages=user("hello"))
    return answer.choices[0].message.content


def stream(client: OpenAI) -> list[str]:
    """The same text, streamed."""
    chunks = _by(client, Mode.TOOLS).create(
        response_model=None, temperature=0, messages=user("hello"), stream=True
    )
    return [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]


def tools(client: OpenAI) -> dict[str, Any]:
    """A call, its result sent back, the answer."""
    able = _by(client, Mode.TOOLS)
    messages = user("weather")
    wish, said = able.create_with_completion(response_model=GetWeather, temperature=0, messages=messages)
    message = said.choices[0].message
    (call,) = message.tool_calls
    messages += [message.model_dump(), {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    answer = able.create(response_model=None, temperature=0, messages=messages)
    return {
        "name": call.function.name,
        "arguments": wish.model_dump(),
        "answer": answer.choices[0].message.content,
    }


def forced_tool(client: OpenAI) -> Any:
    """An answer that is a Person, by a tool that has to be called."""
    return _person(_by(client, Mode.TOOLS), "person_call")


def structured(client: OpenAI) -> Any:
    """An answer that is a Person, by a response format."""
    return _person(_by(client, Mode.JSON_SCHEMA), "person")


def json_mode(client: OpenAI) -> Any:
    """An answer that is a Person, by a format that asks for any JSON."""
    return _person(_by(client, Mode.JSON), "person")


def streamed_structured(client: OpenAI) -> Any:
    """The last of the Persons that grow while a call is streamed."""
    *_, person = _by(client, Mode.TOOLS).create_partial(
        response_model=Person, temperature=0, messages=user("person_in_parts"), max_retries=0
    )
    return person.model_dump()


def _by(client: OpenAI, mode: Mode) -> Instructor:
    return from_openai(client, mode=mode, model=MODEL)


def _person(client: Instructor, word: str) -> Any:
    person = client.create(response_model=Person, temperature=0, messages=user(word), max_retries=0)
    return person.model_dump()


def main(url: str) -> None:
    """Tries all of them."""
    with OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        doings = (chat, stream, tools, forced_tool, structured, json_mode, streamed_structured)
        json.dump({doing.__name__: doing(client) for doing in doings}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
