"""What a program with the `haystack-ai` package gets from the server whose URL is its argument, as JSON."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage, StreamingChunk
from haystack.tools import create_tool_from_function
from haystack.utils import Secret
from pydantic import BaseModel


class Person(BaseModel):
    """Who was asked for."""

    name: str
    age: int


def get_weather(city: Annotated[str, "As in Paris"]) -> str:
    """The weather of a city."""
    return {"Paris": "sunny", "Rome": "rainy"}[city]


def keep_person(name: Annotated[str, "A name"], age: Annotated[int, "In years"]) -> str:
    """Keeps a person."""
    return f"{name} is {age}"


def _generator(url: str, **wishes: Any) -> OpenAIChatGenerator:
    return OpenAIChatGenerator(
        api_key=Secret.from_token("none"),
        model="script",
        api_base_url=f"{url}/v1",
        generation_kwargs={"temperature": 0, **wishes},
        max_retries=0,
    )


def _reply(generator: OpenAIChatGenerator, text: str, **run: Any) -> ChatMessage:
    reply: ChatMessage = generator.run([ChatMessage.from_user(text)], **run)["replies"][0]
    return reply


def chat(url: str) -> Any:
    """A text in one piece."""
    messages = [ChatMessage.from_system("Be brief."), ChatMessage.from_user("hello")]
    return _generator(url).run(messages)["replies"][0].text


def stream(url: str) -> list[str]:
    """The same text, streamed."""
    chunks: list[StreamingChunk] = []
    _reply(_generator(url), "hello", streaming_callback=chunks.append)
    return [chunk.content for chunk in chunks if chunk.content]


def streamed_usage(url: str) -> Any:
    """The tokens of a streamed answer, from the counts that come with its end."""
    generator = _generator(url, stream_options={"include_usage": True})
    reply = _reply(generator, "hello", streaming_callback=lambda chunk: None)
    return reply.meta["usage"]["completion_tokens"]


def tools(url: str) -> dict[str, Any]:
    """A call, its result sent back, the answer: all by the agent."""
    agent = Agent(chat_generator=_generator(url), tools=[create_tool_from_function(get_weather)])
    messages = agent.run([ChatMessage.from_user("weather")])["messages"]
    (call,) = [call for message in messages for call in message.tool_calls]
    return {"name": call.tool_name, "arguments": call.arguments, "answer": messages[-1].text}


def streamed_tools(url: str) -> list[Any]:
    """Two calls, put together from a stream."""
    weather = create_tool_from_function(get_weather)
    reply = _reply(_generator(url), "both", tools=[weather], streaming_callback=lambda chunk: None)
    return [{"name": call.tool_name, "arguments": call.arguments} for call in reply.tool_calls]


def forced_tool(url: str) -> Any:
    """A call of the tool that has to be called."""
    generator = _generator(url, tool_choice={"type": "function", "function": {"name": "Person"}})
    person = create_tool_from_function(keep_person, name="Person")
    return _reply(generator, "person_call", tools=[person]).tool_calls[0].arguments


def structured(url: str) -> Any:
    """An answer that is a Person."""
    text = _reply(_generator(url, response_format=Person), "person").text
    return Person.model_validate_json(text or "").model_dump()


def main(url: str) -> None:
    """Tries all of them."""
    doings = (chat, stream, streamed_usage, tools, streamed_tools, forced_tool, structured)
    json.dump({doing.__name__: doing(url) for doing in doings}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
