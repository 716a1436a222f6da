"""What a program with the `openai` package gets from the server whose URL is its argument, as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from openai import BadRequestError, NotFoundError, OpenAI, pydantic_function_tool
from openai.types.chat import ChatCompletionMessageFunctionToolCall
from pydantic import BaseModel, Field

MODEL = "script"


class Person(BaseModel):
    """Who was asked for."""

    name: str
    age: int


class GetWeather(BaseModel):
    """The weather of a city."""

    city: str = Field(description="As in Paris")


WEATHER = pydantic_function_tool(GetWeather, name="get_weather")


def user(text: str) -> Any:
    """A conversation of one message."""
    return [{"role": "user", "content": text}]


def chat(client: OpenAI) -> str | None:
    """A text in one piece."""
    answer = client.chat.completions.create(model=MODEL, temperature=0, messages=user("hello"))
    return answer.choices[0].message.content


def stream(client: OpenAI) -> list[str]:
    """The same text, streamed."""
    chunks = client.chat.completions.create(model=MODEL, temperature=0, messages=user("hello"), stream=True)
    return [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]


def streamed_usage(client: OpenAI) -> int:
    """The tokens of a streamed answer, from the counts that come with its end."""
    *_, last = client.chat.completions.create(
        model=MODEL,
        temperature=0,
        messages=user("hello"),
        stream=True,
        stream_options={"include_usage": True},
    )
    assert last.usage is not None
    return last.usage.completion_tokens


def tools(client: OpenAI) -> dict[str, Any]:
    """A call, its result sent back, the answer."""
    messages = user("weather")
    said = client.chat.completions.create(model=MODEL, temperature=0, messages=messages, tools=[WEATHER])
    message = said.choices[0].message
    (call,) = message.tool_calls or []
    assert isinstance(call, ChatCompletionMessageFunctionToolCall)
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    answer = client.chat.completions.create(model=MODEL, temperature=0, messages=messages, tools=[WEATHER])
    return {
        "name": call.function.name,
        "arguments": json.loads(call.function.arguments),
        "answer": answer.choices[0].message.content,
    }


def streamed_tools(client: OpenAI) -> list[Any]:
    """Two calls, by the helper that puts a stream's pieces together."""
    with client.chat.completions.stream(
        model=MODEL, temperature=0, messages=user("both"), tools=[WEATHER]
    ) as events:
        calls = events.get_final_completion().choices[0].message.tool_calls or []
    assert all(isinstance(call.function.parsed_arguments, GetWeather) for call in calls)
    return [{"name": call.function.name, "arguments": json.loads(call.function.arguments)} for call in calls]


def forced_tool(client: OpenAI) -> Any:
    """A call of the tool that has to be called."""
    said = client.chat.completions.parse(
        model=MODEL,
        temperature=0,
        messages=user("person_call"),
        tools=[pydantic_function_tool(Person)],
        tool_choice={"type": "function", "function": {"name": "Person"}},
    )
    (call,) = said.choices[0].message.tool_calls or []
    assert isinstance(call.function.parsed_arguments, Person)
    return call.function.parsed_arguments.model_dump()


def structured(client: OpenAI) -> Any:
    """An answer that is a Person."""
    said = client.chat.completions.parse(
        model=MODEL, temperature=0, messages=user("person"), response_format=Person
    )
    assert said.choices[0].message.parsed is not None
    return said.choices[0].message.parsed.model_dump()


def streamed_structured(client: OpenAI) -> Any:
    """The same, streamed."""
    with client.chat.completions.stream(
        model=MODEL, temperature=0, messages=user("person"), response_format=Person
    ) as events:
        parsed = events.get_final_completion().choices[0].message.parsed
    assert parsed is not None
    return parsed.model_dump()


def completion(client: OpenAI) -> str:
    """A text completion."""
    return client.completions.create(model=MODEL, temperature=0, prompt="<|hello|>").choices[0].text


def responses(client: OpenAI) -> str:
    """A text of the Responses API."""
    return client.responses.create(model=MODEL, temperature=0, input="hello").output_text


def responses_stream(client: OpenAI) -> list[str]:
    """The same, streamed."""
    with client.responses.stream(model=MODEL, temperature=0, input="hello") as events:
        pieces = [event.delta for event in events if event.type == "response.output_text.delta"]
        assert events.get_final_response().output_text == "".join(pieces)
    return pieces


def responses_tools(client: OpenAI) -> dict[str, Any]:
    """A call, its result sent in the response after, and the answer."""
    tool: Any = {
        "type": "function",
        "name": "get_weather",
        "parameters": GetWeather.model_json_schema(),
        "strict": False,
    }
    first = client.responses.create(model=MODEL, temperature=0, input="weather", tools=[tool])
    (call,) = (item for item in first.output if item.type == "function_call")
    answer = client.responses.create(
        model=MODEL,
        temperature=0,
        previous_response_id=first.id,
        input=[{"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}],
        tools=[tool],
    )
    return {"name": call.name, "arguments": json.loads(call.arguments), "answer": answer.output_text}


def responses_structured(client: OpenAI) -> Any:
    """An answer that is a Person."""
    said = client.responses.parse(model=MODEL, temperature=0, input="person", text_format=Person)
    assert said.output_parsed is not None
    return said.output_parsed.model_dump()


def responses_kept(client: OpenAI) -> list[Any]:
    """A response that is read again, its input items, and what is raised when it is deleted."""
    id_ = client.responses.create(model=MODEL, temperature=0, input="hello").id
    kept: list[Any] = [client.responses.retrieve(id_).output_text]
    kept += [item.type for item in client.responses.input_items.list(id_)]
    client.responses.delete(id_)
    try:
        client.responses.retrieve(id_)
    except NotFoundError as error:
        kept.append(error.code)
    return kept


def errors(client: OpenAI) -> list[Any]:
    """What is raised for a model that is not there, and for a value out of range."""
    raised: list[Any] = []
    try:
        client.chat.completions.create(model="nobody", messages=user("hello"))
    except NotFoundError as error:
        raised.append(error.code)
    try:
        client.chat.completions.create(model=MODEL, messages=user("hello"), temperature=9)
    except BadRequestError as error:
        raised += [error.code, error.param]
    return raised


def main(url: str) -> None:
    """Tries all of them."""
    with OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        doings = (
            chat,
            stream,
            streamed_usage,
            tools,
            streamed_tools,
            forced_tool,
            structured,
            streamed_structured,
            completion,
            responses,
            responses_stream,
            responses_tools,
            responses_structured,
            responses_kept,
            errors,
        )
        got: dict[str, Any] = {doing.__name__: doing(client) for doing in doings}
        got["models"] = [model.id for model in client.models.list()]
    json.dump(got, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
