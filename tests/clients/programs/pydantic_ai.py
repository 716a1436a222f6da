"""What a program with the `pydantic-ai` package gets from the server whose URL is its argument, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from pydantic import BaseModel
from pydantic_ai import Agent, ModelMessage, NativeOutput, ThinkingPart, ToolCallPart
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


class Person(BaseModel):
    """Who was asked for."""

    name: str
    age: int


def get_weather(city: str) -> str:
    """The weather of a city."""
    return {"Paris": "sunny", "Rome": "rainy"}[city]


async def chat(model: OpenAIChatModel) -> Any:
    """A text in one piece."""
    return (await Agent(model, instructions="Be brief.").run("hello")).output


async def stream(model: OpenAIChatModel) -> list[str]:
    """The same text, streamed."""
    async with Agent(model).run_stream("hello") as run:
        return [text async for text in run.stream_text(delta=True, debounce_by=None)]


async def streamed_usage(model: OpenAIChatModel) -> Any:
    """The tokens of a streamed answer, from the counts that come with its end."""
    async with Agent(model).run_stream("hello") as run:
        await run.get_output()
        return run.usage.output_tokens


async def tools(model: OpenAIChatModel) -> dict[str, Any]:
    """A call, its result sent back, the answer: all by the agent."""
    run = await Agent(model, tools=[get_weather]).run("weather")
    return {**_calls(run.all_messages())[0], "answer": run.output}


async def thoughts(model: OpenAIChatModel) -> str:
    """What the model thought before it called."""
    messages = (await Agent(model, tools=[get_weather]).run("weather")).all_messages()
    parts = [part for message in messages for part in message.parts]
    return "".join(part.content for part in parts if isinstance(part, ThinkingPart))


async def streamed_tools(model: OpenAIChatModel) -> list[Any]:
    """Two calls, put together from a stream."""
    async with Agent(model, tools=[get_weather]).run_stream("both") as run:
        await run.get_output()
        return _calls(run.all_messages())


async def structured(model: OpenAIChatModel) -> Any:
    """An answer that is a Person, by a response format."""
    return (await Agent(model, output_type=NativeOutput(Person)).run("person")).output.model_dump()


async def forced_tool(model: OpenAIChatModel) -> Any:
    """An answer that is a Person, by a tool that has to be called."""
    return (await Agent(model, output_type=Person).run("final_result")).output.model_dump()


def _calls(messages: list[ModelMessage]) -> list[Any]:
    calls = [part for message in messages for part in message.parts if isinstance(part, ToolCallPart)]
    return [{"name": call.tool_name, "arguments": call.args_as_dict()} for call in calls]


async def main(url: str) -> None:
    """Tries all of them."""
    provider = OpenAIProvider(base_url=f"{url}/v1", api_key="none")
    model = OpenAIChatModel("script", provider=provider, settings={"temperature": 0})
    doings = (chat, stream, streamed_usage, tools, thoughts, streamed_tools, structured, forced_tool)
    json.dump({doing.__name__: await doing(model) for doing in doings}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
