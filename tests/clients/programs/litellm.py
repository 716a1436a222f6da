"""What a program with the `litellm` package gets from the server whose URL is its argument, as JSON."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

import litellm
from pydantic import BaseModel


class Person(BaseModel):
    """Who was asked for."""

    name: str
    age: int


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def user(text: str) -> list[Any]:
    """A conversation of one message."""
    return [{"role": "user", "content": text}]


def chat(ask: Any) -> Any:
    """A text in one piece."""
    return ask(messages=user("hello")).choices[0].message.content


def stream(ask: Any) -> list[str]:
    """The same text, streamed."""
    chunks = ask(messages=user("hello"), stream=True)
    return [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]


def streamed_usage(ask: Any) -> Any:
    """The tokens of a streamed answer, from the counts that come with its end."""
    *_, last = ask(messages=user("hello"), stream=True, stream_options={"include_usage": True})
    return last.usage.completion_tokens


def tools(ask: Any) -> dict[str, Any]:
    """A call, its result sent back, the answer."""
    messages = user("weather")
    message = ask(messages=messages, tools=[WEATHER]).choices[0].message
    (call,) = message.tool_calls
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    answer = ask(messages=messages, tools=[WEATHER])
    return {**_calls(message)[0], "answer": answer.choices[0].message.content}


def thoughts(ask: Any) -> Any:
    """What the model thought before it called."""
    return ask(messages=user("weather"), tools=[WEATHER]).choices[0].message.reasoning_content


def streamed_tools(ask: Any) -> list[Any]:
    """Two calls, put together from a stream."""
    whole = litellm.stream_chunk_builder(list(ask(messages=user("both"), tools=[WEATHER], stream=True)))
    return _calls(whole.choices[0].message)


def structured(ask: Any) -> Any:
    """An answer that is a Person."""
    said = ask(messages=user("person"), response_format=Person).choices[0].message.content
    return Person.model_validate_json(said).model_dump()


def forced_tool(ask: Any) -> Any:
    """A call of the tool that has to be called."""
    tool = {"type": "function", "function": {"name": "Person", "parameters": Person.model_json_schema()}}
    said = ask(messages=user("person_call"), tools=[tool], tool_choice="required")
    (call,) = _calls(said.choices[0].message)
    return call["arguments"]


def _calls(message: Any) -> list[Any]:
    return [
        {"name": call.function.name, "arguments": json.loads(call.function.arguments)}
        for call in message.tool_calls
    ]


def main(url: str) -> None:
    """Tries all of them."""
    litellm.suppress_debug_info = True  # advice for people, on stdout
    ask = partial(
        litellm.completion,
        model="openai/script",
        api_base=f"{url}/v1",
        api_key="none",
        temperature=0,
        num_retries=0,
    )
    doings = (chat, stream, streamed_usage, tools, thoughts, streamed_tools, structured, forced_tool)
    json.dump({doing.__name__: doing(ask) for doing in doings}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
