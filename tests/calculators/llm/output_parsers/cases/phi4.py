"""Phi-4-mini: outputs and what they mean.

The form is described by the chat template of Phi-4-mini-instruct for function calling.
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

CASES = Cases(
    "phi4",
    None,
    specials=(),
    cases=(
        Case(
            "plain text",
            "This is a regular model response without tool calls.",
            content="This is a regular model response without tool calls.",
        ),
        Case(
            "one call",
            'functools[{"name": "example_tool", "arguments": {"arg1": "value1", "arg2": 42}}]',
            calls=(("example_tool", {"arg1": "value1", "arg2": 42}),),
        ),
        Case(
            "one good two bad",
            'functools[{"name": "example_tool", "arguments": {"arg1": "value1", "arg2": 42}},{"tool_name": "another_tool", "arguments": {"param1": "data", "param2": true}},{"name": "third_tool", "options": {"key": "value"}}]',
            calls=(("example_tool", {"arg1": "value1", "arg2": 42}),),
        ),
        Case(
            "text before call",
            'This is a content part and next will be a tool call.\n\nfunctools[{"name": "example_tool", "arguments": {"arg1": "value1", "arg2": 42}}]',
            content="This is a content part and next will be a tool call.\n\n",
            calls=(("example_tool", {"arg1": "value1", "arg2": 42}),),
        ),
        # Text before the list has been streamed when the list comes; only what follows it can be dropped.
        Case(
            "text on both sides",
            'Let me check the weather for you.\nfunctools[{"name": "get_weather", "arguments": {"city": "Tokyo"}}]\nWould you like to know more?',
            content="Let me check the weather for you.\n",
            calls=(("get_weather", {"city": "Tokyo"}),),
        ),
        Case(
            "two functools blocks",
            'functools[{"name": "tool1", "arguments": {"a": 1}}]\n\nThis is some content\n\nfunctools[{"name": "tool2", "arguments": {"b": 2}}]',
        ),
        Case("empty arguments", 'functools[{"name": "refresh", "arguments": {}}]', calls=(("refresh", {}),)),
        Case(
            "all json types",
            'functools[{\n  "name": "test_function",\n  "arguments": {"string_field": "hello", "int_field": 42, "float_field": 3.14, "bool_field": true, "null_field": null, "array_field": ["a", "b", "c"], "object_field": {"nested": "value"}, "empty_array": [], "empty_object": {}}\n}]',
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
            "truncated call",
            'functools[{"name": "func", "arguments": {',
            content='functools[{"name": "func", "arguments": {',
        ),
    ),
)
