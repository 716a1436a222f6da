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
            content="This is the rest",
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
        Case(
            "a call in thoughts that never close",
            '<think>I call.\n<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>\n',
            thoughts="I call.\n",
            calls=(("f", {"x": 1}),),
            tool_format="hermes",
        ),
        Case(
            "calls in thoughts that the prompt opened",
            'I call. <tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call><tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>',
            thoughts="I call. ",
            calls=(("f", {"x": 1}), ("f", {"x": 1})),
            tool_format="hermes",
            prompt_opens_thinking=True,
        ),
        Case(
            "a call in thoughts that close",
            '<think><tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call></think>Done.',
            thoughts='<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>',
            content="Done.",
            tool_format="hermes",
        ),
        Case(
            "a call in thoughts that go on",
            '<think><tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call> or not',
            thoughts='<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call> or not',
            tool_format="hermes",
        ),
        Case(
            "no call and then a call in thoughts",
            '<think><tool_call>nothing <tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>',
            thoughts="<tool_call>nothing ",
            calls=(("f", {"x": 1}),),
            tool_format="hermes",
        ),
        Case(
            "broken call and then a call in thoughts",
            '<think><tool_call>{"name": <tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>',
            thoughts='<tool_call>{"name": ',
            calls=(("f", {"x": 1}),),
            tool_format="hermes",
        ),
        Case(
            "a call cut off in thoughts",
            '<think>So <tool_call>{"name": "f", "argu',
            thoughts='So <tool_call>{"name": "f", "argu',
            tool_format="hermes",
        ),
        Case(
            "a call of parameters in thoughts",
            "<think>So <function=f>\n<parameter=x>\n1\n</parameter>\n</function>\n</tool_call>",
            thoughts="So ",
            calls=(("f", {"x": 1}),),
            tool_format="qwen3_coder",
        ),
        Case(
            "a call in Python in thoughts",
            "<think>So <|tool_call_start|>[f(x=1)]<|tool_call_end|>",
            thoughts="So ",
            calls=(("f", {"x": 1}),),
            tool_format="lfm2",
        ),
        Case(
            "blanks between thoughts and answer",
            "<think>hm</think>\n\n yes\n",
            thoughts="hm",
            content="yes\n",
        ),
        Case(
            "blanks between thoughts and a call",
            '<think>hm</think>\n\n<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>',
            thoughts="hm",
            calls=(("f", {"x": 1}),),
            tool_format="hermes",
        ),
        Case(
            "nothing but blanks after thoughts",
            "<think>hm</think>\n\n",
            thoughts="hm",
        ),
        Case(
            "an end of thoughts that nothing opened",
            "\n</think>\n\nyes",
            content="yes",
        ),
        Case(
            "an end of thoughts after text",
            "It is so.\n</think>\n\nyes",
            content="It is so.\nyes",
        ),
        Case(
            "an end of thoughts that the text speaks of",
            "The tag </think> ends them.",
            content="The tag </think> ends them.",
            keep_specials=True,
        ),
        Case(
            "an end of thoughts in a call",
            '<tool_call>{"name": "f", "arguments": {"x": "</think>\\n"}}</tool_call>',
            calls=(("f", {"x": "</think>\n"}),),
            tool_format="hermes",
        ),
        Case(
            "cut in the opening tag",
            "<thin",
        ),
        Case(
            "cut in the closing tag",
            "<think>hm</thin",
            thoughts="hm",
        ),
        Case(
            "ended, not cut, in what looks like a tag",
            "Use <thin",
            content="Use <thin",
            end="</s>",
        ),
        Case(
            "cut in the tag of a call",
            "<think>hm</think>Let me see.<tool_ca",
            thoughts="hm",
            content="Let me see.",
            tool_format="hermes",
        ),
        Case(
            "cut in the tag of a call in thoughts",
            "<think>hm <tool_c",
            thoughts="hm ",
            tool_format="hermes",
        ),
        Case(
            "cut in the closing tag of a call in thoughts",
            '<think>hm <tool_call>{"name": "f", "arguments": {"x": 1}}</tool_ca',
            thoughts="hm ",
            calls=(("f", {"x": 1}),),
            tool_format="hermes",
        ),
        Case(
            "each tag twice",
            "<think>\n<think>\nhm\n</think>\n</think>\n\nyes",
            thoughts="\nhm\n",
            content="yes",
        ),
    ),
)
