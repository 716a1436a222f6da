"""What a program with `autogen-ext[openai]` gets from the server whose URL is its argument, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import warnings
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import ToolCallRequestEvent
from autogen_core import FunctionCall
from autogen_core.models import CreateResult, ModelInfo, SystemMessage, UserMessage
from autogen_core.tools import FunctionTool
from autogen_ext.models.openai import OpenAIChatCompletionClient
from pydantic import BaseModel

# The client dumps what it has parsed in a form that pydantic warns of.
warnings.filterwarnings("ignore", category=UserWarning, module="pydantic")

ABILITIES = ModelInfo(
    vision=False, function_calling=True, json_output=True, structured_output=True, family="unknown"
)


class Person(BaseModel):
    """Who was asked for."""

    name: str
    age: int


async def get_weather(city: str) -> str:
    """The weather of a city."""
    return {"Paris": "sunny", "Rome": "rainy"}[city]


async def keep_person(name: str, age: int) -> str:
    """Keeps a person."""
    return f"{name} is {age}"


WEATHER = FunctionTool(get_weather, description="The weather of a city.")
PERSON = FunctionTool(keep_person, name="Person", description="Keeps a person.")


def user(text: str) -> UserMessage:
    """A message."""
    return UserMessage(content=text, source="user")


async def chat(client: OpenAIChatCompletionClient) -> Any:
    """A text in one piece."""
    return (await client.create([SystemMessage(content="Be brief."), user("hello")])).content


async def stream(client: OpenAIChatCompletionClient) -> list[str]:
    """The same text, streamed."""
    return [piece async for piece in client.create_stream([user("hello")]) if isinstance(piece, str)]


async def streamed_usage(client: OpenAIChatCompletionClient) -> Any:
    """The tokens of a streamed answer, from the counts that come with its end."""
    return (await _last(client, "hello", include_usage=True)).usage.completion_tokens


async def tools(client: OpenAIChatCompletionClient) -> dict[str, Any]:
    """A call, its result sent back, the answer: all by the agent."""
    agent = AssistantAgent("assistant", client, tools=[get_weather], reflect_on_tool_use=True)
    messages = (await agent.run(task="weather")).messages
    (request,) = [message for message in messages if isinstance(message, ToolCallRequestEvent)]
    return {**_calls(request.content)[0], "answer": messages[-1].to_model_text()}


async def streamed_tools(client: OpenAIChatCompletionClient) -> list[Any]:
    """Two calls, put together from a stream."""
    return _calls((await _last(client, "both", tools=[WEATHER])).content)


async def forced_tool(client: OpenAIChatCompletionClient) -> Any:
    """A call of the tool that has to be called."""
    said = await client.create([user("person_call")], tools=[PERSON], tool_choice="required")
    return _calls(said.content)[0]["arguments"]


async def structured(client: OpenAIChatCompletionClient) -> Any:
    """An answer that is a Person."""
    said = await client.create([user("person")], json_output=Person)
    assert isinstance(said.content, str)
    return Person.model_validate_json(said.content).model_dump()


async def _last(client: OpenAIChatCompletionClient, text: str, **wishes: Any) -> CreateResult:
    *_, last = [piece async for piece in client.create_stream([user(text)], **wishes)]
    assert isinstance(last, CreateResult)
    return last


def _calls(content: str | list[FunctionCall]) -> list[Any]:
    assert isinstance(content, list)
    return [{"name": call.name, "arguments": json.loads(call.arguments)} for call in content]


async def main(url: str) -> None:
    """Tries all of them."""
    client = OpenAIChatCompletionClient(
        model="script",
        base_url=f"{url}/v1",
        api_key="none",
        model_info=ABILITIES,
        temperature=0,
        max_retries=0,
    )
    doings = (chat, stream, streamed_usage, tools, streamed_tools, forced_tool, structured)
    got = {doing.__name__: await doing(client) for doing in doings}
    await client.close()
    json.dump(got, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
