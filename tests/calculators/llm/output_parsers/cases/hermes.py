"""Hermes and Qwen: outputs and what they mean.

The form is described by NousResearch's Hermes-Function-Calling and the chat templates of Qwen2.5 and Qwen3.
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

CASES = Cases(
    "hermes",
    None,
    specials=("<tool_call>", "</tool_call>"),
    cases=(
        Case(
            "plain text",
            "This is a regular model response without tool calls.",
            content="This is a regular model response without tool calls.",
        ),
        Case(
            "one call tags on own lines",
            '<tool_call>\n{"name": "final_answer", "arguments": {"trigger": true}}\n</tool_call>',
            calls=(("final_answer", {"trigger": True}),),
        ),
        Case(
            "three calls back to back",
            '<tool_call>{"name": "example_tool", "arguments": {"arg1": "value1", "arg2": 42}}</tool_call><tool_call>{"name": "another_tool", "arguments": {"param1": "data", "param2": true}}</tool_call><tool_call>{"name": "third_tool", "arguments": {"key": "value"}}</tool_call>',
            calls=(
                ("example_tool", {"arg1": "value1", "arg2": 42}),
                ("another_tool", {"param1": "data", "param2": True}),
                ("third_tool", {"key": "value"}),
            ),
        ),
        Case(
            "text before call",
            'This is a content part and next will be a tool call.\n\n<tool_call>{"name": "example_tool", "arguments": {"arg1": "value1", "arg2": 42}}</tool_call>',
            content="This is a content part and next will be a tool call.\n\n",
            calls=(("example_tool", {"arg1": "value1", "arg2": 42}),),
        ),
        Case(
            "middle call has wrong key",
            '<tool_call>{"name": "example_tool", "arguments": {"arg1": "value1", "arg2": 42}}</tool_call><tool_call>{"tool_name": "another_tool", "arguments": {"param1": "data", "param2": true}}</tool_call><tool_call>{"name": "third_tool", "arguments": {"key": "value"}}</tool_call>',
            calls=(
                ("example_tool", {"arg1": "value1", "arg2": 42}),
                ("third_tool", {"key": "value"}),
            ),
        ),
        Case(
            "arguments already a json string",
            '<tool_call>\n{"name": "get_db_config", "arguments": "{\\"param\\": \\"max_connections\\"}"}\n</tool_call>',
            calls=(("get_db_config", {"param": "max_connections"}),),
        ),
        Case(
            "arguments a bare string",
            '<tool_call>\n{"name": "do_thing", "arguments": "hello"}\n</tool_call>',
            calls=(("do_thing", '"hello"'),),
        ),
        Case(
            "empty arguments",
            '<tool_call>{"name": "super_tool_number_four", "arguments": {}}\n</tool_call>',
            calls=(("super_tool_number_four", {}),),
        ),
        Case(
            "request offers no tools",
            '<tool_call>{"name": "example_tool", "arguments": {"arg1": "value1", "arg2": 42}}</tool_call>',
            content='<tool_call>{"name": "example_tool", "arguments": {"arg1": "value1", "arg2": 42}}</tool_call>',
            tools=(),
            keep_specials=True,
        ),
        Case(
            "parameters instead of arguments",
            '<tool_call>{"name": "f", "parameters": {"x": 1}}</tool_call>',
            calls=(("f", {"x": 1}),),
        ),
        Case(
            "arguments under a name that is unknown",
            '<tool_call>{"name": "f", "input": {"x": 1}}</tool_call>',
            content='<tool_call>{"name": "f", "input": {"x": 1}}</tool_call>',
        ),
        Case(
            "arguments beside the name",
            '<tool_call>{"name": "f", "x": 1}</tool_call>',
            content='<tool_call>{"name": "f", "x": 1}</tool_call>',
        ),
        Case(
            "arguments and parameters at odds",
            '<tool_call>{"name": "f", "arguments": {"x": 1}, "parameters": {"x": 2}}</tool_call>',
            content='<tool_call>{"name": "f", "arguments": {"x": 1}, "parameters": {"x": 2}}</tool_call>',
        ),
        Case(
            "arguments null and parameters not",
            '<tool_call>{"name": "f", "arguments": null, "parameters": {"x": 2}}</tool_call>',
            calls=(("f", {"x": 2}),),
        ),
        Case(
            "a call gone wrong after a sound one",
            '<tool_call>{"name": "f"}</tool_call><tool_call>{"name": "g", "input": {"x": 1}}</tool_call>',
            content='<tool_call>{"name": "g", "input": {"x": 1}}</tool_call>',
            calls=(("f", {}),),
        ),
        Case(
            "each tag twice",
            '<tool_call>\n<tool_call>\n{"name": "f", "arguments": {"x": 1}}\n</tool_call>\n</tool_call>\n',
            calls=(("f", {"x": 1}),),
        ),
    ),
)
