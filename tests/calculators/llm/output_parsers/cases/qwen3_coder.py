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

REFERRING = (
    (
        "locate",
        {
            "$ref": "#/$defs/Place",
            "$defs": {
                "Place": {
                    "allOf": [{"$ref": "#/$defs/Zipped"}, {"properties": {"zone": {"$ref": "#/$defs/Zone"}}}],
                    "properties": {"at": {"allOf": [{"$ref": "#/$defs/Code"}, {"maxLength": 9}]}},
                    "additionalProperties": {"enum": ["12", "13"]},
                },
                "Zipped": {
                    "properties": {
                        "zip": {"anyOf": [{"$ref": "#/$defs/Code"}, {"type": "null"}]},
                        "note": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/Code"}]},
                    }
                },
                "Code": {"type": "string"},
                "Zone": {"type": "integer", "anyOf": [{"$ref": "#/$defs/Zone"}, {"minimum": 1}]},
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
        Case(
            "value mentions the end of a function",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\na </function> b\n</parameter>\n</function>\n</tool_call>",
            calls=(("string_tool", {"arg1": "a </function> b"}),),
            tools=STRING,
        ),
        Case(
            "value mentions the end of a parameter",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\na </parameter> b\n</parameter>\n</function>\n</tool_call>",
            calls=(("string_tool", {"arg1": "a </parameter> b"}),),
            tools=STRING,
        ),
        Case(
            "value mentions each tag",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\n<tool_call> <function=g> <parameter=x> </parameter> </function> </tool_call> b\n</parameter>\n</function>\n</tool_call>",
            calls=(
                (
                    "string_tool",
                    {
                        "arg1": "<tool_call> <function=g> <parameter=x> </parameter> </function> </tool_call> b"
                    },
                ),
            ),
            tools=STRING,
        ),
        Case(
            "value mentions an end of both and of the call in other places",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\na </parameter> </function> b </tool_call>\n</parameter>\n</function>\n</tool_call> Done.",
            calls=(("string_tool", {"arg1": "a </parameter> </function> b </tool_call>"}),),
            tools=STRING,
            content=" Done.",
        ),
        Case(
            "value is a call itself",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\n<tool_call>\n<function=string_tool>\n<parameter=arg1>\n1\n</parameter>\n<parameter=y>\n2\n</parameter>\n</function>\n</tool_call>\n</parameter>\n</function>\n</tool_call>",
            calls=(
                (
                    "string_tool",
                    {
                        "arg1": "<tool_call>\n<function=string_tool>\n<parameter=arg1>\n1\n</parameter>\n<parameter=y>\n2\n</parameter>\n</function>\n</tool_call>"
                    },
                ),
            ),
            tools=STRING,
        ),
        Case(
            "value ends in an end tag",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\n</parameter>\n</parameter>\n</function>\n</tool_call>",
            calls=(("string_tool", {"arg1": "</parameter>"}),),
            tools=STRING,
        ),
        Case(
            "names in quotes and blanks",
            "<tool_call>\n<function= \"string_tool\" >\n<parameter='arg1' >\nx\n</parameter>\n</function>\n</tool_call>",
            calls=(("string_tool", {"arg1": "x"}),),
            tools=STRING,
        ),
        Case(
            "cut after an end tag that the value mentions",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\na </function> b",
            content="<tool_call>\n<function=string_tool>\n<parameter=arg1>\na </function> b",
            tools=STRING,
        ),
        Case(
            "a function ends before the next call",
            "<function=string_tool>\n<parameter=arg1>\n1\n</parameter>\n</function>\n<function=g>\n</function>",
            calls=(("string_tool", {"arg1": "1"}), ("g", {})),
            tools=STRING,
        ),
        Case(
            "one parameter twice",
            "<function=g><parameter=x>1</parameter><parameter=x>2</parameter></function>",
            content="<function=g><parameter=x>1</parameter><parameter=x>2</parameter></function>",
        ),
        Case(
            "types through references",
            "<function=locate><parameter=zip>90210</parameter><parameter=zone>7</parameter><parameter=at>[1, 2]</parameter><parameter=note>null</parameter><parameter=more>12</parameter></function>",
            calls=(("locate", {"zip": "90210", "zone": 7, "at": "[1, 2]", "note": None, "more": "12"}),),
            tools=REFERRING,
        ),
        Case(
            "value holds a call and text after it",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\nSee:\n<tool_call>\n<function=g>\n<parameter=x>\n1\n</parameter>\n</function>\n</tool_call>\nThat is it.\n</parameter>\n</function>\n</tool_call>\nDone.\n<tool_call>\n<function=g>\n</function>\n</tool_call>",
            calls=(
                (
                    "string_tool",
                    {
                        "arg1": "See:\n<tool_call>\n<function=g>\n<parameter=x>\n1\n</parameter>\n</function>\n</tool_call>\nThat is it."
                    },
                ),
                ("g", {}),
            ),
            content="\nDone.\n",
            tools=STRING,
        ),
        Case(
            "value mentions an opening tag and the next call follows",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\nuse <function=x>\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=g>\n</function>\n</tool_call> end",
            calls=(("string_tool", {"arg1": "use <function=x>"}), ("g", {})),
            content=" end",
            tools=STRING,
        ),
        Case(
            "blanks of the tags before text",
            "<function=f>\n<parameter=x>\n1\n</parameter>\n</function>\n</tool_call>\nDone.",
            calls=(("f", {"x": 1}),),
            content="\nDone.",
        ),
        Case(
            "cut in the tag of a call",
            "Sure. <tool_",
            content="Sure. ",
        ),
        Case(
            "cut in the closing tag of a call",
            "<tool_call>\n<function=f>\n<parameter=x>\n1\n</parameter>\n</function>\n</tool_",
            calls=(("f", {"x": 1}),),
        ),
        Case(
            "an end tag lost before another call",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\na\n</function>\n</tool_call>\n<tool_call>\n<function=string_tool>\n<parameter=arg1>\nb\n</parameter>\n</function>\n</tool_call>",
            content="<tool_call>\n<function=string_tool>\n<parameter=arg1>\na\n</function>\n</tool_call>\n<tool_call>\n<function=string_tool>\n<parameter=arg1>\nb\n</parameter>\n</function>\n</tool_call>",
            tools=STRING,
        ),
        Case(
            "value mentions the tags between two calls",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\n</function></tool_call><tool_call><function=g> are tags\n</parameter>\n</function>\n</tool_call>",
            calls=(("string_tool", {"arg1": "</function></tool_call><tool_call><function=g> are tags"}),),
            tools=STRING,
        ),
        Case(
            "value holds two calls",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\n<tool_call>\n<function=string_tool>\n<parameter=arg1>\n1\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=string_tool>\n<parameter=arg1>\n1\n</parameter>\n</function>\n</tool_call>\n</parameter>\n</function>\n</tool_call>",
            calls=(
                (
                    "string_tool",
                    {
                        "arg1": "<tool_call>\n<function=string_tool>\n<parameter=arg1>\n1\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=string_tool>\n<parameter=arg1>\n1\n</parameter>\n</function>\n</tool_call>"
                    },
                ),
            ),
            tools=STRING,
        ),
        Case(
            "value begins with a parameter's tag",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\n<parameter=arg2>x\n</parameter>\n</function>\n</tool_call>",
            calls=(("string_tool", {"arg1": "<parameter=arg2>x"}),),
            tools=STRING,
        ),
        Case(
            "value mentions an end before an opening tag",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\n</parameter> </function> <function=g> ends it\n</parameter>\n</function>\n</tool_call>",
            calls=(("string_tool", {"arg1": "</parameter> </function> <function=g> ends it"}),),
            tools=STRING,
        ),
        Case(
            "value holds half a call",
            "<tool_call>\n<function=string_tool>\n<parameter=arg1>\n<function=g>\n<parameter=arg1>\n1\n</parameter>\n</function>\n</tool_call>",
            content="<tool_call>\n<function=string_tool>\n<parameter=arg1>\n<function=g>\n<parameter=arg1>\n1\n</parameter>\n</function>\n</tool_call>",
            tools=STRING,
        ),
        Case(
            "line breaks of two characters",
            "<tool_call>\r\n<function=string_tool>\r\n<parameter=arg1>\r\na\r\nb\r\n</parameter>\r\n</function>\r\n</tool_call>",
            calls=(("string_tool", {"arg1": "a\r\nb"}),),
            tools=STRING,
        ),
    ),
)
