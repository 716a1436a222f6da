"""Qwen3-Coder: outputs and what they mean.

The form is described by the chat template of Qwen3-Coder.
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

WEATHER = (
    (
        "get_current_weather",
        {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "state": {"type": "string"},
                "unit": {"type": "string", "enum": ["fahrenheit", "celsius"]},
            },
        },
    ),
)

STRING = (("string_tool", {"type": "object", "properties": {"arg1": {"type": "string"}}}),)

STRINGX7 = (
    (
        "stringx7_tool",
        {
            "type": "object",
            "properties": {
                "arg1": {"type": "string"},
                "arg2": {"type": "string"},
                "arg3": {"type": "string"},
                "arg4": {"type": "string"},
                "arg5": {"type": "string"},
                "arg6": {"type": "string"},
                "arg7": {"type": "string"},
            },
        },
    ),
)

CASES = Cases(
    "qwen3_coder",
    None,
    specials=("<tool_call>", "</tool_call>"),
    cases=(
        Case(
            "plain text",
            "This is a test response without any tool calls",
            content="This is a test response without any tool calls",
            tools=WEATHER,
        ),
        Case(
            "text before call",
            "Sure! Let me check the weather for you.<tool_call>\n<function=get_current_weather>\n<parameter=city>\nDallas\n</parameter>\n<parameter=state>\nTX\n</parameter>\n<parameter=unit>\nfahrenheit\n</parameter>\n</function>\n</tool_call>",
            content="Sure! Let me check the weather for you.",
            calls=(("get_current_weather", {"city": "Dallas", "state": "TX", "unit": "fahrenheit"}),),
            tools=WEATHER,
        ),
        Case(
            "two calls",
            "<tool_call>\n<function=get_current_weather>\n<parameter=city>\nDallas\n</parameter>\n<parameter=state>\nTX\n</parameter>\n<parameter=unit>\nfahrenheit\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=get_current_weather>\n<parameter=city>\nOrlando\n</parameter>\n<parameter=state>\nFL\n</parameter>\n<parameter=unit>\ncelsius\n</parameter>\n</function>\n</tool_call>",
            calls=(
                ("get_current_weather", {"city": "Dallas", "state": "TX", "unit": "fahrenheit"}),
                ("get_current_weather", {"city": "Orlando", "state": "FL", "unit": "celsius"}),
            ),
            tools=WEATHER,
        ),
        Case(
            "outer tags missing",
            "<function=get_current_weather>\n<parameter=city>\nDallas\n</parameter>\n<parameter=state>\nTX\n</parameter>\n</function>",
            calls=(("get_current_weather", {"city": "Dallas", "state": "TX"}),),
            tools=WEATHER,
        ),
        Case(
            "multi line value with markup",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\n<value=abc>line1</value>\nvalue1line2\n</parameter>\n</function>\n</tool_call>",
            calls=(("string_tool", {"arg1": "<value=abc>line1</value>\nvalue1line2"}),),
            tools=STRING,
        ),
        Case(
            "string schema keeps text",
            "<tool_call>\n<function=stringx7_tool>\n<parameter=arg1>\ntrue\n</parameter>\n<parameter=arg2>\n-13\n</parameter>\n<parameter=arg3>\n42\n</parameter>\n<parameter=arg4>\n-12345678901234\n</parameter>\n<parameter=arg5>\n12345678901234\n</parameter>\n<parameter=arg6>\n3.14159\n</parameter>\n<parameter=arg7>\nnull\n</parameter>\n</function>\n</tool_call>",
            calls=(
                (
                    "stringx7_tool",
                    {
                        "arg1": "true",
                        "arg2": "-13",
                        "arg3": "42",
                        "arg4": "-12345678901234",
                        "arg5": "12345678901234",
                        "arg6": "3.14159",
                        "arg7": "null",
                    },
                ),
            ),
            tools=STRINGX7,
        ),
        Case(
            "tool not in schema types guessed",
            "<tool_call>\n<function=unrecognized_tool>\n<parameter=arg1>\ntrue\n</parameter>\n<parameter=arg2>\n-13\n</parameter>\n<parameter=arg3>\n42\n</parameter>\n<parameter=arg4>\n-12345678901234\n</parameter>\n<parameter=arg5>\n12345678901234\n</parameter>\n<parameter=arg6>\n3.14159\n</parameter>\n<parameter=arg7>\nnull\n</parameter>\n<parameter=arg8>\nSomeStringHere\n</parameter>\n</function>\n</tool_call>",
            calls=(
                (
                    "unrecognized_tool",
                    {
                        "arg1": True,
                        "arg2": -13,
                        "arg3": 42,
                        "arg4": -12345678901234,
                        "arg5": 12345678901234,
                        "arg6": 3.14159,
                        "arg7": None,
                        "arg8": "SomeStringHere",
                    },
                ),
            ),
            tools=STRING,
        ),
        Case(
            "parameter end tag missing",
            "Let me check the weather for you:\n<tool_call>\n<function=get_current_weather>\n<parameter=city>\nDallas\n<parameter=state>\nTX\n</parameter>\n<parameter=unit>\nfahrenheit\n</parameter>\n</function>\n</tool_call>",
            content="Let me check the weather for you:\n",
            calls=(("get_current_weather", {"city": "Dallas", "state": "TX", "unit": "fahrenheit"}),),
            tools=WEATHER,
        ),
        Case(
            "truncated in value",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\nvalue1\n",
            content="<tool_call>\n<function=string_tool>\n<parameter=arg1>\nvalue1\n",
            tools=STRING,
        ),
    ),
)
