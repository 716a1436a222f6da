"""Llama 3 in JSON: outputs and what they mean.

The form is described by Meta's prompt format of Llama 3.1 and 3.2 (JSON based tool calling).
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

CASES = Cases(
    "llama3_json",
    None,
    specials=("<|python_tag|>",),
    cases=(
        Case(
            "plain text",
            "This is a regular model response without tool calls.",
            content="This is a regular model response without tool calls.",
        ),
        Case(
            "one call with python tag",
            '<|python_tag|>{"name": "example_tool", "parameters": {"arg1": "value1", "arg2": 42}}',
            calls=(("example_tool", {"arg1": "value1", "arg2": 42}),),
        ),
        Case(
            "arguments key instead of parameters",
            '{"name": "searchTool", "arguments": {"query": "test"}}',
            calls=(("searchTool", {"query": "test"}),),
        ),
        Case(
            "three calls semicolons",
            '{"name": "example_tool", "parameters": {"arg1": "value1", "arg2": 42}};{"name": "another_tool", "parameters": {"param1": "data", "param2": true}};{"name": "third_tool", "parameters": {"key": "value"}}',
            calls=(
                ("example_tool", {"arg1": "value1", "arg2": 42}),
                ("another_tool", {"param1": "data", "param2": True}),
                ("third_tool", {"key": "value"}),
            ),
        ),
        Case(
            "text before python tag",
            'This is a content part and next will be a tool call.<|python_tag|>{"name": "example_tool", "parameters": {"arg1": "value1", "arg2": 42}}',
            content="This is a content part and next will be a tool call.",
            calls=(("example_tool", {"arg1": "value1", "arg2": 42}),),
        ),
        Case(
            "five levels deep",
            '{"name": "complexTool", "parameters": {"level1": {"level2": {"level3": {"level4": {"value": "deep"}}}}}}',
            calls=(("complexTool", {"level1": {"level2": {"level3": {"level4": {"value": "deep"}}}}}),),
        ),
        Case(
            "escaped quotes and braces in string",
            '{"name": "parserTool", "parameters": {"text": "He said \\"Hello {world}\\""}}',
            calls=(("parserTool", {"text": 'He said "Hello {world}"'}),),
        ),
        Case(
            "invalid json",
            '{"name": "invalidTool", "parameters": {invalid json}',
            content='{"name": "invalidTool", "parameters": {invalid json}',
        ),
        Case(
            "json fragment in trailing text",
            '{"name": "searchTool", "parameters": {"query": "test"}} The arguments I passed were {"query": "test"}',
            calls=(("searchTool", {"query": "test"}),),
        ),
    ),
)
