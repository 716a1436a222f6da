"""What a program with the `semantic-kernel` package gets from the server whose URL is its argument, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from openai import AsyncOpenAI
from pydantic import BaseModel
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai import FunctionChoiceBehavior
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAIChatPromptExecutionSettings
from semantic_kernel.contents import ChatHistory, FunctionCallContent, StreamingChatMessageContent
from semantic_kernel.functions import kernel_function


class Person(BaseModel):
    """Who was asked for."""

    name: str
    age: int


class Plugin:
    """Functions, which the model knows by the names of plugin and function."""

    @kernel_function(name="get_weather")
    def get_weather(self, city: str) -> str:
        """The weather of a city."""
        return {"Paris": "sunny", "Rome": "rainy"}[city]

    @kernel_function(name="Person")
    def keep_person(self, name: str, age: int) -> str:
        """Keeps a person."""
        return f"{name} is {age}"


KERNEL = Kernel(plugins={})
KERNEL.add_plugin(Plugin(), "plugin")


def _user(text: str) -> ChatHistory:
    history = ChatHistory(system_message="Be brief.")
    history.add_user_message(text)
    return history


def _settings(**wishes: Any) -> OpenAIChatPromptExecutionSettings:
    return OpenAIChatPromptExecutionSettings(temperature=0, **wishes)


async def chat(service: OpenAIChatCompletion) -> Any:
    """A text in one piece."""
    return str(await service.get_chat_message_content(_user("hello"), _settings()))


async def stream(service: OpenAIChatCompletion) -> list[str]:
    """The same text, streamed."""
    return [str(chunk) for chunk in await _chunks(service, "hello") if str(chunk)]


async def streamed_usage(service: OpenAIChatCompletion) -> Any:
    """The tokens of a streamed answer, from the counts that come with its end."""
    *_, last = await _chunks(service, "hello")
    return last.metadata["usage"].completion_tokens


async def tools(service: OpenAIChatCompletion) -> dict[str, Any]:
    """A call, its result sent back, the answer: all by the kernel."""
    history = _user("plugin_weather")
    settings = _settings(function_choice_behavior=FunctionChoiceBehavior.Auto())
    answer = await service.get_chat_message_content(history, settings, kernel=KERNEL)
    items = [item for message in history.messages for item in message.items]
    return {**_calls(items)[0], "answer": str(answer)}


async def streamed_tools(service: OpenAIChatCompletion) -> list[Any]:
    """Two calls, put together from a stream."""
    behavior = FunctionChoiceBehavior.Auto(auto_invoke=False)
    first, *others = await _chunks(service, "plugin_both", function_choice_behavior=behavior)
    return _calls(sum(others, first).items)


async def forced_tool(service: OpenAIChatCompletion) -> Any:
    """A call of the tool that has to be called."""
    included = {"included_functions": ["plugin-Person"]}
    behavior = FunctionChoiceBehavior.Required(auto_invoke=False, filters=included)
    settings = _settings(function_choice_behavior=behavior)
    said = await service.get_chat_message_content(_user("plugin_person"), settings, kernel=KERNEL)
    assert said is not None
    return _calls(said.items)[0]["arguments"]


async def structured(service: OpenAIChatCompletion) -> Any:
    """An answer that is a Person."""
    said = await service.get_chat_message_content(_user("person"), _settings(response_format=Person))
    return Person.model_validate_json(str(said)).model_dump()


async def _chunks(
    service: OpenAIChatCompletion, text: str, **wishes: Any
) -> list[StreamingChatMessageContent]:
    said = service.get_streaming_chat_message_content(_user(text), _settings(**wishes), kernel=KERNEL)
    return [chunk async for chunk in said if chunk is not None]


def _calls(items: list[Any]) -> list[Any]:
    calls = [item for item in items if isinstance(item, FunctionCallContent)]
    return [{"name": call.function_name, "arguments": call.parse_arguments()} for call in calls]


async def main(url: str) -> None:
    """Tries all of them."""
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        service = OpenAIChatCompletion("script", async_client=client)
        doings = (chat, stream, streamed_usage, tools, streamed_tools, forced_tool, structured)
        json.dump({doing.__name__: await doing(service) for doing in doings}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
