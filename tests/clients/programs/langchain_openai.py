"""What a program with LangChain's `langchain-openai` gets from the server whose URL is its argument, as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel


class Person(BaseModel):
    """Who was asked for."""

    name: str
    age: int


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return {"Paris": "sunny", "Rome": "rainy"}[city]


def chat(model: ChatOpenAI) -> Any:
    """A text in one piece."""
    return model.invoke([SystemMessage("Be brief."), HumanMessage("hello")]).text


def stream(model: ChatOpenAI) -> list[str]:
    """The same text, streamed."""
    return [chunk.text for chunk in model.stream("hello") if chunk.text]


def streamed_usage(model: ChatOpenAI) -> Any:
    """The tokens of a streamed answer, from the counts that come with its end."""
    whole = _whole(model.stream("hello", stream_usage=True))
    assert whole.usage_metadata is not None
    return whole.usage_metadata["output_tokens"]


def tools(model: ChatOpenAI) -> dict[str, Any]:
    """A call, its result sent back, the answer."""
    able = model.bind_tools([get_weather])
    messages: list[Any] = [HumanMessage("weather")]
    said = able.invoke(messages)
    (call,) = said.tool_calls
    messages += [said, get_weather.invoke(call)]
    return {"name": call["name"], "arguments": call["args"], "answer": able.invoke(messages).text}


def streamed_tools(model: ChatOpenAI) -> list[Any]:
    """Two calls, put together from a stream."""
    calls = _whole(model.bind_tools([get_weather]).stream("both")).tool_calls
    return [{"name": call["name"], "arguments": call["args"]} for call in calls]


def structured(model: ChatOpenAI) -> Any:
    """An answer that is a Person, by a response format."""
    return _dump(model.with_structured_output(Person, method="json_schema").invoke("person"))


def forced_tool(model: ChatOpenAI) -> Any:
    """An answer that is a Person, by a tool that has to be called."""
    return _dump(model.with_structured_output(Person, method="function_calling").invoke("person_call"))


def json_mode(model: ChatOpenAI) -> Any:
    """An answer that is a Person, by a format that asks for any JSON."""
    return _dump(model.with_structured_output(Person, method="json_mode").invoke("person"))


def _whole(chunks: Any) -> AIMessageChunk:
    """A stream's chunks, added up as LangChain adds them."""
    first, *others = chunks
    whole = sum(others, first)
    assert isinstance(whole, AIMessageChunk)
    return whole


def _dump(person: object) -> Any:
    assert isinstance(person, Person)
    return person.model_dump()


def main(url: str) -> None:
    """Tries all of them."""
    model = ChatOpenAI(base_url=f"{url}/v1", api_key="none", model="script", temperature=0, max_retries=0)
    doings = (chat, stream, streamed_usage, tools, streamed_tools, structured, forced_tool, json_mode)
    json.dump({doing.__name__: doing(model) for doing in doings}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
