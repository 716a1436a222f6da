"""Granite: outputs and what they mean.

The forms are described by the chat templates of Granite 3.0, 3.1, 4 and granite-20b-functioncalling.
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

CASES = Cases(
    "granite",
    None,
    specials=("<|tool_call|>",),
    cases=(
        Case(
            "plain text",
            "This is a regular response without any tool calls.",
            content="This is a regular response without any tool calls.",
        ),
        Case(
            "g30 one call",
            '<|tool_call|> [{"name": "get_weather", "arguments": {"city": "Tokyo"}}]',
            calls=(("get_weather", {"city": "Tokyo"}),),
        ),
        Case(
            "g30 two calls over lines",
            '<|tool_call|> [\n  {"name": "get_weather", "arguments": {"city": "Tokyo"}},\n  {"name": "get_time", "arguments": {"timezone": "Asia/Tokyo"}}\n]',
            calls=(
                ("get_weather", {"city": "Tokyo"}),
                ("get_time", {"timezone": "Asia/Tokyo"}),
            ),
        ),
        Case(
            "g30 arguments before name",
            '<|tool_call|> [{"arguments": {"city": "Tokyo"}, "name": "get_weather"}, {"arguments": {"timezone": "Asia/Tokyo"}, "name": "get_time"}]',
            calls=(
                ("get_weather", {"city": "Tokyo"}),
                ("get_time", {"timezone": "Asia/Tokyo"}),
            ),
        ),
        Case(
            "g31 all json types",
            '<tool_call> [{\n  "name": "test_function",\n  "arguments": {"string_field": "hello", "int_field": 42, "float_field": 3.14, "bool_field": true, "null_field": null, "array_field": ["a", "b", "c"], "object_field": {"nested": "value"}, "empty_array": [], "empty_object": {}}\n}]',
            calls=(
                (
                    "test_function",
                    {
                        "string_field": "hello",
                        "int_field": 42,
                        "float_field": 3.14,
                        "bool_field": True,
                        "null_field": None,
                        "array_field": ["a", "b", "c"],
                        "object_field": {"nested": "value"},
                        "empty_array": [],
                        "empty_object": {},
                    },
                ),
            ),
        ),
        Case(
            "g30 empty arguments",
            '<|tool_call|> [{"name": "refresh", "arguments": {}}]',
            calls=(("refresh", {}),),
        ),
        Case(
            "g30 truncated",
            '<|tool_call|> [{"name": "func", "arguments": {',
            content='<|tool_call|> [{"name": "func", "arguments": {',
        ),
        Case(
            "g30 object instead of list",
            '<|tool_call|> {"name": "func", "arguments": {}}',
            content='<|tool_call|> {"name": "func", "arguments": {}}',
        ),
        Case(
            "fc20b two calls",
            '<function_call> {"name": "get_weather", "arguments": {"city": "Tokyo"}}\n<function_call> {"name": "get_time", "arguments": {"timezone": "Asia/Tokyo"}}',
            calls=(
                ("get_weather", {"city": "Tokyo"}),
                ("get_time", {"timezone": "Asia/Tokyo"}),
            ),
        ),
        Case(
            "parameters instead of arguments",
            '<tool_call>[{"name": "f", "parameters": {"x": 1}}]',
            calls=(("f", {"x": 1}),),
        ),
        Case(
            "a list with a call gone wrong",
            '<tool_call>[{"name": "f", "arguments": {"x": 1}}, {"name": "g", "input": {"x": 1}}]',
            content='<tool_call>[{"name": "f", "arguments": {"x": 1}}, {"name": "g", "input": {"x": 1}}]',
        ),
        Case(
            "blanks of the tags before text",
            '<tool_call>\n{"name": "f", "arguments": {"x": 1}}\n\n</tool_call> Done.',
            calls=(("f", {"x": 1}),),
            content=" Done.",
        ),
        Case(
            "cut in the tag of a call",
            "Sure. <|tool_",
            content="Sure. ",
        ),
    ),
)
