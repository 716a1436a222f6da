"""What a program with the `openai-agents` package gets from the server whose URL is its argument, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    RunResult,
    RunResultStreaming,
    ToolCallItem,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from openai.types.responses import ResponseFunctionToolCall, ResponseTextDeltaEvent
from pydantic import BaseModel


class Person(BaseModel):
    """Who was asked for."""

    name: str
    age: int


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return {"Paris": "sunny", "Rome": "rainy"}[city]


@function_tool(name_override="Person")
def keep_person(name: str, age: int) -> str:
    """Keeps a person."""
    return f"{name} is {age}"


def _agent(model: OpenAIChatCompletionsModel | OpenAIResponsesModel, **wishes: Any) -> Agent:
    settings = ModelSettings(temperature=0, include_usage=True, tool_choice=wishes.pop("tool_choice", None))
    return Agent("assistant", instructions="Be brief.", model=model, model_settings=settings, **wishes)


async def chat(model: OpenAIChatCompletionsModel) -> Any:
    """A text in one piece."""
    return (await Runner.run(_agent(model), "hello")).final_output


async def stream(model: OpenAIChatCompletionsModel) -> list[str]:
    """The same text, streamed."""
    run = Runner.run_streamed(_agent(model), "hello")
    events = [event async for event in run.stream_events() if event.type == "raw_response_event"]
    return [event.data.delta for event in events if isinstance(event.data, ResponseTextDeltaEvent)]


async def streamed_usage(model: OpenAIChatCompletionsModel) -> Any:
    """The tokens of a streamed answer, from the counts that come with its end."""
    run = Runner.run_streamed(_agent(model), "hello")
    async for _ in run.stream_events():
        pass
    return run.context_wrapper.usage.output_tokens


async def tools(model: OpenAIChatCompletionsModel) -> dict[str, Any]:
    """A call, its result sent back, the answer: all by the agent."""
    run = await Runner.run(_agent(model, tools=[get_weather]), "weather")
    return {**_calls(run)[0], "answer": run.final_output}


async def streamed_tools(model: OpenAIChatCompletionsModel) -> list[Any]:
    """Two calls, put together from a stream."""
    run = Runner.run_streamed(_agent(model, tools=[get_weather]), "both")
    async for _ in run.stream_events():
        pass
    return _calls(run)


async def forced_tool(model: OpenAIChatCompletionsModel) -> Any:
    """A call of the tool that has to be called."""
    agent = _agent(model, tools=[keep_person], tool_choice="Person", tool_use_behavior="stop_on_first_tool")
    return _calls(await Runner.run(agent, "person_call"))[0]["arguments"]


async def structured(model: OpenAIChatCompletionsModel) -> Any:
    """An answer that is a Person."""
    return (await Runner.run(_agent(model, output_type=Person), "person")).final_output.model_dump()


async def structured_beside_tools(model: OpenAIChatCompletionsModel) -> Any:
    """An answer that is a Person, of an agent that has tools as well."""
    run = await Runner.run(_agent(model, tools=[get_weather], output_type=Person), "person")
    return run.final_output.model_dump()


async def responses_stream(model: OpenAIResponsesModel) -> list[str]:
    """A text of the Responses API, streamed."""
    run = Runner.run_streamed(_agent(model), "hello")
    events = [event async for event in run.stream_events() if event.type == "raw_response_event"]
    return [event.data.delta for event in events if isinstance(event.data, ResponseTextDeltaEvent)]


async def responses_tools(model: OpenAIResponsesModel) -> dict[str, Any]:
    """A call, its result sent back, the answer: all by the agent."""
    run = await Runner.run(_agent(model, tools=[get_weather]), "weather")
    return {**_calls(run)[0], "answer": run.final_output}


async def responses_structured(model: OpenAIResponsesModel) -> Any:
    """An answer that is a Person."""
    return (await Runner.run(_agent(model, output_type=Person), "person")).final_output.model_dump()


def _calls(run: RunResult | RunResultStreaming) -> list[Any]:
    calls = [item.raw_item for item in run.new_items if isinstance(item, ToolCallItem)]
    return [
        {"name": call.name, "arguments": json.loads(call.arguments)}
        for call in calls
        if isinstance(call, ResponseFunctionToolCall)
    ]


async def main(url: str) -> None:
    """Tries all of them."""
    set_tracing_disabled(True)
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        model = OpenAIChatCompletionsModel("script", client)
        doings = (
            chat,
            stream,
            streamed_usage,
            tools,
            streamed_tools,
            forced_tool,
            structured,
            structured_beside_tools,
        )
        got: dict[str, Any] = {doing.__name__: await doing(model) for doing in doings}
        of_responses = OpenAIResponsesModel("script", client)
        for other in (responses_stream, responses_tools, responses_structured):
            got[other.__name__] = await other(of_responses)
        json.dump(got, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
