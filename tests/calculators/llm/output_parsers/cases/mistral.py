"""Mistral: outputs and what they mean.

The forms are described by Mistral's tokenizers (mistral-common, instruct v3 to v11) and, for [THINK], Magistral's.
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

CASES = Cases(
    "mistral",
    "mistral",
    specials=("[TOOL_CALLS]", "[THINK]", "[/THINK]", "</s>"),
    cases=(
        Case("plain text", "This is a test", content="This is a test"),
        Case(
            "list one call with eos",
            '[TOOL_CALLS][{"name": "example_tool", "arguments": {"arg1": "value1", "arg2": 42}}]',
            calls=(("example_tool", {"arg1": "value1", "arg2": 42}),),
            end="</s>",
        ),
        Case(
            "list arguments before name",
            '[TOOL_CALLS] [{"arguments":{"name": "John Doe"}, "name": "get_age"}]',
            calls=(("get_age", {"name": "John Doe"}),),
        ),
        Case(
            "list two calls",
            '[TOOL_CALLS] [{"name": "add", "arguments": {"a": 3.5, "b": 4}}, {"name": "get_current_weather", "arguments":{"city": "San Francisco", "state": "CA", "unit": "celsius"}}]',
            calls=(
                ("add", {"a": 3.5, "b": 4}),
                ("get_current_weather", {"city": "San Francisco", "state": "CA", "unit": "celsius"}),
            ),
        ),
        Case(
            "list text before",
            'Hello[TOOL_CALLS] [{"name": "add", "arguments":{"a": 1, "b": 2}}]',
            content="Hello",
            calls=(("add", {"a": 1, "b": 2}),),
        ),
        Case("list not json", "[TOOL_CALLS] not json at all", content="not json at all"),
        Case(
            "list two marked blocks",
            '[TOOL_CALLS][{"name": "tool1", "arguments": {"a": 1}}]</s> \n\nThis is some content\n\n[TOOL_CALLS][{"name": "tool2", "arguments": {"b": 2}}]',
            content=" \n\nThis is some content\n\n",
            calls=(("tool1", {"a": 1}), ("tool2", {"b": 2})),
            end="</s>",
            plain=False,
        ),
        Case(
            "v11 two calls",
            'bla[TOOL_CALLS]add{"a": 3.5, "b": 4}[TOOL_CALLS]multiply{"a": 3, "b": 6}',
            content="bla",
            calls=(
                ("add", {"a": 3.5, "b": 4}),
                ("multiply", {"a": 3, "b": 6}),
            ),
        ),
        Case(
            "think block",
            "[THINK]This is a reasoning section[/THINK]This is the rest",
            content="This is the rest",
            thoughts="This is a reasoning section",
        ),
        Case(
            "list with text after it",
            '[TOOL_CALLS][{"name": "f", "arguments": {"a": 1}}]\n\nDone [1].',
            calls=(("f", {"a": 1}),),
            content="\n\nDone [1].",
        ),
        Case(
            "two lists after one marker",
            '[TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}}] [{"name": "g", "arguments": {}}] [ok]',
            calls=(("f", {"a": 1}), ("g", {})),
            content=" [ok]",
        ),
        Case(
            "marker twice",
            '[TOOL_CALLS][TOOL_CALLS][{"name": "f", "parameters": {"a": "[TOOL_CALLS]"}}]',
            calls=(("f", {"a": "[TOOL_CALLS]"}),),
        ),
        Case(
            "name and blanks and an id",
            '[TOOL_CALLS] f [CALL_ID] 9aB [ARGS] {"a": 1} Done.',
            calls=(("f", {"a": 1}),),
            content=" Done.",
        ),
        Case(
            "cut in the marker",
            "Sure. [TOOL_C",
            content="Sure. ",
        ),
        Case(
            "a call in thoughts that never close",
            '[THINK]So [TOOL_CALLS]f{"x": 1}',
            thoughts="So ",
            calls=(("f", {"x": 1}),),
        ),
        Case(
            "an object instead of a list",
            '[TOOL_CALLS] {"name": "f", "arguments": {"a": 1}} Done.',
            calls=(("f", {"a": 1}),),
            content=" Done.",
        ),
        Case(
            "a list after a tab",
            '[TOOL_CALLS][\t{"name": "f", "arguments": {"a": 1}}]',
            calls=(("f", {"a": 1}),),
        ),
    ),
)
