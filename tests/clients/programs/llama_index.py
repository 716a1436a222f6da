"""What a program with LlamaIndex's `OpenAILike` gets from the server whose URL is its argument, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent, ToolCall
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel


class Person(BaseModel):
    """Who was asked for."""

    name: str
    age: int


def get_weather(city: str) -> str:
    """The weather of a city."""
    return {"Paris": "sunny", "Rome": "rainy"}[city]


def _model(url: str, **wishes: Any) -> OpenAILike:
    return OpenAILike(
        model="script",
        api_base=f"{url}/v1",
        api_key="none",
        is_chat_model=True,
        is_function_calling_model=True,
        temperature=0,
        max_retries=0,
        **wishes,
    )


def user(text: str) -> list[ChatMessage]:
    """A conversation of one message."""
    return [ChatMessage(role="user", content=text)]


async def chat(url: str) -> Any:
    """A text in one piece."""
    return _model(url).chat([ChatMessage(role="system", content="Be brief."), *user("hello")]).message.content


async def stream(url: str) -> list[str]:
    """The same text, streamed."""
    return [chunk.delta for chunk in _model(url).stream_chat(user("hello")) if chunk.delta]


async def streamed_usage(url: str) -> Any:
    """The tokens of a streamed answer, from the counts that come with its end."""
    wish = {"stream_options": {"include_usage": True}}
    *_, last = _model(url).stream_chat(user("hello"), **wish)
    return last.additional_kwargs["completion_tokens"]


async def tools(url: str) -> dict[str, Any]:
    """A call, its result sent back, the answer: all by the agent, which streams."""
    agent = FunctionAgent(tools=[get_weather], llm=_model(url))
    run = agent.run("weather")
    calls = [event async for event in run.stream_events() if type(event) is ToolCall]
    return {
        "name": calls[0].tool_name,
        "arguments": calls[0].tool_kwargs,
        "answer": (await run).response.content,
    }


async def streamed_tools(url: str) -> list[Any]:
    """Two calls, put together from a stream."""
    model = _model(url)
    weather = FunctionTool.from_defaults(get_weather)
    *_, last = model.stream_chat_with_tools([weather], user_msg="both", allow_parallel_tool_calls=True)
    calls = model.get_tool_calls_from_response(last)
    return [{"name": call.tool_name, "arguments": call.tool_kwargs} for call in calls]


async def structured(url: str) -> Any:
    """An answer that is a Person, by a response format."""
    model = _model(url, should_use_structured_outputs=True)
    return model.structured_predict(Person, PromptTemplate("person")).model_dump()


async def forced_tool(url: str) -> Any:
    """An answer that is a Person, by a tool that has to be called."""
    return _model(url).structured_predict(Person, PromptTemplate("person_call")).model_dump()


async def main(url: str) -> None:
    """Tries all of them."""
    doings = (chat, stream, streamed_usage, tools, streamed_tools, structured, forced_tool)
    json.dump({doing.__name__: await doing(url) for doing in doings}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
