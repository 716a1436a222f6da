"""What the model of these tests says to each word, and what a client is to make of it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

TEMPLATE: Final = (
    "{% if messages[0].role == 'system' %}{{ messages[0].content }}{% endif %}<|{{ messages[-1].content }}|>"
)
"""A chat template that makes the last message the word: the user's, or a tool's result. So an answer to a
result shows that the result came through. What the system says has a place, or it would join the user's words."""

HELLO: Final = "Hello there, how are you?"
SUNNY: Final = "It is sunny in Paris."
THOUGHT: Final = "Rain or sun?"
PERSON: Final = MappingProxyType({"name": "Ada", "age": 36})
_PERSON: Final = '{"name": "Ada", "age": 36}'


def _call(name: str, arguments: str) -> str:
    return f'<tool_call>\n{{"name": "{name}", "arguments": {arguments}}}\n</tool_call>'


TEXTS: Final = MappingProxyType(
    {
        "hello": HELLO,
        "weather": f"<think>{THOUGHT}</think>" + _call("get_weather", '{"city": "Paris"}'),
        "sunny": SUNNY,
        "both": _call("get_weather", '{"city": "Paris"}') + "\n" + _call("get_weather", '{"city": "Rome"}'),
        "rainy": "It rains in Rome.",
        "person": _PERSON,
        "person_call": _call("Person", _PERSON),
        "person_in_parts": _call("PartialPerson", _PERSON),
        "final_result": _call("final_result", _PERSON),
        "plugin_weather": _call("plugin-get_weather", '{"city": "Paris"}'),
        "plugin_both": _call("plugin-get_weather", '{"city": "Paris"}')
        + "\n"
        + _call("plugin-get_weather", '{"city": "Rome"}'),
        "plugin_person": _call("plugin-Person", _PERSON),
    }
)
"""Calls are in the format hermes. A tool that has to be called is named PartialPerson by instructor, when parts of
a Person are wanted, and final_result by pydantic-ai. Semantic Kernel puts a plugin's name before each function's."""


def weather(city: str) -> dict[str, Any]:
    """A call of get_weather, as the programs print it."""
    return {"name": "get_weather", "arguments": {"city": city}}
