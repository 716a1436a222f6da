"""Thoughts in think tags: outputs and what they mean.

The tags are described by the model cards of DeepSeek-R1 and Qwen3.
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

CASES = Cases(
    None,
    "think",
    specials=("<think>", "</think>"),
    cases=(
        Case(
            "both tags",
            "<think>This is a reasoning section</think>This is the rest",
            content="This is the rest",
            thoughts="This is a reasoning section",
        ),
        Case(
            "closing tag only prompt opened",
            "This is a reasoning section</think>This is the rest",
            content="This is the rest",
            thoughts="This is a reasoning section",
            prompt_opens_thinking=True,
        ),
        Case("no tags thinking off", "This is plain content", content="This is plain content"),
        Case(
            "no tags prompt opened",
            "still thinking when generation stopped",
            thoughts="still thinking when generation stopped",
            prompt_opens_thinking=True,
        ),
        Case(
            "opening tag only", "<think>This is a reasoning section", thoughts="This is a reasoning section"
        ),
        Case(
            "closing tag first",
            "</think>This is the rest",
            content="This is the rest",
            prompt_opens_thinking=True,
        ),
        Case(
            "newlines round the tags",
            "\n<think>This is a reasoning section</think>\nThis is the rest",
            content="\nThis is the rest",
            thoughts="This is a reasoning section",
        ),
        Case(
            "thought then hermes calls",
            '<think>Thinking about the tool calls</think><tool_call>{"name": "example_tool", "arguments": {"arg1": "value1", "arg2": 42}}</tool_call><tool_call>{"name": "another_tool", "arguments": {"param1": "data", "param2": true}}</tool_call><tool_call>{"name": "third_tool", "arguments": {"key": "value"}}</tool_call>',
            thoughts="Thinking about the tool calls",
            calls=(
                ("example_tool", {"arg1": "value1", "arg2": 42}),
                ("another_tool", {"param1": "data", "param2": True}),
                ("third_tool", {"key": "value"}),
            ),
            tool_format="hermes",
        ),
        Case(
            "opening tag late prompt opened",
            "prefix<think>inner</think>suffix",
            content="suffix",
            thoughts="prefix<think>inner",
            prompt_opens_thinking=True,
        ),
    ),
)
