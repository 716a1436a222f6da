"""What a program with simonw's `llm` package gets from the server whose URL is its argument, as JSON."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import llm
from pydantic import BaseModel

MODELS = """
- model_id: script
  model_name: script
  api_base: {url}/v1
  supports_tools: true
  supports_schema: true
"""
"""What `llm` reads as extra-openai-models.yaml in the folder that LLM_USER_PATH names."""


class Person(BaseModel):
    """Who was asked for."""

    name: str
    age: int


def get_weather(city: str) -> str:
    """The weather of a city."""
    return {"Paris": "sunny", "Rome": "rainy"}[city]


def chat(model: Any) -> Any:
    """A text in one piece."""
    return model.prompt("hello", system="Be brief.", stream=False, temperature=0).text()


def stream(model: Any) -> list[str]:
    """The same text, streamed."""
    return list(filter(None, model.prompt("hello", temperature=0)))


def streamed_usage(model: Any) -> Any:
    """The tokens of a streamed answer, from the counts that come with its end."""
    return model.prompt("hello", temperature=0).usage().output


def tools(model: Any) -> dict[str, Any]:
    """A call, its result sent back, the answer: all by a chain."""
    chain = model.chain("weather", tools=[get_weather], stream=False, options={"temperature": 0})
    first, last = chain.responses()
    return {**_calls(first)[0], "answer": last.text()}


def streamed_tools(model: Any) -> list[Any]:
    """Two calls, put together from a stream."""
    return _calls(model.prompt("both", tools=[get_weather], temperature=0))


def structured(model: Any) -> Any:
    """An answer that is a Person."""
    said = model.prompt("person", schema=Person, stream=False, temperature=0).text()
    return Person.model_validate_json(said).model_dump()


def streamed_structured(model: Any) -> Any:
    """The same, streamed."""
    return Person.model_validate_json(
        model.prompt("person", schema=Person, temperature=0).text()
    ).model_dump()


def _calls(response: Any) -> list[Any]:
    return [{"name": call.name, "arguments": call.arguments} for call in response.tool_calls()]


def main(url: str) -> None:
    """Tries all of them."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LLM_USER_PATH"] = folder
        Path(folder, "extra-openai-models.yaml").write_text(MODELS.format(url=url))
        model = llm.get_model("script")
        model.key = "none"
        doings = (chat, stream, streamed_usage, tools, streamed_tools, structured, streamed_structured)
        json.dump({doing.__name__: doing(model) for doing in doings}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
